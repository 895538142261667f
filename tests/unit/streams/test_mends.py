"""Each mend, on Faust's class and on ours: the first half of each test shows the loss, the second the
mend.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.assignor.client_assignment import ClientAssignment, ClientMetadata
from faust.types import TP, AppT

from streams.app import StreamApp
from streams.exits import Exit
from streams.handlers import register_handler
from streams.records import Outgoing, Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.fetching import Fetched, Fetching

INBOX = TP("inbox", 0)


def at_work(app: StreamApp) -> list[Batch]:
    """Register a handler for the inbox that never ends; what it has begun with."""
    begun: list[Batch] = []

    async def work(batch: Batch) -> None:
        begun.append(batch)
        await asyncio.Event().wait()

    register_handler(app, "worker", ["inbox"], work)
    return begun


async def test_m1_no_emptied_set_is_read_as_all_partitions(stock: AppT, ours: StreamApp) -> None:
    consumer: Any = stock.consumer
    consumer._set_active_tps({INBOX})
    seen: list[Any] = []

    async def fetching(*args: Any) -> dict[TP, Any]:
        # Recovery does so while the thread waits; aiokafka reads the empty set as "all partitions".
        consumer.pause_partitions({INBOX})
        seen.extend(set(arg) for arg in args if isinstance(arg, set | frozenset))
        return {}

    consumer._thread.getmany = fetching
    await consumer._getmany(consumer._get_active_partitions(), 0.0)
    assert seen == [set()]

    begun, consumer = at_work(ours), ours.consumer
    consumer.assigned = {INBOX: AssignedPartition("inbox", 0, committed=10)}
    consumer._set_active_tps({INBOX})
    consumer.pause_partitions({INBOX})
    consumer._deliver(INBOX, fetched(10))
    await asyncio.sleep(0)
    assert [record.offset for record in begun[0]] == [10]


class Subscriptions:
    """aiokafka's, as far as a fetch looks at them."""

    reassignment_in_progress = False
    subscription = SimpleNamespace(
        assignment=SimpleNamespace(
            state_value=lambda _: SimpleNamespace(has_valid_position=True, position=0),
        )
    )

    @staticmethod
    def fetch_context() -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


def came(value: str) -> Record:
    return Record("inbox", 0, 0, None, None, value.encode())


class Arrived(FetchResult):  # type: ignore[misc] # aiokafka has no types
    """One record that a fetch has brought."""

    def __init__(self, record: str, taken: list[str]) -> None:
        self._partition_records = self._come(record, taken)

    def _come(self, record: str, taken: list[str]) -> Iterator[Record]:
        taken.append(record)
        yield came(record)

    def check_assignment(self, tp: TP) -> bool:
        return tp == INBOX

    def _update_position(self) -> None:
        """Nobody asks for it."""


class Fetcher:
    """aiokafka's fetcher, in which a record arrives when the test says so."""

    _closed = False
    _client = None
    _subscriptions = Subscriptions

    async def _proc_fetch_request(self, *_: Any) -> bool:
        raise NotImplementedError

    def __init__(self) -> None:
        self.there: dict[TP, list[str]] = {}
        self._records: dict[TP, Any] = {}
        self._wait_consume_future = None
        self.waiting = asyncio.Event()
        self.taken: list[str] = []
        self._waiter: asyncio.Future[None] | None = None

    def arrive(self, record: str) -> None:
        self.there[INBOX] = [record]
        self._records[INBOX] = Arrived(record, self.taken)
        assert self._waiter is not None
        self._waiter.set_result(None)

    def _notify(self, _: None) -> None:
        """Nobody waits to ask for more."""

    async def fetched_records(self, tps: Any, timeout: float = 0, max_records: int = 0) -> dict[TP, Any]:  # noqa: ARG002, ASYNC109
        if timeout and not self.there:
            await self._create_fetch_waiter()
        found, self.there = ({}, self.there) if tps and INBOX not in tps else (self.there, {})
        self.taken += [record for records in found.values() for record in records]
        return found

    def _create_fetch_waiter(self) -> asyncio.Future[None]:
        self._waiter = asyncio.get_running_loop().create_future()
        self.waiting.set()
        return self._waiter


class Driver:
    """aiokafka's consumer around that fetcher."""

    _closed = False
    _request_timeout_ms = 0

    def __init__(self) -> None:
        self._fetcher = Fetcher()

    def seek(self, tp: TP, offset: int) -> None:
        pass

    async def position(self, tp: TP) -> int:  # noqa: ARG002
        return 0


