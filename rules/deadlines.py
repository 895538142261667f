"""What a person's cases wait for, and what an instant that has come does (R6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from rules import steps
from rules.person import Person, Question
from rules.states import SENT, State
from rules.terms import reminder_at
from rules.turn import Turn, find_case, replace_question
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import CaseId
from schemas.questions import (
    NoticeKind,
)
from schemas.times import ALMATY


@dataclass(frozen=True, slots=True)
class DeadlineName:
    """What a case waits for, as a deadline's name says it: `case/what`."""

    case_id: CaseId
    what: Literal["grace", "term", "reminder"]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.what}"


def deadlines(person: Person, zone: ZoneInfo = ALMATY) -> Sequence[Deadline]:
    """What the person's cases wait for now: the end of the grace, the reminder, the end of a term."""
    found = []
    for case in person.cases.values():
        if case.state is State.RECEIVED and case.grace_until:
            found.append(Deadline(case.grace_until, str(DeadlineName(case.case_id, "grace")), 0))
        question = case.question
        if question is None or case.state not in SENT.values() or question.term_ends is None:
            continue
        found.append(Deadline(question.term_ends, str(DeadlineName(case.case_id, "term")), case.version))
        remind_at = _reminder(question, zone)
        if remind_at:
            found.append(Deadline(remind_at, str(DeadlineName(case.case_id, "reminder")), case.version))
    return found


def deadline_elapsed(turn: Turn, report: DeadlineElapsed) -> None:
    """An instant has come. It matters only if the case still waits for it.

    That it has come is the event's to say: this worker's clock may lag behind the one that told it.
    """
    case_id, _, what = report.deadline.partition("/")
    case = find_case(turn, CaseId(case_id))
    elapsed = Deadline(report.due, report.deadline, report.version)
    if not case or elapsed not in deadlines(turn.person, turn.policy.zone):
        turn.remarks.append("a deadline elapsed that nobody waits for any longer")
        return
    question = case.question
    if what == "grace":
        steps.proceed(turn, turn.keep(case.with_(grace_until=None)))
    elif question and question.term_ends and what == "term":
        steps.expire(turn, case, question)
    elif question and question.term_ends:
        changed = replace_question(case, question.with_(reminded=True))
        steps.notify(turn, turn.remark(changed, "reminded"), NoticeKind.REMINDER, until=question.term_ends)


def _reminder(question: Question, zone: ZoneInfo) -> datetime | None:
    """When to remind of this question, if at all."""
    if question.sent_at is None or question.term_ends is None or question.reminded:
        return None
    return reminder_at(question.sent_at, question.term_ends, zone)
