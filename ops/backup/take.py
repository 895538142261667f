"""Takes a backup while the workers work: finds a cut, then reads every log up to it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError as ReaderError
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from ops.backup.cut import Cut, ends_of_tables, make_cut, replaced
from ops.backup.manifest import NAME, Manifest, Part, TopicPart
from ops.backup.record_file import BackupError, RecordWriter
from ops.reach import admin_client, missing_topics, require_broker
from ops.topic_records import SILENCE
from streams.errors import make_folder
from streams.kafka_access import client_options
from streams.records import NotUnpacked
from streams.settings.settings import Settings
from streams.topics import CHANGELOGS, COMPACTION_LAG, all_topics
from streams.transport.fetching import Fetching
from streams.tuning import Tuning

_POLL_MILLISECONDS = 500
_SET_BY_SOMEBODY = {"DYNAMIC_TOPIC_CONFIG", 1}


def take(settings: Settings, folder: Path, tell: Callable[[str], None]) -> Manifest:
    """Lay all topics of the contract, and how far the workers have read them, into a new folder.

    What `tell` is called with are lines for whoever watches. Raises `BackupError` and `NoBrokerError`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty: each backup needs a folder of its own")
    make_folder(folder, "the backup")
    # It holds what is said of people.
    folder.chmod(0o700)
    require_broker(settings)
    group = Tuning().app_id
    try:
        admin = admin_client(settings)
        try:
            partitions, configs = _described(settings, admin)
            cut = make_cut(admin, group, partitions)
        finally:
            admin.close()
        # Tables first: a value is gone when a newer one has come since and the brokers have compacted.
        tables = [each for each in sorted(cut.ends) if each.topic in CHANGELOGS]
        parts = asyncio.run(_read(settings, folder, cut, tables, tell))
        _require_whole(settings, cut, configs)
        rest = [each for each in sorted(cut.ends) if each.topic not in CHANGELOGS]
        parts |= asyncio.run(_read(settings, folder, cut, rest, tell))
    except (KafkaError, ReaderError) as error:
        raise BackupError(f"{settings.kafka} cannot be read: {error}") from None
    topics = [
        TopicPart(name=name, config=dict(config), partitions=parts[name]) for name, config in configs.items()
    ]
    manifest = Manifest(cut_at=cut.at, kafka=settings.kafka, group=group, topics=topics)
    manifest.write(folder)
    tell(f"{manifest.records} records, {manifest.size} bytes; the manifest is {folder / NAME}")
    return manifest


def _described(
    settings: Settings,
    admin: Any,  # noqa: ANN401 - kafka-python has no types
) -> tuple[list[TopicPartition], dict[str, Mapping[str, str]]]:
    """The partitions of every topic of the contract, and what is set for each topic."""
    wanted = [topic.name for topic in all_topics(settings)]
    found = {each["name"]: each["partitions"] for each in admin.describe_topics() if each["name"] in wanted}
    if missing := [name for name in wanted if name not in found]:
        raise BackupError(missing_topics(settings, missing))
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted])
    configs: dict[str, Mapping[str, str]] = {
        name: {
            key: entry["value"]
            for key, entry in answer["topic"][name].items()
            if entry["config_source"] in _SET_BY_SOMEBODY
        }
        for name in wanted
    }
    partitions = [TopicPartition(name, each["partition_index"]) for name in wanted for each in found[name]]
    return partitions, configs


def _require_whole(settings: Settings, cut: Cut, configs: Mapping[str, Mapping[str, str]]) -> None:
    """Raises `BackupError` where a value of a table may have been compacted away before it was read."""
    lags = {
        name: timedelta(milliseconds=int(config.get(COMPACTION_LAG, 0))) for name, config in configs.items()
    }
    admin = admin_client(settings)
    try:
        gone = replaced(cut, lags, ends_of_tables(admin, cut), datetime.now(UTC))
    finally:
        admin.close()
    if gone:
        raise BackupError(
            f"to read the tables took longer than {COMPACTION_LAG} of {gone[0].topic}, so the brokers may "
            "have removed values meanwhile: run `jardem topics apply`, which sets it, or stop the workers; "
            "then take the backup again"
        )


async def _read(
    settings: Settings,
    folder: Path,
    cut: Cut,
    partitions: Sequence[TopicPartition],
    tell: Callable[[str], None],
) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    async with AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        Fetching(consumer)
        for partition in partitions:
            part = await _read_one(consumer, folder, partition, cut, tell)
            parts.setdefault(partition.topic, []).append(part)
    return parts


async def _read_one(
    consumer: AIOKafkaConsumer,
    folder: Path,
    partition: TopicPartition,
    cut: Cut,
    tell: Callable[[str], None],
) -> Part:
    begin, end = cut.begins[partition], cut.ends[partition]
    consumer.assign([partition])
    consumer.seek(partition, begin)
    name = f"{partition.topic}.{partition.partition}.records.zst"
    position, heard = begin, time.monotonic()
    with RecordWriter(folder / name) as file:
        while position < end:
            for item in (await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)).get(partition, ()):
                if item.offset >= end:
                    continue
                if not isinstance(item, NotUnpacked):
                    file.write(item)
                elif partition.topic in CHANGELOGS:
                    raise BackupError(
                        f"{item.position} cannot be unpacked ({item.reason}): a value may be missing"
                    )
                else:
                    tell(f"left out, because it cannot be unpacked: {item.position}: {item.reason}")
            moved = await consumer.position(partition)
            if moved != position:
                position, heard = moved, time.monotonic()
            elif time.monotonic() - heard > SILENCE:
                raise BackupError(
                    f"{partition.topic} cannot be read: the broker has sent nothing for {SILENCE:.0f} s"
                )
    return Part(
        partition=partition.partition,
        begin=begin,
        end=end,
        count=file.count,
        file=name,
        size=file.size,
        sha256=file.sha256,
        committed=cut.committed.get(partition),
    )
