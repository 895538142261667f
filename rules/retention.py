"""When the personal data of a case are over, and what is left of it (R34).

The number that the portal publishes of everybody is not the case's: without it the next right could not be
offered, and the portal takes it back.
"""

from datetime import datetime, timedelta

from rules.person import Case
from rules.policy import Retention
from rules.states import State
from rules.turn import Turn
from schemas.questions import CasePurged
from schemas.values import EndReason

_DECLINED = frozenset({EndReason.DECLINED, EndReason.WITHDRAWN})
_UNASKED = frozenset(
    {
        EndReason.PHONE_NOT_REGISTERED,
        EndReason.MANUAL_ROUTE,
        EndReason.ANOTHER_GROUND,
        EndReason.ALREADY_RECEIVING,
    }
)


def purge_at(case: Case, retention: Retention) -> datetime | None:
    """When a case is to be purged: so long after its last step; None while it is under way, or for ever.

    One that is to be offered anew, and waits for operators, is under way.
    """
    if case.rested_at is None or case.purged_at or case.withheld:
        return None
    kept = _kept(case, retention)
    return None if kept is None else case.rested_at + kept


def _kept(case: Case, retention: Retention) -> timedelta | None:
    if case.decided:
        return retention.granted if case.state is State.GRANTED else retention.refused
    if case.reason in _DECLINED:
        return retention.declined
    return retention.unasked if case.reason in _UNASKED else retention.ended


def purge(turn: Turn, case: Case) -> None:
    """Forget whom a case was about: texts, numbers, accounts, consents. What is left names nobody.

    The record and its event stay by their ids, so that a record published again does not begin anew, and so
    that a right can go on that waits for a number.
    """
    questions = case.questions
    noted = turn.remark(case, "purged")
    turn.keep(
        noted.without_consent().with_(
            questions=(),
            texts=(),
            forgotten=case.asked,
            outcome_told=None,
            rested_at=case.rested_at,
            purged_at=turn.at,
        )
    )
    for phone in sorted({question.phone for question in questions}):
        turn.effects.append(CasePurged(phone=phone, case_id=case.case_id))


def forget_needless(turn: Turn) -> None:
    """Keep the IIN and the account no longer than a case needs them.

    Every fact that is published brings the IIN again, and a later right asks for the account.
    """
    cases = turn.person.cases.values()
    if cases and all(case.purged_at and not case.withheld for case in cases):
        turn.know(iin=None, account=None)
