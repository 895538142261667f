"""Which partitions topics have now, for readers that assign them to themselves."""

import asyncio
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer

from streams.transport.topic_ids import topic_ids


async def partitions_of(
    consumer: AIOKafkaConsumer, topics: Collection[str], seconds: float
) -> dict[tuple[str, int], str | None]:
    """The partitions of those of the topics that there are, each with its topic's id where brokers tell it.

    The consumer was started. No topic is made by being asked for. Raises `KafkaError`, and `TimeoutError`
    after so many seconds.
    """
    # aiokafka's own answers are of topics that are assigned already.
    client = consumer._client  # noqa: SLF001
    there = await asyncio.wait_for(client.fetch_all_metadata(), seconds)
    names = [topic for topic in topics if topic in there.topics()]
    ids = await topic_ids(client, names)
    return {
        (topic, number): ids.get(topic)
        for topic in names
        for number in sorted(there.partitions_for_topic(topic) or ())
    }
