"""The consumer: delivers batches, and acknowledges what the broker has whole (mends M1, M2, M3)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.types import ServiceT

from streams import metrics
from streams.records import NotUnpacked, Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.beginnings import Beginning, beginning, moved
from streams.transport.consumer_thread import ConsumerThread, Levels
from streams.transport.fetching import LARGEST_TAKE, Fetched
from streams.transport.host import Host
from streams.transport.source_reader import SourceReader
from streams.transport.unpacking import Item

log = structlog.get_logger()

_SECONDS_BETWEEN_POLLS = 1.0


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
        self._reader = SourceReader(
            self._reader_settings,
            may_deliver=self._has_room,
            deliver=self._deliver,
            most=self.app.tuning.max_poll_records,
        )
        self._counts_and_ids: dict[str, tuple[int, str]] = {}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- delivery

    async def on_start(self) -> None:
        """Start the reader of the sources too."""
        await super().on_start()
        await self._reader.start()

    async def on_stop(self) -> None:
        """Stop it last: what is in flight is finished before."""
        await super().on_stop()
        await self._reader.stop()

    def _reader_settings(self) -> dict[str, Any]:
        conf = self.app.conf
        return {
            "client_id": conf.broker_client_id,
            "bootstrap_servers": driver.server_list(conf.broker, 9092),
            "auto_offset_reset": conf.consumer_auto_offset_reset,
            "fetch_max_wait_ms": int(self.app.tuning.fetch_wait * 1000),
            "max_partition_fetch_bytes": conf.consumer_max_fetch_size,
            "request_timeout_ms": int(conf.broker_request_timeout * 1000),
            "check_crcs": conf.broker_check_crcs,
            "metadata_max_age_ms": conf.consumer_metadata_max_age_ms,
            "connections_max_idle_ms": conf.consumer_connections_max_idle_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        }

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Only say that we are alive: what the reader brings goes to the agents by itself.

        M1: `faust/transport/consumer.py` passes the live set of active partitions to the consumer thread;
        recovery empties it while the thread waits; aiokafka reads the empty set as "all partitions" and moves
        their positions on; the records are then dropped as inactive, and are never delivered.
        (faust-streaming #596 looks like one of its symptoms.) Here no set is passed to anybody: each
        partition held has what was fetched of it in this assignment.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                self._thread.polled()
                await self.sleep(_SECONDS_BETWEEN_POLLS)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    def _has_room(self, tp: TP) -> bool:
        """Whether more of a partition may be delivered. Of those that are not held, it is dropped."""
        assigned = self.assigned.get(tp)
        if assigned is None:
            return True
        few = assigned.items_waiting < self.app.tuning.max_poll_records
        return few and assigned.bytes_waiting < self.app.conf.consumer_max_fetch_size

    def _deliver(self, tp: TP, fetched: Fetched) -> None:
        """Take what was fetched of a partition, and begin with it unless a batch is in flight."""
        assigned = self.assigned.get(tp)
        if assigned is None:
            return
        assigned.wait(fetched)
        self._begin(tp, assigned)

    def resume_flow(self) -> None:
        """Begin with what was fetched while the flow was stopped."""
        super().resume_flow()
        for tp, assigned in self.assigned.items():
            self._begin(tp, assigned)

    def _begin(self, tp: TP, assigned: AssignedPartition) -> None:
        """Start the agent's work on what waits, if it may begin."""
        if assigned.busy or assigned.closing or not self.flow_active:
            return
        full = not self._has_room(tp)
        batch = self._next_batch(tp, assigned)
        if batch is not None:
            assigned.busy = True
            work = self.app.handlers[tp.topic]
            assigned.task = asyncio.create_task(work(batch), name=batch.at)
        if full and self._has_room(tp):
            self._reader.go_on()

    def _next_batch(self, tp: TP, assigned: AssignedPartition) -> Batch | None:
        """All that waits, at most so much as a batch may have; None where there is nothing."""
        items: list[Item] = []
        end, weight, most = None, 0, self.app.tuning.max_poll_records
        while waiting := assigned.waiting:
            fetched = waiting[0]
            weight += fetched.weight
            if items and (len(items) + len(fetched.items) > most or weight > LARGEST_TAKE):
                break
            if fetched.moved is not None:
                if items:
                    break
                self._tell(tp, moved(*fetched.moved))
                assigned.move_to(fetched.moved[1])
            assigned.take()
            items += fetched.items
            end = fetched.next_offset
            if not items:
                # What aborted transactions wrote, and the marks of all, take offsets too.
                assigned.acknowledged = end
        if not items:
            return None
        records = [item for item in items if isinstance(item, Record)]
        not_unpacked = [item for item in items if isinstance(item, NotUnpacked)]
        return Batch(records, assigned, end, not_unpacked)

    def release(self, assigned: AssignedPartition) -> None:
        """The batch in flight is done with; the next one may begin."""
        assigned.busy = False
        if assigned.live:
            self._begin(TP(assigned.topic, assigned.partition), assigned)

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
            assigned[tp].note_commit(offset)
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
        self._reader.read({})
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
        # Nothing waits from here on, so that all that is delivered was fetched in this assignment.
        self._reader.read({tp: start.offset for tp, start in begun.items()})
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
