"""The consumer: delivers batches, and acknowledges what the broker has whole (mends M1, M2, M3)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.types import ServiceT

from streams.batches import Batch, Holding
from streams.membership import end_when_expelled, leave_when_stopping
from streams.records import Record

if TYPE_CHECKING:
    from streams.app import StreamApp

log = structlog.get_logger()

Records = Mapping[TP, list[ConsumerRecord]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_record(raw: ConsumerRecord) -> Record:
    """What aiokafka read, as our value."""
    return Record(
        raw.topic,
        raw.partition,
        raw.offset,
        _EPOCH + timedelta(milliseconds=raw.timestamp),
        raw.key,
        raw.value,
        tuple((name, value or b"") for name, value in raw.headers),
    )


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka's consumer lives: heartbeats go on whatever the main thread does."""

    app: "StreamApp"
    _wake: asyncio.Event | None = None
    _epoch: int = 0

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        """M9: hold no request for records long.

        aiokafka has one under way for each broker. Faust lets the broker hold it for a second and a half
        while the partitions it names are quiet, and the busy ones, taken up meanwhile, wait for it to end.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = int(self.app.tuning.fetch_wait * 1000)  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Start aiokafka's consumer, and learn of every heartbeat (see `streams.lease`)."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        self.app.lease.watch(coordinator)
        end_when_expelled(coordinator)

    async def on_thread_stop(self) -> None:
        """Stop aiokafka's consumer, and leave the group."""
        if self._consumer is not None and self._consumer._coordinator is not None:  # noqa: SLF001
            leave_when_stopping(self._consumer._coordinator)  # noqa: SLF001
        await super().on_thread_stop()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A new assignment is a new lease, and the end of the epoch before."""
        self._epoch += 1
        self.app.lease.take()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_all(self, offsets: Mapping[TP, int]) -> int:
        """Seek, and from then on let only fetches that bear the epoch returned move the positions.

        M8: a fetch that waits knows nothing of a rebalance. Where one is over before the wait is (in some
        milliseconds, on a quiet machine), the fetch takes records after the seek to what is committed; they
        are dropped, because they were asked for in another assignment, and nobody reads them again.
        """
        return cast("int", await self.call_thread(self._seek_all, offsets))

    async def _seek_all(self, offsets: Mapping[TP, int]) -> int:
        # No fetch can come between, because nothing waits until all are sought.
        self._epoch += 1
        epoch = self._epoch
        await self._seek_wait(self._ensure_consumer(), offsets)
        return epoch

    async def fetch(self, epoch: int, tps: frozenset[TP], timeout: float, most: int) -> Records:  # noqa: ASYNC109
        """At most so many records of these partitions; nothing once their epoch is over.

        Waits for the first at most `timeout` seconds, or until `wake`.
        """
        return cast("Records", await self.call_thread(self._fetch, epoch, tps, timeout, most))

    async def _fetch(self, epoch: int, tps: frozenset[TP], timeout: float, most: int) -> Records:  # noqa: ASYNC109
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher  # noqa: SLF001 - what Faust itself uses
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        if self._wake is None:
            self._wake = asyncio.Event()
        # Being in this context is what counts as polling; without it the group would drop us as idle.
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            records = await self._take(fetcher, epoch, tps, most)
            if records:
                return records
            arrived = fetcher._create_fetch_waiter()  # noqa: SLF001
            woken = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait({arrived, woken}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            self._wake.clear()
            if not arrived.done():
                arrived.cancel()
            return await self._take(fetcher, epoch, tps, most)

    async def _take(self, fetcher: Fetcher, epoch: int, tps: frozenset[TP], most: int) -> Records:
        """What is there of these partitions. It never waits, so that the epoch is over before it or after.

        Faust hands an empty set on to aiokafka, which reads it as "all partitions"; here it fetches nothing.
        While an assignment is under way aiokafka would wait for it, and then give what is another epoch's.
        """
        under_way = fetcher._subscriptions.reassignment_in_progress  # noqa: SLF001
        if epoch != self._epoch or under_way or not tps:
            return {}
        return cast("Records", await fetcher.fetched_records(tps, 0, most))

    def wake(self) -> None:
        """End a wait in `fetch`: another partition is free, or another epoch has begun."""
        if self._wake is not None:
            self.thread_loop.call_soon_threadsafe(self._wake.set)

    async def pause_fetching(self, tps: Iterable[TP]) -> None:
        """Tell aiokafka not to read ahead in these partitions."""
        await self.call_thread(self._pause, tps)

    async def _pause(self, tps: Iterable[TP]) -> None:
        consumer = self._ensure_consumer()
        consumer.pause(*(consumer.assignment() & {driver.ensure_aiokafka_TP(tp) for tp in tps}))

    async def committed(self, tps: Iterable[TP]) -> dict[TP, int | None]:
        """The committed offsets, asked of the broker in one request."""
        return cast("dict[TP, int | None]", await self.call_thread(self._committed, list(tps)))

    async def _committed(self, tps: list[TP]) -> dict[TP, int | None]:
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        wanted = {driver.ensure_aiokafka_TP(tp): tp for tp in tps}
        found = await coordinator.fetch_committed_offsets(list(wanted))
        return {tp: found[raw].offset if raw in found else None for raw, tp in wanted.items()}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; False if the group has moved on meanwhile, in which case the records are read again."""
        try:
            await self._ensure_consumer().commit(
                {driver.ensure_aiokafka_TP(tp): offset for tp, offset in offsets.items()}
            )
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit refused, records will be read again", reason=str(error))
            return False
        return True


