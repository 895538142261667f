"""What a person's cases wait for, and what an instant that has come does (R6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rules.person import Person
from rules.states import SENT, State
from rules.turn import Turn, find_case, reminder, replace_question
from schemas.deadlines import DeadlineElapsed
from schemas.questions import (
    NoticeKind,
)
from schemas.values import EndReason


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a person waits for: `name` and `version` come back in the `deadline.elapsed` event."""

    name: str
    version: int
    at: datetime


def waits(person: Person) -> Iterator[Wait]:
    """What the person's cases wait for now: the end of the grace, the reminder, the end of a term."""
    for case in person.cases.values():
        if case.state is State.RECEIVED and case.grace_until:
            yield Wait(f"{case.case_id}/grace", 0, case.grace_until)
        question = case.question
        if question is None or case.state not in SENT.values() or question.term_ends is None:
            continue
        yield Wait(f"{case.case_id}/term", case.version, question.term_ends)
        remind_at = reminder(question)
        if remind_at:
            yield Wait(f"{case.case_id}/reminder", case.version, remind_at)


def deadline_elapsed(turn: Turn, report: DeadlineElapsed) -> None:
    """An instant has come. It matters only if the case still waits for it.

    That it has come is the event's to say: this worker's clock may lag behind the one that told it.
    """
    case_id, _, what = report.deadline.partition("/")
    case = find_case(turn, case_id)
    due = [wait for wait in waits(turn.person) if wait.name == report.deadline]
    if not case or not due or (due[0].version, due[0].at) != (report.version, report.due):
        turn.remarks.append("a deadline elapsed that nobody waits for any longer")
        return
    question = case.question
    if what == "grace":
        turn.proceed(turn.put(case.with_(grace_until=None)))
    elif question and question.term_ends and what == "term":
        turn.end(case, EndReason.NO_REPLY)
        turn.close(question, question.term_ends)
    elif question and question.term_ends:
        changed = replace_question(case, question.with_(reminded=True))
        turn.notify(turn.remark(changed, "reminded"), NoticeKind.REMINDER, until=question.term_ends)
