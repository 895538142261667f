"""How far the workers have come in what they read."""

from collections.abc import Collection, Mapping

from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from ops.reach import admin_client
from streams.settings.settings import Settings
from streams.tuning import Tuning


def handled_up_to(settings: Settings, topics: Collection[str]) -> Mapping[tuple[str, int], int]:
    """Up to which offset the workers have handled each partition of these topics.

    A partition of which the broker does not say it, because no worker has run for long, is not named.
    """
    group = Tuning().app_id
    admin = admin_client(settings)
    try:
        found = admin.list_group_offsets([group])[group]
    except KafkaError:
        return {}
    finally:
        admin.close()
    return {
        (partition.topic, partition.partition): place.offset
        for partition, place in found.items()
        if isinstance(partition, TopicPartition) and partition.topic in topics and place.offset >= 0
    }
