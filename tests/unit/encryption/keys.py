"""A keyring over a real store in a file, for tests."""

from collections.abc import Collection, Mapping
from pathlib import Path

from streams.encryption.vault import Vault
from streams.key_store.keyring import Keyring
from streams.key_store.master_key import LocalMasterKey
from streams.key_store.sqlite import SqliteKeyStore
from streams.key_store.store import KeyStoreAwayError, StoredKey

SECRET = "a-master-key-of-a-test-" + "k" * 32
PERSON, OTHER, NUMBER = "a" * 64, "b" * 64, "c" * 64


class Store(SqliteKeyStore):
    """A store that can be away."""

    away = False
    asked = 0

    async def of_subjects(self, subjects: Collection[str]) -> Mapping[str, StoredKey]:
        self._ask()
        return await super().of_subjects(subjects)

    async def of_ids(self, ids: Collection[bytes]) -> Mapping[bytes, StoredKey]:
        self._ask()
        return await super().of_ids(ids)

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise KeyStoreAwayError("gone")


def keyring(store: SqliteKeyStore, *, waits: bool = False) -> Keyring:
    return Keyring(store, LocalMasterKey(SECRET), waits=waits)


def store_in(folder: Path) -> Store:
    return Store(folder / "keys.sqlite")


def vault_in(folder: Path, *, waits: bool = False) -> Vault:
    return Vault(keyring(store_in(folder), waits=waits))


async def erase(folder: Path, *subjects: str) -> None:
    """As the command does when nobody uses the keys any more."""
    store = store_in(folder)
    await store.close_keys(subjects)
    assert await store.erase_keys(subjects) == len(subjects)
    await store.stop()
