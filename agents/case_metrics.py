"""What is counted of cases as their events are handled: outcomes, answers, how long people and we took.

All seconds but those of `jardem_deadline_lateness_seconds` are of the clock by which terms run, so that they
are days where a demo lets a day pass in seconds. A step that is repeated because it was not written is
counted again.
"""

from datetime import datetime
from typing import get_args

from rules.deadlines import What
from rules.person import Case, Person, Question
from schemas.deadlines import DeadlineElapsed
from schemas.ids import CaseId, QuestionId
from schemas.outcomes import BenefitDecided, DecisionDrafted, DecisionQuestioned, ProcessEnded
from schemas.questions import (
    Answer,
    QuestionAnswered,
    QuestionKind,
    QuestionNotUnderstood,
    QuestionSent,
)
from schemas.received import ReceivedEvent
from schemas.routes import Effect
from schemas.turned import Turned
from schemas.values import EndReason, Ground
from streams.clock import Clock
from streams.metric_labels import DAYS, counter, histogram

_UNREAD = "not_understood"
_ANSWERS = tuple(str(model.model_fields["kind"].default) for model in get_args(get_args(Answer)[0]))
_QUESTIONED = get_args(DecisionQuestioned.model_fields["reason"].annotation)
_OUTCOMES = (
    ("granted", "none"),
    *(("refused", str(number)) for number in range(1, 5)),
    *(("ended", str(reason)) for reason in EndReason),
)
WAKE = "wake"
"""What a line calls its only deadline."""
_AWAITED = (*get_args(What), WAKE)

OUTCOMES = counter(
    "jardem_outcomes",
    "Outcomes of cases: granted, refused with the number of the refusal's ground, ended with the reason",
    {
        "outcome": ("granted", "refused", "ended"),
        "reason": ("none", *(reason for _, reason in _OUTCOMES[1:])),
        "ground": tuple(Ground),
    },
    rows=[(*outcome, ground) for outcome in _OUTCOMES for ground in Ground],
)
DRAFTS = counter("jardem_drafts", "Decisions drafted for an officer to sign")
QUESTIONED = counter(
    "jardem_decisions_questioned",
    "Grants that something learnt later puts in question: an officer has to look",
    {"reason": _QUESTIONED},
)
ANSWERS = counter(
    "jardem_answers",
    "Texts that came as answers, by what was asked and what they mean",
    {"question": tuple(QuestionKind), "answer": (*_ANSWERS, _UNREAD)},
)
EVENT_TO_SMS = histogram(
    "jardem_event_to_sms_seconds",
    "From the time that the registry's event bears until the first offer left, quiet hours included",
    buckets=DAYS,
)
TIME_TO_ANSWER = histogram(
    "jardem_time_to_answer_seconds",
    "From a question's leaving until the carrier received an answer that was understood",
    {"question": tuple(QuestionKind)},
    buckets=DAYS,
)
LATENESS = histogram(
    "jardem_deadline_lateness_seconds",
    "How long after its instant a deadline was handled, in real time, by what was waited for",
    {"deadline": _AWAITED},
)


class CaseMetrics:
    """Counts what the case desk handles."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, before: Person, event: ReceivedEvent, turned: Turned[Person], now: datetime) -> None:
        """Count one event. `now` is the present instant in UTC of virtual time."""
        match event.data:
            case DeadlineElapsed() as elapsed:
                observe_lateness(self._clock, elapsed, now)
            case QuestionSent() as sent:
                self._sent(before, sent)
            case QuestionAnswered() as answered:
                self._answered(before, answered)
            case QuestionNotUnderstood() as text:
                _count_answer(_question(before, text.case_id, text.question_id), _UNREAD)
        for effect in turned.effects:
            _count_told(effect)

    def _sent(self, before: Person, sent: QuestionSent) -> None:
        """The first offer of a case, once: it may be asked again on another number."""
        case: Case | None = before.cases.get(sent.case_id)
        if case is None or any(question.sent_at for question in case.questions) or case.forgotten:
            return
        if _question(before, sent.case_id, sent.question_id):
            EVENT_TO_SMS.observe(max(0.0, (sent.sent_at - case.source.time).total_seconds()))

    def _answered(self, before: Person, answered: QuestionAnswered) -> None:
        question = _question(before, answered.case_id, answered.question_id)
        _count_answer(question, answered.answer.kind if answered.answer else _UNREAD)
        if question and question.sent_at and answered.answer:
            seconds = (answered.received_at - question.sent_at).total_seconds()
            TIME_TO_ANSWER.labels(question.kind).observe(max(0.0, seconds))


def observe_lateness(clock: Clock, elapsed: DeadlineElapsed, now: datetime) -> None:
    """How late a deadline's event is handled. Its name is `case/what`, or `wake`.

    That the service has changed is told in the same way, and is no term of anybody's.
    """
    what = elapsed.deadline.rpartition("/")[2]
    if what not in _AWAITED:
        return
    late = (clock.real(now) - clock.real(elapsed.due)).total_seconds()
    LATENESS.labels(what).observe(max(0.0, late))


def _count_told(effect: Effect) -> None:
    match effect:
        case BenefitDecided(outcome="granted"):
            OUTCOMES.labels("granted", "none", effect.ground).inc()
        case BenefitDecided():
            OUTCOMES.labels("refused", str(effect.refusal_ground), effect.ground).inc()
        case ProcessEnded():
            OUTCOMES.labels("ended", effect.reason, effect.ground).inc()
        case DecisionDrafted():
            DRAFTS.inc()
        case DecisionQuestioned():
            QUESTIONED.labels(effect.reason).inc()


def _question(person: Person, case_id: CaseId, question_id: QuestionId) -> Question | None:
    case = person.cases.get(case_id)
    return case.find(question_id) if case else None


def _count_answer(question: Question | None, answer: str) -> None:
    if question:
        ANSWERS.labels(question.kind, answer).inc()
