"""Where the read model is kept: files of SQLite in a folder, or schemas of one PostgreSQL database.

The control database holds what outlives a rebuild; each generation of the rows has a database of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from streams.errors import UserError, make_folder
from streams.settings.settings import Settings

CONTROL = "control"
"""The name of the control database."""

_SCHEMA = "jardem_console"
_FOLDER = "console"
_WHOSE = "JARDEM_CONSOLE_DATABASE"
_BUSY_MILLISECONDS = 15_000
_GIVES_WAY = "500ms"
"""For so long a table that goes is waited for: less than PostgreSQL waits before it looks for deadlocks (a
second), so that whoever waits for us is seldom the one who is stopped."""
_LOCK_NOT_AVAILABLE, _DEADLOCK_DETECTED = "55P03", "40P01"
_SQLITE = (
    f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    # What is forgotten is overwritten, and not only marked as free.
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 1073741824",
)


class DatabaseError(UserError):
    """A database that is not there or cannot be used. No message repeats its address and password."""

    exit_code = 2


class InUseError(DatabaseError):
    """A database is not taken away while somebody reads or writes in it."""


@dataclass(frozen=True, slots=True)
class Database:
    """The database of an installation: a folder of SQLite files, or the address of a PostgreSQL."""

    folder: Path | None
    url: URL | None

    @classmethod
    def of(cls, settings: Settings) -> "Database":
        """That of these settings. Raises `DatabaseError`, and `FolderError` where a folder can't be made."""
        written = settings.console_database.get_secret_value()
        if not written:
            return cls(_made(settings.data_dir / _FOLDER, "JARDEM_DATA_DIR"), None)
        try:
            url = make_url(written)
        except ArgumentError:
            raise DatabaseError(f"{_WHOSE} is no address of a database") from None
        if url.get_backend_name() == "sqlite":
            if not url.database or url.database == ":memory:":
                raise DatabaseError(
                    f"{_WHOSE} names no folder: write it as sqlite:////var/lib/jardem/console"
                )
            return cls(_made(Path(url.database), _WHOSE), None)
        return cls(None, url.set(drivername="postgresql+asyncpg"))

    def engine(self, name: str) -> AsyncEngine:
        """An engine for the control database, or for a generation by its name."""
        if self.folder is not None:
            engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(self._file(name))))
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            return engine
        if self.url is None:
            raise ValueError("a database has a folder or an address")
        options = {
            "search_path": _schema(name),
            "application_name": "jardem console",
            # Few rows are asked for at a time: to compile a plan, or to read a table whole, takes longer.
            "jit": "off",
            "random_page_cost": "1.1",
        }
        return create_async_engine(
            self.url, pool_pre_ping=True, connect_args={"server_settings": options, "timeout": 10}
        )

    async def create(self, name: str) -> None:
        """Have a place for this database; where it is there already, nothing happens."""
        if self.folder is None:
            await self._run(f'CREATE SCHEMA IF NOT EXISTS "{_schema(name)}"')

    async def drop(self, name: str) -> None:
        """Take a database away with all that is in it. Raises `InUseError` where somebody is in it still."""
        if self.folder is None:
            try:
                await self._run(
                    f"SET LOCAL lock_timeout = '{_GIVES_WAY}'",
                    f'DROP SCHEMA IF EXISTS "{_schema(name)}" CASCADE',
                )
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) in (_LOCK_NOT_AVAILABLE, _DEADLOCK_DETECTED):
                    raise InUseError(f"{_WHOSE}: somebody reads the schema {_schema(name)} still") from None
                raise
            return
        for ending in ("", "-wal", "-shm"):
            await asyncio.to_thread(Path(f"{self._file(name)}{ending}").unlink, missing_ok=True)

    def _file(self, name: str) -> Path:
        if self.folder is None:
            raise ValueError("PostgreSQL has no files of ours")
        return self.folder / f"{name}.sqlite"

    async def _run(self, *statements: str) -> None:
        engine = self.engine(CONTROL)
        try:
            async with engine.begin() as connection:
                # Two that make the same schema at once would both find that it is not there.
                await connection.execute(text("SELECT pg_advisory_xact_lock(727465)"))
                for statement in statements:
                    await connection.execute(text(statement))
        finally:
            await engine.dispose()


@contextlib.asynccontextmanager
async def told_plainly() -> AsyncIterator[None]:
    """Whatever a database cannot do now, as a `DatabaseError` that repeats neither address nor values."""
    try:
        yield
    except OSError as error:
        raise DatabaseError(f"{_WHOSE}: the database does not answer ({type(error).__name__})") from None


def _made(folder: Path, whose: str) -> Path:
    make_folder(folder, whose)
    folder.chmod(0o700)
    return folder


def _schema(name: str) -> str:
    return _SCHEMA if name == CONTROL else f"{_SCHEMA}_{name.replace('-', '_')}"


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    for pragma in _SQLITE:
        cursor.execute(pragma)
    cursor.close()
