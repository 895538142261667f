"""aiokafka's own fetcher in the main loop, with a broker that answers as the test says."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

from streams.transport.fetching import Fetched
from streams.transport.source_reader import SourceReader
from tests.crafted import Raw, batch

A, B = TP("in", 0), TP("in", 1)
LONG_MS = 60_000


class Broker:
    """A record in each of two partitions, whichever offset below `ends` is asked for.

    It holds a request that finds nothing until `let_go`.
    """

    def __init__(self) -> None:
        self.ends: Counter[TP] = Counter()
        self.waits: list[int] = []
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 60_000
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: 0, broker_metadata=lambda _: None)

    async def send(self, node: int, request: Any) -> Any:
        del node
        assert isinstance(request, FetchRequest)
        self.waits.append(request._whole._max_wait_ms)
        asked = {TP(topic, n): at for topic, partitions in request.topics for n, at, _ in partitions}
        await asyncio.sleep(0)
        if not any(at < self.ends[tp] for tp, at in asked.items()):
            self.held.set()
            await self.let_go.wait()
        answers: list[Any] = [
            (tp.partition, 0, self.ends[tp], self.ends[tp], 0, [], -1, batch([Raw(b"k", b"v")], base=at))
            for tp, at in asked.items()
            if at < self.ends[tp]
        ]
        return SimpleNamespace(API_VERSION=11, error_code=0, session_id=1, topics=[("in", answers)])


class Reading:
    """A reader, and what it has delivered; of what is in `full` it may not deliver."""

    def __init__(self, broker: Broker) -> None:
        self.subscriptions = SubscriptionState()
        self.fetcher = Fetcher(
            broker, self.subscriptions, isolation_level="read_committed", fetch_max_wait_ms=LONG_MS
        )
        self.full: set[TP] = set()
        self.delivered: list[tuple[TP, int]] = []
        self.reader = SourceReader(
            dict, may_deliver=lambda tp: tp not in self.full, deliver=self._deliver, most=500
        )
        consumer = SimpleNamespace(
            _fetcher=self.fetcher,
            _request_timeout_ms=1000,
            assign=lambda tps: self.subscriptions.assign_from_user([TopicPartition(*tp) for tp in tps]),
            seek=self.fetcher.seek_to,
        )
        self.reader.attach(consumer)

    def _deliver(self, tp: TP, fetched: Fetched) -> None:
        self.delivered += [(TP(*tp), item.offset) for item in fetched.items]


Start = Callable[[Broker], Reading]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    started: list[Reading] = []

    def start(broker: Broker) -> Reading:
        started.append(Reading(broker))
        return started[-1]

    yield start
    for reading in started:
        with contextlib.suppress(KafkaError):
            await reading.fetcher.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - aiokafka's own task
            await asyncio.sleep(0.01)


async def test_what_comes_is_delivered_in_order_and_then_a_request_is_held_for_long(start: Start) -> None:
    broker = Broker()
    broker.ends.update({A: 3, B: 1})
    reading = start(broker)
    reading.reader.read({A: 0, B: 0})
    await asyncio.wait_for(broker.held.wait(), 5)
    assert sorted(reading.delivered) == [(A, 0), (A, 1), (A, 2), (B, 0)]
    assert broker.waits == [LONG_MS] * 4, "one request for what came together, and one that waits"


async def test_m9_a_request_that_leaves_a_partition_out_is_not_held_long(start: Start) -> None:
    broker = Broker()
    broker.ends.update({A: 2, B: 1})
    reading = start(broker)
    reading.full.add(A)
    reading.reader.read({A: 0, B: 0})
    await asyncio.wait_for(broker.held.wait(), 5)
    assert reading.delivered == [(B, 0)]
    assert broker.waits[-1] < 50
    reading.full.clear()
    reading.reader.go_on()
    await until(lambda: (A, 0) in reading.delivered)
    broker.let_go.set()
    await until(lambda: (A, 1) in reading.delivered)
    assert broker.waits[-1] == LONG_MS


async def test_m8_what_was_asked_for_in_another_assignment_is_not_delivered(start: Start) -> None:
    broker = Broker()
    reading = start(broker)
    reading.reader.read({A: 5})
    await asyncio.wait_for(broker.held.wait(), 5)
    reading.reader.read({A: 3})
    broker.ends[A] = 6
    broker.let_go.set()
    await until(lambda: len(reading.delivered) == 3)
    assert reading.delivered == [(A, 3), (A, 4), (A, 5)]


async def test_once_it_is_stopped_it_lets_nothing_be_read_unsaid() -> None:
    reader = SourceReader(dict, may_deliver=lambda _: True, deliver=lambda *_: None, most=1)
    reader.read({})
    with pytest.raises(ConsumerStoppedError):
        reader.read({A: 0})
