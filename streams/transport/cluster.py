"""Which of the topics that a reader wants there are, with their partitions and ids.

aiokafka's consumer tells only of topics that it is subscribed to; whoever assigns partitions by hand has to
ask the cluster.
"""

import asyncio
from collections.abc import Collection, Mapping

from aiokafka import AIOKafkaConsumer

from streams.transport.topic_ids import topic_ids


async def partitions_there(
    consumer: AIOKafkaConsumer, topics: Collection[str], seconds: float
) -> Mapping[tuple[str, int], str | None]:
    """The partitions of those of the topics that there are, each with its topic's id, if brokers tell one.

    Raises aiokafka's `KafkaError`, and `TimeoutError` after so many seconds of real time.
    """
    client = consumer._client  # noqa: SLF001 - aiokafka itself tells only of what is assigned
    async with asyncio.timeout(seconds):
        there = await client.fetch_all_metadata()
        names = [topic for topic in topics if topic in there.topics()]
        ids = await topic_ids(client, names)
    return {
        (topic, number): ids.get(topic)
        for topic in names
        for number in there.partitions_for_topic(topic) or ()
    }
