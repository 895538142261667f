"""What several questions ask of the same rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, exists, func, select

from ops.read_model.folds import DRAFTED
from ops.read_model.tables import acts, cases, dead_letters, decisions, drafts, journal, recorded, voided

_DONE = ("redrive", "discard")
_SETTLED = ("sent", "not_sent")


def dead_letters_open() -> ColumnElement[bool]:
    """Dead letters that nobody has redriven or discarded."""
    return ~exists().where(
        acts.c.object_kind == "dead_letter",
        acts.c.object_id == dead_letters.c.letter_id,
        acts.c.act.in_(_DONE),
    )


def in_doubt(*, count: bool = False) -> Select[Any]:
    """Messages of which nobody can tell whether they left, and of which no operator has said it since."""
    settled = exists().where(
        acts.c.object_kind == "message",
        acts.c.object_id == journal.c.message_id,
        acts.c.act.in_(_SETTLED),
        acts.c.at >= journal.c.at,
    )
    columns: tuple[Any, ...] = (func.count(),) if count else (journal,)
    return select(*columns).select_from(journal).where(journal.c.state == "in_doubt", ~settled)


def drafts_open() -> ColumnElement[bool]:
    """Drafts that wait for an officer: neither voided nor decided, and the last of a case that waits so."""
    later = drafts.alias()
    return and_(
        cases.c.state.in_(sorted(DRAFTED)),
        _none(voided.c.decision_id, voided.c.decision_id == drafts.c.decision_id),
        _none(decisions.c.decision_id, decisions.c.decision_id == drafts.c.decision_id),
        _none(later.c.decision_id, later.c.case_id == drafts.c.case_id, later.c.step > drafts.c.step),
    )


def _none(column: Column[str], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is no such row, looked up for each row that is asked for, and not joined.

    PostgreSQL takes anti-joins for far fewer rows than they leave, and would put together all that there are
    for a page.
    """
    return select(column).where(*conditions).limit(1).scalar_subquery().is_(None)


def unrecorded(before: datetime) -> Select[Any]:
    """Grants of before an instant that the State Corporation has not recorded.

    Its record may name our case, or be of the person from the day of the application on.
    """
    of_case = exists().where(recorded.c.case_id == cases.c.case_id)
    of_person = exists().where(
        recorded.c.person_id == cases.c.person_id,
        recorded.c.case_id == "",
        recorded.c.status != "ended",
        recorded.c.recorded_on >= decisions.c.application_date,
    )
    return (
        select(
            cases.c.case_id,
            cases.c.person_id,
            cases.c.outcome_at,
            decisions.c.decision_id,
            decisions.c.decided_at,
        )
        .join_from(
            cases,
            decisions,
            and_(decisions.c.case_id == cases.c.case_id, decisions.c.step == cases.c.outcome_step),
        )
        .where(cases.c.outcome == "granted", cases.c.outcome_at < before, ~of_case, ~of_person)
    )
