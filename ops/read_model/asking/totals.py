"""Reconciliation: what registries said that they sent, against what arrived and how it ended."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select

from ops.read_model.asking.base import Asking
from ops.read_model.tables import cases, dead_letters, entitlements, totals
from ops.read_model.views import DayTotal

_Day = tuple[str, str, date]


class AskingTotals(Asking):
    """Days of registries."""

    async def day_totals(self, first: date, last: date) -> Sequence[DayTotal]:
        """The days from `first` to `last`, both included, in UTC as registries count them; the newest first.

        A day is told of where its registry said something of it, or where anything arrived. `outcomes` are
        the cases that its entitlements became, by outcome, else by `open`; `none` are those that became none.
        """
        async with self._store.reading() as connection:
            said = select(totals).where(totals.c.day.between(first, last))
            told = {(row.topic, row.source, row.day): row for row in await connection.execute(said)}
            arrived = (
                select(entitlements, cases.c.case_id.label("found"), cases.c.outcome)
                .join_from(entitlements, cases, cases.c.case_id == entitlements.c.case_id, isouter=True)
                .where(entitlements.c.day.between(first, last))
            )
            rows = (await connection.execute(arrived)).all()
            unreadable = (
                select(dead_letters.c.topic, dead_letters.c.source, dead_letters.c.day, func.count())
                .where(dead_letters.c.day.between(first, last))
                .group_by(dead_letters.c.topic, dead_letters.c.source, dead_letters.c.day)
            )
            letters = {(row[0], row[1], row[2]): row[3] for row in await connection.execute(unreadable)}
        ids: defaultdict[_Day, list[tuple[str, bytes | None]]] = defaultdict(list)
        outcomes: defaultdict[_Day, Counter[str]] = defaultdict(Counter)
        for row in rows:
            day = (row.topic, row.source, row.day)
            ids[day].append((row.event_id, row.clear_id))
            if row.case_id is not None:
                outcomes[day][row.outcome or ("open" if row.found else "none")] += 1
        found = []
        for day in sorted({*told, *ids}, key=lambda each: (-each[2].toordinal(), each[0], each[1])):
            said_of = told.get(day)
            found.append(
                DayTotal(
                    topic=day[0],
                    source=day[1],
                    day=day[2],
                    count=None if said_of is None else said_of.number,
                    arrived=len(ids[day]),
                    digest_matches=None if said_of is None else self._digest(day, ids[day]) == said_of.digest,
                    outcomes=dict(sorted(outcomes[day].items())),
                    dead_letters=letters.get(day, 0),
                )
            )
        return found

    def _digest(self, day: _Day, ids: Iterable[tuple[str, bytes | None]]) -> str:
        """The digest of the day's ids as they were sent."""
        clear = sorted(self._clear(day, name, sealed) for name, sealed in ids)
        return hashlib.sha256(b"".join(each + b"\n" for each in clear)).hexdigest()

    def _clear(self, day: _Day, event_id: str, sealed: bytes | None) -> bytes:
        place = f"{day[0]}|{day[1]}|{day[2].isoformat()}|{event_id}"
        return self._bytes(entitlements, "clear_id", place, sealed) or event_id.encode()
