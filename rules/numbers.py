"""What a change of the registered number does to what was answered on the former one (R2).

A consent lives on its number. What was received on a number after the portal had taken it away is undone and
asked again; after a decision it is questioned.
"""

from datetime import datetime

from rules import deciding
from rules.person import Case
from rules.questioning import question_number
from rules.states import DRAFTED
from rules.turn import Turn


def undo_since(turn: Turn, case: Case, since: datetime) -> None:
    """Undo what was received from this instant on, when the number was not the registered one any more."""
    if case.decided:
        question_number(turn, case, since)
    elif case.consent and case.consent.received_at >= since:
        _without_consent(turn, case, "consent_undone")
    else:
        _without_answers(turn, case, since)


def without_former_consent(turn: Turn, case: Case) -> Case:
    """The case as it goes on with another number: before the account is given it begins with the offer."""
    if case.consent is None or case.account or case.state in DRAFTED or turn.phone is None:
        return case
    return _without_consent(turn, case, "consent_of_former_number")


def _without_answers(turn: Turn, case: Case, since: datetime) -> None:
    """Undo the choice and the account that were received from this instant on; the consent stands."""
    undone = case
    if case.chosen_at and case.chosen_at >= since:
        undone = turn.remark(undone, "choice_undone").without_choice()
    if case.account_at and case.account_at >= since:
        undone = turn.remark(undone, "account_undone").without_account()
    if undone != case:
        turn.keep(deciding.void_draft(turn, undone, "number_not_registered"))


def _without_consent(turn: Turn, case: Case, note: str) -> Case:
    case = deciding.void_draft(turn, turn.remark(case, note), "number_not_registered")
    return turn.keep(case.without_consent())
