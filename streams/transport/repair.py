"""Repairs what a worker wrote to a changelog that was not its own any more.

The lease (`streams.transport.lease`) keeps a worker that has lost its partitions from sending. What was under
way when its machine stood still can arrive all the same, after the new owner has taken over; and every later
recovery would believe it, because it stands last. The owner notices, since offsets of its own writes follow
each other without a hole, or because the changelog ends further on than it has written
(`streams.transport.changelog_watch`): it reads what stands there, and writes its own values of those keys
again.
"""

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.records import NotUnpacked
from streams.transport.fetching import Fetching

if TYPE_CHECKING:
    from streams.transport.stores import PartitionStore


class UnreadableChangelog(Exception):  # noqa: N818 - it says what is found
    """A changelog of which something cannot be unpacked; the message says where."""


async def foreign_keys(
    consumer: AIOKafkaConsumer, changelog: TopicPartition, begin: int, end: int
) -> set[bytes | None]:
    """The keys of the records from `begin` up to `end`, those too that are not committed yet.

    A transaction may still be committed when our own values have been written; whoever waited for it would
    keep its partition waiting. The consumer is started and stopped here.

    Raises:
        UnreadableChangelog: something there cannot be unpacked.
    """
    keys: set[bytes | None] = set()
    await consumer.start()
    Fetching(consumer)
    try:
        consumer.assign([changelog])
        consumer.seek(changelog, begin)
        while await consumer.position(changelog) < end:
            found = await consumer.getmany(timeout_ms=500)
            for item in found.get(changelog, ()):
                if isinstance(item, NotUnpacked):
                    raise UnreadableChangelog(f"{item.position} cannot be unpacked: {item.reason}")
                if item.offset < end:
                    keys.add(item.key)
    finally:
        await consumer.stop()
    return keys


def own_values(store: "PartitionStore", keys: set[bytes | None]) -> list[tuple[bytes, bytes | None]]:
    """What this owner holds for those keys; None where it holds nothing, which deletes what was written."""
    return [(key, store.get(key)) for key in keys if key is not None]
