"""How the load reaches a system: awards and facts by Kafka or HTTP, decisions from Kafka or by HTTP.

An address is `kafka://HOST:PORT/TOPIC` or `http://HOST:PORT/PATH`.
"""

import asyncio
import contextlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

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
    """A topic; what comes while a batch is under way goes with the next.

    aiokafka's sender turns round and round, with all of a processor, as long as a record waits behind a batch
    of its partition. So none is given to it before the ones before it are acknowledged.
    """

    def __init__(self, kafka: str, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._producer: AIOKafkaProducer | None = None
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None
        self._partitions: list[int] = []

    async def publish(self, key: str, headers: Headers, value: bytes) -> "asyncio.Future[None]":
        """A record in binary mode. The future raises aiokafka's `KafkaError`."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(key.encode(), headers, value, future))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return future

    async def _send(self) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all")
            await self._producer.start()
            self._partitions = sorted(await self._producer.partitions_for(self._topic))
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            parted: dict[int, list[_Waiting]] = {}
            for one in waiting:
                place = zlib.crc32(one.key) % len(self._partitions)
                parted.setdefault(self._partitions[place], []).append(one)
            await asyncio.gather(
                *(self._send_to(self._producer, number, some) for number, some in parted.items())
            )
        self._sending = None

    async def _send_to(self, producer: Any, partition: int, waiting: "list[_Waiting]") -> None:  # noqa: ANN401
        """Some records of one partition, as few batches one after the other."""
        while waiting:
            batch, taken = producer.create_batch(), 0
            for one in waiting:
                headers = list(one.headers)
                if batch.append(timestamp=None, key=one.key, value=one.value, headers=headers) is None:
                    break
                taken += 1
            sent, waiting = waiting[:taken], waiting[taken:]
            try:
                await (await producer.send_batch(batch, self._topic, partition=partition))
            except KafkaError as error:
                for one in sent:
                    one.future.set_exception(error)
            else:
                for one in sent:
                    one.future.set_result(None)

    async def close(self) -> None:
        """Close."""
        if self._sending is not None:
            await self._sending
        if self._producer is not None:
            await self._producer.stop()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A record that waits for its batch."""

    key: bytes
    headers: Headers
    value: bytes
    future: "asyncio.Future[None]"


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


def publisher(address: str) -> Publisher:
    """What publishes to this address. Raises `BadAddressError`."""
    parts = urlsplit(address)
    if parts.scheme == "kafka" and parts.netloc and parts.path.strip("/"):
        return KafkaPublisher(parts.netloc, parts.path.strip("/"))
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
