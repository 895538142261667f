"""Puts a dead letter's record in again: as it was, to a topic that only intake reads."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops.console.producer import NotRecordedError
from streams.dead_letters import DEAD_LETTERS, OURS, TOPIC
from streams.kafka_access import client_options
from streams.records import Outgoing
from streams.settings.settings import Settings

REDRIVEN = "intake.redriven.v1"
"""The topic of records that are put in again."""
_SECONDS = 8.0


class LetterGoneError(Exception):
    """The record does not stand in the topic any more: its retention is over."""


class Letters(Protocol):
    """The dead letters as they stand in the log, byte for byte."""

    async def again(self, partition: int, offset: int) -> Outgoing:
        """The record to be put in again. Raises `LetterGoneError` and `NotRecordedError`."""
        ...


@dataclass(frozen=True, slots=True)
class TopicLetters:
    """Reads one record of the topic, with a consumer of its own."""

    settings: Settings

    async def again(self, partition: int, offset: int) -> Outgoing:
        """The record to be put in again, within seconds; `NotRecordedError` where the broker is away."""
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._read(partition, offset)
        except (KafkaError, OSError, TimeoutError) as error:
            raise NotRecordedError(f"dead letters can't be read: {type(error).__name__}") from None

    async def _read(self, partition: int, offset: int) -> Outgoing:
        place = TopicPartition(DEAD_LETTERS, partition)
        consumer = AIOKafkaConsumer(**client_options(self.settings), group_id=None, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([place])
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
            if not first <= offset < end:
                raise LetterGoneError
            consumer.seek(place, offset)
            record = await consumer.getone(place)
        finally:
            await consumer.stop()
        if record.offset != offset:
            raise LetterGoneError
        return redriven(record.key, record.value, tuple(record.headers))


def redriven(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> Outgoing:
    """What a dead letter is put in again as: its own headers, and the topic it came from."""
    kept = tuple((name, data) for name, data in headers if name not in OURS or name == TOPIC)
    nulls = frozenset(place for place, (_, data) in enumerate(kept) if data is None)
    return Outgoing(
        topic=REDRIVEN,
        key=key,
        value=value,
        headers=tuple((name, data or b"") for name, data in kept),
        null_headers=nulls,
    )
