"""Reconciliation: what registries said that they sent, against what arrived and how it ended."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.read_model.asking.base import Asking, Rows
from ops.read_model.erasing import ERASED_ID
from ops.read_model.projections.reading import Means
from ops.read_model.tables import cases, dead_letters, entitlements, totals
from ops.read_model.views import DayTotal
from streams.settings.settings import Settings

_Day = tuple[str, str, date]
_DAYS_KEPT = 10_000


class AskingTotals(Asking):
    """Days of registries. Whether a day's digest is right is remembered."""

    def __init__(self, store: Rows, settings: Settings, means: Means) -> None:
        super().__init__(store, settings, means)
        self._matched: dict[tuple[int, _Day, str, int], bool | None] = {}

    async def day_totals(self, first: date, last: date) -> Sequence[DayTotal]:
        """The days from `first` to `last`, both included, in UTC as registries count them; the newest first.

        A day is told of where its registry said something of it, or where anything arrived. `outcomes` are
        the cases that its entitlements became, by outcome, else by `open`; `none` are those that became none.
        """
        async with self._store.reading() as connection:
            said = select(totals).where(totals.c.day.between(first, last))
            told = {(row.topic, row.source, row.day): row for row in await connection.execute(said)}
            arrived, outcomes = await _arrived(connection, first, last)
            whole = [day for day, row in told.items() if row.number == arrived[day]]
            matching = {
                day: await self._matches(connection, day, told[day].digest, arrived[day]) for day in whole
            }
            letters = await _unreadable(connection, first, last)
        found = []
        for day in sorted({*told, *arrived}, key=lambda each: (-each[2].toordinal(), each[0], each[1])):
            said_of = told.get(day)
            found.append(
                DayTotal(
                    topic=day[0],
                    source=day[1],
                    day=day[2],
                    count=None if said_of is None else said_of.number,
                    arrived=arrived[day],
                    digest_matches=None if said_of is None else matching.get(day, False),
                    outcomes=dict(sorted(outcomes[day].items())),
                    dead_letters=letters.get(day, 0),
                )
            )
        return found

    async def _matches(self, connection: AsyncConnection, day: _Day, digest: str, number: int) -> bool | None:
        """Whether the digest is that of the day's ids as they were sent; None where one was erased.

        Ids are only added, so what was found of so many ids holds as long as there are as many.
        """
        key = (await self._store.number(), day, digest, number)
        if key not in self._matched:
            if len(self._matched) >= _DAYS_KEPT:
                self._matched.clear()
            found = await self._digest(connection, day)
            self._matched[key] = None if found is None else found == digest
        return self._matched[key]

    async def _digest(self, connection: AsyncConnection, day: _Day) -> str | None:
        topic, source, on = day
        mine = select(entitlements.c.event_id, entitlements.c.clear_id).where(
            entitlements.c.topic == topic, entitlements.c.source == source, entitlements.c.day == on
        )
        ids = (await connection.execute(mine)).all()
        if any(row.clear_id is not None and bytes(row.clear_id) == ERASED_ID for row in ids):
            return None
        clear = sorted(self._clear(day, row.event_id, row.clear_id) for row in ids)
        return hashlib.sha256(b"".join(each + b"\n" for each in clear)).hexdigest()

    def _clear(self, day: _Day, event_id: str, sealed: bytes | None) -> bytes:
        place = f"{day[0]}|{day[1]}|{day[2].isoformat()}|{event_id}"
        return self._bytes(entitlements, "clear_id", place, sealed) or event_id.encode()


async def _arrived(
    connection: AsyncConnection, first: date, last: date
) -> tuple[Counter[_Day], defaultdict[_Day, Counter[str]]]:
    """How many events arrived of each day, and what became of those that are entitlements."""
    ended = case(
        (entitlements.c.case_id.is_(None), ""),
        (cases.c.case_id.is_(None), "none"),
        else_=func.coalesce(cases.c.outcome, "open"),
    ).label("ended")
    place = (entitlements.c.topic, entitlements.c.source, entitlements.c.day)
    counted = (
        select(*place, ended, func.count().label("number"))
        .join_from(entitlements, cases, cases.c.case_id == entitlements.c.case_id, isouter=True)
        .where(entitlements.c.day.between(first, last))
        .group_by(*place, ended)
    )
    arrived: Counter[_Day] = Counter()
    outcomes: defaultdict[_Day, Counter[str]] = defaultdict(Counter)
    for row in await connection.execute(counted):
        day = (row.topic, row.source, row.day)
        arrived[day] += row.number
        if row.ended:
            outcomes[day][row.ended] += row.number
    return arrived, outcomes


async def _unreadable(connection: AsyncConnection, first: date, last: date) -> dict[_Day, int]:
    """How many of each day became dead letters."""
    place = (dead_letters.c.topic, dead_letters.c.source, dead_letters.c.day)
    counted = select(*place, func.count()).where(dead_letters.c.day.between(first, last)).group_by(*place)
    return {(row[0], row[1], row[2]): row[3] for row in await connection.execute(counted)}
