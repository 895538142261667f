"""What every store of keys does, in a file and in PostgreSQL."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from ops.bench.postgres import NoPostgresError, PrivatePostgres
from streams.key_store.postgres import PostgresKeyStore
from streams.key_store.sqlite import SqliteKeyStore
from streams.key_store.store import KeyStore, KeyStoreAwayError, KeyStoreError, StoredKey

T = TypeVar("T")

ONE, TWO = b"12345678", b"87654321"


class KeyStoreContract:
    async def test_of_two_store_keys_the_first_stands(self, store: KeyStore) -> None:
        assert await store.store_key() is None
        assert await store.set_store_key(b"first", None) == b"first"
        assert await store.set_store_key(b"second", None) == b"first"
        assert await store.set_store_key(b"third", instead_of=b"other") == b"first"
        assert await store.set_store_key(b"third", instead_of=b"first") == b"third"
        assert await store.store_key() == b"third"

    async def test_of_two_keys_of_a_subject_the_first_stands(self, store: KeyStore) -> None:
        await store.add([StoredKey(ONE, "anna", b"wrapped")])
        await store.add([StoredKey(TWO, "anna", b"another"), StoredKey(b"third...", "berik", b"his")])
        found = await store.of_subjects(["anna", "berik", "nobody"])
        assert {subject: key.id for subject, key in found.items()} == {"anna": ONE, "berik": b"third..."}
        assert (await store.of_ids([ONE, TWO]))[ONE] == StoredKey(ONE, "anna", b"wrapped")
        assert TWO not in await store.of_ids([ONE, TWO])

    async def test_an_erased_key_leaves_its_id_alone_and_a_new_one_may_come(self, store: KeyStore) -> None:
        await store.add([StoredKey(ONE, "anna", b"wrapped")])
        assert await store.erase_keys(["anna"]) == 0, "only what is closing is erased"
        await store.close_keys(["anna"])
        assert (await store.of_subjects(["anna"]))["anna"].closing
        await store.reopen_keys(["anna"])
        assert not (await store.of_subjects(["anna"]))["anna"].closing
        await store.close_keys(["anna"])
        assert await store.erase_keys(["anna"]) == 1
        erased = (await store.of_ids([ONE]))[ONE]
        assert erased == StoredKey(ONE, None, None)
        await store.add([StoredKey(TWO, "anna", b"new")])
        assert (await store.of_subjects(["anna"]))["anna"].id == TWO

    async def test_a_thousand_are_asked_for_at_once(self, store: KeyStore) -> None:
        keys = [StoredKey(number.to_bytes(8), f"s{number}", b"w") for number in range(1200)]
        await store.add(keys)
        assert len(await store.of_subjects([f"s{number}" for number in range(1200)])) == 1200
        assert len(await store.of_ids([key.id for key in keys])) == 1200

    async def test_many_at_once_are_in_nobodys_way(self, store: KeyStore) -> None:
        async def one(number: int) -> None:
            subject = f"s{number}"
            await store.add([StoredKey(number.to_bytes(8), subject, b"w")])
            await store.close_keys([subject])
            await store.reopen_keys([subject])
            assert (await store.of_subjects([subject]))[subject].id == number.to_bytes(8)

        for hundred in range(0, 600, 100):
            await asyncio.gather(*(one(number) for number in range(hundred, hundred + 100)))


def holds(folder: Path, secret: bytes) -> bool:
    return any(secret in file.read_bytes() for file in folder.iterdir())


class TestInAFile(KeyStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[KeyStore]:
        store = SqliteKeyStore(tmp_path / "keys.sqlite")
        yield store
        await store.stop()

    async def test_nothing_of_an_erased_key_stays_in_its_files(self, store: KeyStore, tmp_path: Path) -> None:
        secret = b"the-wrapped-key-of-anna" * 3
        await store.add([StoredKey(ONE, "anna", secret)])
        assert holds(tmp_path, secret)
        await store.close_keys(["anna"])
        await store.erase_keys(["anna"])
        assert not holds(tmp_path, secret)

    async def test_no_cursor_leaves_the_thread_that_made_it(self, tmp_path: Path) -> None:
        """One that another thread lets go of resets a statement that runs: `sqlite3.InterfaceError`."""
        given: list[object] = []

        class Watched(SqliteKeyStore):
            def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
                found = super()._locked(work)
                given.append(found)
                return found

        store = Watched(tmp_path / "keys.sqlite")
        await store.set_store_key(b"first", None)
        await store.add([StoredKey(ONE, "anna", b"wrapped")])
        await store.of_subjects(["anna"])
        await store.of_ids([ONE])
        await store.close_keys(["anna"])
        await store.reopen_keys(["anna"])
        await store.erase_keys(["anna"])
        await store.stop()
        assert len(given) == 7
        assert not any(isinstance(each, sqlite3.Cursor) for each in given)

    async def test_its_file_is_for_its_owner_alone(self, store: KeyStore, tmp_path: Path) -> None:
        await store.store_key()
        assert (tmp_path / "keys.sqlite").stat().st_mode & 0o077 == 0

    async def test_what_is_no_store_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("not a database at all, but a text of some length" * 30)
        with pytest.raises(KeyStoreError, match="is no store of keys"):
            await SqliteKeyStore(tmp_path / "text").store_key()
        with pytest.raises(KeyStoreError, match="in a folder that is there"):
            await SqliteKeyStore(tmp_path / "nowhere" / "keys").store_key()


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    try:
        with PrivatePostgres() as running:
            yield running
    except NoPostgresError as error:
        sys.stderr.write(f"{error}\n")
        pytest.skip(str(error))


class TestInPostgres(KeyStoreContract):
    @pytest.fixture
    async def store(self, server: PrivatePostgres) -> AsyncIterator[KeyStore]:
        store = PostgresKeyStore(server.url)
        yield store
        async with store._connection() as connection:
            await connection.execute("DROP SCHEMA jardem_keys CASCADE")
        await store.stop()

    async def test_a_server_that_is_not_there_is_away(self) -> None:
        store = PostgresKeyStore("postgresql://jardem@127.0.0.1:1/postgres")
        with pytest.raises(KeyStoreAwayError):
            await store.of_ids([ONE])
