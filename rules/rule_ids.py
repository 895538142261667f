"""Which rules a step carries out, as the log names them: `R2, R3`. The words stand with the transitions."""

from rules.states import SENT, TRANSITIONS, State
from schemas.values import EndReason

_OF_ENDINGS: dict[EndReason, str | None] = {
    EndReason.NO_REPLY: "R6",
    EndReason.NOT_UNDERSTOOD: "R6",
    EndReason.DECLINED: "R8",
    EndReason.WITHDRAWN: "R8, R34",
    EndReason.PHONE_NOT_REGISTERED: "R2",
    EndReason.NUMBER_NOT_REACHABLE: "R2",
    EndReason.UNDELIVERABLE: "R2",
    EndReason.ALREADY_RECEIVING: "R12",
    EndReason.ANOTHER_GROUND: "R29",
    EndReason.MANUAL_ROUTE: "R7",
    EndReason.DECEASED: None,
    EndReason.REVOKED: None,
}
_OF_NOTES = {
    "turn_came": "R29",
    "refused_at_once": "R12",
    "accepted": "R11",
    "drafted_again": "R12, R30",
    "hearing_held": "R30",
    "hearing_objected": "R30",
    "term_extended": "R13",
    "notice_overdue": "R13",
    "decision_due": "R13",
    "decision_overdue": "R13",
    "rules_awaited": "R20, R21",
    "rules_found": "R20, R21",
    "purged": "R34",
}


def rules_of(start: State, end: State, reason: EndReason | None, note: str | None) -> str | None:
    """The ids of the rules, in order, or None where the order does not speak of the step.

    >>> rules_of(State.NEW, State.RECEIVED, None, None)
    'R1, R7'
    >>> rules_of(State.OFFER_SENT, State.ENDED, EndReason.NO_REPLY, "no_reply")
    'R6'
    >>> rules_of(State.OFFER_ASKED, State.OFFER_ASKED, None, None)
    'R2'
    >>> rules_of(State.OFFER_SENT, State.OFFER_ASKED, None, "not_reached")
    'R6'
    """
    if end is State.ENDED and reason and note == reason:
        return _OF_ENDINGS[reason]
    if start is end and note:
        return _OF_NOTES.get(note)
    if end in SENT and start in (end, SENT[end]):
        return "R6" if note == "not_reached" else "R2"
    rule = TRANSITIONS[start, end].partition(":")[0]
    return f"R5, R8, {rule}" if _by_consent(start, end) else rule


def _by_consent(start: State, end: State) -> bool:
    offered = start in (State.OFFER_ASKED, State.OFFER_SENT)
    return offered and end in (State.CHOICE_ASKED, State.ACCOUNT_ASKED)
