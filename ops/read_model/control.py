"""Which generation of the read model is served, and which is being built: rows that outlive rebuilds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, MetaData, Table, Text, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.read_model.tables import Instant

metadata = MetaData()
generations = Table(
    "generations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("beat", Instant, nullable=False),
)
"""Each generation: `serving`, or `building` with the real instant at which its builder was last alive."""

SERVING, BUILDING = "serving", "building"
ALIVE = timedelta(seconds=10)
"""How long after its last sign of life somebody is taken to be alive."""


def name_of(number: int) -> str:
    """The name of a generation's database."""
    return f"generation-{number}"


@dataclass(frozen=True, slots=True)
class Generations:
    """What the control database says: the generation that is served, and whether another is being built."""

    serving: int | None
    building: bool


async def look(engine: AsyncEngine, now: datetime) -> Generations:
    """Look which generation is served. `now` is real."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(generations))).all()
    serving = max((row.number for row in rows if row.state == SERVING), default=None)
    alive = any(row.state == BUILDING and row.beat > now - ALIVE for row in rows)
    return Generations(serving, alive)


async def add(engine: AsyncEngine, state: str, now: datetime) -> int:
    """Note a new generation, and return its number."""
    async with engine.begin() as connection:
        highest = (await connection.execute(select(func.max(generations.c.number)))).scalar() or 0
        row = {"number": highest + 1, "state": state, "beat": now}
        await connection.execute(insert(generations).values(row))
    return int(highest) + 1


async def note(engine: AsyncEngine, number: int, state: str, now: datetime) -> None:
    """Note that a generation is being built still, or is served from now on."""
    async with engine.begin() as connection:
        changed = update(generations).where(generations.c.number == number).values(state=state, beat=now)
        await connection.execute(changed)


async def outdated(engine: AsyncEngine, now: datetime) -> list[int]:
    """The generations that nobody needs: before the one that is served, or left by a builder that died."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(generations))).all()
    serving = max((row.number for row in rows if row.state == SERVING), default=0)
    left = [row.number for row in rows if row.state == BUILDING and row.beat <= now - ALIVE]
    return sorted({*left, *(row.number for row in rows if row.number < serving)})


async def forget(engine: AsyncEngine, number: int) -> None:
    """Forget a generation whose database is gone."""
    async with engine.begin() as connection:
        await connection.execute(delete(generations).where(generations.c.number == number))
