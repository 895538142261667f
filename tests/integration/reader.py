"""Reads what stands in topics, as the worker does: what is committed, whatever its headers are called."""

import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streams.records import NotUnpacked, Record
from streams.transport.fetching import Fetching


async def everything_in(kafka: str, *topics: str) -> list[Record | NotUnpacked]:
    """All that is committed."""
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        Fetching(consumer)
        tps = [await _partitions(consumer, topic) for topic in topics]
        flat = [tp for some in tps for tp in some]
        consumer.assign(flat)
        await consumer.seek_to_beginning(*flat)
        ends = await consumer.end_offsets(flat)
        found: list[Record | NotUnpacked] = []
        for tp in flat:
            while await consumer.position(tp) < ends[tp]:
                for items in (await consumer.getmany(timeout_ms=300)).values():
                    found += items
    return found


async def records_in(kafka: str, *topics: str) -> list[Record]:
    """The same, where all of it is to be records."""
    found = await everything_in(kafka, *topics)
    records = [item for item in found if isinstance(item, Record)]
    assert len(records) == len(found)
    return records


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    numbers = await consumer._client._wait_on_metadata(topic)
    return [TopicPartition(topic, number) for number in sorted(numbers)]


async def unhandled(kafka: str, group: str, *topics: str) -> dict[TopicPartition, int]:
    """How far the group has committed less than the logs are long, where it has."""
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=group,
        enable_auto_commit=False,
        isolation_level="read_uncommitted",  # the lag is counted to the end of the log
    ) as consumer:
        tps = [tp for topic in topics for tp in await _partitions(consumer, topic)]
        ends = await consumer.end_offsets(tps)
        behind = {tp: ends[tp] - (await consumer.committed(tp) or 0) for tp in tps}
    return {tp: count for tp, count in behind.items() if count}


def settings_of(admin: KafkaAdminClient, topic: str) -> dict[str, str]:
    """What the broker tells of a topic's settings: a change is told a moment after it was taken."""
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])["topic"][topic]
    return {key: entry["value"] for key, entry in found.items()}


def configure(kafka: str, topic: str, **settings: str) -> None:
    """Change settings of a topic, and no others; returns when the broker tells them so.

    Their names are given with underscores for points.
    """
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        configs = {name.replace("_", "."): value for name, value in settings.items()}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])
        deadline = time.monotonic() + 10
        while not configs.items() <= settings_of(admin, topic).items():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        admin.close()
