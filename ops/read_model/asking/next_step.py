"""What happens next with a case, and when: it follows from its state, its note and the term that runs."""

from collections.abc import Mapping

from ops.read_model.folds import SENT
from ops.read_model.views import CaseRow, Draft, Next

_NEXT: Mapping[str, str] = {
    "received": "offer_leaves",
    "offer_asked": "offer_leaves",
    "choice_asked": "question_leaves",
    "account_asked": "question_leaves",
    "offer_sent": "answer_until",
    "choice_sent": "answer_until",
    "account_sent": "answer_until",
    "queued": "turn_of_another_case",
    "awaiting_rules": "rules",
    "awaiting_hearing": "hearing_until",
    "awaiting_signature": "officer_signs_until",
}


def next_of(row: CaseRow, waiting_for: str | None, draft: Draft | None) -> Next:
    """What happens next. A held case goes on with its term, if one runs; nothing is decided meanwhile.

    `waiting_for` is why its offer waits, where it does because of how the service is set.
    """
    if row.held and row.state not in SENT | {"granted", "refused", "ended"}:
        return Next("held")
    if waiting_for is not None:
        return Next(f"offer_waits_for_{waiting_for}")
    if row.state == "awaiting_signature" and draft is not None:
        return Next("officer_signs_until", draft.due)
    return Next(_NEXT.get(row.state, "nothing"), row.until)
