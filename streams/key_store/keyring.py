"""The keys of persons and numbers, decrypted and at hand for as long as they may be used.

Who erases a key lets nobody fetch it any more, and waits until nobody can be using it (`SECONDS_TO_ERASE`).
So what is fetched here is handed out for `FRESH` seconds, and who needs a key that is being erased waits.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from streams.key_store.gathering import Gathering
from streams.key_store.master_key import KEY_BYTES, MasterKey, NotUnwrappedError, derived_cipher
from streams.key_store.store import ID_BYTES, KeyStore, KeyStoreAwayError, KeyStoreError, StoredKey

T = TypeVar("T")

FRESH = 10.0
"""Seconds for which a key that was fetched is handed out without being asked for again."""
LONGEST_USE = 30.0
"""Seconds after which nothing may be sent any more under keys that were handed out before."""
SECONDS_TO_ERASE = 110
"""After how many seconds nobody can write under a key that is closing: the two, and the sending (60 s)."""
INSTALLATION = b"\0" * ID_BYTES
"""The id of the installation's own key, which is derived from the store key and never erased."""
NOBODY = ""
"""The subject of that key: of what stands under a name that is no person's and no number's."""

_MOST = 50_000
_PATIENCE = 0.5
_LONGEST_PATIENCE = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key that can be used. `subject` is whose it is."""

    id: bytes
    subject: str
    cipher: AESSIV = field(repr=False)


class Keyring:
    """Fetches keys, makes those that there are not yet, and keeps them for seconds.

    `waits`: where the store is away, or a key is being erased, whoever asks waits, however long. Otherwise
    `KeyStoreAwayError` is raised, and a key that is being erased counts as erased. `tell_away` is told
    whether the store is away.
    """

    def __init__(
        self,
        store: KeyStore,
        master: MasterKey,
        former: MasterKey | None = None,
        *,
        waits: bool = True,
        tell_away: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._master = master
        self._former = former
        self._waits = waits
        self._tell_away = tell_away
        self._opening = asyncio.Lock()
        self._own: _Own | None = None
        self._stored_of_subjects = Gathering(self._kept_or_made)
        self._stored_of_ids = Gathering(store.of_ids)
        self._by_subject: OrderedDict[str, tuple[DataKey, float]] = OrderedDict()
        self._by_id: OrderedDict[bytes, tuple[DataKey | None, float]] = OrderedDict()

    async def installation(self) -> DataKey:
        """The installation's own key."""
        if self._own is None:
            return (await self._persist(self._opened)).installation
        return self._own.installation

    async def of_subjects(self, subjects: Iterable[str]) -> dict[str, DataKey]:
        """A key for each of them; whoever has none gets one. Nobody (`NOBODY`) has the installation's."""
        since = time.monotonic()
        found, wanted = _kept(self._by_subject, subjects, since)
        if NOBODY in wanted:
            wanted.discard(NOBODY)
            found[NOBODY] = await self.installation()
        if wanted:
            for subject, key in (await self._persist(lambda: self._fetched(wanted))).items():
                found[subject] = key
                _keep(self._by_subject, subject, key, since)
                _keep(self._by_id, key.id, key, since)
        return found

    async def of_ids(self, ids: Iterable[bytes]) -> dict[bytes, DataKey | None]:
        """The keys with these ids: None for one that is erased, and nothing for one that there never was."""
        since = time.monotonic()
        found, wanted = _kept(self._by_id, ids, since)
        if INSTALLATION in wanted:
            wanted.discard(INSTALLATION)
            found[INSTALLATION] = await self.installation()
        if wanted:
            for id_, key in (await self._persist(lambda: self._fetched_by_id(wanted))).items():
                found[id_] = key
                _keep(self._by_id, id_, key, since)
        return found

    async def check(self) -> None:
        """Open the store once. Raises `KeyStoreError` where it is another's, `KeyStoreAwayError`."""
        await self._open()

    async def stop(self) -> None:
        """Let go of the store."""
        await self._store.stop()

    async def _fetched(self, subjects: Collection[str]) -> dict[str, DataKey] | None:
        wrapping = (await self._opened()).wrapping
        stored = await self._stored_of_subjects.of(subjects)
        if any(key.closing for key in stored.values()):
            return None
        return {subject: _unwrapped(wrapping, key) for subject, key in stored.items()}

    async def _kept_or_made(self, subjects: Collection[str]) -> Mapping[str, StoredKey]:
        stored = await self._store.of_subjects(subjects)
        if missing := [subject for subject in subjects if subject not in stored]:
            wrapping = (await self._opened()).wrapping
            stored = {**stored, **await self._store.add([_new(wrapping, subject) for subject in missing])}
        return stored

    async def _fetched_by_id(self, ids: Collection[bytes]) -> dict[bytes, DataKey | None] | None:
        wrapping = (await self._opened()).wrapping
        stored = await self._stored_of_ids.of(ids)
        if self._waits and any(key.closing for key in stored.values()):
            return None
        return {
            id_: None if key.wrapped is None or key.closing else _unwrapped(wrapping, key)
            for id_, key in stored.items()
        }

    async def _persist(self, attempt: Callable[[], Awaitable[T | None]]) -> T:
        """What an attempt gives. None: a key is being erased; it is tried again."""
        patience = _PATIENCE
        while True:
            try:
                found = await attempt()
            except KeyStoreAwayError as error:
                self._tell_away(True)  # noqa: FBT003 - it is what is told
                if not self._waits:
                    raise
                _log.warning("the store of keys is away; nothing is read or sent meanwhile", why=str(error))
            else:
                self._tell_away(False)  # noqa: FBT003 - the same
                if found is not None:
                    return found
                if not self._waits:
                    raise KeyStoreAwayError("a key is being erased")
                _log.info("a key is being erased; waiting until it is")
                await asyncio.sleep(_PATIENCE)
                continue
            await asyncio.sleep(patience)
            patience = min(2 * patience, _LONGEST_PATIENCE)

    async def _opened(self) -> "_Own":
        async with self._opening:
            if self._own is None:
                self._own = await self._open()
            return self._own

    async def _open(self) -> "_Own":
        wrapped = await self._store.store_key()
        if wrapped is None:
            wrapped = await self._store.set_store_key(await self._master.wrap(os.urandom(KEY_BYTES)), None)
        secret = await self._unwrapped(wrapped)
        return _Own(
            wrapping=derived_cipher(secret, "jardem data keys"),
            installation=DataKey(INSTALLATION, NOBODY, derived_cipher(secret, "jardem installation")),
        )

    async def _unwrapped(self, wrapped: bytes) -> bytes:
        """The store key. Where the former master key has encrypted it, it is put under the new one."""
        try:
            return await self._master.unwrap(wrapped)
        except NotUnwrappedError:
            secret = await self._unwrapped_before(wrapped)
        await self._store.set_store_key(await self._master.wrap(secret), instead_of=wrapped)
        _log.info("the store of keys is under the new master key now")
        return secret

    async def _unwrapped_before(self, wrapped: bytes) -> bytes:
        if self._former is not None:
            with suppress(NotUnwrappedError):
                return await self._former.unwrap(wrapped)
        raise KeyStoreError(
            "JARDEM_ENCRYPTION_KEY is not the one with which the keys in JARDEM_KEYS_DATABASE were "
            "encrypted: set it to that one, or, where it was changed, JARDEM_ENCRYPTION_KEY_PREVIOUS to that "
            "one"
        )


