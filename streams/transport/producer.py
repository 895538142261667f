"""The producer: idempotent, waiting for every send, and ending the process at the first lost one (M6, M7)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, cast

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer as FaustProducerBuffer

from streams.exits import Exit, end_process
from streams.records import Outgoing
from streams.transport.exact_headers import ExactBuilder, odd, written
from streams.transport.host import Host
from streams.transport.lease import leased
from streams.transport.repair import foreign_keys, own_values
from streams.transport.stores import PartitionStore
from streams.transport.tables import BytesTable

_Handed = list[tuple[asyncio.Future[Any], int]]

log = structlog.get_logger()

_FEW = 8

_Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


class ProducerBuffer(FaustProducerBuffer):
    """Faust's buffer of messages sent with `send_soon`, which knows of each until the broker has it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.outstanding: set[asyncio.Future[Any]] = set()

    def put(self, fut: Any) -> None:  # noqa: ANN401 - Faust's own signature
        """Take a message, to be sent soon."""
        self.outstanding.add(fut)
        fut.add_done_callback(self.outstanding.discard)
        super().put(fut)

    async def flush(self) -> None:
        """M6: wait until the broker has answered for every message taken.

        `faust/transport/producer.py`, `flush_atmost`, gives up after 100 ms without progress, so that the
        commit runs while changelog writes are under way; they may still be lost, and their events are not
        read again.
        """
        if self.outstanding:
            await asyncio.wait(set(self.outstanding))


