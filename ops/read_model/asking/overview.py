"""What the first page shows: counts that are kept, so that a million cases are counted as fast as ten."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.asking.base import Asking
from ops.read_model.asking.cases import PATIENCE
from ops.read_model.asking.conditions import dead_letters_open, in_doubt, unrecorded
from ops.read_model.folds import FUNNEL, SENT, local_day, parts_of
from ops.read_model.tables import cases, dead_letters, questioned, tallies
from ops.read_model.views import Overview, Series

UNRECORDED_DAYS = 30
"""After how many days a grant that is not recorded is shown as late."""

_DAYS = 30
_KEPT_SECONDS = 1.0
_SLOW_SECONDS = 60.0
"""For so long the number of grants that are not recorded is kept: it changes by the day."""
_MOST = 1000
_UNCHANGED_SECONDS = 5.0
"""For so long nothing that hangs on the present instant alone is shown anew."""
_PER_DAY = ("entitled", "granted", "refused", "ended")
_NAMES = {"account": "account_given"}


@dataclass(frozen=True, slots=True)
class _Tally:
    parts: Sequence[str | None]
    count: int


@dataclass(frozen=True, slots=True)
class _Kept:
    made_at: float
    changes: tuple[int, int]
    at: datetime
    overview: Overview


class AskingOverview(Asking):
    """The overview; within a second, and for as long as nothing was written, it is put together once."""

    _kept: _Kept | None = None
    _unrecorded: tuple[float, int] | None = None

    async def overview(self, at: datetime) -> Overview:
        """What the first page shows. `at` is the present instant in the installation's time."""
        changes = await self._store.changes()
        kept, now = self._kept, time.monotonic()
        if kept is not None and kept.at <= at:
            young = now - kept.made_at < _KEPT_SECONDS
            if young or (kept.changes == changes and now - kept.made_at < _UNCHANGED_SECONDS):
                return kept.overview
        overview = await self._overview(at)
        self._kept = _Kept(now, changes, at, overview)
        return overview

    async def _overview(self, at: datetime) -> Overview:
        async with self._store.reading() as connection:
            rows = (await connection.execute(select(tallies))).all()
            counts = await _counted(connection, at)
            counts["unrecorded"] = await self._count_unrecorded(connection, at)
        kinds: defaultdict[str, list[_Tally]] = defaultdict(list)
        for row in rows:
            kind, *parts = parts_of(row.what)
            kinds[str(kind)].append(_Tally(parts, row.number))
        by_case = kinds["case"]
        states = _sums(by_case, 0)
        today = local_day(at, self._means.zone)
        late = {name: counts[name] for name in ("terms", "drafts_due", "drafts_overdue", "unrecorded")}
        return Overview(
            at=at,
            cases=sum(states.values()),
            funnel=_funnel(by_case),
            by_state=states,
            endings=_sums(kinds["ending"], 0),
            term_ends=_term_ends(kinds["term"], today),
            uptake=_uptake(by_case),
            sms_status=_sms_status(kinds),
            sms_errors=_errors(kinds["delivery"]),
            dead_letters=counts["dead_letters"],
            in_doubt=counts["in_doubt"],
            questioned=counts["questioned"],
            not_understood=sum(each.count for each in by_case if each.parts[3] == "1"),
            overdue={**late, "awaiting_rules": states.get("awaiting_rules", 0)},
            per_day=_per_day(kinds, today),
            waiting=_sums(kinds["waits"], 0),
        )

    async def _count_unrecorded(self, connection: AsyncConnection, at: datetime) -> int:
        """How many grants are not recorded, at most a thousand."""
        now = time.monotonic()
        if self._unrecorded is None or now - self._unrecorded[0] > _SLOW_SECONDS:
            late = unrecorded(at - timedelta(days=UNRECORDED_DAYS)).limit(_MOST).subquery()
            counted = (await connection.execute(select(func.count()).select_from(late))).scalar_one()
            self._unrecorded = (now, counted)
        return self._unrecorded[1]


async def _counted(connection: AsyncConnection, at: datetime) -> dict[str, int]:
    """What is counted when it is asked: few rows each, found by an index."""
    late = and_(cases.c.until < at - PATIENCE, cases.c.state.in_(sorted(SENT)))
    signing = cases.c.state == "awaiting_signature"
    counted: Mapping[str, Any] = {
        "terms": select(func.count()).select_from(cases).where(late),
        "drafts_overdue": select(func.count()).select_from(cases).where(signing, cases.c.until < at),
        "drafts_due": select(func.count())
        .select_from(cases)
        .where(signing, cases.c.until >= at, cases.c.until < at + timedelta(days=1)),
        "questioned": select(func.count(func.distinct(questioned.c.decision_id))),
        "dead_letters": select(func.count()).select_from(dead_letters).where(dead_letters_open()),
        "in_doubt": in_doubt(count=True),
    }
    statement = select(*(query.scalar_subquery().label(name) for name, query in counted.items()))
    return dict((await connection.execute(statement)).mappings().one())


def _sums(tallied: Sequence[_Tally], place: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in tallied:
        found[str(each.parts[place] or "")] += each.count
    return dict(sorted(found.items()))


def _funnel(tallied: Sequence[_Tally]) -> list[tuple[str, int]]:
    come = [("entitled", sum(each.count for each in tallied))]
    for number, name in enumerate(FUNNEL, 4):
        come.append(
            (_NAMES.get(name, name), sum(each.count for each in tallied if each.parts[number] == "1"))
        )
    return come


def _uptake(tallied: Sequence[_Tally]) -> list[tuple[str, str | None, int, int]]:
    offered: Counter[tuple[str, str | None]] = Counter()
    consented: Counter[tuple[str, str | None]] = Counter()
    for each in tallied:
        of = (str(each.parts[1]), each.parts[2])
        offered[of] += each.count if each.parts[4] == "1" else 0
        consented[of] += each.count if each.parts[4] == each.parts[7] == "1" else 0
    return [
        (ground, language, offered[ground, language], consented[ground, language])
        for ground, language in sorted(offered, key=lambda of: (of[0], of[1] or ""))
        if offered[ground, language]
    ]


def _sms_status(kinds: Mapping[str, Sequence[_Tally]]) -> dict[str, int]:
    """Messages by their last status: those that were taken stand under what was reported, if anything was."""
    found, reported = _sums(kinds["message"], 0), _sums(kinds["delivery"], 0)
    accepted = found.pop("accepted", 0)
    unreported = accepted - sum(reported.values())
    status = Counter(found) + Counter(reported)
    if unreported > 0:
        status["accepted"] += unreported
    return dict(sorted(status.items()))


def _errors(tallied: Sequence[_Tally]) -> dict[str, int]:
    return _sums([each for each in tallied if each.parts[1] is not None], 1)


def _term_ends(tallied: Sequence[_Tally], today: date) -> list[tuple[date, int]]:
    days = sorted((date.fromisoformat(str(each.parts[0])), each.count) for each in tallied)
    return [(day, count) for day, count in days if day >= today]


def _per_day(kinds: Mapping[str, Sequence[_Tally]], today: date) -> list[Series]:
    days = [today - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
    counts: Counter[tuple[str, str]] = Counter()
    for each in kinds["began"]:
        counts["entitled", str(each.parts[0])] += each.count
    for each in kinds["outcome"]:
        counts[str(each.parts[1]), str(each.parts[0])] += each.count
    labels = [day.isoformat() for day in days]
    return [Series(name, labels, [counts[name, label] for label in labels]) for name in _PER_DAY]
