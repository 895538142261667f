"""Hands records to aiokafka: those of one partition together and in order. A lost one ends the process."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.exits import Exit, end_process
from streams.records import Outgoing
from streams.transport.exact_headers import ExactBuilder, odd, written

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""A record's key, value and headers."""

_Handed = list[tuple[asyncio.Future[Any], int]]

_FEW = 8
_LONGEST_REMEMBERED = 128


def end_at_lost_send(topic: str, error: BaseException) -> None:
    """M7: the first lost send ends the process, before anything is committed.

    `faust/topics.py`, `_on_published`, only logs a failed send; the event is acknowledged and its effect
    is gone. An orderly stop would commit and can hang, so the process is ended at once.
    """
    end_process(Exit.LOST_SEND, "a send was lost", topic=topic, error=f"{type(error).__name__}: {error}")


class Submission:
    """Hands over records in batches. `started` is aiokafka's producer, once it runs."""

    def __init__(self, started: Callable[[], AIOKafkaProducer]) -> None:
        self._started = started
        self._queues: dict[TopicPartition, asyncio.Lock] = {}

    async def submit(self, outgoing: Iterable[Outgoing]) -> list["asyncio.Task[range]"]:
        """Hand records to aiokafka, those of one partition together, in their order."""
        groups: dict[TopicPartition, list[Row]] = {}
        partitions: dict[str, list[int]] = {}
        for o in outgoing:
            if o.partition is None:
                numbers = partitions.get(o.topic)
                if numbers is None:
                    numbers = partitions[o.topic] = await self.partitions_of(o.topic)
                number = _partition_of(o.key, numbers)
            else:
                number = o.partition
            groups.setdefault(TopicPartition(o.topic, number), []).append((o.key, o.value, written(o)))
        return [task for tp, rows in groups.items() for task in self.submit_to(tp, rows)]

    def submit_to(self, tp: TopicPartition, rows: Sequence[Row]) -> list["asyncio.Task[range]"]:
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
        producer, tasks, done = self._started(), [], 0
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

    def _submit_odd(self, tp: TopicPartition, rows: Sequence[Row]) -> list["asyncio.Task[range]"]:
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
        return self._started()._message_accumulator._compression_type  # noqa: SLF001

    async def _deliver(self, tp: TopicPartition, hand_over: Callable[[], Awaitable[_Handed]]) -> range:
        """Hand records over in their turn, and wait until the broker has them; their offsets.

        One at a time for each partition: this keeps their order, and aiokafka's `add_batch` takes the whole
        time waited off its patience at every turn, so that many who wait together lose it in seconds.
        """
        try:
            async with self._queues.setdefault(tp, asyncio.Lock()):
                handed = await hand_over()
            offsets = [(await future).offset for future, _ in handed]
        except Exception as error:
            end_at_lost_send(tp.topic, error)
            raise
        return range(offsets[0], offsets[-1] + handed[-1][1])

    async def _one_by_one(self, tp: TopicPartition, rows: Sequence[Row]) -> _Handed:
        """A few records, which aiokafka puts together with those of other calls."""
        send = self._started().send
        return [
            (await send(tp.topic, value, key=key, partition=tp.partition, headers=headers), 1)
            for key, value, headers in rows
        ]

    async def _together(self, tp: TopicPartition, builder: BatchBuilder, count: int) -> _Handed:
        """Many records as a batch of their own."""
        future = await self._started().send_batch(builder, tp.topic, partition=tp.partition)
        return [(future, count)]

    async def partitions_of(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions; it waits until the broker tells of any."""
        client = self._started().client
        await client._wait_on_metadata(topic)  # noqa: SLF001 - as aiokafka's own send does
        return sorted(client.cluster.partitions_for_topic(topic))


def _size(row: Row) -> int:
    key, value, headers = row
    content = sum(len(name) * 4 + len(data or b"") + 10 for name, data in headers)
    return len(key or b"") + len(value or b"") + content


def _hash(key: bytes) -> int:
    # A producer's key may have a megabyte, and would be remembered with it.
    return _remembered_hash(key) if len(key) <= _LONGEST_REMEMBERED else _new_hash(key)


def _new_hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


_remembered_hash = lru_cache(maxsize=65_536)(_new_hash)


def _partition_of(key: bytes | None, partitions: Sequence[int]) -> int:
    """Kafka's default: by the key's murmur2 hash; without a key, any."""
    return secrets.choice(partitions) if key is None else partitions[_hash(key) % len(partitions)]
