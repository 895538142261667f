"""Decisions to sign, those that were questioned, outcomes, and what is not recorded."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.asking.base import Asking
from ops.read_model.asking.conditions import drafts_open, unrecorded
from ops.read_model.asking.paging import Asked, Listing
from ops.read_model.folds import parts_of
from ops.read_model.tables import (
    acts,
    cases,
    decisions,
    documents,
    drafts,
    extensions,
    hearings,
    questioned,
    subjects,
    tallies,
)
from ops.read_model.views import Draft, Outcome, Page, Questioned, Unrecorded, YearRow
from schemas.json_text import read_json

_DRAFTS = Listing("drafts", (drafts.c.drafted_at, drafts.c.decision_id), descending=False)
_QUESTIONED = Listing("questioned", (questioned.c.at, questioned.c.case_id, questioned.c.reason))
_UNRECORDED = Listing("unrecorded", (cases.c.outcome_at, cases.c.case_id), descending=False)
_OUTCOMES = Listing("outcomes", (cases.c.outcome_at, cases.c.case_id), descending=False)
_LAST = date.max - timedelta(days=1)
"""The last day after which there is one."""


def _last_of(column: Any, kind: str) -> Any:  # noqa: ANN401 - a column of any type
    """What the last document of a kind says of the case."""
    mine = select(func.max(column)).where(documents.c.case_id == drafts.c.case_id, documents.c.kind == kind)
    return mine.scalar_subquery()


def _intended(column: Any) -> Any:  # noqa: ANN401 - a column of any type
    """A column of the last act by which an officer intended to refuse what was drafted."""
    of_draft = (acts.c.object_kind == "decision") & (acts.c.object_id == drafts.c.decision_id)
    last = (
        select(column)
        .where(of_draft, acts.c.act == "intend_refusal")
        .order_by(acts.c.at.desc(), acts.c.act_id.desc())
        .limit(1)
    )
    return last.scalar_subquery()


class AskingDecisions(Asking):
    """What officers work on, and what came of cases."""

    async def drafts(
        self, *, at: datetime, after: str | None = None, limit: int = 50, unmask: bool = False
    ) -> Page[Draft]:
        """The decisions that wait for an officer, the oldest first. Raises `BadCursorError`."""
        page = Asked.of(_DRAFTS, self._means.sealer, after, limit)
        async with self._store.reading() as connection:
            found = await connection.execute(page.select(_drafts().where(drafts_open())))
            rows = found.mappings().all()
        return page.page(
            rows,
            lambda row: (row["drafted_at"], row["decision_id"]),
            lambda row: self._draft(row, at, unmask=unmask),
        )

    async def draft(self, decision_id: str, *, at: datetime, unmask: bool = False) -> Draft | None:
        """A decision that waits for an officer; None where it does not, or not any more."""
        mine = _drafts().where(drafts_open(), drafts.c.decision_id == decision_id)
        async with self._store.reading() as connection:
            row = (await connection.execute(mine)).mappings().first()
        return None if row is None else self._draft(row, at, unmask=unmask)

    async def _draft_of(
        self, connection: AsyncConnection, case_id: str, at: datetime, *, unmask: bool
    ) -> Draft | None:
        mine = _drafts().where(drafts_open(), drafts.c.case_id == case_id)
        row = (await connection.execute(mine)).mappings().first()
        return None if row is None else self._draft(row, at, unmask=unmask)

    def _draft(self, row: RowMapping, at: datetime, *, unmask: bool) -> Draft:
        id_, due = row["decision_id"], self._due(row)
        content = self._bytes(drafts, "content", id_, row["content"]) if unmask else None
        read = None if content is None else read_json(content)
        return Draft(
            decision_id=id_,
            case_id=row["case_id"],
            person_id=row["person_id"],
            ground=row["ground"],
            state=row["state"],
            proposed=row["outcome"],
            refusal_ground=row["refusal_ground"],
            drafted_at=row["drafted_at"],
            due=due,
            overdue=due is not None and due < at,
            hearing_from=row["hearing_from"],
            hearing=self._hearing(row),
            iin=self._shown(subjects, "iin", row["case_id"], row["iin"], unmask=unmask),
            content=read if isinstance(read, dict) else None,
        )

    def _due(self, row: RowMapping) -> datetime | None:
        """The end of the service term: the local midnight after its last day."""
        if row["state"] == "awaiting_signature":
            return row["until"]  # type: ignore[no-any-return]
        day: date | None = row["extended_until"] or row["decision_due"]
        return None if day is None else midnight(day + timedelta(days=1), self._means.zone)

    def _hearing(self, row: RowMapping) -> Mapping[str, Any] | None:
        if row["held_on"] is None:
            return None
        officer = self._text(hearings, "officer", row["decision_id"], row["hearing_officer"])
        return {
            "held_on": row["held_on"],
            "objection": bool(row["objection"]),
            "officer": officer,
            "refusal_ground": self._told_ground(row),
        }

    def _told_ground(self, row: RowMapping) -> int | None:
        """On which ground the person was told that they would be refused: on no other may they be (R30)."""
        if row["intended_by"] is None:
            return row["refusal_ground"]  # type: ignore[no-any-return]
        details = read_json(self._bytes(acts, "details", row["intended_by"], row["intended"]) or b"{}")
        ground = details.get("refusal_ground") if isinstance(details, dict) else None
        return ground if isinstance(ground, int) else None

    async def questioned(
        self, after: str | None = None, limit: int = 50, *, unmask: bool = False
    ) -> Page[Questioned]:
        """What was learnt after decisions, the newest first. Raises `BadCursorError`."""
        page = Asked.of(_QUESTIONED, self._means.sealer, after, limit)
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(_questioned()))).mappings().all()
        return page.page(
            rows,
            lambda row: (row["at"], row["case_id"], row["reason"]),
            lambda row: self._questioned(row, unmask=unmask),
        )

    async def _questioned_of(
        self, connection: AsyncConnection, case_id: str, *, unmask: bool
    ) -> list[Questioned]:
        mine = _questioned().where(questioned.c.case_id == case_id).order_by(questioned.c.at)
        rows = (await connection.execute(mine)).mappings().all()
        return [self._questioned(row, unmask=unmask) for row in rows]

    def _questioned(self, row: RowMapping, *, unmask: bool) -> Questioned:
        iin = self._shown(subjects, "iin", row["case_id"], row["iin"], unmask=unmask)
        named = ("case_id", "person_id", "decision_id", "reason", "at")
        return Questioned(**{name: row[name] for name in named}, iin=iin)

    async def unrecorded(
        self, days: int, *, at: datetime, after: str | None = None, limit: int = 50, unmask: bool = False
    ) -> Page[Unrecorded]:
        """Grants that the State Corporation has not recorded so many days later, the oldest first.

        Raises `BadCursorError`.
        """
        page = Asked.of(_UNRECORDED, self._means.sealer, after, limit)
        wanted = unrecorded(at - timedelta(days=days)).add_columns(subjects.c.iin)
        wanted = wanted.outerjoin(subjects, subjects.c.case_id == cases.c.case_id)
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(wanted))).mappings().all()
        return page.page(
            rows,
            lambda row: (row["outcome_at"], row["case_id"]),
            lambda row: Unrecorded(
                case_id=row["case_id"],
                person_id=row["person_id"],
                decision_id=row["decision_id"],
                decided_at=row["decided_at"],
                days=(at - row["decided_at"]).days,
                iin=self._shown(subjects, "iin", row["case_id"], row["iin"], unmask=unmask),
            ),
        )

    async def outcomes(self, day: date, after: str | None = None, limit: int = 500) -> Page[Outcome]:
        """The outcomes of a local day, as they came. Raises `BadCursorError`."""
        page = Asked.of(_OUTCOMES, self._means.sealer, after, limit)
        zone = self._means.zone
        wanted = (
            select(cases, decisions.c.refusal_ground)
            .join_from(
                cases,
                decisions,
                and_(decisions.c.case_id == cases.c.case_id, decisions.c.step == cases.c.outcome_step),
                isouter=True,
            )
            .where(
                cases.c.outcome_at >= midnight(day, zone),
                cases.c.outcome_at < midnight(min(day, _LAST) + timedelta(days=1), zone),
            )
        )
        async with self._store.reading() as connection:
            rows = (await connection.execute(page.select(wanted))).mappings().all()
        named = ("case_id", "person_id", "ground", "outcome", "reason", "refusal_ground", "language")
        return page.page(
            rows,
            lambda row: (row["outcome_at"], row["case_id"]),
            lambda row: Outcome(**{name: row[name] for name in named}, at=row["outcome_at"]),
        )

    async def year(self, year: int) -> Sequence[YearRow]:
        """How many cases of each ground came to which outcome in a local year, and why."""
        wanted = select(tallies).where(tallies.c.what.startswith(f"year|{year}|", autoescape=True))
        async with self._store.reading() as connection:
            rows = (await connection.execute(wanted.order_by(tallies.c.what))).all()
        found = []
        for row in rows:
            _, _, ground, outcome, reason = parts_of(row.what)
            found.append(YearRow(str(ground), str(outcome), reason, row.number))
        return found


def _drafts() -> Select[Any]:
    return (
        select(
            drafts,
            cases.c.state,
            cases.c.until,
            subjects.c.iin,
            hearings.c.held_on,
            hearings.c.objection,
            hearings.c.officer.label("hearing_officer"),
            extensions.c.until.label("extended_until"),
            _last_of(documents.c.decision_due, "accepted").label("decision_due"),
            _last_of(documents.c.not_before, "hearing").label("hearing_from"),
            _intended(acts.c.act_id).label("intended_by"),
            _intended(acts.c.details).label("intended"),
        )
        .join_from(drafts, cases, cases.c.case_id == drafts.c.case_id)
        .outerjoin(subjects, subjects.c.case_id == drafts.c.case_id)
        .outerjoin(hearings, hearings.c.decision_id == drafts.c.decision_id)
        .outerjoin(extensions, extensions.c.decision_id == drafts.c.decision_id)
    )


def _questioned() -> Select[Any]:
    return select(questioned, subjects.c.iin).join_from(
        questioned, subjects, subjects.c.case_id == questioned.c.case_id, isouter=True
    )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return datetime.combine(day, time(), zone)
