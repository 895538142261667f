"""aiokafka's own fetcher, with a broker that answers as the test says: what of it comes to the worker."""

import asyncio
import contextlib
import struct
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

from streams.records import NotUnpacked, Record
from streams.transport.fetching import LARGEST_TAKE, Fetched, Fetching
from streams.transport.unpacking import Unpacking
from tests.crafted import Raw, batch, compressed, numbered, sized, varint

IN = TP("in", 0)
OUT_OF_RANGE = 1


class Broker:
    """What stands in a log from `begin` on; it sends at most so many bytes, as brokers of long ago do."""

    def __init__(self, log: bytes = b"", begin: int = 0, end: int = 0, most: int = 200) -> None:
        self.most = most
        self.log, self.begin, self.end = log, begin, end
        self.asked: list[int] = []
        self.raises: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._metadata_max_age_ms = 60_000
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: 0, broker_metadata=lambda _: None)

    async def send(self, node: int, request: Any) -> Any:
        del node
        await asyncio.sleep(0.01)
        if self.raises:
            raise self.raises
        if not isinstance(request, FetchRequest):
            return SimpleNamespace(API_VERSION=1, topics=[("in", [(0, 0, -1, self.begin)])])
        ((_, ((_, offset, most),)),) = request.topics
        self.asked.append(most)
        there = self.begin <= offset <= self.end
        data = self.log[:most] if there and offset < self.end else b""
        error = 0 if there else OUT_OF_RANGE
        answer: tuple[Any, ...] = (0, error, self.end, self.end, self.begin, [], -1, data)
        return SimpleNamespace(API_VERSION=11, topics=[("in", [answer])])


Start = Callable[[Broker, int], Fetching]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    fetchers: list[Fetcher] = []

    def start(broker: Broker, offset: int) -> Fetching:
        subscriptions = SubscriptionState()
        subscriptions.assign_from_user([TopicPartition(*IN)])
        fetcher = Fetcher(
            broker,
            subscriptions,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=broker.most,
            prefetch_backoff=0.01,
        )
        fetchers.append(fetcher)
        fetching = Fetching(SimpleNamespace(_fetcher=fetcher, _request_timeout_ms=1000))
        subscriptions.seek(TopicPartition(*IN), offset)
        fetching.sought({IN: offset})
        return fetching

    yield start
    for fetcher in fetchers:
        # It ends as it was ended.
        with contextlib.suppress(KafkaError):
            await fetcher.close()


async def first(fetching: Fetching) -> Fetched:
    async with asyncio.timeout(5):
        while not (taken := fetching.take({IN}, 100)):  # noqa: ASYNC110 - aiokafka's own task
            await asyncio.sleep(0.01)
    return taken[IN]


def records(count: int) -> list[Raw]:
    return [Raw(b"k", b"%d" % number) for number in range(count)]


async def test_records_come_with_what_cannot_be_unpacked_among_them(start: Start) -> None:
    bad = bytearray(batch(records(2), base=1))
    bad[-1] ^= 1
    broker = Broker(batch(records(1)) + bytes(bad), end=3)
    fetched = await first(start(broker, 0))
    assert [(type(item), item.offset) for item in fetched.items] == [(Record, 0), (NotUnpacked, 1)]
    assert (fetched.next_offset, fetched.moved) == (3, None)


async def test_a_batch_larger_than_what_was_asked_for_is_asked_for_again_and_not_skipped(
    start: Start,
) -> None:
    broker = Broker(batch([Raw(b"k", b"v" * 1000)]), end=1)
    fetched = await first(start(broker, 0))
    assert [item.offset for item in fetched.items] == [0]
    assert broker.asked[:4] == [200, 400, 800, 1600]


async def test_a_batch_of_which_no_more_comes_is_not_waited_for(start: Start) -> None:
    broker = Broker(batch(records(1))[:-1], end=1)
    fetched = await first(start(broker, 0))
    assert [type(item) for item in fetched.items] == [NotUnpacked]
    assert fetched.next_offset == 1


