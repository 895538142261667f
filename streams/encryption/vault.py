"""The door through which everything passes that is ours alone: opened as it comes, sealed as it goes."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from streams import summary
from streams.dead_letters import DEAD_LETTERS, REDRIVEN_LETTERS
from streams.encryption import letters, parts
from streams.encryption.sealed import ErasedError, KeysAtHand, NotOpenedError, is_sealed, key_ids, seal
from streams.key_store.keyring import NOBODY, DataKey, Keyring
from streams.packing.packed import NotPackedError, pack, unpack
from streams.records import NotUnpacked, Outgoing, Record
from streams.topics import CASE_INBOX, CHANGELOGS, SMS_INBOX, SMS_OUTBOX

INBOXES = (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)
"""The topics that are sealed under the key of whom a record is about."""
LETTERS = (DEAD_LETTERS, REDRIVEN_LETTERS)
"""The topics that are sealed under the installation's key."""

_TABLES = {name: name.split("-")[1] for name in CHANGELOGS}
"""The tables by their changelogs: a value is sealed for its table."""
_SUBJECT = re.compile(rb"[0-9a-f]{64}")
_KEY_BYTES = 16

Item = Record | NotUnpacked

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Inner:
    """A state with the parts of other persons sealed, and their keys in the order of their numbers."""

    state: bytes
    keys: tuple[DataKey, ...] = ()


def subject_of(name: bytes | None) -> str:
    """Whose a record or a row of this name is: a person's or a number's, or nobody's."""
    return name.decode() if name is not None and _SUBJECT.fullmatch(name) else NOBODY


