"""Which rules a step is said to carry out: ids alone, as a reader of the log finds them in the order."""

import pytest

from rules.rule_ids import rules_of
from rules.states import State
from schemas.values import EndReason


@pytest.mark.parametrize(
    ("start", "end", "reason", "note", "rules"),
    [
        (State.NEW, State.RECEIVED, None, None, "R1, R7"),
        (State.OFFER_SENT, State.ENDED, EndReason.NO_REPLY, "no_reply", "R6"),
        (State.ACCOUNT_SENT, State.ENDED, EndReason.WITHDRAWN, "withdrawn", "R8, R34"),
        (State.OFFER_SENT, State.ENDED, EndReason.DECEASED, "deceased", None),
        (State.ENDED, State.ENDED, EndReason.NO_REPLY, "answered_late", None),
        (State.ENDED, State.ENDED, EndReason.UNDELIVERABLE, "undeliverable", "R2"),
        (State.QUEUED, State.QUEUED, None, "turn_came", "R29"),
        (State.OFFER_SENT, State.OFFER_SENT, None, "accepted", "R11"),
        (State.OFFER_SENT, State.OFFER_SENT, None, "reminded", None),
        # Its words have a colon more than others.
        (State.OFFER_SENT, State.OFFER_ASKED, None, "not_reached", "R6"),
        (State.OFFER_SENT, State.OFFER_ASKED, None, None, "R2"),
        # What a consent leads to is asked in its language, and in the order of the questions.
        (State.OFFER_ASKED, State.CHOICE_ASKED, None, None, "R5, R8, R7"),
        (State.OFFER_SENT, State.ACCOUNT_ASKED, None, None, "R5, R8, R4"),
        (State.CHOICE_SENT, State.ACCOUNT_ASKED, None, None, "R4"),
        (State.OFFER_ASKED, State.OFFER_SENT, None, None, "R6"),
    ],
)
def test_a_step_names_its_rules(
    start: State, end: State, reason: EndReason | None, note: str | None, rules: str | None
) -> None:
    assert rules_of(start, end, reason, note) == rules