@pytest.mark.parametrize(("wanted", "begin"), [(2, 7), (50, 7)])
async def test_where_the_broker_has_nothing_the_reading_is_moved_and_that_is_told_once(
    start: Start, wanted: int, begin: int
) -> None:
    broker = Broker(b"", begin=begin, end=9)
    fetching = start(broker, wanted)
    assert await first(fetching) == Fetched((), begin, (wanted, begin))
    await asyncio.sleep(0.1)
    assert fetching.take({IN}, 100) == {}


async def test_where_fetching_ends_of_an_error_that_is_told(start: Start) -> None:
    broker = Broker(end=1)
    fetching = start(broker, 0)
    ended = asyncio.get_running_loop().create_future()
    fetching.when_it_ends(ended.set_result)
    broker.raises = ZeroDivisionError()
    async with asyncio.timeout(5):
        assert "Unexpected error" in str(await ended)


@pytest.mark.parametrize("at", [1, 2])
async def test_want_of_memory_is_raised_and_loses_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    stock, made = Unpacking._record, []

    def short(self: Unpacking, *fields: Any) -> Record:
        made.append(fields)
        if len(made) == at:
            raise MemoryError
        return stock(self, *fields)

    monkeypatch.setattr(Unpacking, "_record", short)
    fetching = start(Broker(batch(records(3)), end=3), 0)
    with pytest.raises(MemoryError):
        await first(fetching)
    assert [item.offset for item in (await first(fetching)).items] == [0, 1, 2]


MANY = 12
LARGE = 62 << 20
HEADER = b"\x00\x01"


def with_headers(count: int) -> bytes:
    """A record with so many headers, each without name and value."""
    return sized(b"\x00\x00\x00" + sized(b"k") + sized(b"v") + varint(count) + HEADER * count)


BOMBS = {
    "value": numbered([Raw(b"k", bytes(LARGE))], [0]),
    "key": numbered([Raw(bytes(LARGE), b"v")], [0]),
    "headers": with_headers(LARGE // 2),
    "headers just within": with_headers(250_000) * 100,
    "values just within": numbered([Raw(b"k", bytes(7 << 20))] * 8, range(8)),
}


@pytest.fixture(scope="module", params=BOMBS)
def bombs(request: pytest.FixtureRequest) -> tuple[bytes, int]:
    """Batches that are small in the log, and as large as they may be unpacked; and the end behind them."""
    count = {"headers just within": 100, "values just within": 8}.get(request.param, 1)
    one = batch([Raw(None, None)] * count, "zstd", payload=compressed(BOMBS[request.param], "zstd"))
    # Where a batch stands is in no checksum.
    return b"".join(struct.pack(">q", n * count) + one[8:] for n in range(MANY)), MANY * count


async def taken(fetching: Fetching) -> Mapping[TP, Fetched]:
    return fetching.take({IN}, 500)


async def got(fetching: Fetching) -> Mapping[TP, Iterable[Any]]:
    """As `getmany` does it, without a bound on the number of records."""
    found: Mapping[TP, Iterable[Any]] = await fetching._fetcher.fetched_records((), 0.1, 500)
    return found


@pytest.mark.parametrize("turn", [taken, got])
async def test_a_fetch_that_unpacks_into_a_thousand_times_of_itself_comes_piece_by_piece(
    start: Start, bombs: tuple[bytes, int], turn: Any
) -> None:
    log, count = bombs
    fetching = start(Broker(log, end=count, most=len(log)), 0)
    async with asyncio.timeout(5):
        while not fetching.arrived():  # noqa: ASYNC110 - aiokafka's own task
            await asyncio.sleep(0.01)
    tracemalloc.start()
    try:
        offsets: list[int] = []
        for _ in range(2):
            (found,) = (await turn(fetching)).values()
            offsets += [item.offset for item in getattr(found, "items", found)]
        assert offsets == list(range(len(offsets)))
        # A batch as it is unpacked, twice while that is done, and what is handed over.
        assert tracemalloc.get_traced_memory()[1] < 2.5 * LARGE + LARGEST_TAKE
    finally:
        tracemalloc.stop()