@dataclass(frozen=True, slots=True)
class _Own:
    """What comes from the store key: what encrypts the data keys, and the installation's own."""

    wrapping: AESSIV = field(repr=False)
    installation: DataKey


def _new(wrapping: AESSIV, subject: str) -> StoredKey:
    id_ = os.urandom(ID_BYTES)
    return StoredKey(id_, subject, wrapping.encrypt(os.urandom(KEY_BYTES), [id_, subject.encode()]))


def _unwrapped(wrapping: AESSIV, stored: StoredKey) -> DataKey:
    if stored.subject is None or stored.wrapped is None:
        raise AssertionError("an erased key has no subject, and is not asked for by one")
    try:
        secret = wrapping.decrypt(stored.wrapped, [stored.id, stored.subject.encode()])
    except InvalidTag:
        raise KeyStoreError(
            f"the key {stored.id.hex()} in JARDEM_KEYS_DATABASE is not as it was written: restore the store "
            "from its backup"
        ) from None
    return DataKey(stored.id, stored.subject, AESSIV(secret))


K = TypeVar("K")
V = TypeVar("V")


def _kept(
    cache: OrderedDict[K, tuple[V, float]], wanted: Iterable[K], now: float
) -> tuple[dict[K, V], set[K]]:
    """What is fresh of what is wanted, and what is not there."""
    found: dict[K, V] = {}
    missing: set[K] = set()
    for name in wanted:
        entry = cache.get(name)
        if entry is not None and now - entry[1] < FRESH:
            found[name] = entry[0]
        else:
            missing.add(name)
    return found, missing


def _keep(cache: OrderedDict[K, tuple[V, float]], name: K, value: V, since: float) -> None:
    cache[name] = value, since
    cache.move_to_end(name)
    while len(cache) > _MOST:
        cache.popitem(last=False)
