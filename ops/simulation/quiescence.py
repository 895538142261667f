"""What must be true when nothing waits any longer: each right its outcome, no timely answer lost."""

from dataclasses import dataclass

from ops.simulation.ground_truth import Known, Text
from ops.simulation.invariants import Checks, demand
from ops.simulation.reading import answer_to
from rules.person import Case, Person, Question
from rules.states import State
from schemas.outcomes import BenefitDecided, ProcessEnded
from schemas.questions import Answer, Consent, Decline
from schemas.values import EndReason
from sms.conversation.line import Line


def check_person(person: Person, checks: Checks) -> None:
    """Check every case of a person."""
    for case in person.cases.values():
        known = checks.ledger.known(person.person_id)
        _check_outcome(case, checks)
        _check_story(case, checks)
        if not case.decided:
            _check_terms(case, checks, known)
        question = case.question
        if question and case.reason is EndReason.NO_REPLY:
            answers = _timely(question, checks, known)
            demand(not any(each.sure for each in answers), "a timely answer always counts")
            sendings = checks.ledger.sendings(question.question_id)
            reached = any(put.message_id not in known.failed for put in sendings)
            demand(reached, "nobody ends without a reply to what never came")
        if case.reason in (EndReason.DECLINED, EndReason.WITHDRAWN):
            _check_refused(case, checks, known)


def _check_terms(case: Case, checks: Checks, known: Known) -> None:
    for question in case.questions:
        sendings = checks.ledger.sendings(question.question_id)
        ends = checks.ends(question.question_id, known)
        if sendings and question.sent_at and ends:
            put = sendings[-1]
            starts = put.starts(told=(put.message_id, put.told_at) in known.told)
            demand(question.sent_at == starts, "a term starts with the sending")
            demand(question.term_ends == ends, "a term is as long as it is")


def _check_refused(case: Case, checks: Checks, known: Known) -> None:
    asked = case.questions
    answers = [each for question in asked for each in _timely(question, checks, known)]
    answers = [each for each in answers if isinstance(each.answer, Consent | Decline)]
    newest = max((each.text.received_at for each in answers), default=None)
    last = [each for each in answers if each.text.received_at == newest]
    stands = any(isinstance(each.answer, Decline) or not each.sure for each in last)
    demand(stands or not last, "a no is taken back within the term")


def check_line(line: Line, checks: Checks) -> None:
    """Check that a line has nothing left to do, and has told when its questions were sent."""
    demand(not line.messages, "every message leaves or is dropped")
    demand(not line.held_texts, "every text is read")
    demand(line.current is None and not line.waiting, "every question ends")
    told = {sending for known in checks.ledger.people.values() for sending in known.told}
    sids = {put.sid: put for puts in checks.ledger.puts.values() for put in puts}
    for delivery in line.deliveries:
        if line.question(delivery.asked) and delivery.status in ("sent", "delivered"):
            put = sids[delivery.sid]
            sending = put.message_id, put.told_at
            demand(sending in told, "the case is told when its question was sent")


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


def _timely(question: Question, checks: Checks, known: Known) -> list[_Answered]:
    ledger = checks.ledger
    put = ledger.put(question.question_id)
    if put is None:
        return []
    ends = checks.ends(question.question_id, known)
    found = []
    for text in ledger.texts.values():
        last = ledger.meant(text)
        unsure = ledger.unsure(text) or ends is None
        meant = text.phone == question.phone and (unsure or (last and last.asked == put.asked))
        if not meant or text.received_at < put.put_at or (ends and text.received_at >= ends):
            continue
        answer = answer_to(put.asked, text.text)
        if answer:
            registered = question.withdrawn_at is None or text.received_at < question.withdrawn_at
            found.append(_Answered(text, answer, sure=registered and not unsure))
    return found
