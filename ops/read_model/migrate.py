"""Brings a database to the tables that this release knows, by Alembic, at every start."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

_HERE = Path(__file__).parent / "migrations"

GENERATION = _HERE / "generation"
"""The migrations of a generation's tables."""
CONTROL = _HERE / "control"
"""The migrations of the control database's own tables."""


async def migrate(engine: AsyncEngine, versions: Path) -> None:
    """Run the migrations in a folder that this database has not seen.

    Each folder is a chain of its own: which of it were run stands in a table named by the folder. So others,
    as the console's sessions, keep their tables in the control database by a folder of theirs. Two processes
    that start at once run them one after the other.
    """
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(727466)"))
        else:
            await connection.execute(text("BEGIN IMMEDIATE"))
        await connection.run_sync(_upgrade, versions)


def _upgrade(connection: Connection, versions: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = f"migrations_{versions.name}"
    # Alembic tells of each step; that is no news to whoever starts a console.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config, "head")
