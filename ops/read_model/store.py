"""The read model as processes open it: the generation that is served, whichever that is by now."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.read_model import control
from ops.read_model.database import CONTROL, Database, DatabaseError
from ops.read_model.generation import Generation, means_of
from ops.read_model.migrate import CONTROL as CONTROL_MIGRATIONS
from ops.read_model.migrate import migrate
from ops.read_model.projections.reading import Means
from ops.read_model.queries import Queries
from ops.read_model.tables import following
from streams.clock import real_now
from streams.settings.settings import Settings

LOOK_SECONDS = 1.0
"""Every how many seconds it is looked which generation is served, while anything is asked."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Store:
    """An open read model. `control` is the database that outlives rebuilds, for others' tables too."""

    database: Database
    control: AsyncEngine
    means: Means
    settings: Settings
    queries: Queries = field(init=False)
    _generation: Generation | None = None
    _building: bool = False
    _looked_at: float = 0.0
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.queries = Queries(self, self.settings, self.means)

    async def generation(self) -> Generation:
        """The generation that is served now. Raises `DatabaseError`."""
        async with self._looking:
            if self._generation is None or time.monotonic() - self._looked_at > LOOK_SECONDS:
                with self._told():
                    await self._look()
            if self._generation is None:
                raise DatabaseError("there is no read model yet")
            return self._generation

    async def number(self) -> int:
        """The number of the generation that is served. Raises `DatabaseError`."""
        return (await self.generation()).number

    async def building(self) -> bool:
        """Whether another generation is being built beside it. Raises `DatabaseError`."""
        await self.generation()
        return self._building

    async def _look(self) -> None:
        found = await control.look(self.control, real_now())
        number = found.serving
        if number is None:
            number = await control.add(self.control, control.SERVING, real_now())
        if self._generation is None or self._generation.number != number:
            former, self._generation = (
                self._generation,
                await Generation.open(self.database, number, self.means),
            )
            if former is not None:
                _log.info("the read model was built anew and is served from now on", generation=number)
                await former.close()
        self._building, self._looked_at = found.building, time.monotonic()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to the generation that is served.

        Raises `DatabaseError` where the database is away; the message repeats no value.
        """
        with self._told():
            generation = await self.generation()
            async with generation.engine.connect() as connection:
                yield connection

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the database cannot do now, as a `DatabaseError`."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            self._looked_at = 0.0
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(f"the read model's database fails: {type(cause).__name__}") from None

    async def wake(self) -> None:
        """Tell whoever waits in this process that something has changed."""
        async with self._changed:
            self._changed.notify_all()

    async def wait_changed(self, timeout: float) -> bool:  # noqa: ASYNC109 - a page is told when to go on
        """Wait until something has changed, at most so many seconds; whether it has.

        What another process has written is seen within a second.
        """
        before, deadline = await self.changes(), time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with self._changed:
                    await asyncio.wait_for(self._changed.wait(), min(left, LOOK_SECONDS))
            if await self.changes() != before:
                return True
        return False

    async def changes(self) -> tuple[int, int]:
        """The generation's number, and how often it was written: what was read before may have changed."""
        async with self.reading() as connection:
            counted = (await connection.execute(select(following.c.changes))).scalar_one()
        return (await self.generation()).number, counted

    async def close(self) -> None:
        """Let go of all connections."""
        if self._generation is not None:
            await self._generation.close()
        await self.control.dispose()


@contextlib.asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the read model of these settings, and have its tables.

    Raises `DatabaseError` where its database is away, or where it was made with other keys.
    """
    database = Database.of(settings)
    store = Store(database, database.engine(CONTROL), means_of(settings), settings)
    try:
        try:
            await database.create(CONTROL)
            await migrate(store.control, CONTROL_MIGRATIONS)
            await store.generation()
        except (DBAPIError, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseError(
                f"the console's database does not answer ({type(cause).__name__}): look at "
                "JARDEM_CONSOLE_DATABASE, and whether the database runs"
            ) from None
        yield store
    finally:
        await store.close()
