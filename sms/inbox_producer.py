"""Where the webhooks send their events: the SMS desk's inbox, acknowledged by all in-sync replicas."""

import asyncio
from types import TracebackType
from typing import Protocol, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.encryption.opening import vault_of
from streams.errors import NoBrokerError
from streams.kafka_access import client_options
from streams.key_store.store import KeyStoreAwayError
from streams.records import Outgoing
from streams.settings.settings import Settings
from streams.topics import SMS_INBOX
from streams.transport.codecs import codec_to_write

_SECONDS_TO_START = 9.0
_SECONDS_TO_ASK = 2.0


class NotTakenError(Exception):
    """The broker has not acknowledged the event in time; it may have it all the same."""


class EventSink(Protocol):
    """Takes events. What `send` returned from is not lost any more."""

    async def send(self, outgoing: Outgoing) -> None:
        """Return when the event is safe. Raises `NotTakenError`."""
        ...

    async def is_ready(self) -> bool:
        """Whether events can be taken at present."""
        ...


class InboxProducer:
    """Sends to the inbox through an idempotent producer. Use as a context manager.

    `timeout` is how long an acknowledgement is waited for, in seconds of real time. Raises `NoBrokerError`
    where no broker answers at the start.
    """

    def __init__(self, settings: Settings, *, timeout: float = 5.0) -> None:
        self._addresses = settings.kafka
        self._options = client_options(settings)
        self._timeout = timeout
        self._vault = vault_of(settings)
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Connect."""
        producer = AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            linger_ms=2,
            compression_type=codec_to_write(),
        )
        try:
            async with asyncio.timeout(_SECONDS_TO_START):
                await producer.start()
        except (KafkaError, OSError, TimeoutError):
            await producer.stop()
            raise NoBrokerError(f"no broker answers at {self._addresses}") from None
        self._producer = producer
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush and disconnect."""
        await self._vault.stop()
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, outgoing: Outgoing) -> None:
        """Send and wait for the acknowledgement. Raises `NotTakenError`."""
        if self._producer is None:
            raise NotTakenError("not connected")
        try:
            async with asyncio.timeout(self._timeout):
                (sealed,) = await self._vault.sealed([outgoing])
                sent = await self._producer.send(
                    sealed.topic, sealed.value, sealed.key, sealed.partition, headers=list(sealed.headers)
                )
                await asyncio.shield(sent)
        except (KafkaError, KeyStoreAwayError, TimeoutError) as error:
            raise NotTakenError(type(error).__name__) from None

    async def is_ready(self) -> bool:
        """Whether the broker answers and has the topic."""
        if self._producer is None:
            return False
        try:
            async with asyncio.timeout(_SECONDS_TO_ASK):
                answered = await self._producer.client.force_metadata_update()
                return bool(answered and self._producer.client.cluster.partitions_for_topic(SMS_INBOX))
        except (KafkaError, TimeoutError):
            return False
