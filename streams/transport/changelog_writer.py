"""Writes tables to their changelogs, and repairs what another worker wrote there.

The lease (`streams.transport.lease`) keeps a worker that has lost its partitions from sending. What was under
way when its machine stood still can arrive all the same, after the new owner has taken over; and every later
recovery would believe it, because it stands last. The owner notices, since offsets of its own writes follow
each other without a hole, or because the changelog ends further on than it has written
(`streams.transport.changelog_watch`): it reads what stands there, and writes its own values of those keys
again.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.exits import Exit, end_process
from streams.records import NotUnpacked, Outgoing
from streams.transport.fetching import Fetching
from streams.transport.lease import Lease
from streams.transport.stores import PartitionStore
from streams.transport.submission import Submission
from streams.transport.tables import BytesTable

log = structlog.get_logger()


class UnreadableChangelogError(Exception):
    """A changelog of which something cannot be unpacked; the message says where."""


class ChangelogWriter:
    """The one writer of the changelogs that this worker owns.

    `access` says how a reader gets to the brokers.
    """

    def __init__(self, submission: Submission, lease: Lease, access: Callable[[], Mapping[str, Any]]) -> None:
        self._submission = submission
        self._lease = lease
        self._access = access
        self._turns: dict[TopicPartition, asyncio.Lock] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._repairs: dict[TopicPartition, asyncio.Task[None]] = {}
        self._holes: dict[TopicPartition, list[range]] = {}

    async def send_table(
        self,
        table: BytesTable,
        partition: int,
        values: Mapping[bytes, bytes | None],
        outgoing: Iterable[Outgoing],
    ) -> None:
        """Send a table's values and some records, wait until the broker has it all, then write the store.

        A value that is None deletes its key.

        Calls for one partition may overlap; their values reach the changelog and the store in the order of
        the calls. A call that is cancelled is finished all the same, because its values may be in the
        changelog.
        """
        sends = await self._submission.submit(outgoing)
        changelog = TopicPartition(table.changelog_topic_name, partition)
        while (repair := self._repairs.get(changelog)) is not None:
            await asyncio.shield(repair)
        # From here to the lock nothing waits, so that the order in the changelog is the order at the lock.
        writes = self._submission.submit_to(changelog, [(key, value, []) for key, value in values.items()])
        finishing = asyncio.create_task(
            self._finish(table.partition(partition), changelog, values, writes, sends)
        )
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        await asyncio.shield(finishing)

    async def _finish(
        self,
        store: PartitionStore,
        changelog: TopicPartition,
        values: Mapping[bytes, bytes | None],
        writes: Sequence["asyncio.Task[range]"],
        sends: Sequence["asyncio.Task[range]"],
    ) -> None:
        async with self._turns.setdefault(changelog, asyncio.Lock()):
            await asyncio.gather(*writes, *sends)
            if writes:
                self._write_store(store, changelog, values, [write.result() for write in writes])

    async def flush(self) -> None:
        """Wait until the stores have everything that was sent so far, and repairs are done.

        Only what was sent so far: under load something is always under way, and a commit waits for this.
        """
        if self._finishing:
            await asyncio.wait(set(self._finishing))
        if self._repairs:
            await asyncio.wait(set(self._repairs.values()))

    def settled(self, table: BytesTable, partition: int) -> int | None:
        """Where the changelog ends if nobody but us has written to it; None while something is written."""
        changelog = TopicPartition(table.changelog_topic_name, partition)
        turn = self._turns.get(changelog)
        if changelog in self._repairs or (turn is not None and turn.locked()):
            return None
        return table.partition(partition).next_offset

    def repair_from(self, table: BytesTable, partition: int, end: int) -> None:
        """Write our values again of what another has written to the changelog, which ends at `end`."""
        changelog = TopicPartition(table.changelog_topic_name, partition)
        self._write_store(table.partition(partition), changelog, {}, [range(end, end)])

    def _write_store(
        self,
        store: PartitionStore,
        changelog: TopicPartition,
        values: Mapping[bytes, bytes | None],
        written: Sequence[range],
    ) -> None:
        """Write the store as far as the changelog. A hole between our writes is another's: it is repaired."""
        expected = store.next_offset or 0
        end = max(offsets.stop for offsets in written)
        store.write(values.items(), end)
        if sum(map(len, written)) != end - expected:
            self._holes.setdefault(changelog, []).append(range(expected, end))
            if changelog not in self._repairs:
                self._repairs[changelog] = asyncio.create_task(self._repair(store, changelog))

    async def _repair(self, store: PartitionStore, changelog: TopicPartition) -> None:
        """Write our values again of the keys that another worker has written.

        New calls of `send_table` wait for it, and it waits at the lock for those before, so that nothing
        newer can be overwritten.
        """
        try:
            async with self._turns.setdefault(changelog, asyncio.Lock()):
                # Late writes come in bursts: one may come while the one before is repaired.
                while holes := self._holes.pop(changelog, []):
                    begin, end = holes[0].start, holes[-1].stop
                    log.error(
                        "another worker has written to the changelog; writing our values again",
                        changelog=changelog.topic,
                        partition=changelog.partition,
                        begin=begin,
                        end=end,
                    )
                    again = dict(_own_values(store, await self._foreign_keys(changelog, begin, end)))
                    tasks = self._submission.submit_to(
                        changelog, [(key, value, []) for key, value in again.items()]
                    )
                    if tasks:
                        self._write_store(store, changelog, again, await asyncio.gather(*tasks))
        except Exception as error:  # noqa: BLE001 - then a restart is better than a changelog that lies
            end_process(Exit.LOST_SEND, "the changelog could not be repaired", error=repr(error))
        finally:
            del self._repairs[changelog]

    async def _foreign_keys(self, changelog: TopicPartition, begin: int, end: int) -> set[bytes | None]:
        """The keys in a hole, however long the brokers need; only whoever lost the partition gives up."""
        while True:
            try:
                return await _keys_between(self._new_reader(), changelog, begin, end)
            except KafkaError as error:
                if self._lease.lost:
                    raise
                log.warning("the changelog cannot be read for its repair; trying again", error=repr(error))
                await asyncio.sleep(1)

    def _new_reader(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._access(),
            enable_auto_commit=False,
            # It looks for what was written at all: see `_keys_between`.
            isolation_level="read_uncommitted",
        )


async def _keys_between(
    reader: AIOKafkaConsumer, changelog: TopicPartition, begin: int, end: int
) -> set[bytes | None]:
    """The keys of the records from `begin` up to `end`, those too that are not committed yet.

    A transaction may still be committed when our own values have been written; whoever waited for it would
    keep its partition waiting. The reader is started and stopped here.

    Raises:
        UnreadableChangelogError: something there cannot be unpacked.
    """
    keys: set[bytes | None] = set()
    await reader.start()
    Fetching(reader)
    try:
        reader.assign([changelog])
        reader.seek(changelog, begin)
        while await reader.position(changelog) < end:
            fetched = await reader.getmany(timeout_ms=500)
            for item in fetched.get(changelog, ()):
                if isinstance(item, NotUnpacked):
                    raise UnreadableChangelogError(f"{item.position} cannot be unpacked: {item.reason}")
                if item.offset < end:
                    keys.add(item.key)
    finally:
        await reader.stop()
    return keys


def _own_values(store: PartitionStore, keys: set[bytes | None]) -> list[tuple[bytes, bytes | None]]:
    """What this owner holds for those keys; None where it holds nothing, which deletes what was written."""
    return [(key, store.get(key)) for key in keys if key is not None]
