"""Writes a batch: all its rows and its offsets in one transaction, by the one who follows."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.read_model.chunks import chunks
from ops.read_model.erasing import erase_told
from ops.read_model.folds import FOLDS, Known, likenesses
from ops.read_model.forgetting import forget_purged
from ops.read_model.preparing import Prepared, prepare
from ops.read_model.projections.reading import Means
from ops.read_model.tables import following, positions, steps, tallies, unread
from streams.records import NotUnpacked, Record


class NotFollowingError(Exception):
    """Somebody else follows by now: whatever was to be written is theirs to write."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a partition is read: up to `position`; the log ends at `end`, as far as is known."""

    topic: str
    partition: int
    topic_id: str | None
    position: int
    end: int | None

    def row(self) -> Known:
        """As it is stored."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "topic_id": self.topic_id,
            "position": self.position,
            "end_offset": self.end,
        }


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one generation, as `holder`, the one who follows."""

    engine: AsyncEngine
    means: Means
    holder: str

    async def write(
        self,
        items: Sequence[Record | NotUnpacked],
        places: Iterable[Place],
        *,
        now: datetime,
        heard: bool = True,
        problem: str | None = None,
    ) -> None:
        """Write what these records change, and how far the partitions are read with that.

        `now` is real. Raises `NotFollowingError`, and what the database raises; then nothing is written.
        """
        prepared = await asyncio.to_thread(prepare, items, self.means)
        async with self.engine.begin() as connection:
            await self._still_following(connection, now, changed=bool(items), heard=heard, problem=problem)
            await self.write_rows(connection, prepared)
            await _put(connection, positions, [place.row() for place in places])

    async def _still_following(
        self, connection: AsyncConnection, now: datetime, *, changed: bool, heard: bool, problem: str | None
    ) -> None:
        """Say that we are alive. It locks the row, so that nobody else writes until the end."""
        values: Known = {"beat": now, "problem": problem, "changes": following.c.changes + int(changed)}
        if heard:
            values["heard_at"] = now
        ours = update(following).where(following.c.holder == self.holder).values(values)
        if (await connection.execute(ours)).rowcount != 1:
            raise NotFollowingError

    async def write_rows(self, connection: AsyncConnection, prepared: Prepared) -> None:
        """Write what a batch changes, as a part of a transaction."""
        for table, rows in prepared.told.items():
            await _tell(connection, table, list(rows.values()))
        for (table, by), rows in prepared.latest.items():
            await _put(connection, table, list(rows.values()), by=by)
        counts: Counter[str] = Counter()
        for table, folded in prepared.folded.items():
            await self._fold(connection, table, folded, counts)
        await _count(connection, counts)
        await forget_purged(connection, prepared.cases, prepared.phones)
        await erase_told(connection, prepared, self.means)
        unread_rows = [
            {"topic": topic, "reason": reason, "number": count}
            for (topic, reason), count in prepared.unread.items()
        ]
        await _add(connection, unread, unread_rows)

    async def _fold(
        self, connection: AsyncConnection, table: Table, told: Mapping[str, Known], counts: Counter[str]
    ) -> None:
        """Fold what was told into what is known, and count how many rows are alike then."""
        (key,) = table.primary_key.columns
        known: dict[str, Known] = {}
        for keys in chunks(list(told)):
            found = await connection.execute(select(table).where(key.in_(keys)))
            known |= {row[key.name]: dict(row) for row in found.mappings()}
        fold, changed, zone = FOLDS[table.name], [], self.means.zone
        for name, new in told.items():
            before = known.get(name)
            after = new if before is None else fold(before, new)
            if after == before:
                continue
            changed.append(after)
            counts.update(likenesses(table, after, zone))
            if before is not None:
                counts.subtract(likenesses(table, before, zone))
        await _put(connection, table, changed)


async def _tell(connection: AsyncConnection, table: Table, rows: Sequence[Known]) -> None:
    """Insert rows that are not there. A step that is there with other bytes is marked."""
    if not rows:
        return
    statement = _insert(connection, table)
    if table is steps:
        twice = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"twice": 1},
            where=(steps.c.digest != statement.excluded.digest) | (statement.excluded.twice == 1),
        )
        await connection.execute(twice, rows)
    else:
        await connection.execute(statement.on_conflict_do_nothing(), rows)


async def _put(
    connection: AsyncConnection, table: Table, rows: Sequence[Known], by: str | None = None
) -> None:
    """Insert rows, or put them in the place of those with their key; with `by` only of lower ones."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = {column.name for column in table.primary_key.columns}
    put = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in rows[0] if name not in keys},
        where=None if by is None else table.c[by] < statement.excluded[by],
    )
    await connection.execute(put, rows)


async def _count(connection: AsyncConnection, counts: Counter[str]) -> None:
    rows = [{"what": what, "number": count} for what, count in sorted(counts.items()) if count]
    await _add(connection, tallies, rows)
    if any(count < 0 for count in counts.values()):
        await connection.execute(delete(tallies).where(tallies.c.number == 0))


async def _add(connection: AsyncConnection, table: Table, rows: Sequence[Known]) -> None:
    """Add to the counts of these rows."""
    if rows:
        statement = _insert(connection, table)
        added = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"number": table.c.number + statement.excluded.number},
        )
        await connection.execute(added, rows)


def _insert(connection: AsyncConnection, table: Table) -> Any:  # noqa: ANN401 - two dialects, one shape
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
