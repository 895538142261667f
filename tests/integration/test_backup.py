"""A backup of topics with everything odd in them, brought back into other brokers: each where it stood."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition
from kafka.admin import ConfigResource, ConfigResourceType

import ops.backup.take as taking
from ops.backup import group
from ops.backup.manifest import faults, read
from ops.backup.record_file import BackupError
from ops.backup.restore import restore
from ops.backup.take import take
from ops.brokers.kafka import KafkaBroker
from ops.topics import State, apply_topics
from streams.records import NotUnpacked, Record
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, COMPACTION_LAG
from streams.transport.fetching import Fetching

OPEN = "registry.title-awarded.v1"
COMPACTED = "portal.phone-registered.v1"
TABLE = "jardem-people-changelog"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "elsewhere") as broker:
        yield broker


@pytest.fixture
def here(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "here") as broker:
        yield broker


def settings_of(broker: KafkaBroker) -> Settings:
    return Settings(kafka=broker.address, inbox_partitions=2, _env_file=None)


async def write_oddly(kafka: str) -> None:
    """Deleted beginnings, holes of one offset and of several, nulls, large values, times of days ago."""
    long_ago = int((time() - 2 * 86_400) * 1000)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for number in range(2500):
            await producer.send(CASE_INBOX, b"value %d" % number, b"key", partition=0)
        for number in range(10):
            headers = [("ce_id", b"%d" % number), ("none", None), ("twice", b""), ("twice", b"\xff")]
            await producer.send(
                OPEN,
                os.urandom(2000),
                None,
                partition=0,
                timestamp_ms=long_ago + number,
                headers=headers,
            )
        for number in range(5):
            await producer.send(COMPACTED, None if number % 2 else b"v", b"k%d" % number, partition=1)
            await producer.send(TABLE, b"v%d" % number, b"k", partition=1)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", transactional_id="odd") as producer:
        for ending in (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction):
            await producer.begin_transaction()
            for number in range(3):
                await producer.send_and_wait(OPEN, b"in a transaction %d" % number, b"k", partition=0)
            await producer.send_and_wait(COMPACTED, b"moved", b"k9", partition=1)
            await ending()
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait(OPEN, b"the last", b"k", partition=0)


async def everything(kafka: str, topic: str) -> list[Record]:
    found: list[Record] = []
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        Fetching(consumer)
        for number in sorted(await consumer._client._wait_on_metadata(topic)):
            here = TopicPartition(topic, number)
            consumer.assign([here])
            await consumer.seek_to_beginning(here)
            end = (await consumer.end_offsets([here]))[here]
            while await consumer.position(here) < end:
                for item in (await consumer.getmany(timeout_ms=300)).get(here, ()):
                    assert not isinstance(item, NotUnpacked)
                    found.append(item)
    return found


def admin_of(broker: KafkaBroker) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=[broker.address])


@pytest.mark.timeout(300)
def test_every_record_comes_back_where_it_stood(
    here: KafkaBroker, elsewhere: KafkaBroker, tmp_path: Path
) -> None:
    settings, others = settings_of(here), settings_of(elsewhere)
    apply_topics(settings)
    asyncio.run(write_oddly(here.address))
    admin = admin_of(here)
    admin.delete_records({AdminPartition(CASE_INBOX, 0): 2400})
    read_to = {AdminPartition(CASE_INBOX, 0): 2450, AdminPartition(COMPACTED, 1): 6}
    group.commit(admin, "jardem", read_to)
    admin.close()

    manifest = take(settings, tmp_path / "backup", lambda _: None)
    restore(others, tmp_path / "backup", lambda _: None)

    assert {finding.state for finding in apply_topics(others, check_only=True)} == {State.RIGHT}
    for topic in (OPEN, CASE_INBOX):
        wanted = asyncio.run(everything(here.address, topic))
        assert asyncio.run(everything(elsewhere.address, topic)) == wanted
        assert wanted
    for topic in (COMPACTED, TABLE):
        before, after = (asyncio.run(everything(each.address, topic)) for each in (here, elsewhere))
        assert [(r.key, r.value, r.timestamp, r.headers) for r in after] == [
            (r.key, r.value, r.timestamp, r.headers) for r in before
        ]
    admin = admin_of(elsewhere)
    committed = group.committed(admin, "jardem")
    admin.close()
    assert committed == {
        AdminPartition(CASE_INBOX, 0): 2450,
        # Five, and the first of the transactions; its mark takes no offset any more.
        AdminPartition(COMPACTED, 1): 6,
    }
    assert manifest.records == 100 + (10 + 6 + 1) + (5 + 2) + 5

    with pytest.raises(BackupError, match="already"):
        restore(others, tmp_path / "backup", lambda _: None)
    with pytest.raises(BackupError, match="not empty"):
        take(settings, tmp_path / "backup", lambda _: None)


@pytest.mark.timeout(300)
def test_a_damaged_backup_is_not_brought_back(here: KafkaBroker, tmp_path: Path) -> None:
    settings = settings_of(here)
    apply_topics(settings)
    asyncio.run(write_oddly(here.address))
    folder = tmp_path / "backup"
    take(settings, folder, lambda _: None)
    assert faults(folder, read(folder)) == []
    spoilt = folder / f"{OPEN}.0.records.zst"
    spoilt.write_bytes(spoilt.read_bytes()[:-1])
    (folder / f"{TABLE}.1.records.zst").unlink()
    with pytest.raises(BackupError) as refused:
        restore(settings, folder, lambda _: None)
    assert [line.split()[0] for line in refused.value.problems] == [spoilt.name, f"{TABLE}.1.records.zst"]
    (folder / "manifest.json").unlink()
    with pytest.raises(BackupError, match="no whole backup"):
        read(folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kept", [True, False])
def test_what_the_brokers_may_have_compacted_meanwhile_is_no_whole_backup(
    here: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """A newer value came while the tables were read; the topic keeps what it replaces, or does not."""
    settings = settings_of(here)
    apply_topics(settings)
    asyncio.run(write_oddly(here.address))
    if not kept:
        admin = admin_of(here)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TABLE, {COMPACTION_LAG: "0"})])
        admin.close()
    read_tables = taking._read

    async def read_slowly(*arguments: Any) -> Any:
        found = await read_tables(*arguments)
        async with AIOKafkaProducer(bootstrap_servers=here.address, acks="all") as producer:
            await producer.send_and_wait(TABLE, b"newer", b"k", partition=1)
        return found

    monkeypatch.setattr(taking, "_read", read_slowly)
    if kept:
        take(settings, tmp_path / "backup", lambda _: None)
        assert read(tmp_path / "backup").records
        return
    with pytest.raises(BackupError, match="jardem topics apply"):
        take(settings, tmp_path / "backup", lambda _: None)
    with pytest.raises(BackupError, match="no whole backup"):
        read(tmp_path / "backup")
