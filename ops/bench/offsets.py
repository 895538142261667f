"""What stands in topics, and how far a group has come."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.transport.partitions import partitions_of as topic_partitions

_SECONDS = 30.0


@asynccontextmanager
async def _consumer(kafka: str, group: str | None = None) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=group, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def partitions_of(kafka: str, topic: str) -> list[TopicPartition]:
    """The partitions of a topic."""
    async with _consumer(kafka) as consumer:
        return await _partitions(consumer, topic)


async def _partitions(consumer: Any, topic: str) -> list[TopicPartition]:  # noqa: ANN401 - aiokafka has no types
    found = await topic_partitions(consumer, [topic], _SECONDS)
    return [TopicPartition(name, number) for name, number in sorted(found)]


async def lag(kafka: str, group: str, topics: Iterable[str]) -> int:
    """How many records of the topics the group has not committed yet."""
    async with _consumer(kafka, group) as consumer:
        tps = [tp for topic in topics for tp in await _partitions(consumer, topic)]
        ends = await consumer.end_offsets(tps)
        behind = 0
        for tp in tps:
            if ends[tp]:
                behind += ends[tp] - (await consumer.committed(tp) or 0)
        return behind


async def ends_of(kafka: str, topic: str) -> dict[TopicPartition, int]:
    """Where the topic's partitions end now."""
    async with _consumer(kafka) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(await _partitions(consumer, topic))
        return ends


async def records_of(
    kafka: str, topic: str, since: Mapping[TopicPartition, int] | None = None
) -> AsyncIterator[Any]:
    """The records that stand in a topic now, from these offsets or its beginning on."""
    async with _consumer(kafka) as consumer:
        tps: Sequence[TopicPartition] = await _partitions(consumer, topic)
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        for tp in tps:
            consumer.seek(tp, since[tp]) if since else await consumer.seek_to_beginning(tp)
        waiting = set(tps)
        while waiting := {tp for tp in waiting if await consumer.position(tp) < ends[tp]}:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    yield record
