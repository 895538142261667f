"""What the read model promises, on a PostgreSQL of our own; skipped where there is no server."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from ops.bench.postgres import NoPostgresError, PrivatePostgres
from ops.read_model.database import CONTROL, Database
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
