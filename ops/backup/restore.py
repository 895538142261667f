"""Brings a backup back into brokers that have none of its topics: every record, where it stood.

Values of tables name offsets of the inboxes, and so do dead letters and the group; so a record gets the
offset that it had. Only compacted topics are written without holes: nobody names an offset in them but the
group, whose place is then moved.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError as WriterError
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError

from ops.backup import group
from ops.backup.manifest import Manifest, TopicPart, faults, read
from ops.backup.record_file import BackupError
from ops.backup.write_back import written_back
from ops.reach import admin_client, require_broker
from streams.settings.settings import Settings

_WHILE_WRITING = {
    # Nothing is to be deleted while it comes back, and records are to bear the times that they had.
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "CreateTime",
}


def restore(settings: Settings, folder: Path, tell: Callable[[str], None]) -> Manifest:
    """Bring all of a backup back. Raises `BackupError` and `NoBrokerError`.

    Where it ends half way, delete the topics that it has made, and begin anew.
    """
    manifest = read(folder)
    if found := faults(folder, manifest):
        raise BackupError(*found)
    require_broker(settings)
    try:
        admin = admin_client(settings)
        try:
            _require_none(admin, manifest)
            _create(admin, manifest, settings.replication)
            committed: dict[TopicPartition, int] = {}
            for topic in manifest.topics:
                committed |= _restore_topic(settings, admin, folder, topic)
                tell(f"{topic.name}: {sum(part.count for part in topic.partitions)} records")
            group.commit(admin, manifest.group, committed)
        finally:
            admin.close()
    except (KafkaError, WriterError) as error:
        raise BackupError(f"{settings.kafka} did not take all of it: {error}") from None
    return manifest


def _require_none(admin: Any, manifest: Manifest) -> None:  # noqa: ANN401 - kafka-python has no types
    there = sorted({topic.name for topic in manifest.topics} & set(admin.list_topics()))
    if there:
        raise BackupError(
            f"the brokers have {', '.join(there)} already: a backup goes into brokers that have none of its "
            "topics. Check JARDEM_KAFKA; if nothing in them is needed, delete them"
        )


def _create(admin: Any, manifest: Manifest, replication: int) -> None:  # noqa: ANN401 - the same
    insync = {"min.insync.replicas": str(max(1, replication - 1))}
    fresh = [
        NewTopic(
            topic.name,
            len(topic.partitions),
            replication,
            topic_configs=topic.config | _WHILE_WRITING | insync,
        )
        for topic in manifest.topics
    ]
    answer = admin.create_topics(fresh, raise_errors=False)
    for topic in answer["topics"]:
        if topic["error_code"]:
            raise BackupError(f"the broker refused to create {topic['name']}: {topic['error_message']}")
    admin.wait_for_topics([topic.name for topic in manifest.topics])


def _restore_topic(
    settings: Settings,
    admin: Any,  # noqa: ANN401 - the same
    folder: Path,
    topic: TopicPart,
) -> dict[TopicPartition, int]:
    """All partitions of a topic, then its settings; up to where the group has read each."""
    read_to = asyncio.run(written_back(settings, folder, topic))
    begins = {
        TopicPartition(topic.name, part.partition): part.begin
        for part in topic.partitions
        if part.begin and not topic.compacted
    }
    if begins:
        admin.delete_records(begins)
    back = {key: topic.config[key] for key in _WHILE_WRITING if key in topic.config}
    if back:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=back)])
    return {
        TopicPartition(topic.name, partition): offset
        for partition, offset in read_to.items()
        if offset is not None
    }
