"""Whether records come through whatever they are compressed with: tried on the broker, as a producer would.

It takes a topic to try that. The doctor makes one for it, of a name that nobody else has, and deletes it
again; where it may not, it says what this machine alone can tell.
"""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError as ProducerError
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from ops.doctor.machine import Line, Verdict
from ops.reach import admin_client
from streams.kafka_access import client_options
from streams.records import Record
from streams.settings.settings import Settings
from streams.transport.codecs import CODECS, lacking
from streams.transport.fetching import Fetching

PREFIX = "jardem-doctor-"
_SECONDS = 15.0
_NAMES = [name for name, _ in CODECS.values()]


def codecs(settings: Settings) -> Iterator[Line]:
    """A line for each codec. The broker must be there."""
    topic = PREFIX + secrets.token_hex(6)
    admin = admin_client(settings)
    try:
        yield from _left_behind(admin)
        try:
            refused = _refusal(admin, NewTopic(topic, 1, settings.replication))
        except KafkaError as error:
            refused = type(error).__name__
        if refused is not None:
            yield from (_on_this_machine(name, refused) for name in _NAMES)
            return
        try:
            yield from asyncio.run(_tried(settings, topic))
        finally:
            yield from _deleted(admin, topic)
    finally:
        admin.close()


def _refusal(admin: Any, topic: NewTopic) -> str | None:  # noqa: ANN401 - kafka-python has no types
    (answer,) = admin.create_topics([topic], raise_errors=False)["topics"]
    if answer["error_code"]:
        return str(answer["error_message"] or f"error {answer['error_code']}")
    admin.wait_for_topics([topic.name])
    return None


def _deleted(admin: Any, topic: str) -> Iterator[Line]:  # noqa: ANN401 - the same
    try:
        admin.delete_topics([topic])
    except KafkaError as error:
        yield Line(
            Verdict.WRONG, f"topic {topic}, made to try codecs, could not be deleted ({error}): delete it"
        )


def _left_behind(admin: Any) -> Iterator[Line]:  # noqa: ANN401 - the same
    for topic in sorted(admin.list_topics()):
        if topic.startswith(PREFIX):
            yield Line(Verdict.NOTE, f"topic {topic} was left by a doctor that was interrupted: delete it")


def _on_this_machine(name: str, refused: str) -> Line:
    why = lacking().get(name)
    if why:
        return Line(Verdict.WRONG, f"codec {name}: {why}")
    return Line(
        Verdict.NOTE,
        f"codec {name}: can be read here; not tried on the broker, which made no topic ({refused})",
    )


async def _tried(settings: Settings, topic: str) -> list[Line]:
    here, lines = lacking(), []
    for name in _NAMES:
        if name in here:
            lines.append(
                Line(Verdict.WRONG, f"codec {name}: {here[name]}; install what requirements.lock names")
            )
            continue
        try:
            async with asyncio.timeout(_SECONDS):
                lines.append(await _try(settings, topic, name))
        except TimeoutError:
            lines.append(Line(Verdict.WRONG, f"codec {name}: no record came through within {_SECONDS:.0f} s"))
        except ProducerError as error:
            lines.append(Line(Verdict.NOTE, f"codec {name}: the broker takes no record in it ({error!r})"))
    return lines


async def _try(settings: Settings, topic: str, name: str) -> Line:
    """Write a record in the codec, and read it as the worker does."""
    access, value = client_options(settings), f"jardem tries {name}; ".encode() * 100
    async with (
        AIOKafkaProducer(**access, acks="all", compression_type=name) as producer,
        AIOKafkaConsumer(**access, enable_auto_commit=False, isolation_level="read_committed") as consumer,
    ):
        Fetching(consumer)
        written = await producer.send_and_wait(topic, value, partition=0)
        tp = TopicPartition(topic, 0)
        consumer.assign([tp])
        consumer.seek(tp, written.offset)
        while not (found := await consumer.getmany(tp, timeout_ms=200)):
            pass
    (item,) = found[tp]
    if isinstance(item, Record):
        if item.value == value:
            return Line(Verdict.OK, f"codec {name}: a record comes through the broker")
        return Line(Verdict.WRONG, f"codec {name}: the broker gives back something else than it was given")
    return Line(Verdict.WRONG, f"codec {name}: {item.reason}")
