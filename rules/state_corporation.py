"""What the State Corporation records does to people and their cases: the benefit, the account (R4, R12)."""

from rules import accounts, benefit_on_record, steps
from rules.person import Case
from rules.questioning import question_record
from rules.signatures import draft_anew
from rules.states import BEFORE_CONSENT, WAITING, State
from rules.turn import Turn, find_case
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason

_OFFERED = BEFORE_CONSENT - {State.RECEIVED} | {State.AWAITING_RULES}


def benefit_recorded(turn: Turn, fact: BenefitRecorded) -> None:
    """Ground 4 (R12): before the consent there is nothing to refuse yet, and the process ends.

    What is recorded of our own application takes nothing from a record of another one.
    """
    person = turn.person
    own = find_case(turn, fact.case_id) if fact.case_id else None
    if own and benefit_on_record.hides_own(person, own, turn.policy.zone):
        turn.remark(own, "own_application_recorded")
        return
    older = person.benefit_as_of is not None and fact.recorded_on < person.benefit_as_of
    if older and not benefit_on_record.is_hidden_by_own(person, fact.status, fact.case_id):
        turn.remarks.append("a newer record of the benefit is known already")
        return
    turn.know(
        iin=fact.iin,
        benefit=fact.status,
        benefit_as_of=fact.recorded_on,
        benefit_case_id=fact.case_id,
    )
    if own:
        turn.remark(own, "own_application_recorded")
    for case in list(turn.person.cases.values()):
        if case.decided:
            question_record(turn, case)
        elif case.open:
            _looked_at_again(turn, case)


def _looked_at_again(turn: Turn, case: Case) -> None:
    """What the record means for a case that is under way."""
    zone = turn.policy.zone
    if benefit_on_record.wants_officer(turn.person, case, zone):
        case = turn.remark(case, "application_recorded_later")
    if case.draft:
        draft_anew(turn, case, "benefit_recorded" if turn.person.receives else "benefit_record_changed")
    elif not benefit_on_record.refuses(turn.person, case, zone):
        return
    elif case.consent and case.state in WAITING | {State.AWAITING_RULES}:
        steps.proceed(turn, case)
        if case.question:
            turn.close(case.question, turn.at)
    elif case.consent is None and case.state in _OFFERED:
        steps.end(turn, case, EndReason.ALREADY_RECEIVING, close_at=turn.at)


def account_known(turn: Turn, fact: AccountKnown) -> None:
    """An account to confirm instead of asking for one (R4), or that the one known before is closed.

    Of two the one that happened later holds, in whatever order they are read.
    """
    before, as_of = turn.person.account, turn.person.account_as_of
    if as_of and turn.happened_at < as_of:
        turn.remarks.append("a newer record of the account is known already")
        return
    turn.know(iin=fact.iin, account=fact.iban, account_as_of=turn.happened_at)
    if before and fact.iban is None:
        for case in list(turn.person.cases.values()):
            accounts.closed(turn, case, before)
