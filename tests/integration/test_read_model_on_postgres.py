"""What the read model promises, on a PostgreSQL of our own; skipped where there is no server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.bench.postgres import NoPostgresError, PrivatePostgres
from ops.read_model import control
from ops.read_model.database import CONTROL, Database
from ops.read_model.generation import Generation, means_of
from ops.read_model.rebuild import clear
from ops.read_model.store import open_store
from ops.read_model.tables import metadata
from streams.clock import real_now
from tests.read_model import settings_in
from tests.unit.ops.read_model.contract import ReadModelContract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    try:
        with PrivatePostgres("fsync=off") as server:
            yield server
    except NoPostgresError as error:
        pytest.skip(str(error))


class TestOnPostgres(ReadModelContract):
    @pytest.fixture
    def url(self, postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> str:
        asyncio.run(self._emptied(postgres.url, tmp_path_factory))
        return postgres.url

    async def _emptied(self, url: str, folders: pytest.TempPathFactory) -> None:
        """Without what the test before has left."""
        database = Database.of(settings_in(folders.mktemp("none"), url))
        engine = database.engine(CONTROL)
        async with engine.begin() as connection:
            found = text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'jardem_console%'")
            for schema in (await connection.execute(found)).scalars().all():
                await connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        await engine.dispose()


@dataclass(frozen=True, slots=True)
class Beside:
    """The generation that is served, and a former one beside it."""

    database: Database
    control: AsyncEngine
    served: Generation
    former: Generation

    async def waiting(self) -> bool:
        """Whether somebody waits for a lock."""
        return bool(await self._asked("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async def schemas(self) -> set[str]:
        names = "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname LIKE 'jardem%'"
        found = await self._asked(names)
        return set(str(found).split(","))

    async def _asked(self, question: str) -> object:
        async with self.control.connect() as connection:
            return (await connection.execute(text(question))).scalar_one()


@pytest_asyncio.fixture
async def beside(postgres: PrivatePostgres, tmp_path: Path) -> AsyncIterator[Beside]:
    settings = settings_in(tmp_path, postgres.url)
    database = Database.of(settings)
    async with open_store(settings) as store:
        former = await store.generation()
        number = await control.add(store.control, control.SERVING, real_now())
        served = await Generation.open(database, number, means_of(settings))
        try:
            yield Beside(database, store.control, served, former)
        finally:
            await served.close()


async def lock(connection: AsyncConnection, table: str, mode: str = "ACCESS SHARE") -> None:
    await connection.execute(text(f"LOCK TABLE {table} IN {mode} MODE"))


async def test_a_look_at_how_rows_are_spread_asks_for_no_table_of_another_generation(beside: Beside) -> None:
    async with beside.former.engine.begin() as connection:
        await lock(connection, "cases", "ACCESS EXCLUSIVE")
        await asyncio.wait_for(beside.served.analyse(), 10)
    found = "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'identity'"
    async with beside.served.engine.connect() as connection:
        assert (await connection.execute(text(found))).scalar_one(), "its own rows are looked at"


async def test_a_former_generation_goes_although_somebody_reads_it_across_its_tables(beside: Beside) -> None:
    async with beside.former.engine.begin() as reading:
        await reading.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        await lock(reading, "cases")
        clearing = asyncio.create_task(clear(beside.database, beside.control))
        async with asyncio.timeout(10):
            while not await beside.waiting():  # noqa: ASYNC110 - the server's doing
                await asyncio.sleep(0.01)
        # Whichever of them it holds by now, the reader asks for it.
        for table in metadata.tables:
            await asyncio.wait_for(lock(reading, table), 10)
    await asyncio.wait_for(clearing, 30)
    assert await beside.schemas() == {"jardem_console", f"jardem_console_generation_{beside.served.number}"}


async def test_a_former_generation_that_is_read_on_and_on_is_left_to_the_next_rebuild(beside: Beside) -> None:
    former = f"jardem_console_generation_{beside.former.number}"
    async with beside.former.engine.begin() as reading:
        await lock(reading, "cases")
        await asyncio.wait_for(clear(beside.database, beside.control), 60)
        assert former in await beside.schemas()
    await clear(beside.database, beside.control)
    assert former not in await beside.schemas()
