"""The consumer: delivers batches, and acknowledges what the broker has whole (mends M1, M2, M3)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, cast

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.types import ServiceT

from streams import metrics
from streams.records import NotUnpacked, Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.beginnings import Beginning, beginning, moved
from streams.transport.consumer_thread import ConsumerThread, Levels
from streams.transport.fetching import Fetched
from streams.transport.host import Host

log = structlog.get_logger()


class Consumer(driver.Consumer):
    """A consumer that delivers batches, one a partition at a time, with its own account of offsets.

    Faust's account of single offsets, gaps and reference counts is not used: the `acknowledged` offset of an
    assigned partition is that of the last batch handled whole, plus one, and holes in compacted topics do not
    matter.
    """

    app: Host
    _thread: ConsumerThread
    assigned: dict[TP, AssignedPartition]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.assigned = {}
        self._epoch = 0
        self._counts_and_ids: dict[str, tuple[int, str]] = {}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- delivery

    async def _getmany(  # type: ignore[override] # a partition's fetch in the place of a list of records
        self,
        active_partitions: Iterable[TP] | None,
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, Fetched]:
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
                free = frozenset(tp for tp, assigned in self.assigned.items() if not assigned.busy)
                for tp, fetched in (await self._getmany(free, 1.0)).items():
                    if epoch == self._epoch:
                        await self._deliver(tp, fetched)
        except stopped:
            if not self.app.should_stop:
                raise

    async def _deliver(self, tp: TP, fetched: Fetched) -> None:
        """Hand one batch to the agent of its topic, through Faust's conductor.

        Records that arrive while the flow is stopped are dropped here: every assignment seeks to what is
        committed, and what is fetched after the seek is delivered in it.
        """
        assigned = self.assigned.get(tp)
        if assigned is None or assigned.busy or not self.flow_active:
            return
        if fetched.moved is not None:
            self._tell(tp, moved(*fetched.moved))
            assigned.acknowledged = fetched.moved[1]
        if not fetched.items:
            # What aborted transactions wrote, and the marks of all, take offsets too.
            assigned.acknowledged = fetched.next_offset
            return
        assigned.busy = True
        records = [item for item in fetched.items if isinstance(item, Record)]
        not_unpacked = [item for item in fetched.items if isinstance(item, NotUnpacked)]
        batch = Batch(records, assigned, fetched.next_offset, not_unpacked)
        await self.wait_first(self.callback(self._to_batch_message(tp, batch)), self.suspend_flow.wait())

    def _to_batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        return ConsumerMessage(
            batch.topic,
            batch.partition,
            batch.next_offset - 1,
            0.0,
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

    def release(self, assigned: AssignedPartition) -> None:
        """The batch in flight is done with; the partition may be read again."""
        assigned.busy = False
        if assigned.live:
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
            tp: assigned.acknowledged
            for tp, assigned in self.assigned.items()
            if assigned.acknowledged is not None and assigned.acknowledged != assigned.committed
        }

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Commit what is acknowledged, after every send so far is (see M6)."""
        assigned = dict(self.assigned)
        offsets = self.committable()
        if not offsets:
            return False
        await self.app.producer.flush()
        commits = {tp: (offset, assigned[tp].topic_id) for tp, offset in offsets.items()}
        if not await self._thread.commit_offsets(commits):
            return False
        for tp, offset in offsets.items():
            assigned[tp].committed = offset
        return True

    async def wait_empty(self) -> None:
        """Wait for the batches in flight, cancel those that take too long, and commit."""
        for assigned in self.assigned.values():
            # What an agent has not begun yet must not begin any more: the partition may be another's by then.
            assigned.closing = True
        tasks = [assigned.task for assigned in self.assigned.values() if assigned.task is not None]
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
        for assigned in self.assigned.values():
            assigned.live = False
        self.assigned.clear()
        # A fetch that goes on waiting would keep the thread from what a recovery asks of it.
        self._thread.wake()
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)

    async def perform_seek(self) -> None:
        """Seek the source partitions to where they are to be read from, and hold them from there."""
        tps = [tp for tp in self.assignment() if tp.topic in self.app.source_topics]
        committed = await self._thread.committed(tps)
        ids = await self._thread.topic_ids(self.app.source_topics)
        begins = await self.earliest_offsets(*tps) if tps else {}
        begun = {tp: beginning(committed[tp], begins[tp], ids.get(tp.topic, "")) for tp in tps}
        # Those never committed too: what an earlier epoch has fetched of them is to be read again.
        epoch = await self._thread.seek_all({tp: start.offset for tp, start in begun.items()})
        self.assigned = {}
        for tp, start in begun.items():
            self._tell(tp, start)
            assigned = AssignedPartition(tp.topic, tp.partition, None, topic_id=ids.get(tp.topic, ""))
            known = committed[tp]
            if known is not None and (known.offset, known.topic_id) == (start.offset, assigned.topic_id):
                assigned.committed = start.offset
            else:
                # Committed at once, so that what is deleted, or made anew, from now on is known as that.
                assigned.acknowledged = start.offset
            self.assigned[tp] = assigned
        self._tell_of_topics(ids)
        self._epoch = epoch
        self._thread.wake()

    def _tell(self, tp: TP, start: Beginning) -> None:
        """Say in the log that a partition is not read on from where it was, and count what is gone."""
        if start.why is None:
            return
        place = {"topic": tp.topic, "partition": tp.partition, "offset": start.offset}
        log.warning(start.why, **place, records=start.deleted)
        if start.why.certain:
            metrics.DELETED_UNREAD.labels(tp.topic).inc(start.deleted)

    def _tell_of_topics(self, ids: Mapping[str, str]) -> None:
        """Say in the log which topics are not what they were at the assignment before."""
        for topic in sorted(self.app.source_topics):
            count, topic_id = self.partitions_of(topic), ids.get(topic, "")
            before, id_before = self._counts_and_ids.get(topic, (count, topic_id))
            if count == 0:
                log.warning("a topic is gone; `jardem topics apply` makes it anew", topic=topic)
            elif topic_id != id_before and topic_id and id_before:
                log.warning("a topic was made anew", topic=topic, partitions=count)
            elif count != before:
                log.info("a topic has other partitions than before", topic=topic, before=before, now=count)
            # The one answer may know already what the other does not.
            self._counts_and_ids[topic] = count, (topic_id if count else "") or id_before

    async def stable_ends(self, *tps: TP) -> dict[TP, int]:
        """Up to where the logs can be read now: no further than the first transaction that is under way."""
        return await self._thread.stable_ends(tps)

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The ids of those of the topics that there are, where the broker tells them."""
        return await self._thread.topic_ids(topics)

    async def levels(self, tps: Iterable[TP], topics: Iterable[str]) -> Levels:
        """How far the logs of partitions go, and the ids of topics. Raises `KafkaError`."""
        return await self._thread.levels(tps, topics)

    async def rejoin(self) -> None:
        """Have the group assign its partitions anew, and every worker see again where to begin."""
        await self._thread.rejoin()

    def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has, as the broker told last; 0 where it has not."""
        inner = self._thread._consumer  # noqa: SLF001 - its view of the cluster is replaced, never changed
        return len(inner.partitions_for_topic(topic) or ()) if inner else 0

    def backlog(self, topic: str) -> int:
        """How many records of a topic are not handled here, by the ends that came with what was read last."""
        inner = self._thread._consumer  # noqa: SLF001 - it is only asked what it has heard
        if inner is None:
            return 0
        held = {tp: each for tp, each in self.assigned.items() if tp.topic == topic}
        try:
            ends = {tp: inner.highwater(tp) for tp in held}
        except (AssertionError, AttributeError):
            # The group is being rebalanced at this moment.
            return 0
        return sum(max(0, end - held[tp].handled) for tp, end in ends.items() if end is not None)

    # -- changelogs, for recovery

    async def seek_changelogs(self, offsets: Mapping[TP, int]) -> int:
        """Seek changelog partitions; the epoch in which they can be read until the next seek."""
        return await self._thread.seek_all(offsets)

    async def read_changelogs(self, epoch: int, tps: frozenset[TP]) -> Mapping[TP, Fetched]:
        """Records of changelog partitions, at most a large poll's worth; none once the epoch is over."""
        return await self._thread.fetch(epoch, tps, 0.2, 10_000)

    async def pause_fetching(self, tps: Iterable[TP]) -> None:
        """Do not read ahead in these partitions."""
        await self._thread.pause_fetching(tps)
