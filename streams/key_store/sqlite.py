"""A store of keys in a file: for one machine."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from streams.key_store.store import KeyStoreAwayError, KeyStoreError, StoredKey

T = TypeVar("T")

_SECONDS = 5.0
_AT_ONCE = 500
_TABLES = """
CREATE TABLE IF NOT EXISTS store_key (number INTEGER PRIMARY KEY CHECK (number = 1), wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS data_keys (
    id BLOB PRIMARY KEY, subject TEXT UNIQUE, wrapped BLOB, closing INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
_COLUMNS = "id, subject, wrapped, closing"


class SqliteKeyStore:
    """Keys in SQLite. The file is made where it is not there; its folder must be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def store_key(self) -> bytes | None:
        """See `KeyStore`."""
        return await self._do(_store_key)

    async def set_store_key(self, wrapped: bytes, instead_of: bytes | None) -> bytes:
        """See `KeyStore`."""

        def work(connection: sqlite3.Connection) -> bytes:
            if instead_of is None:
                connection.execute("INSERT OR IGNORE INTO store_key VALUES (1, ?)", [wrapped])
            else:
                connection.execute(
                    "UPDATE store_key SET wrapped = ? WHERE wrapped = ?", [wrapped, instead_of]
                )
            return _store_key(connection) or wrapped

        return await self._do(work)

    async def of_subjects(self, subjects: Collection[str]) -> Mapping[str, StoredKey]:
        """See `KeyStore`."""
        found = await self._do(lambda connection: _found(connection, "subject", list(subjects)))
        return {key.subject: key for key in found if key.subject is not None}

    async def of_ids(self, ids: Collection[bytes]) -> Mapping[bytes, StoredKey]:
        """See `KeyStore`."""
        found = await self._do(lambda connection: _found(connection, "id", list(ids)))
        return {key.id: key for key in found}

    async def add(self, keys: Sequence[StoredKey]) -> None:
        """See `KeyStore`."""
        rows = [(key.id, key.subject, key.wrapped) for key in keys]
        await self._do_many("INSERT OR IGNORE INTO data_keys (id, subject, wrapped) VALUES (?, ?, ?)", rows)

    async def close_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=True)

    async def reopen_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=False)

    async def _mark(self, subjects: Collection[str], *, closing: bool) -> None:
        rows = [(closing, subject) for subject in subjects]
        await self._do_many("UPDATE data_keys SET closing = ? WHERE subject = ?", rows)

    async def erase_keys(self, subjects: Collection[str]) -> int:
        """See `KeyStore`."""
        rows = [(subject,) for subject in subjects]
        sql = "UPDATE data_keys SET subject = NULL, wrapped = NULL, closing = 0 WHERE subject = ? AND closing"

        def work(connection: sqlite3.Connection) -> int:
            count = connection.executemany(sql, rows).rowcount
            connection.commit()
            # What was overwritten stands in the log beside the file until then.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count

        return await self._do(work)

    async def stop(self) -> None:
        """See `KeyStore`."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    async def _do_many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            # A cursor that left the lock would be taken apart while another thread uses its statement.
            connection.executemany(sql, rows).close()

        await self._do(work)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connected()
                with self._connection as connection:
                    return work(connection)
            except sqlite3.DatabaseError as error:
                if not isinstance(error, sqlite3.OperationalError):
                    raise KeyStoreError(f"{self._path} is no store of keys: {error}") from None
                raise KeyStoreAwayError(str(error)) from None

    def _connected(self) -> sqlite3.Connection:
        try:
            # Keys are for their owner alone, from the file's first byte on.
            self._path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise KeyStoreError(
                f"JARDEM_KEYS_DATABASE: {self._path} cannot be written ({error.strerror}): name a file in a "
                "folder that is there"
            ) from None
        connection = sqlite3.connect(self._path, timeout=_SECONDS, check_same_thread=False)
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection


def _store_key(connection: sqlite3.Connection) -> bytes | None:
    row = connection.execute("SELECT wrapped FROM store_key").fetchone()
    return None if row is None else bytes(row[0])


def _found(connection: sqlite3.Connection, column: str, wanted: list[str] | list[bytes]) -> list[StoredKey]:
    found: list[StoredKey] = []
    for begin in range(0, len(wanted), _AT_ONCE):
        part = wanted[begin : begin + _AT_ONCE]
        places = ",".join("?" * len(part))
        sql = f"SELECT {_COLUMNS} FROM data_keys WHERE {column} IN ({places})"  # noqa: S608 - names of ours
        found += [StoredKey(row[0], row[1], row[2], bool(row[3])) for row in connection.execute(sql, part)]
    return found
