"""The producer: idempotent, waiting for every send, and ending the process at the first lost one (M6, M7)."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer as FaustProducerBuffer

from streams.exits import Exit, end_process
from streams.lease import leased
from streams.records import Outgoing
from streams.repair import foreign_keys, own_values

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.stores import PartitionStore
    from streams.tables import BytesTable

log = structlog.get_logger()

_Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]


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
        while self.outstanding:
            await asyncio.wait(set(self.outstanding))


class Producer(driver.Producer):
    """An idempotent producer that waits for all replicas and ends the process at the first lost send."""

    app: "StreamApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's own signature
        super().__init__(*args, **kwargs)
        self.buffer = ProducerBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    def _settings_extra(self) -> Mapping[str, Any]:
        """M6: idempotent and acknowledged by all in-sync replicas: a retry neither doubles nor reorders."""
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        return leased(super()._new_producer(transactional_id), self.app.lease)

    async def send(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - Faust's own signature
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
        """Send a table's values and some records, wait until the broker has it all, then write the store."""
        changelog = TopicPartition(table.changelog_topic_name, partition)
        writes = self._submit_to(changelog, [(key, value, []) for key, value in values.items()])
        sends = await self._submit(outgoing)
        await asyncio.gather(*writes, *sends)
        if writes:
            await self._write_store(
                table.partition(partition), changelog, values, [w.result() for w in writes]
            )

    async def _write_store(
        self,
        store: "PartitionStore",
        changelog: TopicPartition,
        values: Mapping[bytes, bytes | None],
        written: Sequence[range],
    ) -> None:
        """Write the store as far as the changelog, and repair the changelog if another has written too."""
        expected = store.next_offset or 0
        end = max(offsets.stop for offsets in written)
        store.write(values.items(), end)
        if sum(map(len, written)) == end - expected:
            return
        log.error(
            "another worker has written to the changelog; writing our values again",
            changelog=changelog.topic,
            partition=changelog.partition,
            begin=expected,
            end=end,
        )
        keys = await foreign_keys(self._new_reader(), changelog, expected, end)
        again = dict(own_values(store, keys))
        tasks = self._submit_to(changelog, [(key, value, []) for key, value in again.items()])
        await self._write_store(store, changelog, again, await asyncio.gather(*tasks))

    def _new_reader(self) -> AIOKafkaConsumer:
        settings = self._settings_default()
        wanted = {"bootstrap_servers", "client_id", "security_protocol"}
        return AIOKafkaConsumer(
            **{**{name: settings[name] for name in wanted}, **self._settings_auth()}, enable_auto_commit=False
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
            groups.setdefault(TopicPartition(o.topic, number), []).append((o.key, o.value, list(o.headers)))
        return [task for tp, rows in groups.items() for task in self._submit_to(tp, rows)]

    def _submit_to(self, tp: TopicPartition, rows: Sequence["_Row"]) -> list["asyncio.Task[range]"]:
        """Hand records of one partition to aiokafka, in as few batches as they fit in.

        A batch costs aiokafka what a single record costs it otherwise. Each task gives the offsets of its
        batch. They start in this order, and all before aiokafka's sender does, so that they go in one
        request.
        """
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
            tasks.append(asyncio.create_task(self._deliver(builder, tp, done - before)))
        return tasks

    def _compression(self) -> Any:  # noqa: ANN401 - aiokafka has no types
        return self._ensure_producer()._message_accumulator._compression_type  # noqa: SLF001

    async def _deliver(self, builder: Any, tp: TopicPartition, count: int) -> range:  # noqa: ANN401
        try:
            future = await self._ensure_producer().send_batch(builder, tp.topic, partition=tp.partition)
            metadata = await future
        except Exception as error:
            self.on_lost(tp.topic, error)
            raise
        return range(metadata.offset, metadata.offset + count)

    async def _partitions_of(self, topic: str) -> list[int]:
        client = self._ensure_producer().client
        await client._wait_on_metadata(topic)  # noqa: SLF001 - as aiokafka's own send does
        return sorted(client.cluster.partitions_for_topic(topic))


def _size(row: _Row) -> int:
    key, value, headers = row
    return len(key or b"") + len(value or b"") + sum(len(name) * 4 + len(data) + 10 for name, data in headers)


@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


def _partition_of(key: bytes | None, partitions: Sequence[int]) -> int:
    """Kafka's default: by the key's murmur2 hash; without a key, any."""
    return secrets.choice(partitions) if key is None else partitions[_hash(key) % len(partitions)]
