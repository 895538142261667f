"""Recovery: after every rebalance the tables are brought up to the ends of their changelogs.

It replaces what Faust's does record by record through an agent's queue: here the changelogs are read straight
into the partition stores. Standby replicas are not offered; reading is fast enough to do without them.
"""

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import cast

import structlog
from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP
from mode import Service

from streams import metrics
from streams.exits import Exit, end_process
from streams.records import NotUnpacked, Record
from streams.transport.consumer import Consumer
from streams.transport.fetching import Fetched
from streams.transport.freed_memory import give_back_freed_memory
from streams.transport.host import Host
from streams.transport.stores import NotOwnedError
from streams.transport.tables import BytesTable

log = structlog.get_logger()

_PATIENCE = 10.0


class Recovery(FaustRecovery):
    """Reads changelogs, calls the tables' `on_recover`, seeks, and only then lets the batches flow."""

    app: Host

    #: How many rebalances had begun when the assignment came that is being recovered.
    _rebalances: int = 0

    @property
    def _consumer(self) -> "Consumer":
        return cast("Consumer", self.app.consumer)

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start.wait()):
                break
            self.signal_recovery_start.clear()
            try:
                await self._recover(self._generation_id)
            except (RebalanceAgain, IllegalStateError, NotOwnedError):
                log.info("recovery begins again: the group rebalances")
            except ServiceStopped:
                break
            except Exception as error:
                if self.app.should_stop:
                    log.info("recovery given up: the worker stops", error=repr(error))
                    break
                log.exception("recovery failed")
                end_process(Exit.RECOVERY_FAILED, "recovery failed", error=f"{type(error).__name__}: {error}")

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Faust's way of reading changelogs; ours reads in `_read_changelogs`."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Faust's log of its own progress; ours logs in `_read_changelogs`."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """An assignment came: recover it."""
        self._rebalances = self.app.rebalancing_count
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def _recover(self, generation: int) -> None:
        self._set_recovery_started()
        if self.tables:
            await self._wait(self.app.producer.flush())
            await self._wait(self._read_changelogs())
        await self._wait(self.on_recovery_completed(generation))

    async def _read_changelogs(self) -> None:
        started, consumer = monotonic(), self._consumer
        tps = frozenset(self.active_tps)
        ends = await consumer.highwaters(*tps)
        self._forget_what_was_made_anew(tps, await consumer.topic_ids({tp.topic for tp in tps}))
        starts = self._starts(await consumer.earliest_offsets(*tps), ends)
        pending = {tp for tp in tps if starts[tp] < ends[tp]}
        total = sum(ends[tp] - starts[tp] for tp in pending)
        epoch = await consumer.seek_changelogs({tp: starts[tp] for tp in pending})
        if pending:
            log.info("recovery begins", partitions=len(pending), records=total)
        left = {tp: ends[tp] - starts[tp] for tp in pending}
        metrics.RECOVERY_LEFT.set(total)
        read, progress = 0, monotonic()
        while pending:
            for tp, fetched in (await consumer.read_changelogs(epoch, frozenset(pending))).items():
                table = self._table(tp)
                records = _unpacked(tp, fetched)
                # The position, not the last record, says how far we are: what was compacted away is not
                # delivered.
                values = ((record.key or b"", record.value) for record in records)
                table.partition(tp.partition).write(values, fetched.next_offset)
                table.mark_changed(tp.partition)
                read, progress = read + len(records), monotonic()
                metrics.RECOVERED.inc(len(records))
                left[tp] = max(0, ends[tp] - fetched.next_offset)
                metrics.RECOVERY_LEFT.set(sum(left.values()))
                if fetched.next_offset >= ends[tp]:
                    pending.discard(tp)
            if monotonic() - progress > _PATIENCE:
                await self._say_what_holds_back(pending, ends)
                progress = monotonic()
        await consumer.pause_fetching(tps)
        seconds = monotonic() - started
        metrics.RECOVERY_SECONDS.observe(seconds)
        log.info("recovery ends", partitions=len(tps), records=read, seconds=round(seconds, 3))

    async def _say_what_holds_back(self, pending: Iterable[TP], ends: Mapping[TP, int]) -> None:
        """Nothing is skipped: a table without its last values would act upon what is not true any more."""
        stable = await self._consumer.stable_ends(*pending)
        for tp in pending:
            if stable[tp] < ends[tp]:
                log.warning(
                    "recovery waits: a transaction holds back a changelog until it ends; nobody but jardem's "
                    "workers should write to it",
                    changelog=tp.topic,
                    partition=tp.partition,
                    at=stable[tp],
                    changelog_end=ends[tp],
                )

    def _forget_what_was_made_anew(self, tps: Iterable[TP], ids: Mapping[str, str]) -> None:
        for tp in tps:
            store, topic_id = self._table(tp).partition(tp.partition), ids.get(tp.topic, "")
            if not topic_id or store.topic_id == topic_id:
                continue
            if store.topic_id:
                log.warning(
                    "a changelog was made anew; read anew", changelog=tp.topic, partition=tp.partition
                )
                store.clear()
            store.topic_id = topic_id

    def _starts(self, begins: Mapping[TP, int], ends: Mapping[TP, int]) -> dict[TP, int]:
        starts = {}
        for tp, begin in begins.items():
            store = self._table(tp).partition(tp.partition)
            if store.next_offset is not None and store.next_offset > ends[tp]:
                log.warning(
                    "store is ahead of its changelog, which is a new one; read anew",
                    changelog=tp.topic,
                    partition=tp.partition,
                    store=store.next_offset,
                    changelog_end=ends[tp],
                )
                store.clear()
            starts[tp] = max(begin, store.next_offset or 0)
            if starts[tp] == ends[tp] and store.next_offset is None:
                store.write((), ends[tp])
        return starts

    def _table(self, tp: TP) -> "BytesTable":
        return cast("BytesTable", self.tp_to_table[tp])

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Tell the tables, seek, and resume, in this order (mends M4 and M5).

        M4 (`faust/tables/recovery.py`, `on_recovery_completed`): Faust resumes the partitions and then seeks
        them to the committed offsets, so that records fetched in between are delivered from a wrong position.
        Here the partitions are held only after the seek.

        M5 (the same method): Faust waits for the `on_recover` callbacks with `asyncio.wait` and never asks
        them for their exceptions, so that a worker whose timers could not be rebuilt goes on without them.
        Here they are raised, and the process ends.
        """
        await self.app.on_rebalance_complete.send()
        await self._call_tables()
        if self.app.consumer_generation_id != generation_id:
            log.info("recovery begins again: the group rebalances")
            return
        consumer = self._consumer
        if consumer.assignment():
            await self._wait(consumer.perform_seek())
        if self.app.rebalancing_count != self._rebalances:
            # The partitions are being taken away again, and this is too late to have them held: nothing would
            # stop their batches any more.
            log.info("recovery begins again: the group rebalances")
            consumer.assigned = {}
            return
        # From here to the end nothing waits before the flow is resumed, so a revocation comes wholly after.
        self._set_recovery_ended()
        self.completed.set()
        self.app.flow_control.resume()
        consumer.resume_flow()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        self.app.on_rebalance_end()
        self.app.set_ready()
        await self.app._fetcher.maybe_start()  # noqa: SLF001 - where Faust keeps it

    async def _call_tables(self) -> None:
        for table in self.tables.values():
            await table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
        give_back_freed_memory()


def _unpacked(tp: TP, fetched: Fetched) -> Sequence[Record]:
    """The records of a changelog. What is missing of them ends the process: it may be the state of a case."""
    if fetched.moved is not None:
        begin, end = fetched.moved
        raise LookupError(
            f"{tp.topic}[{tp.partition}] was to be read from {begin}, and is there from {end} on"
        )
    for item in fetched.items:
        if isinstance(item, NotUnpacked):
            end_process(
                Exit.UNREADABLE_TABLE,
                "a changelog cannot be unpacked: add what it says is missing here, or restore the changelog",
                changelog=item.topic,
                partition=item.partition,
                offset=item.offset,
                reason=item.reason,
            )
    return [item for item in fetched.items if isinstance(item, Record)]


class TableManager(FaustTableManager):
    """Faust's table manager with our recovery."""

    @property
    def recovery(self) -> Recovery:
        """The recovery service; made when first asked for."""
        if self._recovery is None:
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast("Recovery", self._recovery)
