"""The migrations make the tables that the code asks for, and stand in the wheel."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Table, select

from ops.bench.histories import NOW
from ops.read_model import control, tables
from ops.read_model.columns import microseconds
from ops.read_model.database import Database
from ops.read_model.migrate import CONTROL, GENERATION, migrate
from tests.read_model import settings_in

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("versions", "metadata"),
    [(GENERATION, tables.metadata), (CONTROL, control.metadata)],
    ids=["rows", "control"],
)
async def test_the_migrations_make_the_tables_of_the_code(
    tmp_path: Path, versions: Path, metadata: MetaData
) -> None:
    engine = Database.of(settings_in(tmp_path)).engine("tried")
    await migrate(engine, versions)
    await migrate(engine, versions)

    def differences(connection: Connection) -> list[Any]:
        table = f"migrations_{versions.name}"
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts={"version_table": table}), metadata
        )
        return found

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_rows_of_before_are_kept_and_belong_to_nobody_until_a_rebuild(tmp_path: Path) -> None:
    engine = Database.of(settings_in(tmp_path)).engine("tried")
    before = tmp_path / GENERATION.name
    before.mkdir()
    shutil.copy(GENERATION / "g0001_rows.py", before)
    await migrate(engine, before)
    at, day = microseconds(NOW), NOW.date()
    row = {"topic": "t", "source": "urn:registry", "day": day, "event_id": "e-1", "at": at}
    async with engine.begin() as connection:
        former = Table("entitlements", MetaData(), *(Column(name) for name in row))
        await connection.execute(former.insert(), [row | {"day": day.isoformat()}])
    await migrate(engine, GENERATION)
    async with engine.connect() as connection:
        (found,) = (await connection.execute(select(tables.entitlements))).mappings().all()
    assert (found["event_id"], found["day"], found["at"], found["whose"]) == ("e-1", day, NOW, None)
    await engine.dispose()


def test_the_wheel_has_them() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "ops" in wheel["only-include"]
    assert list(GENERATION.glob("g*.py"))
    assert list(CONTROL.glob("c*.py"))
