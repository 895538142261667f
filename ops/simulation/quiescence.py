"""What must be true when nothing waits any longer: each right its outcome, no timely answer lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.simulation.ground_truth import Known, Put, Text
from ops.simulation.invariants import Invariants
from ops.simulation.promises import demand
from ops.simulation.reading import answer_to
from rules.person import Case, Person, Question
from rules.states import DRAFTED, State
from schemas.outcomes import BenefitDecided, ProcessEnded
from schemas.questions import Answer, Consent, Decline, QuestionKind
from schemas.values import EndReason
from sms.conversation.line import Line

_ORDERED = timedelta(seconds=3)


def check_person(person: Person, invariants: Invariants) -> None:
    """Check every case of a person."""
    awaited = any(case.state is State.AWAITING_RULES for case in person.cases.values())
    for case in person.cases.values():
        known = invariants.truth.known(person.person_id)
        _check_outcome(case, invariants, awaited=awaited)
        _check_story(case, invariants)
        demand(case.withheld is None, "nobody waits for a service that goes on")
        _check_questioned(case, invariants, known)
        if not case.decided:
            _check_terms(case, invariants, known)
        question = case.question
        if question and case.reason in (EndReason.NO_REPLY, EndReason.NOT_UNDERSTOOD):
            answers = _timely(question, invariants, known)
            demand(not any(each.sure for each in answers), "a timely answer always counts")
            sendings = invariants.truth.sendings(question.question_id)
            reached = any(put.message_id not in known.failed for put in sendings)
            demand(reached, "nobody ends without a reply to what never came")
            _check_understood(case, question, invariants, known)
        if case.reason in (EndReason.DECLINED, EndReason.WITHDRAWN):
            _check_refused(case, invariants, known)


def _check_terms(case: Case, invariants: Invariants, known: Known) -> None:
    for question in case.questions:
        sendings = invariants.truth.sendings(question.question_id)
        ends = invariants.ends(question.question_id, known)
        if sendings and question.sent_at and ends:
            put = sendings[-1]
            starts = put.starts(told=(put.message_id, put.told_at) in known.told)
            demand(question.sent_at == starts, "a term starts with the sending")
            demand(question.term_ends == ends, "a term is as long as it is")


def _check_understood(case: Case, question: Question, invariants: Invariants, known: Known) -> None:
    """Whoever wrote something that is no answer has not kept silent; whoever wrote nothing has."""
    truth, ends = invariants.truth, invariants.ends(question.question_id, known)
    put = truth.put(question.question_id)
    texts = [
        text
        for text in truth.texts.values()
        if put and text.phone == put.asked.phone and truth.meant(text) is put
        if answer_to(put.asked, text.text) is None
    ]
    asked = [truth.asked[each.question_id] for each in case.questions if each.question_id in truth.asked]
    spoken = [text for text in texts if not any(answer_to(each, text.text) for each in asked)]
    if case.reason is EndReason.NOT_UNDERSTOOD:
        demand(question.not_understood_at, "nobody who kept silent is told not to have been understood")
    elif ends and not question.misunderstood:
        until = min(ends, question.withdrawn_at or ends)
        sure = [text for text in spoken if put and put.put_at < text.received_at < until]
        answered = [each.text.received_at for each in _timely(question, invariants, known, late=True)]
        sure = [text for text in sure if not any(at <= text.received_at for at in answered)]
        demand(all(truth.unsure(text) for text in sure), "who wrote was not silent")


def _check_refused(case: Case, invariants: Invariants, known: Known) -> None:
    asked = case.questions
    answers = [each for question in asked for each in _timely(question, invariants, known)]
    waits = DRAFTED | {State.AWAITING_RULES}
    steps = invariants.steps[case.case_id].values()
    if any(step.from_ in waits or step.note == "held" for step in steps):
        # Until the signature, or until there are rules, a "no" counts whatever term is over.
        late = [each for question in asked for each in _timely(question, invariants, known, late=True)]
        answers += [each for each in late if isinstance(each.answer, Decline)]
    answers += [each for question in asked for each in _taken_back(case, question, invariants, known)]
    # A "no" that was read as of a late call is one; but the last word is the one that was written last.
    said = [
        each for each in answers if isinstance(each.answer, Decline if each.called else Consent | Decline)
    ]
    if case.anew_at:
        said = [each for each in said if each.text.received_at >= case.anew_at]
    refused = any(isinstance(each.answer, Decline) for each in said)
    # A text that comes while a question is leaving may answer it.
    phones, truth = {question.phone for question in asked}, invariants.truth
    refused = refused or any(truth.unsure(text) for text in truth.texts.values() if text.phone in phones)
    demand(refused or case.purged_at, "who ended by a no has said no")
    newest = max((each.written_at for each in said), default=None)
    last = [each for each in said if newest and newest - each.written_at <= each.order]
    stands = any(isinstance(each.answer, Decline) or not each.sure for each in last)
    demand(stands or not last, "a no is taken back within the term")


def check_line(line: Line, invariants: Invariants) -> None:
    """Check that a line has nothing left to do, and has told when its questions were sent."""
    demand(not line.messages, "every message leaves or is dropped")
    demand(not line.held_texts, "every text is read")
    demand(line.current is None and not line.waiting, "every question ends")
    told = {sending for known in invariants.truth.people.values() for sending in known.told}
    sids = {put.sid: put for puts in invariants.truth.puts.values() for put in puts}
    for delivery in line.deliveries:
        if line.question(delivery.asked) and delivery.status in ("sent", "delivered"):
            put = sids[delivery.sid]
            sending = put.message_id, put.told_at
            demand(sending in told, "the case is told when its question was sent")


def _check_questioned(case: Case, invariants: Invariants, known: Known) -> None:
    """What is known now and speaks against a grant is known to an officer."""
    for made in invariants.outcomes.get(case.case_id, {}).values():
        if not isinstance(made, BenefitDecided) or made.outcome != "granted":
            continue
        reasons = invariants.public.questioned.get(made.decision_id, set())
        consent = made.evidence.consent_to_service
        text = invariants.truth.texts[consent.message_id]
        own = known.registered_at(consent.at) == text.phone
        told = "number_not_registered_at_consent" in reasons
        demand(own or told, "a grant by a number that was not the registered one is questioned")
        told = any(reason.startswith("died") for reason in reasons)
        demand(told or not known.dead, "a grant to somebody who has died is questioned")
        told = "revoked" in reasons or not known.revoked(case.record_id)
        demand(told, "a grant on a right that is revoked is questioned")


def _check_outcome(case: Case, invariants: Invariants, *, awaited: bool) -> None:
    """`awaited`: whether the person waits for rules; then another case may wait behind that."""
    outcomes = list(invariants.outcomes.get(case.case_id, {}).values())
    decided = [outcome for outcome in outcomes if isinstance(outcome, BenefitDecided)]
    demand(len(decided) <= 1, "at most one decision a case")
    if awaited and case.state in (State.AWAITING_RULES, State.QUEUED):
        demand(invariants.scenario.strict, "nobody waits for rules that are in force")
        return
    demand(outcomes, "every entitlement has an outcome", case.state)
    last = outcomes[-1]
    if isinstance(last, ProcessEnded):
        right = case.state is State.ENDED and case.reason is last.reason and not decided
        demand(right, "the outcome told last is the case's", f"{case.state}, {last.reason}")
    else:
        demand(case.state == last.outcome, "the outcome told last is the case's", case.state)


def _check_story(case: Case, invariants: Invariants) -> None:
    steps = invariants.steps[case.case_id]
    demand(sorted(steps) == list(range(1, case.step + 1)), "every step is told")
    states = [State.NEW.value, *(steps[number].to for number in sorted(steps))]
    chained = all(steps[number].from_ == states[number - 1] for number in steps)
    demand(chained and states[-1] == case.state, "the steps are one story")
    told = invariants.public.log_of(case.case_id)
    demand(told == (case.step, case.log_sha256), "the next step hangs on the last one told")


@dataclass(frozen=True, slots=True)
class _Answered:
    """A text that may have answered a question in time. `sure`: nobody can say that it did not.

    `called`: as of a late call, before the list told when it was received, which was at `written_at`.
    """

    text: Text
    answer: Answer
    sure: bool
    written_at: datetime
    called: bool = False

    @property
    def order(self) -> timedelta:
        """Within which time it is in no order with others: as `rules.last_word` knows it."""
        return _ORDERED if self.text.called_at else timedelta(0)


def _taken_back(case: Case, offer: Question, invariants: Invariants, known: Known) -> list[_Answered]:
    """The texts that consent to an open offer after a "no" to a later question of the case."""
    truth = invariants.truth
    put, ends = truth.put(offer.question_id), invariants.ends(offer.question_id, known)
    if put is None or ends is None or offer.kind is not QuestionKind.OFFER or offer.withdrawn_at:
        return []
    found = []
    for text in truth.texts.values():
        said = text.phone == offer.phone and put.put_at <= text.received_at < ends
        answer = answer_to(put.asked, text.text) if said else None
        if isinstance(answer, Consent) and truth.after_a_no(text) == case.case_id:
            found.append(_Answered(text, answer, not truth.unsure(text), text.received_at))
    return found


def _puts(put: Put | None, question: Question) -> bool:
    return put is not None and put.asked.question_id == question.question_id


def _timely(
    question: Question, invariants: Invariants, known: Known, *, late: bool = False
) -> list[_Answered]:
    """The texts that may have answered a question in time, or at any time."""
    truth = invariants.truth
    put = truth.put(question.question_id)
    if put is None:
        return []
    ends = invariants.ends(question.question_id, known)
    found = []
    # What was read as of a late call may have answered what was put in between, too.
    texts = [(text, text.received_at, False) for text in truth.texts.values()]
    texts += [(text.as_called, written_at, True) for text, written_at, _ in texts if text.called_at]
    for text, written_at, called in texts:
        if text.phone != question.phone or text.received_at < put.put_at:
            continue
        if ends and text.received_at >= ends and not late:
            continue
        last = truth.meant(text)
        unsure = truth.unsure(text) or ends is None or called
        answer = answer_to(put.asked, text.text) if unsure or _puts(last, question) else None
        if answer:
            registered = question.withdrawn_at is None or text.received_at < question.withdrawn_at
            found.append(_Answered(text, answer, registered and not unsure, written_at, called))
    return found
