"""The console's own tables, in the database that outlives rebuilds: sessions and API tokens, no citizens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.read_model.database import CONTROL, Database, DatabaseError
from ops.read_model.migrate import migrate
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

MIGRATIONS = Path(__file__).parent / "migrations" / "access"
"""How the tables came to be what they are."""


@asynccontextmanager
async def open_tables(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The tables, brought up to date, for a command that needs no more of the console.

    Raises `DatabaseError` where the database is away.
    """
    database = Database.of(settings)
    engine = database.engine(CONTROL)
    try:
        try:
            await database.create(CONTROL)
            await migrate(engine, MIGRATIONS)
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(
                f"the console's database does not answer ({type(error).__name__}): look at "
                "JARDEM_CONSOLE_DATABASE, and whether the database runs"
            ) from None
        yield engine
    finally:
        await engine.dispose()