def drive(thread: Any) -> Driver:
    """Give the thread that consumer, in which nothing is new as long as nothing arrives."""
    thread._consumer = driver = Driver()
    thread._fetching = Fetching(driver)
    thread._fetching.sought({INBOX: 0})
    return driver


async def test_m1_an_empty_set_fetches_nothing(ours: StreamApp) -> None:
    thread = cast("Any", ours.consumer)._thread
    driver = drive(thread)
    driver._fetcher._records[INBOX] = Arrived("record", driver._fetcher.taken)
    assert await thread._fetch(0, frozenset(), 0.01, 500) == {}
    assert driver._fetcher.taken == []
    fetched = (await thread._fetch(0, frozenset({INBOX}), 0.01, 500))[INBOX]
    assert fetched.items == [came("record")]


async def test_m8_a_fetch_that_waits_through_a_seek_takes_nothing(stock: AppT, ours: StreamApp) -> None:
    """Whoever waits for it has been told of the revocation by then, and drops what it brings."""
    consumer: Any = stock.consumer
    consumer.flow_active = True
    driver = Driver()
    fetching = asyncio.create_task(consumer._thread._fetch_records(driver, {INBOX}, 5.0, 500))
    await driver._fetcher.waiting.wait()
    await consumer._thread._seek_wait(driver, {INBOX: 1})
    driver._fetcher.arrive("record")
    await fetching
    assert driver._fetcher.taken == ["record"]

    thread = cast("Any", ours.consumer)._thread
    driver = drive(thread)
    fetching = asyncio.create_task(thread._fetch(thread._epoch, frozenset({INBOX}), 5.0, 500))
    await driver._fetcher.waiting.wait()
    epoch = await thread._seek_all({INBOX: 1})
    driver._fetcher.arrive("record")
    assert await fetching == {}
    assert driver._fetcher.taken == []
    taken = await thread._fetch(epoch, frozenset({INBOX}), 0.1, 500)
    assert taken[INBOX].items == [came("record")]