class Consumer(driver.Consumer):
    """A consumer that delivers batches, one a partition at a time, with its own account of offsets.

    Faust's account of single offsets, gaps and reference counts is not used: a holding's `acknowledged`
    offset is that of the last batch handled whole, plus one, and holes in compacted topics do not matter.
    """

    app: "StreamApp"
    _thread: ConsumerThread
    holdings: dict[TP, Holding]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.holdings = {}
        self._epoch = 0

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- delivery

    async def _getmany(self, active_partitions: Iterable[TP] | None, timeout: float) -> Records:  # noqa: ASYNC109
        """M1: hand over a copy of the active partitions.

        `faust/transport/consumer.py` passes the live set to the consumer thread; recovery empties it while
        the thread waits; aiokafka reads the empty set as "all partitions" and moves their positions on; the
        records are then dropped as inactive, and are never delivered. (faust-streaming #596 looks like one of
        its symptoms.)
        """
        most = self.app.tuning.max_poll_records
        return await self._thread.fetch(self._epoch, frozenset(active_partitions or ()), timeout, most)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Deliver what each poll brings, one message for each partition."""
        stopped: tuple[type[BaseException], ...] = (asyncio.CancelledError, *self.consumer_stopped_errors)
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait_first(self.can_resume_flow.wait(), timeout=1.0)
                    continue
                epoch = self._epoch
                free = frozenset(tp for tp, holding in self.holdings.items() if not holding.busy)
                for tp, raw in (await self._getmany(free, 1.0)).items():
                    if epoch == self._epoch:
                        await self._deliver(tp, raw)
        except stopped:
            if not self.app.should_stop:
                raise

    async def _deliver(self, tp: TP, raw: Sequence[ConsumerRecord]) -> None:
        """Hand one batch to the agent of its topic, through Faust's conductor.

        Records that arrive while the flow is stopped are dropped here: every assignment seeks to what is
        committed, and what is fetched after the seek is delivered in it.
        """
        holding = self.holdings.get(tp)
        if holding is None or holding.busy or not self.flow_active:
            return
        holding.busy = True
        batch = Batch([to_record(record) for record in raw], holding)
        await self.wait_first(self.callback(self._to_batch_message(tp, batch)), self.suspend_flow.wait())

    def _to_batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        last = batch[-1]
        return ConsumerMessage(
            last.topic,
            last.partition,
            last.offset,
            last.timestamp.timestamp(),
            0,
            [],
            None,
            cast("bytes", batch),  # whatever the agent understands
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def release(self, holding: Holding) -> None:
        """The batch in flight is done with; the partition may be read again."""
        holding.busy = False
        if holding.live:
            self._thread.wake()

    def ack(self, message: Any) -> bool:  # noqa: ANN401 - Faust's own signature
        """Faust's acknowledgement of an event: only that an agent has taken the batch. It moves nothing."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    # -- offsets

    def committable(self) -> dict[TP, int]:
        """M2: the offsets to commit: each the end of a row of batches handled whole and without a hole.

        `faust/transport/consumer.py`, `_new_offset`, compares with `> 1`, and so commits over a hole of one
        event that is still in work (faust-streaming #606). Here a partition has one batch in flight at a
        time, and its offset moves only when that batch is acknowledged; there is no set of single offsets
        that could have a hole, and offsets that a compacted topic no longer has are never missed.
        """
        return {
            tp: holding.acknowledged
            for tp, holding in self.holdings.items()
            if holding.acknowledged is not None and holding.acknowledged != holding.committed
        }

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Commit what is acknowledged, after every send so far is (see M6)."""
        holdings = dict(self.holdings)
        offsets = self.committable()
        if not offsets:
            return False
        await self.app.producer.flush()
        if not await self._thread.commit(offsets):
            return False
        for tp, offset in offsets.items():
            holdings[tp].committed = offset
        return True

    async def wait_empty(self) -> None:
        """Wait for the batches in flight, cancel those that take too long, and commit."""
        for holding in self.holdings.values():
            # What an agent has not begun yet must not begin any more: the partition may be another's by then.
            holding.closing = True
        tasks = [holding.task for holding in self.holdings.values() if holding.task is not None]
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=self.app.tuning.revoke_wait)
            for task in slow:
                task.cancel()
            if slow:
                await asyncio.wait(slow)
        # Also where nothing is to be committed: a repair may be under way, and the stores are closed next.
        await self.app.producer.flush()
        await self.commit()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """M3: stop, wait for what is in flight, flush, commit, and only then forget.

        `faust/transport/consumer.py`, `on_partitions_revoked`, forgets the acknowledged offsets first and
        then waits for the events in flight and commits: everything since the last commit is replayed by the
        next owner.
        """
        await self._on_partitions_revoked(revoked)
        if self.app.should_stop:
            # Faust leaves that to the stop, which may be late for it.
            await self.wait_empty()
        for holding in self.holdings.values():
            holding.live = False
        self.holdings.clear()
        # A fetch that goes on waiting would keep the thread from what a recovery asks of it.
        self._thread.wake()
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)

    async def perform_seek(self) -> None:
        """Seek the source partitions to what is committed, and hold them from there."""
        tps = [tp for tp in self.assignment() if tp.topic in self.app.source_topics]
        committed = await self._thread.committed(tps)
        new = [tp for tp in tps if committed[tp] is None]
        begins = await self.earliest_offsets(*new) if new else {}
        # Those never committed too: what an earlier epoch has fetched of them is to be read again.
        starts = {tp: begins[tp] if offset is None else offset for tp, offset in committed.items()}
        epoch = await self._thread.seek_all(starts)
        ends = await self.highwaters(*tps) if tps else {}
        self.holdings = {tp: Holding(tp.topic, tp.partition, ends[tp], committed[tp]) for tp in tps}
        self._epoch = epoch
        self._thread.wake()

    # -- changelogs, for recovery

    async def seek_changelogs(self, offsets: Mapping[TP, int]) -> int:
        """Seek changelog partitions; the epoch in which they can be read until the next seek."""
        return await self._thread.seek_all(offsets)

    async def read_changelogs(self, epoch: int, tps: frozenset[TP]) -> Records:
        """Records of changelog partitions, at most a large poll's worth; none once the epoch is over."""
        return await self._thread.fetch(epoch, tps, 0.2, 10_000)

    async def pause_fetching(self, tps: Iterable[TP]) -> None:
        """Do not read ahead in these partitions."""
        await self._thread.pause_fetching(tps)