class Vault:
    """Opens and seals with the keys of a keyring, which says whether it waits for a store that is away.

    Without a keyring nothing is sealed and nothing can be opened. `seals` is false where what is sealed is
    only read. Methods that wait raise `KeyStoreAwayError` where the keyring does.
    """

    def __init__(self, keyring: Keyring | None = None, *, seals: bool = True) -> None:
        self._keyring = keyring
        self.seals = seals and keyring is not None

    async def stop(self) -> None:
        """Let go of the store of keys."""
        if self._keyring is not None:
            await self._keyring.stop()

    async def at_hand(self, data: Iterable[bytes | None], names: Iterable[bytes] = ()) -> KeysAtHand:
        """The keys that open these bytes, and those under which the rows of these names are written."""
        keys = KeysAtHand(there_are=self._keyring is not None)
        if self._keyring is None:
            return keys
        if ids := {id_ for each in data if each is not None for id_ in key_ids(summary.body(each))}:
            keys.by_id = await self._keyring.of_ids(ids)
        if self.seals:
            keys.by_subject = await self._keyring.of_subjects({subject_of(name) for name in names})
        return keys

    async def opened(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records in the clear, without those of who is erased. What cannot be opened stays as it is."""
        contents = [_content(record) for record in records]
        if not any(map(is_sealed, contents)):
            return records
        keys = await self.at_hand(contents)
        found = []
        for record, content in zip(records, contents, strict=True):
            try:
                found.append(_opened(record, content, keys))
            except ErasedError:
                _log.info("a record is left out: its key is erased", at=record.position)
            except NotOpenedError as error:
                _log.warning("a record cannot be opened", at=record.position, reason=str(error))
                found.append(record)
        return found

    async def opened_items(self, items: Iterable[Item]) -> list[Item]:
        """The same of what was read by a reader that is no worker: what is no record stays as it is."""
        read = list(items)
        records = [item for item in read if isinstance(item, Record)]
        opened = {(each.topic, each.partition, each.offset): each for each in await self.opened(records)}
        found = (
            opened.get((item.topic, item.partition, item.offset)) if isinstance(item, Record) else item
            for item in read
        )
        return [item for item in found if item is not None]

    async def sealed(self, outgoing: Iterable[Outgoing]) -> list[Outgoing]:
        """What is sent, as it may be sent."""
        sent = list(outgoing)
        if not self.seals or self._keyring is None:
            return sent
        subjects = [_subject(each) for each in sent]
        wanted = {subject for subject in subjects if subject is not None}
        keys = await self._keyring.of_subjects(wanted) if wanted else {}
        return [
            each if subject is None else _sealed(each, keys[subject])
            for each, subject in zip(sent, subjects, strict=True)
        ]

    async def with_parts_sealed(
        self, keys: KeysAtHand, states: Mapping[bytes, bytes]
    ) -> Mapping[bytes, Inner]:
        """States by their rows' names, with what is about other persons sealed.

        Whose keys are not at hand, they are fetched.
        """
        if not self.seals or self._keyring is None:
            return {name: Inner(state) for name, state in states.items()}
        persons = {name: parts.persons_in(state, name) for name, state in states.items()}
        if wanted := {each for found in persons.values() for each in found} - keys.by_subject.keys():
            keys.by_subject |= await self._keyring.of_subjects(wanted)
        return {name: _with_parts(state, persons[name], keys) for name, state in states.items()}

    async def sealed_rows(
        self, table: str, rows: Mapping[bytes, bytes | None]
    ) -> Mapping[bytes, bytes | None]:
        """A table's rows as they are written; those that are sealed already stay as they are."""
        if not self.seals:
            return rows
        bare = [name for name, value in rows.items() if value is not None and not _is_sealed_row(value)]
        if not bare:
            return rows
        keys = await self.at_hand((), bare)
        return {
            name: value if value is None else self.sealed_row(keys, table, name, value)
            for name, value in rows.items()
        }

    def sealed_row(
        self, keys: KeysAtHand, table: str, name: bytes, value: bytes, inner: Sequence[DataKey] = ()
    ) -> bytes:
        """A row's value as it is written; `inner` are the keys of its parts."""
        if not self.seals or _is_sealed_row(value):
            return value
        return seal(keys.by_subject[subject_of(name)], table, name, value, inner)

    async def opened_rows(self, table: str, rows: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
        """A table's rows in the clear; None where there is none, or its key is erased.

        Raises `NotOpenedError`.
        """
        keys = await self.at_hand(rows.values())
        return {name: _row(keys, table, name, value) for name, value in rows.items()}


def _is_sealed_row(value: bytes) -> bool:
    """Whether a table's value is sealed, behind what stands in front of it."""
    return is_sealed(summary.body(value))


def _row(keys: KeysAtHand, table: str, name: bytes, value: bytes | None) -> bytes | None:
    try:
        return None if value is None else keys.open(table, name, value)
    except ErasedError:
        return None


def _with_parts(state: bytes, persons: Collection[str], keys: KeysAtHand) -> Inner:
    if not persons:
        return Inner(state)
    return Inner(*parts.sealed(state, {each: keys.by_subject[each] for each in persons}))


def _opened(record: Record, sealed: bytes | None, keys: KeysAtHand) -> Record:
    """The record in the clear, of which this is what may be sealed."""
    if sealed is None or not is_sealed(sealed):
        return record
    if record.topic in LETTERS:
        return letters.unpacked(record, keys.open(DEAD_LETTERS, b"", sealed))
    place = _TABLES.get(record.topic, record.topic)
    content = keys.open(place, record.key or b"", sealed)
    # A table's value is packed by its owner already, who looks at its form.
    return record.with_value(content if record.topic in _TABLES else _unpacked(content))


def _content(record: Record) -> bytes | None:
    """What may be sealed of a record: of a table's, what stands behind its summary."""
    if record.value is None or record.topic not in _TABLES:
        return record.value
    return summary.body(record.value)


def _unpacked(content: bytes) -> bytes:
    try:
        return unpack(content)
    except NotPackedError as error:
        raise NotOpenedError(str(error)) from None


def _subject(outgoing: Outgoing) -> str | None:
    """Under whose key a record is sealed; None where it is not."""
    if outgoing.topic in LETTERS:
        return NOBODY
    if outgoing.topic not in INBOXES or outgoing.value is None or is_sealed(outgoing.value):
        return None
    return subject_of(outgoing.key)


def _sealed(outgoing: Outgoing, key: DataKey) -> Outgoing:
    if outgoing.topic not in LETTERS:
        # Nothing compresses what is sealed, so it is done before.
        value = seal(key, outgoing.topic, outgoing.key or b"", pack(outgoing.value or b""))
        return outgoing.with_value(value)
    # Letters of one key stay in one order, and the key says nothing.
    name = outgoing.key and key.cipher.encrypt(outgoing.key, [b"key"])[:_KEY_BYTES].hex().encode()
    content = seal(key, DEAD_LETTERS, b"", letters.packed(outgoing))
    return replace(letters.bare(outgoing, content), key=name)
