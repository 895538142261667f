"""What a person's cases wait for, and what an instant that has come does (R6, R13, R20)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rules import rules_awaited, service_term, steps, telling
from rules.person import Case, Person, Question
from rules.policy import Policy
from rules.retention import purge, purge_at
from rules.states import DRAFTED, SENT, State
from rules.terms import at_local, reminder_at
from rules.turn import Turn, find_case, replace_question
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import SERVICE, CaseId
from schemas.questions import (
    NoticeKind,
)

What = Literal["grace", "rules", "term", "reminder", "decision_due", "decision_overdue", "purge"]
"""What a case can wait for."""


@dataclass(frozen=True, slots=True)
class DeadlineName:
    """What a case waits for, as a deadline's name says it: `case/what`."""

    case_id: CaseId
    what: What

    def __str__(self) -> str:
        return f"{self.case_id}/{self.what}"


def deadlines(person: Person, policy: Policy) -> Sequence[Deadline]:
    """What the person's cases wait for now.

    The end of the grace, rules in force, the reminder, the end of a term, that of the service, the purge.
    """
    return [
        Deadline(at, str(DeadlineName(case.case_id, what)), version)
        for case in person.cases.values()
        for what, at, version in _waits(case, policy)
    ]


_Wait = tuple[What, datetime, int]


def _waits(case: Case, policy: Policy) -> Iterator[_Wait]:
    if case.state is State.RECEIVED and case.grace_until:
        yield "grace", case.grace_until, 0
    if case.state is State.AWAITING_RULES and case.rules_at:
        yield "rules", case.rules_at, int(case.rules_at.timestamp())
    over = purge_at(case, policy.retention)
    if over:
        yield "purge", over, case.step
    if case.state in DRAFTED:
        yield from _service(case, policy)
    question = case.question
    if question and case.state in SENT.values() and question.term_ends and not case.withheld:
        yield "term", question.term_ends, case.version
        remind_at = _reminder(question, policy.zone)
        if remind_at:
            yield "reminder", remind_at, case.version


def _service(case: Case, policy: Policy) -> Iterator[_Wait]:
    """The end of the service's term: noted as its last day begins, and when it is over."""
    due = service_term.decision_due(case, policy)
    if due is None:
        return
    version = due.toordinal()
    if not case.due_told:
        yield "decision_due", at_local(due, zone=policy.zone), version
    if not case.overdue_told:
        yield "decision_overdue", at_local(due + timedelta(days=1), zone=policy.zone), version


def deadline_elapsed(turn: Turn, report: DeadlineElapsed) -> None:
    """An instant has come. It matters only if the case still waits for it.

    That it has come is the event's to say: this worker's clock may lag behind the one that told it.
    """
    if report.deadline == SERVICE:
        # Whoever waits for the service is looked at again after every event.
        turn.remarks.append("the service has changed")
        return
    case_id, _, what = report.deadline.partition("/")
    case = find_case(turn, CaseId(case_id))
    elapsed = Deadline(report.due, report.deadline, report.version)
    if not case or elapsed not in deadlines(turn.person, turn.policy):
        turn.remarks.append("a deadline elapsed that nobody waits for any longer")
        return
    question = case.question
    if what == "grace":
        steps.proceed(turn, turn.keep(case.with_(grace_until=None)))
    elif what == "purge":
        purge(turn, case)
    elif what == "rules":
        rules_awaited.look_again(turn, case, max(turn.at, report.due))
    elif what == "decision_due":
        turn.remark(case.with_(due_told=True), what)
    elif what == "decision_overdue":
        turn.remark(case.with_(due_told=True, overdue_told=True), what)
    elif question and question.term_ends and what == "term":
        steps.expire(turn, case, question)
    elif question and question.term_ends:
        changed = replace_question(case, question.with_(reminded=True))
        telling.notify(turn, turn.remark(changed, "reminded"), NoticeKind.REMINDER, until=question.term_ends)


def _reminder(question: Question, zone: ZoneInfo) -> datetime | None:
    """When to remind of this question, if at all."""
    if question.sent_at is None or question.term_ends is None or question.reminded:
        return None
    return reminder_at(question.sent_at, question.term_ends, zone)
