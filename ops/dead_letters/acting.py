"""Sending dead letters back, and laying them aside: whoever does it, the terminal or the console.

What is sent back is acknowledged by the broker before anybody is told that it was. So whatever dies in
between, it can be sent back once more: what was handled already changes nothing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from ops.dead_letters.errors import AskedWronglyError, NotTakenBackError
from ops.dead_letters.letter import DeadLetter
from ops.dead_letters.masking import masked
from ops.topic_records import TopicError
from schemas.cloudevents import encode, explain, wrap
from schemas.operators import ActObject, OperatorActed
from streams.dead_letters import OURS, PLACE, REDRIVEN_LETTERS
from streams.encryption.opening import vault_of
from streams.kafka_access import client_options
from streams.key_store.store import KeyStoreAwayError
from streams.records import LARGEST_RECORD, Outgoing
from streams.settings.settings import Settings
from streams.topics import ACTS
from streams.transport.single_records import handed

SOURCE = "urn:jardem:console"
REDRIVE, DISCARD = "redrive", "discard"

Send = Callable[[Outgoing], Awaitable[None]]
"""Sends a record, and returns when the broker has acknowledged it."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who does it, why, and when (UTC, of virtual time)."""

    operator: str
    reason: str
    at: datetime


async def redrive(letter: DeadLetter, said: Said, send: Send) -> str:
    """Send a dead letter back, and then tell that it was; returns the act's id.

    Raises `NotTakenBackError` where it cannot be sent back, and `AskedWronglyError` where the reason or the
    operator is blank, or holds a number of somebody's; nothing is sent then.
    """
    if letter.obstacle:
        raise NotTakenBackError(f"{letter.place.id} cannot be redriven: {letter.obstacle}")
    act_id, act = _act(REDRIVE, letter, said)
    await send(redriven_record(letter))
    await send(act)
    return act_id


async def discard(letter: DeadLetter, said: Said, send: Send) -> str:
    """Tell that nothing more is to be done about a dead letter; it stays where it is. Returns the act's id.

    Raises `AskedWronglyError` where the reason or the operator is blank.
    """
    act_id, act = _act(DISCARD, letter, said)
    await send(act)
    return act_id


def redriven_record(letter: DeadLetter) -> Outgoing:
    """The record as it was, and where it came from: what the intake takes back."""
    record = letter.record
    kept = [n for n, (name, _) in enumerate(record.headers) if name not in OURS or name in PLACE]
    nulls = frozenset(place for place, number in enumerate(kept) if number in record.null_headers)
    headers = tuple(record.headers[number] for number in kept)
    return Outgoing(REDRIVEN_LETTERS, record.key, record.value, headers, null_headers=nulls)


def _act(act: str, letter: DeadLetter, said: Said) -> tuple[str, Outgoing]:
    for name, text in (("--reason", said.reason), ("--operator", said.operator)):
        if masked(text) != text:
            raise AskedWronglyError(f"{name} seems to hold somebody's number, and it is kept for ever")
    try:
        acted = OperatorActed(
            act=act,
            object=ActObject(kind="dead_letter", id=letter.place.id),
            reason=said.reason,
            operator=said.operator,
        )
    except ValidationError as error:
        raise AskedWronglyError(explain(error)) from None
    id_ = str(uuid4())
    headers, value = encode(wrap(acted, id_=id_, source=SOURCE, time=said.at, extensions={}))
    return id_, Outgoing(ACTS, letter.place.id.encode(), value, headers)


@asynccontextmanager
async def acknowledged(settings: Settings) -> AsyncIterator[Send]:
    """A producer for acts, that waits for all replicas and writes headers as they were read.

    Raises `TopicError` where no broker answers, or does not take what is sent.
    """
    vault = vault_of(settings)
    producer = AIOKafkaProducer(
        **client_options(settings), acks="all", enable_idempotence=True, max_request_size=LARGEST_RECORD
    )

    async def send(outgoing: Outgoing) -> None:
        try:
            (sealed,) = await vault.sealed([outgoing])
            await (await handed(producer, sealed))
        except KeyStoreAwayError as error:
            raise TopicError(f"the store of keys (JARDEM_KEYS_DATABASE) does not answer: {error}") from None
        except KafkaError as error:
            raise TopicError(f"{outgoing.topic} does not take it at {settings.kafka}: {error}") from None

    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise TopicError(f"no broker answers at {settings.kafka}: {error}") from None
    try:
        yield send
    finally:
        await producer.stop()
        await vault.stop()