async def test_m8_while_an_assignment_is_under_way_nothing_is_taken(
    ours: StreamApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = cast("Any", ours.consumer)._thread
    driver = drive(thread)
    driver._fetcher._records[INBOX] = Arrived("record", driver._fetcher.taken)
    monkeypatch.setattr(Subscriptions, "reassignment_in_progress", True)
    assert await thread._fetch(0, frozenset({INBOX}), 0.01, 500) == {}


async def test_m11_what_is_not_committed_is_not_read(stock: AppT, ours: StreamApp) -> None:
    async def level(app: Any) -> str:
        consumer = app.consumer._thread._create_worker_consumer(app.transport)
        await consumer.stop()
        return str(consumer._isolation_level)

    assert await level(stock) == "read_uncommitted"
    assert await level(ours) == "read_committed"


async def test_m2_no_offset_is_committed_over_a_hole(stock: AppT, ours: StreamApp) -> None:
    faust: Any = stock.consumer
    faust._committed_offset[INBOX] = 10
    faust._acked[INBOX] = [11]
    assert faust._new_offset(INBOX) == 12, "Faust commits over event 10, which is still in work"

    consumer: Any = ours.consumer
    assigned = AssignedPartition("inbox", 0, committed=10)
    consumer.assigned = {INBOX: assigned}
    delivered = at_work(ours)
    consumer._deliver(INBOX, fetched(10))
    consumer._deliver(INBOX, fetched(11))
    await asyncio.sleep(0)
    assert [record.offset for record in delivered[0]] == [10]
    assert len(delivered) == 1, "the next batch waits for this one"
    assert consumer.committable() == {}
    assigned.acknowledged = delivered[0].next_offset
    assert consumer.committable() == {INBOX: 11}


async def test_m2_a_hole_of_a_compacted_topic_stalls_nothing(ours: StreamApp) -> None:
    consumer: Any = ours.consumer
    assigned = AssignedPartition("inbox", 0, committed=10)
    consumer.assigned = {INBOX: assigned}
    batches = at_work(ours)
    consumer._deliver(INBOX, fetched(10, 17))
    await asyncio.sleep(0)
    assigned.acknowledged = batches[0].next_offset
    assert consumer.committable() == {INBOX: 18}


async def test_m3_acknowledged_offsets_live_until_the_revocation_is_done(
    stock: AppT, ours: StreamApp
) -> None:
    faust: Any = stock.consumer
    faust._acked[INBOX] = [10, 11]
    still_known: list[Any] = []

    async def on_revoked(_: set[TP]) -> None:
        still_known.append(list(faust._acked[INBOX]))

    faust._on_partitions_revoked = on_revoked
    await faust.on_partitions_revoked({INBOX})
    assert still_known == [[]], "Faust has forgotten them before it commits"

    consumer: Any = ours.consumer
    assigned = AssignedPartition("inbox", 0, committed=10, acknowledged=12)
    consumer.assigned = {INBOX: assigned}
    committable: list[Any] = []

    async def on_our_revoked(_: set[TP]) -> None:
        committable.append(consumer.committable())

    consumer._on_partitions_revoked = on_our_revoked
    await consumer.on_partitions_revoked({INBOX})
    assert committable == [{INBOX: 12}]
    assert not assigned.live
    assert consumer.assigned == {}


async def test_m3_a_slow_batch_is_abandoned_not_acknowledged(ours: StreamApp) -> None:
    consumer: Any = ours.consumer
    assigned = AssignedPartition("inbox", 0, committed=10)
    assigned.task = asyncio.create_task(asyncio.sleep(60))
    consumer.assigned = {INBOX: assigned}
    committed: list[Any] = []

    async def commit() -> None:
        committed.append(consumer.committable())

    consumer.commit = commit
    began = asyncio.get_running_loop().time()
    await consumer.wait_empty()
    assert asyncio.get_running_loop().time() - began < 5
    assert assigned.task.cancelled()
    assert committed == [{}]


async def test_m3_no_work_begins_once_a_partition_is_closing(ours: StreamApp) -> None:
    begun = at_work(ours)
    consumer: Any = ours.consumer

    async def commit() -> None:
        """There is no broker to commit to."""

    consumer.commit = commit
    consumer.assigned = {INBOX: AssignedPartition("inbox", 0, committed=None)}
    await consumer.wait_empty()
    consumer._deliver(INBOX, fetched(0))
    await asyncio.sleep(0)
    assert begun == [], "it came too late; the next owner reads it"


class Recorder:
    """Stands where the consumer stands and writes down the order of calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def assignment(self) -> set[TP]:
        return {INBOX}

    def resume_partitions(self, _: set[TP]) -> None:
        self.calls.append("resume")

    def resume_flow(self) -> None:
        self.calls.append("flow")

    async def perform_seek(self) -> None:
        self.calls.append("seek")


async def recover(app: Any, recorder: Recorder) -> None:
    app.consumer_generation_id = 1
    app._consumer = recorder
    app._assignment = {INBOX}
    app.on_rebalance_end = lambda: None

    async def started() -> None:
        recorder.calls.append("fetcher")

    app._fetcher.maybe_start = started
    await app.tables.recovery.on_recovery_completed(1)


async def with_recorder(app: Any) -> list[str]:
    real, recorder = app.consumer, Recorder()
    app._fetcher  # noqa: B018 - made while the consumer is real
    try:
        await recover(app, recorder)
    finally:
        app._consumer = real
    return recorder.calls


async def test_m4_partitions_are_sought_before_they_flow(stock: AppT, ours: StreamApp) -> None:
    assert (await with_recorder(stock))[:2] == ["resume", "seek"]
    assert (await with_recorder(ours)) == ["seek", "flow", "fetcher"]


async def test_m4_a_recovery_overtaken_by_a_rebalance_resumes_nothing(ours: StreamApp) -> None:
    app: Any = ours

    class Overtaken(Recorder):
        assigned = {INBOX: AssignedPartition("inbox", 0, committed=None)}  # noqa: RUF012

        async def perform_seek(self) -> None:
            await super().perform_seek()
            app.rebalancing_count += 1

    app.consumer  # noqa: B018 - made while nothing stands in its place
    real, recorder = app.consumer, Overtaken()
    app._fetcher  # noqa: B018
    try:
        await recover(app, recorder)
    finally:
        app._consumer = real
    assert recorder.calls == ["seek"]
    assert recorder.assigned == {}
    assert not app.ready.is_set()


async def test_m5_what_on_recover_raises_is_raised(stock: AppT, ours: StreamApp) -> None:
    async def on_recover() -> None:
        raise ZeroDivisionError

    for app in (stock, ours):
        table = app.Table("table", key_type=bytes, value_type=bytes)
        table.on_recover(on_recover)
    await with_recorder(stock)  # says nothing
    with pytest.raises(ZeroDivisionError):
        await with_recorder(ours)


async def test_m6_flush_waits_for_every_message(stock: AppT, ours: StreamApp) -> None:
    for app, waits in ((stock, False), (ours, True)):
        buffer: Any = app.producer.buffer
        buffer._started.set()
        message = asyncio.get_running_loop().create_future()
        buffer.put(message)
        flushing = asyncio.create_task(buffer.flush())
        await asyncio.wait({flushing}, timeout=0.5)
        assert flushing.done() is not waits
        message.set_result(None)
        await asyncio.wait_for(flushing, 1)


def test_m6_the_producer_is_idempotent(stock: AppT, ours: StreamApp) -> None:
    faust: Any = stock.producer
    assert not faust._settings_extra()
    producer: Any = ours.producer
    assert {**producer._settings_default(), **producer._settings_extra()}["acks"] == "all"
    assert producer._settings_extra()["enable_idempotence"] is True


class Refusing:
    """An aiokafka producer whose broker refuses every record."""

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(OSError("refused"))
        return future

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1000, 0)

    async def send_batch(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        return await self.send()


async def test_m7_a_lost_send_ends_the_process(
    stock: AppT, ours: StreamApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    faust: Any = stock.producer
    faust._producer = Refusing()
    future = await faust.send("effects", b"k", b"v", None, None, None)
    assert isinstance(future.exception(), OSError)
    await asyncio.sleep(0)
    assert codes == [], "Faust only logs it"

    producer: Any = ours.producer
    producer._producer = Refusing()
    for count in (1, 100):
        with pytest.raises(OSError, match="refused"):
            await producer.send_all([Outgoing("effects", b"k", b"v", partition=0)] * count)
        assert codes.pop() == Exit.LOST_SEND

    await producer.send("effects", b"k", b"v", None, None, None)
    await asyncio.sleep(0)
    assert codes == [Exit.LOST_SEND]


def record(offset: int) -> Record:
    return Record("inbox", 0, offset, None, b"key", b"value")


def fetched(*offsets: int) -> Fetched:
    return Fetched([record(offset) for offset in offsets], offsets[-1] + 1)


def member(actives: dict[str, list[int]]) -> ConsumerProtocolMemberMetadata:
    """What a member says that it had."""
    said = ClientMetadata(
        assignment=ClientAssignment(actives=actives, standbys={}),
        url=f"http://{sorted(actives.items())}",
        changelog_distribution={},
        external_topic_distribution={},
        topic_groups={},
    )
    return ConsumerProtocolMemberMetadata(4, ["remade", "same"], said.dumps())


def test_m13_fewer_partitions_than_before_end_no_worker(stock: AppT, ours: StreamApp) -> None:
    had = {"a": {"remade": [0, 3], "same": [0, 3]}, "b": {"remade": [1, 2], "same": [1, 2]}}
    members = {name: member(actives) for name, actives in had.items()}
    counts = {"remade": {0, 1}, "same": {0, 1, 2, 3}}
    cluster = SimpleNamespace(partitions_for_topic=counts.get)
    with pytest.raises(AssertionError):
        cast("Any", stock.assignor).assign(cluster, members)
    found = cast("Any", ours.assignor).assign(cluster, members)
    assigned = {name: dict(each.assignment) for name, each in found.items()}
    assert {name: sorted(each["same"]) for name, each in assigned.items()} == {"a": [0, 3], "b": [1, 2]}
    assert sorted(assigned["a"]["remade"] + assigned["b"]["remade"]) == [0, 1]


async def test_an_offset_of_a_partition_that_is_no_more_holds_up_no_commit(
    ours: StreamApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, committed = cast("Any", ours.consumer)._thread, []

    async def commit(offsets: Any) -> None:
        committed.append(dict(offsets))

    driver = SimpleNamespace(partitions_for_topic={"in": {0}}.get, commit=commit)
    monkeypatch.setattr(thread, "_ensure_consumer", lambda: driver)
    offsets = {TP("in", 0): (5, "id"), TP("in", 1): (6, "id"), TP("gone", 0): (7, "")}
    assert await thread._commit_offsets(offsets)
    assert committed == [{("in", 0): (5, "id")}]
