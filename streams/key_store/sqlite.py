"""A store of keys in a file: for one machine."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from streams.key_store.store import KeyStoreAwayError, KeyStoreError, StoredKey

T = TypeVar("T")
V = TypeVar("V")

_SECONDS = 5.0
# Each row has three variables, of which the oldest SQLite that Python runs on takes 999.
_AT_ONCE = 300
_TABLES = """
CREATE TABLE IF NOT EXISTS store_key (number INTEGER PRIMARY KEY CHECK (number = 1), wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS data_keys (
    id BLOB PRIMARY KEY, subject TEXT UNIQUE, wrapped BLOB, closing INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
_FOUND = "SELECT json_group_array(json_array(hex(id), subject, hex(wrapped), closing)) FROM data_keys"


class SqliteKeyStore:
    """Keys in SQLite. The file is made where it is not there; its folder must be.

    It runs in threads, so that a slow disk stops nobody. Each step of a statement lets the lock of Python go,
    and gets it back from a busy event loop after milliseconds only: keys are found, and added, in one step,
    which is its own transaction.
    """

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
        return await self._do(lambda connection: _of_subjects(connection, list(subjects)))

    async def of_ids(self, ids: Collection[bytes]) -> Mapping[bytes, StoredKey]:
        """See `KeyStore`."""
        found = await self._do(lambda connection: _found(connection, "id", list(ids)))
        return {key.id: key for key in found}

    async def add(self, keys: Sequence[StoredKey]) -> Mapping[str, StoredKey]:
        """See `KeyStore`."""

        def work(connection: sqlite3.Connection) -> Mapping[str, StoredKey]:
            for part in _parts(keys):
                rows = ",".join(["(?, ?, ?)"] * len(part))
                values = [value for key in part for value in (key.id, key.subject, key.wrapped)]
                connection.execute(
                    f"INSERT OR IGNORE INTO data_keys (id, subject, wrapped) VALUES {rows}",  # noqa: S608 - ours
                    values,
                )
            return _of_subjects(connection, [key.subject for key in keys if key.subject is not None])

        return await self._do(work)

    async def close_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=True)

    async def reopen_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=False)

    async def _mark(self, subjects: Collection[str], *, closing: bool) -> None:
        rows = [(closing, subject) for subject in subjects]

        def work(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                connection.executemany("UPDATE data_keys SET closing = ? WHERE subject = ?", rows)

        await self._do(work)

    async def erase_keys(self, subjects: Collection[str]) -> int:
        """See `KeyStore`."""
        rows = [(subject,) for subject in subjects]
        sql = "UPDATE data_keys SET subject = NULL, wrapped = NULL, closing = 0 WHERE subject = ? AND closing"

        def work(connection: sqlite3.Connection) -> int:
            with _transaction(connection):
                count = connection.executemany(sql, rows).rowcount
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

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run it in a thread, one at a time.

        No cursor may leave it: where it is let go of in another thread, it resets a statement that runs.
        """
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connected()
                return work(self._connection)
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
        connection = sqlite3.connect(
            self._path, timeout=_SECONDS, check_same_thread=False, isolation_level=None
        )
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # SQLite has ended it by itself after some errors, as after that of a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _store_key(connection: sqlite3.Connection) -> bytes | None:
    row = connection.execute("SELECT wrapped FROM store_key").fetchone()
    return None if row is None else bytes(row[0])


def _of_subjects(connection: sqlite3.Connection, subjects: Sequence[str]) -> Mapping[str, StoredKey]:
    found = _found(connection, "subject", subjects)
    return {key.subject: key for key in found if key.subject is not None}


def _found(connection: sqlite3.Connection, column: str, wanted: Sequence[str | bytes]) -> list[StoredKey]:
    found: list[StoredKey] = []
    for part in _parts(wanted):
        places = ",".join("?" * len(part))
        ((rows,),) = connection.execute(f"{_FOUND} WHERE {column} IN ({places})", part)
        found += [
            StoredKey(bytes.fromhex(id_), subject, bytes.fromhex(wrapped) or None, bool(closing))
            for id_, subject, wrapped, closing in json.loads(rows)
        ]
    return found


def _parts(items: Sequence[V]) -> Iterator[Sequence[V]]:
    return (items[begin : begin + _AT_ONCE] for begin in range(0, len(items), _AT_ONCE))
