"""The vault of a process, as its settings have it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path

from streams.encryption.vault import Vault
from streams.key_store.keyring import Keyring
from streams.key_store.master_key import CommandMasterKey, LocalMasterKey, MasterKey
from streams.key_store.postgres import PostgresKeyStore
from streams.key_store.sqlite import SqliteKeyStore
from streams.key_store.store import KeyStore, KeyStoreAwayError, KeyStoreError
from streams.settings.encryption import SQLITE
from streams.settings.settings import Settings


def vault_of(
    settings: Settings, *, waits: bool = False, tell_away: Callable[[bool], None] = lambda _: None
) -> Vault:
    """The vault of these settings. Nothing is reached before it is needed.

    `waits`: where the store of keys is away, its users wait in place of failing. `tell_away` hears of it.
    """
    if settings.encrypts == "off":
        return Vault()
    keyring = keyring_of(settings, waits=waits, tell_away=tell_away)
    return Vault(keyring, seals=settings.encrypts == "on")


@contextlib.asynccontextmanager
async def open_vault(settings: Settings) -> AsyncIterator[Vault]:
    """The vault of these settings for a while; who uses it does not wait for a store that is away."""
    vault = vault_of(settings)
    try:
        yield vault
    finally:
        await vault.stop()


def keyring_of(
    settings: Settings, *, waits: bool = False, tell_away: Callable[[bool], None] = lambda _: None
) -> Keyring:
    """The keyring of these settings."""
    former = settings.encryption_key_previous.get_secret_value()
    return Keyring(
        key_store_of(settings),
        _master_key(settings),
        LocalMasterKey(former) if former else None,
        waits=waits,
        tell_away=tell_away,
    )


def key_store_of(settings: Settings) -> KeyStore:
    """The store of keys of these settings. Raises `KeyStoreError`."""
    address = settings.keys_database.get_secret_value()
    if address.startswith(SQLITE):
        return SqliteKeyStore(Path(address.removeprefix(SQLITE)))
    if find_spec("asyncpg") is None:
        raise KeyStoreError(
            "JARDEM_KEYS_DATABASE names PostgreSQL, for which asyncpg is missing: pip install 'jardem[keys]'"
        )
    return PostgresKeyStore(address)


def check_keys(settings: Settings) -> None:
    """Return where the store of keys is ours, or does not answer now: that is waited for.

    Raises `KeyStoreError`.
    """

    async def check() -> None:
        keyring = keyring_of(settings)
        try:
            with contextlib.suppress(KeyStoreAwayError):
                await keyring.check()
        finally:
            await keyring.stop()

    if settings.encrypts != "off":
        asyncio.run(check())


def _master_key(settings: Settings) -> MasterKey:
    if settings.encryption_command:
        return CommandMasterKey(settings.encryption_command)
    return LocalMasterKey(settings.encryption_key.get_secret_value())
