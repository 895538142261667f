"""Where the console's events go: one producer, acknowledged by all in-sync replicas, never sending late."""

import asyncio
from typing import Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.encryption.opening import vault_of
from streams.kafka_access import client_options
from streams.key_store.store import KeyStoreAwayError
from streams.records import LARGEST_RECORD, Outgoing
from streams.settings.settings import Settings
from streams.transport.abandon import abandon
from streams.transport.single_records import handed

_log = structlog.get_logger(__name__)

_SECONDS = 4.0
"""How long an acknowledgement is waited for, real time: somebody waits before a page."""


class NotRecordedError(Exception):
    """The broker has not acknowledged an event in time; it may have it all the same."""


class Sink(Protocol):
    """Takes records. What `send` returned from is not lost any more."""

    async def send(self, outgoing: Outgoing) -> None:
        """Return when the record is safe. Raises `NotRecordedError`."""
        ...

    async def is_ready(self) -> bool:
        """Whether records can be taken at present."""
        ...


class Producer:
    """Sends through an idempotent producer, which is made when it is first needed and after each trouble.

    A producer that did not get an acknowledgement in time is given up with all that waits in it: what a page
    called refused must not be sent minutes later.
    """

    def __init__(self, settings: Settings, *, timeout: float = _SECONDS) -> None:
        self._options = client_options(settings)
        self._timeout = timeout
        self._vault = vault_of(settings)
        self._making = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._abandoned: set[asyncio.Task[None]] = set()

    async def send(self, outgoing: Outgoing) -> None:
        """Send and wait for the acknowledgement. Raises `NotRecordedError`."""
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._timeout):
                (sealed,) = await self._vault.sealed([outgoing])
                producer = await self._started()
                await asyncio.shield(await handed(producer, sealed))
        except (KafkaError, KeyStoreAwayError, OSError, TimeoutError) as error:
            _log.warning("an event was not acknowledged", topic=outgoing.topic, why=type(error).__name__)
            if producer is not None:
                self._give_up(producer)
            raise NotRecordedError(type(error).__name__) from None

    async def is_ready(self) -> bool:
        """Whether a broker answers."""
        try:
            async with asyncio.timeout(self._timeout):
                producer = await self._started()
                return bool(await producer.client.force_metadata_update())
        except (KafkaError, OSError, TimeoutError):
            return False

    async def stop(self) -> None:
        """Disconnect. Whatever was acknowledged is safe, and nothing else was promised to anybody."""
        if self._producer is not None:
            self._give_up(self._producer)
        await self._vault.stop()
        if self._abandoned:
            await asyncio.wait(set(self._abandoned), timeout=self._timeout)

    async def _started(self) -> AIOKafkaProducer:
        async with self._making:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=int(self._timeout * 1000),
                    max_request_size=LARGEST_RECORD,
                )
                try:
                    await producer.start()
                except BaseException:
                    await abandon(producer)
                    raise
                self._producer = producer
            return self._producer

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        if self._producer is not producer:
            return
        self._producer = None
        task = asyncio.create_task(abandon(producer))
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
