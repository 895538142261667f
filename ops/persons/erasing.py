"""`jardem person erase`: destroys the keys of a person, so that what was written under them is nobody's."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from ops.dead_letters.acting import SOURCE, acknowledged
from ops.files import read_file
from ops.persons.known import numbers_of, shared, standings_of, unhandled
from schemas.cloudevents import encode, wrap
from schemas.ids import PersonId, PhoneId, Pseudonyms
from schemas.operators import ActObject, OperatorActed
from schemas.values import check_iin
from streams.encryption.opening import key_store_of
from streams.errors import UserError
from streams.key_store.keyring import SECONDS_TO_ERASE
from streams.key_store.store import KeyStore, KeyStoreAwayError
from streams.records import Outgoing
from streams.settings.settings import Settings
from streams.topics import ACTS

T = TypeVar("T")

ERASE = "erase"
_PERSON = re.compile(r"[0-9a-f]{64}")


class NotErasedError(UserError):
    """The person cannot be erased now: exit code 1."""


class AskedWronglyError(UserError):
    """What was asked for cannot be: exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Said:
    """Who erases, why, and when (UTC, of virtual time)."""

    operator: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is erased, or would be.

    `numbers` are those that nobody else is on, whose keys go too; on `shared` ones others have parts.
    """

    person_id: PersonId
    has_key: bool
    cases: int
    numbers: frozenset[PhoneId] = field(default_factory=frozenset)
    shared: frozenset[PhoneId] = field(default_factory=frozenset)

    @property
    def subjects(self) -> list[str]:
        """Whose keys are destroyed."""
        return [self.person_id, *sorted(self.numbers)]

    def lines(self, *, done: bool) -> Iterator[str]:
        """What is told of it."""
        verb = "erased" if done else "would be erased"
        yield f"{self.person_id}: the key {verb}; {self.cases} cases, all of them purged before"
        if self.numbers:
            yield f"the keys of {len(self.numbers)} numbers that nobody else is on: {verb}"
        if self.shared:
            yield (
                f"{len(self.shared)} numbers are shared with others and keep their keys: texts there are "
                "gone from sms.inbox.v1 and sms.outbox.v1 when their retention is over"
            )
        yield (
            "not under these keys: public topics and dead letters, each for its retention "
            "(docs/retention.md), backups of the store of keys, and what the citizen holds"
        )


def person_from(text: str, pseudonyms: Pseudonyms) -> PersonId:
    """The person that was named: a `person_id`, or `-` for an IIN on standard input.

    Raises `AskedWronglyError`.
    """
    if _PERSON.fullmatch(text):
        return PersonId(text)
    if text != "-":
        raise AskedWronglyError(
            "PERSON is a person_id of 64 hex digits, or - for an IIN on standard input: an IIN is never "
            "typed as an argument"
        )
    try:
        return pseudonyms.person(check_iin(read_file("-").decode("ascii", errors="replace").strip()))
    except ValueError as error:
        raise AskedWronglyError(f"standard input: {error}") from None


def check_erasure(settings: Settings, person_id: PersonId, pseudonyms: Pseudonyms) -> Erasure:
    """What erasing this person would destroy.

    Raises `NotErasedError` where a case is open or its retention is not over, `AskedWronglyError` where
    nothing is encrypted here, and `TopicError`.
    """
    if settings.encrypts != "on":
        raise AskedWronglyError(
            "nothing is encrypted here, so no key can be destroyed: set JARDEM_ENCRYPTION"
        )
    standings = standings_of(settings, person_id)
    if obstacles := standings.obstacles():
        raise NotErasedError(*obstacles)
    numbers = numbers_of(settings, person_id, pseudonyms)
    own = asyncio.run(_with_store(settings, lambda store: _key_id(store, person_id)))
    others = shared(settings, numbers, own)
    return Erasure(
        person_id, own is not None, len(standings.steps), frozenset(numbers - others), frozenset(others)
    )


def erase(
    settings: Settings,
    erasure: Erasure,
    said: Said,
    tell: Callable[[str], None],
    *,
    seconds: float = SECONDS_TO_ERASE,
) -> None:
    """Destroy the keys, and tell that it was done. `seconds` is how long nobody may use them before.

    Raises `NotErasedError` where anything came of the person meanwhile; then their keys are as they were.
    """
    if not erasure.has_key:
        raise NotErasedError(f"{erasure.person_id} has no key: nothing is kept of this person under one")
    subjects = erasure.subjects
    asyncio.run(_with_store(settings, lambda store: store.close_keys(subjects)))
    try:
        tell(f"waiting {seconds:.0f} s, until no worker can write under the keys any more")
        time.sleep(seconds)
        _require_nothing_new(settings, erasure)
        act = _act(erasure, said)
    except BaseException:
        asyncio.run(_with_store(settings, lambda store: store.reopen_keys(subjects)))
        raise
    asyncio.run(_finish(settings, subjects, act))


def _require_nothing_new(settings: Settings, erasure: Erasure) -> None:
    if count := unhandled(settings, erasure.subjects):
        raise NotErasedError(
            f"{count} events of this person or these numbers are not handled yet: look at the lag of the "
            "workers, and try again"
        )
    if obstacles := standings_of(settings, erasure.person_id).obstacles():
        raise NotErasedError(*obstacles)


async def _finish(settings: Settings, subjects: list[str], act: Outgoing) -> None:
    """Destroy, then tell: of a key that was told to be destroyed nobody asks any more whether it is."""
    await _with_store(settings, lambda store: store.erase_keys(subjects))
    async with acknowledged(settings) as send:
        await send(act)


async def _key_id(store: KeyStore, person_id: PersonId) -> bytes | None:
    found = (await store.of_subjects([person_id])).get(person_id)
    return None if found is None else found.id


def _act(erasure: Erasure, said: Said) -> Outgoing:
    acted = OperatorActed(
        act=ERASE,
        object=ActObject(kind="person", id=erasure.person_id),
        person_id=erasure.person_id,
        reason=said.reason,
        operator=said.operator,
    )
    headers, value = encode(wrap(acted, id_=str(uuid4()), source=SOURCE, time=said.at, extensions={}))
    return Outgoing(ACTS, erasure.person_id.encode(), value, headers)


async def _with_store(settings: Settings, work: Callable[[KeyStore], Awaitable[T]]) -> T:
    store = key_store_of(settings)
    try:
        return await work(store)
    except KeyStoreAwayError as error:
        raise NotErasedError(f"the store of keys (JARDEM_KEYS_DATABASE) does not answer: {error}") from None
    finally:
        await store.stop()
