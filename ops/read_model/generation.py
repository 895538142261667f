"""One generation of the rows: its tables, what they were made with, and who follows for it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.read_model.aging import forget_old
from ops.read_model.control import ALIVE, name_of
from ops.read_model.database import Database, DatabaseError
from ops.read_model.migrate import GENERATION, migrate
from ops.read_model.projections.reading import Means
from ops.read_model.sealing import Place, Sealer
from ops.read_model.tables import following, identity, metadata, positions
from ops.read_model.writing import Place as ReadTo
from ops.read_model.writing import Writer
from streams.pseudonym_keys import pseudonyms_of
from streams.settings.settings import Settings

SHAPE = "1"
"""Which rows this release makes of a record. Another number asks for a rebuild."""

_CHECK = "jardem read model"
_LOOKED_AT = 2000


def means_of(settings: Settings) -> Means:
    """What rows are made with under these settings."""
    return Means(
        Sealer.of(settings.console_key.get_secret_value()),
        pseudonyms_of(settings),
        ZoneInfo(settings.zone),
    )


@dataclass(slots=True)
class Generation:
    """An open generation. `holder` is this process, as the one who may follow for it."""

    number: int
    engine: AsyncEngine
    means: Means
    holder: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    async def open(cls, database: Database, number: int, means: Means) -> "Generation":
        """Open it, its tables brought to this release. Raises `DatabaseError` where a rebuild is needed."""
        await database.create(name_of(number))
        generation = cls(number, database.engine(name_of(number)), means)
        try:
            await migrate(generation.engine, GENERATION)
            await generation._check()
        except BaseException:
            await generation.close()
            raise
        return generation

    async def close(self) -> None:
        """Let go of its connections."""
        await self.engine.dispose()

    async def _check(self) -> None:
        """Whether the rows were made with what would be made now; a new generation notes it."""
        wanted = _identity(self.means)
        async with self.engine.begin() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            rows = [{"name": name, "value": value} for name, value in wanted.items()]
            noted = dialect.insert(identity).on_conflict_do_nothing()
            await connection.execute(noted, rows)
            first = {"id": 1, "changes": 0}
            await connection.execute(dialect.insert(following).on_conflict_do_nothing(), [first])
            stored = await connection.execute(select(identity.c.name, identity.c.value))
            found = {row.name: bytes(row.value) for row in stored}
        differing = [name for name, value in wanted.items() if found[name] != value]
        if differing:
            raise DatabaseError(*(f"{_WHY[name]}, or run jardem console --rebuild" for name in differing))

    async def take_over(self, now: datetime) -> bool:
        """Follow for this generation, if nobody who is alive does. `now` is real."""
        free = or_(
            following.c.holder.is_(None),
            following.c.holder == self.holder,
            following.c.beat < now - ALIVE,
        )
        async with self.engine.begin() as connection:
            taken = update(following).where(free).values(holder=self.holder, beat=now)
            return (await connection.execute(taken)).rowcount == 1

    async def let_go(self) -> None:
        """Let another follow at once."""
        async with self.engine.begin() as connection:
            ours = update(following).where(following.c.holder == self.holder)
            await connection.execute(ours.values(holder=None))

    async def places(self) -> dict[tuple[str, int], ReadTo]:
        """How far each partition is read."""
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(positions))).all()
        return {
            (row.topic, row.partition): ReadTo(
                row.topic, row.partition, row.topic_id, row.position, row.end_offset
            )
            for row in rows
        }

    async def analyse(self) -> None:
        """Let the database look at how its rows are spread, by which it chooses its indexes."""
        async with self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                await connection.execute(text(f"PRAGMA analysis_limit = {_LOOKED_AT}"))
                await connection.execute(text("ANALYZE"))
                return
            # Without names PostgreSQL looks at each table of the database, and holds them all to the end: a
            # former generation, which a rebuild drops just then, and what is not ours.
            tables = ", ".join(sorted(metadata.tables))
            await connection.execute(text(f"ANALYZE {tables}"))

    async def forget_old(self, settings: Settings, at: datetime) -> None:
        """Forget what goes by its age. `at` is the present instant of the installation."""
        async with self.engine.begin() as connection:
            await forget_old(connection, settings, at)

    def writer(self) -> Writer:
        """What writes to it as this process."""
        return Writer(self.engine, self.means, self.holder)


_WHY = {
    "console_key": "JARDEM_CONSOLE_KEY is not the one that the read model was made with: set it to that",
    "pseudonym_key": "JARDEM_PSEUDONYM_KEY is not the one that the read model was made with: set it to that",
    "zone": "JARDEM_ZONE is not the zone that the read model was made in: set it to that one",
    "shape": "the read model was made by another release of jardem: run that one",
}


def _identity(means: Means) -> dict[str, bytes]:
    # The oldest key's: whoever was known when the rows were made is still known by it.
    return {
        "console_key": means.sealer.seal(Place("identity", "value", "console_key"), _CHECK),
        "pseudonym_key": means.pseudonyms.ids(_CHECK)[-1].encode(),
        "zone": means.zone.key.encode(),
        "shape": SHAPE.encode(),
    }
