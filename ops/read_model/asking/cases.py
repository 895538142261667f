"""Lists of cases: by what is wanted of them, newest last step first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, literal_column, select

from ops.read_model.asking.base import Asking
from ops.read_model.asking.paging import Asked, Listing
from ops.read_model.erasing import erased_since
from ops.read_model.tables import asked, cases, subjects
from ops.read_model.views import CaseFilter, CaseRow, Page

PATIENCE = timedelta(minutes=1)
"""How long after a term's end a case may still wait before it is late."""

_HEARING = "awaiting_hearing"
_BY_AT = Listing("cases", (cases.c.at, cases.c.case_id))
# As an expression the instant can't be read off an index: what few rows are wanted are found, and sorted.
_FEW_BY_AT = Listing("cases", (cases.c.at + literal_column("0", cases.c.at.type), cases.c.case_id))

ROWS: Select[Any] = select(cases, subjects.c.iin).join_from(
    cases, subjects, subjects.c.case_id == cases.c.case_id, isouter=True
)
"""Cases with whom they are about."""


class AskingCases(Asking):
    """Lists of cases."""

    async def cases(
        self,
        wanted: CaseFilter,
        *,
        at: datetime,
        after: str | None = None,
        limit: int = 50,
        unmask: bool = False,
    ) -> Page[CaseRow]:
        """The cases that are wanted. `at` is the present instant in the installation's time.

        Raises `BadCursorError` for an `after` that no page of this list has given.
        """
        few = wanted.overdue or wanted.phone_id is not None
        page = Asked.of(_FEW_BY_AT if few else _BY_AT, self._means.sealer, after, limit)
        async with self._store.reading() as connection:
            # Only the keys are sorted; whatever else is shown is looked up for the rows of the page.
            keys = page.select(select(cases.c.case_id).where(*_conditions(wanted, at))).subquery()
            found = await connection.execute(
                page.ordered(ROWS.where(cases.c.case_id.in_(select(keys.c.case_id))))
            )
            rows = found.mappings().all()
        return page.page(
            rows, lambda row: (row["at"], row["case_id"]), lambda row: self._row(row, at, unmask=unmask)
        )

    async def count_cases(self, wanted: CaseFilter, *, at: datetime, most: int = 10_000) -> int:
        """How many cases are wanted, at most `most`: where that is told, there may be more."""
        inner = select(cases.c.case_id).where(*_conditions(wanted, at)).limit(most).subquery()
        async with self._store.reading() as connection:
            return int((await connection.execute(select(func.count()).select_from(inner))).scalar_one())

    def _row(self, row: RowMapping, at: datetime, *, unmask: bool) -> CaseRow:
        return CaseRow(
            case_id=row["case_id"],
            person_id=row["person_id"],
            ground=row["ground"],
            state=row["state"],
            reason=row["reason"] if row["outcome"] == "ended" else None,
            step=row["step"],
            language=row["language"],
            began_at=row["began_at"],
            at=row["at"],
            until=row["until"],
            outcome=row["outcome"],
            note=row["note"],
            iin=self._shown(subjects, "iin", row["case_id"], row["iin"], unmask=unmask),
            overdue=is_overdue(row["state"], row["until"], at),
            not_understood=bool(row["not_understood"]),
            held=bool(row["held"]),
        )


def is_overdue(state: str, until: datetime | None, at: datetime) -> bool:
    """Whether the term that runs, of a question or of the service, is over."""
    return until is not None and until < at - PATIENCE and state != _HEARING


def overdue(at: datetime) -> ColumnElement[bool]:
    """The same as a condition."""
    return and_(cases.c.until < at - PATIENCE, cases.c.state != _HEARING)


def _conditions(wanted: CaseFilter, at: datetime) -> Sequence[ColumnElement[bool]]:
    # A flag's index is of the rows that have it, which a database sees only where the value is written out.
    flags = {"not_understood": wanted.not_understood, "held": wanted.held, "waits": wanted.waits_for_service}
    found = [cases.c[name] == literal_column("1") for name, flag in flags.items() if flag]
    # Where few rows are flagged, they are looked through: in an expression no other index is taken for them.
    few = bool(found) or wanted.overdue
    for name in ("state", "ground", "reason", "language", "person_id"):
        if (value := getattr(wanted, name)) is not None:
            column = cases.c[name]
            found.append((func.coalesce(column, "") if few and name != "person_id" else column) == value)
    if wanted.person_id is not None or wanted.phone_id is not None:
        # Who was erased is not found by who they were.
        found.append(~erased_since())
    if wanted.phone_id is not None:
        on_phone = select(asked.c.case_id).where(asked.c.phone_id == wanted.phone_id)
        found.append(cases.c.case_id.in_(on_phone))
    if wanted.overdue:
        found.append(overdue(at))
    if wanted.since is not None:
        found.append(cases.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(cases.c.at < wanted.until)
    return found
