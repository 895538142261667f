"""The console's own tables: sessions and API tokens. They say who is signed in and nothing about citizens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, String, Table, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from streams.errors import UserError, make_folder
from streams.settings.settings import Settings

METADATA = MetaData()

SESSIONS = Table(
    "console_sessions",
    METADATA,
    Column("session_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("roles", String(100), nullable=False),
    Column("way", String(8), nullable=False),
    Column("stamp", String(64), nullable=False),
    Column("began_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Column("id_token", LargeBinary),
)
"""Sessions by the digest of their secret. Instants are real ones, in seconds since 1970.

`roles` are parted by commas; `way` is how the user signed in. `stamp` changes when the user's password does.
`id_token` is the provider's, encrypted, for the sign-out there.
"""

TOKENS = Table(
    "console_tokens",
    METADATA,
    Column("token_id", String(16), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("roles", String(100), nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("ends_at", Integer, nullable=False),
    Column("used_at", Integer),
    Column("revoked_at", Integer),
)
"""API tokens by the digest of what is shown once."""


class NoControlError(UserError):
    """The database cannot be opened; the message says which and why."""


def control_url(settings: Settings) -> URL:
    """Where the tables are: beside the read model, in a file of their own where that is SQLite."""
    given = settings.console_database.get_secret_value()
    if given.startswith("postgresql"):
        return make_url(given).set(drivername="postgresql+asyncpg")
    folder = settings.data_dir / "console"
    if given and (file := make_url(given).database):
        folder = Path(file).parent
    make_folder(folder, "JARDEM_DATA_DIR")
    return URL.create("sqlite+aiosqlite", database=str(folder / "access.sqlite"))


@asynccontextmanager
async def open_control(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The tables, brought up to date. Raises `NoControlError`."""
    url = control_url(settings)
    engine = create_async_engine(url, pool_pre_ping=True)
    if url.drivername.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", _pragmas)
    try:
        try:
            async with asyncio.timeout(_SECONDS_TO_OPEN), engine.begin() as connection:
                await connection.run_sync(_upgrade)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            where = url.render_as_string(hide_password=True)
            raise NoControlError(
                f"the console's database {where} cannot be opened ({type(error).__name__}): check "
                "JARDEM_CONSOLE_DATABASE, and that the database runs"
            ) from None
        yield engine
    finally:
        await engine.dispose()


_SECONDS_TO_OPEN = 15.0


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined] # DBAPI has no types
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()
