"""What a change of the registered number does to what was answered on the former one (R2).

A consent lives on its number. What was received on a number after the portal had taken it away is undone and
asked again; after a decision it is questioned.
"""

from datetime import datetime

from rules import deciding
from rules.person import Case
from rules.questioning import question_number
from rules.states import DRAFTED, UNANSWERED, WAITING, State
from rules.turn import Turn
from schemas.questions import Decline
from schemas.values import EndReason

_NO_NUMBER = frozenset(
    {EndReason.PHONE_NOT_REGISTERED, EndReason.NUMBER_NOT_REACHABLE, EndReason.UNDELIVERABLE}
)
_REFUSED = frozenset({EndReason.DECLINED, EndReason.WITHDRAWN})


def is_asked_anew(turn: Turn, case: Case) -> bool:
    """Whether a case goes on with the number of now, since it was asked on another one, or on none."""
    void = case.state in DRAFTED and case.draft is None
    waits = case.state in WAITING or case.state is State.AWAITING_RULES
    unreached = turn.phone is not None and case.state is State.ENDED and case.reason in _NO_NUMBER
    return void or waits or unreached


def can_be_reached(turn: Turn, case: Case) -> bool:
    """Whether a case that ended for want of a number can be asked on the one that is registered now."""
    if turn.phone is None or case.state is not State.ENDED or case.reason not in _NO_NUMBER:
        return False
    asked_there = case.question is not None and case.question.phone == turn.phone
    return case.reason is EndReason.PHONE_NOT_REGISTERED or not asked_there


def ended_without_right(case: Case, number: str, since: datetime) -> bool:
    """Whether a case ended by the silence, or by a "no", of a number that was taken away before.

    A "no" that the person said before that stands.
    """
    question = case.question
    if case.state is not State.ENDED or case.withheld or question is None or question.phone != number:
        return False
    if case.reason in UNANSWERED:
        return question.term_ends is not None and since < question.term_ends
    if case.reason not in _REFUSED or case.answered_at is None or case.answered_at < since:
        return False
    own = [each.yes_or_no for each in case.texts if each.yes_or_no and each.received_at < since]
    own = [each for each in own if case.anew_at is None or each.received_at >= case.anew_at]
    last = max(own, key=lambda each: each.received_at, default=None)
    return last is None or not isinstance(last.answer, Decline)


def undo_ending(turn: Turn, case: Case) -> Case:
    """Take back the "no", or the silence, of whom the number did not belong to: it is asked anew."""
    if case.reason in UNANSWERED:
        return without_former_consent(turn, case)
    return turn.keep(turn.remark(case, "refusal_undone").without_consent().with_(answered_at=None))


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
