"""Reads a dead letter from the log, byte for byte, so that it can be sent back as it was."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ops.console.producer import NotRecordedError
from ops.dead_letters.letter import DeadLetter, Place, letter_from
from streams.dead_letters import DEAD_LETTERS
from streams.encryption.opening import open_vault
from streams.kafka_access import client_options
from streams.key_store.store import KeyStoreAwayError
from streams.records import Record
from streams.settings.settings import Settings
from streams.transport.fetching import Fetching

_SECONDS = 8.0
_POLL_MILLISECONDS = 500


class LetterGoneError(Exception):
    """The record does not stand in the topic any more: its retention is over."""


class Letters(Protocol):
    """The dead letters as they stand in the log."""

    async def letter(self, place: Place) -> DeadLetter:
        """The dead letter at this place. Raises `LetterGoneError` and `NotRecordedError`."""
        ...


@dataclass(frozen=True, slots=True)
class TopicLetters:
    """Reads one record of the topic, with a consumer of its own."""

    settings: Settings

    async def letter(self, place: Place) -> DeadLetter:
        """The dead letter, within seconds; `NotRecordedError` where the broker is away."""
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._read(place)
        except (KafkaError, KeyStoreAwayError, OSError, TimeoutError) as error:
            raise NotRecordedError(f"dead letters can't be read: {type(error).__name__}") from None

    async def _read(self, place: Place) -> DeadLetter:
        tp = TopicPartition(DEAD_LETTERS, place.partition)
        async with (
            open_vault(self.settings) as vault,
            AIOKafkaConsumer(
                **client_options(self.settings),
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_committed",
            ) as consumer,
        ):
            Fetching(consumer)
            consumer.assign([tp])
            begins, ends = await consumer.beginning_offsets([tp]), await consumer.end_offsets([tp])
            if not begins[tp] <= place.offset < ends[tp]:
                raise LetterGoneError
            consumer.seek(tp, place.offset)
            while True:
                found = await consumer.getmany(tp, timeout_ms=_POLL_MILLISECONDS, max_records=1)
                for record in found.get(tp, ()):
                    if record.offset != place.offset or not isinstance(record, Record):
                        raise LetterGoneError
                    return letter_from((await vault.opened([record]))[0])