class Producer(driver.Producer):
    """An idempotent producer that waits for all replicas and ends the process at the first lost send."""

    app: Host

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.buffer = ProducerBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
        self._turns: dict[TopicPartition, asyncio.Lock] = {}
        self._queues: dict[TopicPartition, asyncio.Lock] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        self._repairs: dict[TopicPartition, asyncio.Task[None]] = {}
        self._holes: dict[TopicPartition, list[range]] = {}

    def _settings_extra(self) -> Mapping[str, Any]:
        """M6: idempotent and acknowledged by all in-sync replicas: a retry neither doubles nor reorders."""
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return leased(super()._new_producer(transactional_id), self.app.lease)

    async def send(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - as Faust's
        """Send one record; the future is done when the broker has it."""
        topic = args[0] if args else kwargs["topic"]
        try:
            future = cast("asyncio.Future[Any]", await super().send(*args, **kwargs))
        except Exception as error:
            self.on_lost(str(topic), error)
            raise
        future.add_done_callback(lambda done: self._check(str(topic), done))
        return future

    def _check(self, topic: str, done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self.on_lost(topic, error)

    def on_lost(self, topic: str, error: BaseException) -> None:
        """M7: the first lost send ends the process, before anything is committed.

        `faust/topics.py`, `_on_published`, only logs a failed send; the event is acknowledged and its effect
        is gone. An orderly stop would commit and can hang, so the process is ended at once.
        """
        end_process(Exit.LOST_SEND, "a send was lost", topic=topic, error=f"{type(error).__name__}: {error}")

    async def send_all(self, outgoing: Iterable[Outgoing]) -> None:
        """Send records and wait until the broker has every one of them."""
        await asyncio.gather(*await self._submit(outgoing))

    async def send_table(
        self,
        table: "BytesTable",
        partition: int,
        values: Mapping[bytes, bytes],
        outgoing: Iterable[Outgoing],
    ) -> None:
        """Send a table's values and some records, wait until the broker has it all, then write the store.

        Calls for one partition may overlap; their values reach the changelog and the store in the order of
        the calls. A call that is cancelled is finished all the same, because its values may be in the
        changelog.
        """
        sends = await self._submit(outgoing)
        changelog = TopicPartition(table.changelog_topic_name, partition)
        while (repair := self._repairs.get(changelog)) is not None:
            await asyncio.shield(repair)
        # From here to the lock nothing waits, so that the order in the changelog is the order at the lock.
        writes = self._submit_to(changelog, [(key, value, []) for key, value in values.items()])
        finishing = asyncio.create_task(
            self._finish(table.partition(partition), changelog, values, writes, sends)
        )
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        await asyncio.shield(finishing)

    async def _finish(
        self,
        store: "PartitionStore",
        changelog: TopicPartition,
        values: Mapping[bytes, bytes],
        writes: Sequence["asyncio.Task[range]"],
        sends: Sequence["asyncio.Task[range]"],
    ) -> None:
        async with self._turns.setdefault(changelog, asyncio.Lock()):
            await asyncio.gather(*writes, *sends)
            if writes:
                self._write_store(store, changelog, values, [write.result() for write in writes])

    async def flush(self) -> None:
        """Wait until the broker has everything that was sent so far, and the stores too.

        Only what was sent so far: under load something is always under way, and a commit waits for this.
        """
        await super().flush()
        if self._finishing:
            await asyncio.wait(set(self._finishing))
        if self._repairs:
            await asyncio.wait(set(self._repairs.values()))

    def _write_store(
        self,
        store: "PartitionStore",
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

    def settled(self, table: "BytesTable", partition: int) -> int | None:
        """Where the changelog ends if nobody but us has written to it; None while something is written."""
        changelog = TopicPartition(table.changelog_topic_name, partition)
        turn = self._turns.get(changelog)
        if changelog in self._repairs or (turn is not None and turn.locked()):
            return None
        return table.partition(partition).next_offset

    def repair_from(self, table: "BytesTable", partition: int, end: int) -> None:
        """Write our values again of what another has written to the changelog, which ends at `end`."""
        changelog = TopicPartition(table.changelog_topic_name, partition)
        self._write_store(table.partition(partition), changelog, {}, [range(end, end)])

    async def _repair(self, store: "PartitionStore", changelog: TopicPartition) -> None:
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
                    again = dict(own_values(store, await self._foreign_keys(changelog, begin, end)))
                    tasks = self._submit_to(changelog, [(key, value, []) for key, value in again.items()])
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
                return await foreign_keys(self._new_reader(), changelog, begin, end)
            except KafkaError as error:
                if self.app.lease.lost:
                    raise
                log.warning("the changelog cannot be read for its repair; trying again", error=repr(error))
                await asyncio.sleep(1)

    def _new_reader(self) -> AIOKafkaConsumer:
        settings = self._settings_default()
        wanted = {"bootstrap_servers", "client_id", "security_protocol"}
        return AIOKafkaConsumer(
            **{**{name: settings[name] for name in wanted}, **self._settings_auth()},
            enable_auto_commit=False,
            # It looks for what was written at all: see `foreign_keys`.
            isolation_level="read_uncommitted",
        )

    async def _submit(self, outgoing: Iterable[Outgoing]) -> list["asyncio.Task[range]"]:
        """Hand records to aiokafka, those of one partition together, in their order."""
        groups: dict[TopicPartition, list[_Row]] = {}
        partitions: dict[str, list[int]] = {}
        for o in outgoing:
            if o.partition is None:
                numbers = partitions.get(o.topic)
                if numbers is None:
                    numbers = partitions[o.topic] = await self._partitions_of(o.topic)
                number = _partition_of(o.key, numbers)
            else:
                number = o.partition
            groups.setdefault(TopicPartition(o.topic, number), []).append((o.key, o.value, written(o)))
        return [task for tp, rows in groups.items() for task in self._submit_to(tp, rows)]

    def _submit_to(self, tp: TopicPartition, rows: Sequence["_Row"]) -> list["asyncio.Task[range]"]:
        """Hand records of one partition to aiokafka, in as few batches as they fit in.

        A batch costs aiokafka what a single record costs it otherwise. Each task gives the offsets of its
        batch. They start in this order, and all before aiokafka's sender does, so that they go in one
        request.
        """
        if any(odd(headers) for _, _, headers in rows):
            return self._submit_odd(tp, rows)
        if len(rows) <= _FEW:
            return (
                [asyncio.create_task(self._deliver(tp, partial(self._one_by_one, tp, rows)))] if rows else []
            )
        producer, tasks, done = self._ensure_producer(), [], 0
        while done < len(rows):
            builder, before = producer.create_batch(), done
            while done < len(rows):
                key, value, headers = rows[done]
                if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    break
                done += 1
            if done == before:
                # Larger than a batch of ours; whether it is too large is for the broker to say.
                key, value, headers = rows[done]
                builder = BatchBuilder(_size(rows[done]) + 1024, self._compression())
                builder.append(timestamp=None, key=key, value=value, headers=headers)
                done += 1
            builder.close()
            together = partial(self._together, tp, builder, done - before)
            tasks.append(asyncio.create_task(self._deliver(tp, together)))
        return tasks

    def _submit_odd(self, tp: TopicPartition, rows: Sequence["_Row"]) -> list["asyncio.Task[range]"]:
        """Hand over records of which one has a header that aiokafka would not write: each a batch of its own.

        Only dead letters have such headers, and they are rare.
        """
        tasks = []
        for row in rows:
            key, value, headers = row
            builder = ExactBuilder(_size(row) + 1024, self._compression())
            builder.append(timestamp=None, key=key, value=value, headers=headers)
            builder.close()
            tasks.append(asyncio.create_task(self._deliver(tp, partial(self._together, tp, builder, 1))))
        return tasks

    def _compression(self) -> Any:  # noqa: ANN401 - aiokafka has no types
        return self._ensure_producer()._message_accumulator._compression_type  # noqa: SLF001

    async def _deliver(self, tp: TopicPartition, hand_over: Callable[[], Awaitable["_Handed"]]) -> range:
        """Hand records over in their turn, and wait until the broker has them; their offsets.

        One at a time for each partition: this keeps their order, and aiokafka's `add_batch` takes the whole
        time waited off its patience at every turn, so that many who wait together lose it in seconds.
        """
        try:
            async with self._queues.setdefault(tp, asyncio.Lock()):
                handed = await hand_over()
            found = [(await future).offset for future, _ in handed]
        except Exception as error:
            self.on_lost(tp.topic, error)
            raise
        return range(found[0], found[-1] + handed[-1][1])

    async def _one_by_one(self, tp: TopicPartition, rows: Sequence[_Row]) -> "_Handed":
        """A few records, which aiokafka puts together with those of other calls."""
        send = self._ensure_producer().send
        return [
            (await send(tp.topic, value, key=key, partition=tp.partition, headers=headers), 1)
            for key, value, headers in rows
        ]

    async def _together(self, tp: TopicPartition, builder: BatchBuilder, count: int) -> "_Handed":
        """Many records as a batch of their own."""
        future = await self._ensure_producer().send_batch(builder, tp.topic, partition=tp.partition)
        return [(future, count)]

    async def _partitions_of(self, topic: str) -> list[int]:
        client = self._ensure_producer().client
        await client._wait_on_metadata(topic)  # noqa: SLF001 - as aiokafka's own send does
        return sorted(client.cluster.partitions_for_topic(topic))


def _size(row: _Row) -> int:
    key, value, headers = row
    content = sum(len(name) * 4 + len(data or b"") + 10 for name, data in headers)
    return len(key or b"") + len(value or b"") + content


@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def _partition_of(key: bytes | None, partitions: Sequence[int]) -> int:
    """Kafka's default: by the key's murmur2 hash; without a key, any."""
    return secrets.choice(partitions) if key is None else partitions[_hash(key) % len(partitions)]
