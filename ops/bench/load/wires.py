"""How the load reaches a system: awards and facts by Kafka or HTTP, decisions from Kafka or by HTTP.

An address is `kafka://HOST:PORT/TOPIC` or `http://HOST:PORT/PATH`.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from ops.bench.load.http_client import HttpClient

Headers = tuple[tuple[str, bytes], ...]


class BadAddressError(ValueError):
    """An address that is neither of Kafka nor of HTTP."""


class Publisher(Protocol):
    """Where events are published."""

    async def publish(self, key: str, headers: Headers, value: bytes) -> "asyncio.Future[None]":
        """Hand an event over; the future is done when the system has it."""
        ...

    async def close(self) -> None:
        """Wait for what is under way, and close."""
        ...


class KafkaPublisher:
    """A topic. `linger` is how long a record may wait for others, in milliseconds."""

    def __init__(self, kafka: str, topic: str, linger: int = 0) -> None:
        self._topic = topic
        self._producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=linger)
        self._opened = False

    async def publish(self, key: str, headers: Headers, value: bytes) -> "asyncio.Future[None]":
        """A record in binary mode. Raises aiokafka's `KafkaError`."""
        if not self._opened:
            await self._producer.start()
            self._opened = True
        future: asyncio.Future[None] = await self._producer.send(
            self._topic, key=key.encode(), value=value, headers=list(headers)
        )
        return future

    async def close(self) -> None:
        """Close."""
        if self._opened:
            await self._producer.stop()


class HttpPublisher:
    """An address that takes CloudEvents in binary mode: the attributes are headers `ce-...`."""

    def __init__(self, url: str) -> None:
        self._client = HttpClient(url)
        self._tasks: set[asyncio.Task[None]] = set()

    async def publish(self, key: str, headers: Headers, value: bytes) -> "asyncio.Future[None]":
        """A POST. The future raises `CallFailedError`."""
        named = {name.replace("ce_", "ce-"): told.decode() for name, told in headers} | {"ce-key": key}
        task = asyncio.create_task(self._client.post(value, named))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Close."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client.close()


def publisher(address: str, linger: int = 0) -> Publisher:
    """What publishes to this address. Raises `BadAddressError`."""
    parts = urlsplit(address)
    if parts.scheme == "kafka" and parts.netloc and parts.path.strip("/"):
        return KafkaPublisher(parts.netloc, parts.path.strip("/"), linger)
    if parts.scheme == "http" and parts.netloc:
        return HttpPublisher(address)
    raise BadAddressError(f"{address} is neither kafka://HOST:PORT/TOPIC nor http://HOST:PORT/PATH")


class DecisionTopic:
    """Reads decisions that come from now on; `decided(iin, decision_id, outcome)` hears of each."""

    def __init__(self, address: str, decided: Callable[[str, str, str], None]) -> None:
        parts = urlsplit(address)
        if parts.scheme != "kafka" or not parts.path.strip("/"):
            raise BadAddressError(f"{address} is not kafka://HOST:PORT/TOPIC")
        self._decided = decided
        self._consumer = AIOKafkaConsumer(
            parts.path.strip("/"),
            bootstrap_servers=parts.netloc,
            auto_offset_reset="latest",
            enable_auto_commit=False,
            group_id=None,
            isolation_level="read_committed",
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Be at the end of the topic, and read on."""
        await self._consumer.start()
        await self._consumer.seek_to_end()
        for partition in self._consumer.assignment():
            await self._consumer.position(partition)
        self._task = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        async for record in self._consumer:
            if record.value:
                note_decision(record.value, self._decided)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()


def note_decision(value: bytes, decided: Callable[[str, str, str], None]) -> None:
    """A decision as JSON: `iin`, `decision_id`, `outcome`."""
    data = json.loads(value)
    decided(str(data["iin"]), str(data["decision_id"]), str(data["outcome"]))
