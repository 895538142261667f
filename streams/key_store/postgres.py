"""A store of keys in PostgreSQL: for workers on several machines."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from streams.key_store.store import KeyStoreAwayError, KeyStoreError, StoredKey

if TYPE_CHECKING:
    import asyncpg

_SECONDS = 5.0
_TABLES = """
CREATE SCHEMA IF NOT EXISTS jardem_keys;
CREATE TABLE IF NOT EXISTS jardem_keys.store_key (
    number integer PRIMARY KEY CHECK (number = 1), wrapped bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS jardem_keys.data_keys (
    id bytea PRIMARY KEY, subject text UNIQUE, wrapped bytea, closing boolean NOT NULL DEFAULT false
);
"""
_FOUND = "SELECT id, subject, wrapped, closing FROM jardem_keys.data_keys"
_MAKING = 0x6A617264
"""The advisory lock under which tables are made: two processes that make the same one at once both fail."""


class PostgresKeyStore:
    """Keys in a schema of its own. The tables are made where they are not there."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._pool: asyncpg.Pool | None = None
        self._making = asyncio.Lock()

    async def store_key(self) -> bytes | None:
        """See `KeyStore`."""
        async with self._connection() as connection:
            wrapped: bytes | None = await connection.fetchval("SELECT wrapped FROM jardem_keys.store_key")
            return wrapped

    async def set_store_key(self, wrapped: bytes, instead_of: bytes | None) -> bytes:
        """See `KeyStore`."""
        async with self._connection() as connection:
            if instead_of is None:
                sql = "INSERT INTO jardem_keys.store_key VALUES (1, $1) ON CONFLICT DO NOTHING"
                await connection.execute(sql, wrapped)
            else:
                sql = "UPDATE jardem_keys.store_key SET wrapped = $1 WHERE wrapped = $2"
                await connection.execute(sql, wrapped, instead_of)
        return await self.store_key() or wrapped

    async def of_subjects(self, subjects: Collection[str]) -> Mapping[str, StoredKey]:
        """See `KeyStore`."""
        async with self._connection() as connection:
            return await _of_subjects(connection, list(subjects))

    async def of_ids(self, ids: Collection[bytes]) -> Mapping[bytes, StoredKey]:
        """See `KeyStore`."""
        async with self._connection() as connection:
            rows = await connection.fetch(f"{_FOUND} WHERE id = ANY($1::bytea[])", list(ids))
        return {key.id: key for key in (StoredKey(*row) for row in rows)}

    async def add(self, keys: Sequence[StoredKey]) -> Mapping[str, StoredKey]:
        """See `KeyStore`."""
        sql = (
            "INSERT INTO jardem_keys.data_keys (id, subject, wrapped) "
            "SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING"
        )
        # In one order everywhere, so that two workers that add the same ones do not wait for each other.
        rows = sorted(keys, key=lambda key: key.subject or "")
        subjects = [key.subject for key in rows]
        columns = [key.id for key in rows], subjects, [key.wrapped for key in rows]
        async with self._connection() as connection:
            await connection.execute(sql, *columns)
            return await _of_subjects(connection, subjects)

    async def close_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=True)

    async def reopen_keys(self, subjects: Collection[str]) -> None:
        """See `KeyStore`."""
        await self._mark(subjects, closing=False)

    async def _mark(self, subjects: Collection[str], *, closing: bool) -> None:
        sql = "UPDATE jardem_keys.data_keys SET closing = $1 WHERE subject = ANY($2::text[])"
        async with self._connection() as connection:
            await connection.execute(sql, closing, list(subjects))

    async def erase_keys(self, subjects: Collection[str]) -> int:
        """See `KeyStore`. The row of before is gone from the file with the vacuum that follows."""
        sql = (
            "UPDATE jardem_keys.data_keys SET subject = NULL, wrapped = NULL, closing = false "
            "WHERE closing AND subject = ANY($1::text[]) RETURNING id"
        )
        async with self._connection() as connection:
            erased = await connection.fetch(sql, list(subjects))
            await connection.execute("VACUUM jardem_keys.data_keys")
        return len(erased)

    async def stop(self) -> None:
        """See `KeyStore`."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy"]:
        import asyncpg  # noqa: PLC0415 - only who keeps keys in PostgreSQL has it

        try:
            pool = self._pool or await self._connected()
            async with pool.acquire(timeout=_SECONDS) as connection:
                yield connection
        except (asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError) as error:
            raise KeyStoreError(
                f"JARDEM_KEYS_DATABASE: PostgreSQL refuses us ({type(error).__name__}): the role has to be "
                "known and to be allowed to create schemas in that database"
            ) from None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise KeyStoreAwayError(type(error).__name__) from None

    async def _connected(self) -> "asyncpg.Pool":
        import asyncpg  # noqa: PLC0415 - as above

        async with self._making:
            if self._pool is None:
                pool = await asyncpg.create_pool(
                    self._address, min_size=0, max_size=3, timeout=_SECONDS, command_timeout=_SECONDS
                )
                async with pool.acquire() as connection, connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MAKING)
                    await connection.execute(_TABLES)
                self._pool = pool
            return self._pool


async def _of_subjects(
    connection: "asyncpg.pool.PoolConnectionProxy", subjects: Sequence[str | None]
) -> Mapping[str, StoredKey]:
    rows = await connection.fetch(f"{_FOUND} WHERE subject = ANY($1::text[])", subjects)
    return {key.subject: key for key in (StoredKey(*row) for row in rows) if key.subject is not None}
