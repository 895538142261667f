"""What a store of keys does, whichever database it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streams.errors import UserError

ID_BYTES = 8
"""Of a key's id, which is random and stands before whatever is encrypted with it."""


class KeyStoreAwayError(Exception):
    """The store does not answer now. The message names no password."""


class KeyStoreError(UserError):
    """The store cannot be used as it is: another master key, another store, a file that cannot be written."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as the store has it.

    `subject` is the `person_id` or `phone_id`; an erased key has none, and no `wrapped`. `closing` is set
    while it is being erased.
    """

    id: bytes
    subject: str | None
    wrapped: bytes | None = field(repr=False)
    closing: bool = False


class KeyStore(Protocol):
    """The database. Everything raises `KeyStoreAwayError` where it does not answer."""

    async def store_key(self) -> bytes | None:
        """The store key as the master key has encrypted it; None in a store that is new."""
        ...

    async def set_store_key(self, wrapped: bytes, instead_of: bytes | None) -> bytes:
        """Keep a store key in place of that one, unless another has come before. What stands now."""
        ...

    async def of_subjects(self, subjects: Collection[str]) -> Mapping[str, StoredKey]:
        """The keys of those of them that have one."""
        ...

    async def of_ids(self, ids: Collection[bytes]) -> Mapping[bytes, StoredKey]:
        """The keys with these ids, erased ones too, as far as there ever were."""
        ...

    async def add(self, keys: Sequence[StoredKey]) -> Mapping[str, StoredKey]:
        """Add keys of subjects that have none; one whose subject has got one meanwhile is left out.

        The keys that these subjects have then.
        """
        ...

    async def close_keys(self, subjects: Collection[str]) -> None:
        """Let nobody fetch the keys of these subjects from now on."""
        ...

    async def reopen_keys(self, subjects: Collection[str]) -> None:
        """Let them be fetched again."""
        ...

    async def erase_keys(self, subjects: Collection[str]) -> int:
        """Destroy the keys that are closing of these subjects, for good; their ids stay. How many."""
        ...

    async def stop(self) -> None:
        """Let go of the database."""
        ...
