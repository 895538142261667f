"""What is learnt after a grant: it goes to an officer, and a machine reverses nothing (R10)."""

from datetime import date, datetime
from typing import Literal

from rules.benefit_on_record import is_of
from rules.person import Case
from rules.terms import local_day
from rules.turn import Turn
from schemas.outcomes import DecisionQuestioned

Reason = Literal[
    "died_before_consent",
    "died_before_decision",
    "died_after_decision",
    "revoked",
    "number_not_registered_at_consent",
    "second_grant",
]


def question(turn: Turn, case: Case, reason: Reason) -> Case:
    """Question the grant of a case, for each reason once."""
    made = case.decision
    if made is None or made.outcome != "granted" or reason in case.questioned:
        return case
    case = turn.remark(case.with_(questioned=(*case.questioned, reason)), f"questioned_{reason}")
    turn.effects.append(
        DecisionQuestioned(
            case_id=case.case_id,
            decision_id=made.decision_id,
            iin=turn.person.iin or "",
            reason=reason,
            at=turn.cause.time,
        )
    )
    return case


def question_death(turn: Turn, case: Case, died_on: date | None) -> Case:
    """Question a grant because of a death.

    A death on the consent's own day counts as one before the decision.
    """
    made = case.decision
    if made is None:
        return case
    # Of decisions of before it is not known when they were made; they were not made before the consent.
    decided_on = local_day(made.decided_at, turn.policy.zone) if made.decided_at else made.application_date
    if died_on is None or died_on > decided_on:
        return question(turn, case, "died_after_decision")
    if died_on < made.application_date:
        return question(turn, case, "died_before_consent")
    return question(turn, case, "died_before_decision")


def question_number(turn: Turn, case: Case, since: datetime) -> Case:
    """Question a grant that rests on what came when the number was not the registered one any more (R2).

    That is the consent, or the choice or the account behind it.
    """
    made = case.decision
    if made is None:
        return case
    heard = [made.consented_at, *(each for each in (case.chosen_at, case.account_at) if each)]
    if max(heard) >= since:
        return question(turn, case, "number_not_registered_at_consent")
    return case


def question_record(turn: Turn, case: Case) -> Case:
    """Question a grant where the benefit turns out to have been on record before it was applied for (R12)."""
    made, person = case.decision, turn.person
    if made is None or not person.receives or is_of(person, case):
        return case
    # What is recorded from that day on may be this grant itself.
    if person.benefit_as_of and person.benefit_as_of < made.application_date:
        return question(turn, case, "second_grant")
    return case
