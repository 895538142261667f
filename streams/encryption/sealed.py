"""The form of what is sealed, and how keys that are at hand seal and open it: without waiting for anything.

    fe 4a 53 01 | n | the ids of n keys, 8 bytes each | AES-SIV under the first

No JSON begins with `fe`, so that what is sealed and what is in the clear stand side by side. The other keys
are those of parts inside (`streams.encryption.parts`). The head, where it stands and the record's key are
authenticated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from cryptography.exceptions import InvalidTag

from streams.encryption import parts
from streams.key_store.keyring import LONGEST_USE, DataKey
from streams.key_store.store import ID_BYTES

MAGIC = b"\xfeJS\x01"
_HEAD = len(MAGIC) + 1
_ALONE = MAGIC + b"\x01"
"""The head of what one key alone opens, but for its id, as almost everything has it."""
_ALONE_ENDS = _HEAD + ID_BYTES


class NotOpenedError(ValueError):
    """Sealed bytes that cannot be opened: cut, changed, of another place, or of a key that never was."""


class ErasedError(Exception):
    """The key is erased: what was sealed under it is nobody's any more."""


def is_sealed(data: bytes | None) -> bool:
    """Whether these bytes are sealed."""
    return data is not None and data.startswith(MAGIC)


def key_ids(data: bytes | None) -> list[bytes]:
    """The ids of the keys under which bytes are sealed; none where they are in the clear or cut."""
    if data is None or not data.startswith(MAGIC):
        return []
    if data.startswith(_ALONE) and len(data) >= _ALONE_ENDS:
        return [data[_HEAD:_ALONE_ENDS]]
    end = _HEAD + ID_BYTES * data[_HEAD - 1] if len(data) >= _HEAD else 0
    if end > len(data):
        return []
    return [data[begin : begin + ID_BYTES] for begin in range(_HEAD, end, ID_BYTES)]


def seal(key: DataKey, place: str, name: bytes, plain: bytes, inner: Sequence[DataKey] = ()) -> bytes:
    """Seal bytes that stand at a place (a topic or a table) under a name (the record's key)."""
    head = _ALONE + key.id
    if inner:
        head = b"".join((MAGIC, bytes([1 + len(inner)]), key.id, *(each.id for each in inner)))
    return head + key.cipher.encrypt(plain, [head, place.encode(), name])


@dataclass(slots=True)
class KeysAtHand:
    """Keys that were fetched for a batch, by their ids and by whose they are.

    `by_id` has None for a key that is erased. `since` is when the first of them was fetched. `there_are`:
    whether this process has keys at all.
    """

    by_id: dict[bytes, DataKey | None] = field(default_factory=dict)
    by_subject: dict[str, DataKey] = field(default_factory=dict)
    since: float = field(default_factory=monotonic)
    there_are: bool = True

    @property
    def too_old(self) -> bool:
        """Whether nothing may be sent any more under these keys."""
        return monotonic() - self.since > LONGEST_USE

    def alive(self, data: bytes) -> bool:
        """Whether the key of these bytes is not erased; what is in the clear needs none."""
        ids = key_ids(data)
        return not ids or self.by_id.get(ids[0], ...) is not None

    def open(self, place: str, name: bytes, data: bytes) -> bytes:
        """What is sealed in these bytes, or themselves where they are in the clear.

        Raises:
            ErasedError: the key is erased.
            NotOpenedError: it is none of ours, or was changed.
        """
        if not data.startswith(MAGIC):
            return data
        ids = key_ids(data)
        if not ids:
            raise NotOpenedError("it is cut")
        key = self._key(ids[0])
        if key is None:
            raise ErasedError
        head = data[: _HEAD + ID_BYTES * len(ids)]
        try:
            return key.cipher.decrypt(data[len(head) :], [head, place.encode(), name])
        except (InvalidTag, ValueError):
            raise NotOpenedError("it was changed, or moved here from another place") from None

    def open_parts(self, data: bytes, state: bytes) -> bytes:
        """A state with the parts in it that are sealed under further keys of `data`; the erased are left out.

        Raises `NotOpenedError`.
        """
        ids = key_ids(data)
        if len(ids) < 2:  # noqa: PLR2004 - the value's own, and one more
            return state
        self._key(ids[0])
        return parts.opened(state, [self._key(id_) for id_ in ids[1:]])

    def _key(self, id_: bytes) -> DataKey | None:
        """The key with this id; None where it is erased. Raises `NotOpenedError`."""
        if id_ in self.by_id:
            return self.by_id[id_]
        if not self.there_are:
            raise NotOpenedError(
                "it is encrypted, and this process has no keys: set JARDEM_ENCRYPTION_KEY and "
                "JARDEM_KEYS_DATABASE as where it was written"
            )
        raise NotOpenedError(
            f"there is no key {id_.hex()} in the store of keys, and never was: set JARDEM_KEYS_DATABASE "
            "to the store with which it was written"
        )
