"""What must be true when nothing waits any longer: each right its outcome, no timely answer lost."""

from collections.abc import Collection
from dataclasses import dataclass

from ops.simulation.checks import Checks, demand
from ops.simulation.ledger import Put, Text
from rules.person import Case, Person, Question
from rules.states import State
from rules.terms import term_end
from schemas.outcomes import BenefitDecided, ProcessEnded
from schemas.sms import Answer, Decline, QuestionKind
from schemas.values import EndReason
from sms.answers import read_account, read_offer, read_one_application
from sms.line import Line


def check_person(person: Person, checks: Checks) -> None:
    """Check every case of a person."""
    for case in person.cases.values():
        told = checks.ledger.known(person.person_id).told
        _check_outcome(case, checks)
        _check_story(case, checks)
        if not case.decided:
            _check_terms(case, checks, told)
        question = case.question
        if question and case.reason is EndReason.NO_REPLY:
            answers = _timely(question, checks, told)
            demand(not any(each.sure for each in answers), "a timely answer always counts")
        if case.reason is EndReason.DECLINED:
            _check_declined(case, checks, told)


def _check_terms(case: Case, checks: Checks, told: Collection[str]) -> None:
    for question in case.questions:
        put = checks.ledger.put(question.question_id)
        if put and question.sent_at:
            starts = put.starts(told=question.question_id in told)
            demand(question.sent_at == starts, "a term starts with the sending")
            demand(question.term_ends == term_end(starts, checks.setting.term), "a term is as long as it is")


def _check_declined(case: Case, checks: Checks, told: Collection[str]) -> None:
    offers = [asked for asked in case.questions if asked.kind is QuestionKind.OFFER]
    answers = [each for offer in offers for each in _timely(offer, checks, told)]
    newest = max((each.text.received_at for each in answers), default=None)
    last = [each for each in answers if each.text.received_at == newest]
    stands = any(isinstance(each.answer, Decline) or not each.sure for each in last)
    demand(stands or not last, "a no is taken back within the term")


def check_line(line: Line, checks: Checks) -> None:
    """Check that a line has nothing left to do, and has told when its questions were sent."""
    demand(not line.messages, "every message leaves or is dropped")
    demand(not line.held_texts, "every text is read")
    demand(line.current is None and not line.waiting, "every question ends")
    told = {question for known in checks.ledger.people.values() for question in known.told}
    for delivery in line.deliveries:
        if line.question(delivery.asked) and delivery.status in ("sent", "delivered"):
            demand(delivery.asked in told, "the case is told when its question was sent")


def _check_outcome(case: Case, checks: Checks) -> None:
    outcomes = list(checks.outcomes.get(case.case_id, {}).values())
    decided = [outcome for outcome in outcomes if isinstance(outcome, BenefitDecided)]
    demand(len(decided) <= 1, "at most one decision a case")
    demand(outcomes, "every entitlement has an outcome", case.state)
    last = outcomes[-1]
    if isinstance(last, ProcessEnded):
        right = case.state is State.ENDED and case.reason is last.reason and not decided
        demand(right, "the outcome told last is the case's", f"{case.state}, {last.reason}")
    else:
        demand(case.state == last.outcome, "the outcome told last is the case's", case.state)


def _check_story(case: Case, checks: Checks) -> None:
    steps = checks.steps[case.case_id]
    demand(sorted(steps) == list(range(1, case.step + 1)), "every step is told")
    states = [State.NEW.value, *(steps[number].to for number in sorted(steps))]
    chained = all(steps[number].from_ == states[number - 1] for number in steps)
    demand(chained and states[-1] == case.state, "the steps are one story")


@dataclass(frozen=True, slots=True)
class _Answered:
    """A text that may have answered a question in time. `sure`: nobody can say that it did not."""

    text: Text
    answer: Answer
    sure: bool


def _timely(question: Question, checks: Checks, told: Collection[str]) -> list[_Answered]:
    ledger = checks.ledger
    put = ledger.put(question.question_id)
    if put is None:
        return []
    ends = term_end(put.starts(told=question.question_id in told), checks.setting.term)
    found = []
    for text in ledger.texts.values():
        unsure = ledger.unsure(text)
        meant = text.phone == question.phone and (unsure or ledger.meant(text) == put)
        if not meant or not put.put_at <= text.received_at < ends:
            continue
        answer = _read(put, text.text)
        # What a no after the consent does to a case is a rule that the cases do not have yet.
        if answer and not (isinstance(answer, Decline) and put.asked.kind is not QuestionKind.OFFER):
            registered = question.withdrawn_at is None or text.received_at < question.withdrawn_at
            found.append(_Answered(text, answer, sure=registered and not unsure))
    return found


def _read(put: Put, text: str) -> Answer | None:
    match put.asked.kind:
        case QuestionKind.OFFER:
            return read_offer(text)
        case QuestionKind.ONE_APPLICATION:
            return read_one_application(text)
        case QuestionKind.ACCOUNT:
            return read_account(text, known=put.asked.details.account is not None)
