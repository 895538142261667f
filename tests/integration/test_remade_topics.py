"""What was deleted before it was read, topics that were made anew, and partitions that came later."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete

from ops.brokers.kafka import KafkaBroker
from tests.integration.ledger import PARTITIONS, Ledger

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@pytest.fixture
async def admin(kafka: KafkaBroker) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    yield admin
    await admin.close()


async def put(ledger: Ledger, *values: bytes, partition: int = 0) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=ledger.kafka, acks="all", metadata_max_age_ms=500
    ) as producer:
        for value in values:
            await producer.send_and_wait(ledger.originals, value, b"key", partition=partition)


async def delete(admin: AIOKafkaAdminClient, topic: str, before: int) -> None:
    """As retention does it, but at once."""
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=before)})


async def copied(ledger: Ledger) -> list[bytes]:
    return [record.value for record in await ledger.read(ledger.copies)]


async def until_copied(ledger: Ledger, *values: bytes) -> None:
    async def all_there() -> bool:
        return set(values) <= set(await copied(ledger))

    await ledger.until(all_there)


async def deleted_unread(ledger: Ledger) -> float:
    name = f'jardem_records_deleted_unread_total{{topic="{ledger.originals}"}} '
    lines = (await ledger.metrics()).splitlines()
    return next((float(line[len(name) :]) for line in lines if line.startswith(name)), -1.0)


async def test_what_was_deleted_while_nobody_read_is_counted_and_said(
    ledger: Ledger, admin: AIOKafkaAdminClient
) -> None:
    await ledger.start()
    await put(ledger, b"0", b"1")
    await until_copied(ledger, b"1")
    assert await ledger.end() == 0
    await put(ledger, *(b"%d" % number for number in range(2, 12)))
    await delete(admin, ledger.originals, 9)
    await ledger.start()
    await until_copied(ledger, b"9", b"10", b"11")
    (line,) = ledger.told("deleted before they were read")
    assert (line["topic"], line["partition"], line["offset"], line["records"]) == (ledger.originals, 0, 9, 7)
    assert await deleted_unread(ledger) == 7
    await ledger.end()
    await ledger.start()
    assert ledger.told("deleted") == [], "it is said once"
    assert sorted(await copied(ledger), key=int) == [b"0", b"1", b"9", b"10", b"11"]


async def test_what_was_deleted_before_the_first_worker_came_is_said(
    ledger: Ledger, admin: AIOKafkaAdminClient
) -> None:
    await put(ledger, *(b"%d" % number for number in range(5)))
    await delete(admin, ledger.originals, 4)
    await ledger.start()
    await until_copied(ledger, b"4")
    (line,) = ledger.told("nothing of the partition was ever committed")
    assert line["records"] == 4


async def test_a_topic_of_which_nothing_was_read_yet_is_counted_too(
    ledger: Ledger, admin: AIOKafkaAdminClient
) -> None:
    await ledger.start()
    await ledger.end()
    await put(ledger, *(b"%d" % number for number in range(5)))
    await delete(admin, ledger.originals, 4)
    await ledger.start()
    await until_copied(ledger, b"4")
    assert [line["records"] for line in ledger.told("deleted before they were read")] == [4]


async def test_what_is_deleted_under_a_worker_that_stood_still_is_counted(
    ledger: Ledger, admin: AIOKafkaAdminClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_SESSION", "40")
    await ledger.start()
    await put(ledger, b"0")
    await until_copied(ledger, b"0")
    assert ledger.process is not None
    ledger.process.send_signal(signal.SIGSTOP)
    # The first may be under way to the worker already.
    for number in range(1, 20):
        await put(ledger, b"%d" % number)
    await delete(admin, ledger.originals, 18)
    ledger.process.send_signal(signal.SIGCONT)
    await until_copied(ledger, b"18", b"19")
    (line,) = ledger.told("deleted before they were read")
    assert line["records"] == 20 - len(await copied(ledger))
    assert line["offset"] == 18
    assert await deleted_unread(ledger) == line["records"]
    await ledger.until(ledger.no_lag)


async def remake(admin: AIOKafkaAdminClient, topic: str, pause: float, partitions: int = PARTITIONS) -> None:
    await admin.delete_topics([topic])
    await asyncio.sleep(pause)
    async with asyncio.timeout(20):
        # What was deleted goes in its own time.
        while (await admin.create_topics([NewTopic(topic, partitions, 1)])).topic_errors[0][1]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("pause", [0.2, 6.0], ids=["at once", "later"])
async def test_a_topic_made_anew_is_read_from_its_beginning(
    ledger: Ledger, admin: AIOKafkaAdminClient, pause: float
) -> None:
    await ledger.start()
    await put(ledger, b"0", b"1", b"2")
    await until_copied(ledger, b"2")
    await remake(admin, ledger.originals, pause)
    # More than there were: an offset alone would not tell.
    await put(ledger, b"3", b"4", b"5", b"6", b"7")
    began = monotonic()
    await until_copied(ledger, b"3", b"4", b"5", b"6", b"7")
    assert monotonic() - began < 20
    # An offset beyond the new topic's end may bring its records before the look that finds it made anew.
    async with asyncio.timeout(20):
        while not ledger.told("a topic was made anew"):  # noqa: ASYNC110 - a process's log has no event
            await asyncio.sleep(0.2)
    assert ledger.told("a topic was made anew")[0]["topic"] == ledger.originals
    await ledger.until(ledger.no_lag)


@pytest.mark.parametrize("pause", [0.2, 6.0], ids=["at once", "later"])
async def test_a_topic_made_anew_with_fewer_partitions_ends_neither_of_two_workers(
    kafka: KafkaBroker, ledger: Ledger, admin: AIOKafkaAdminClient, tmp_path: Path, pause: float
) -> None:
    other = Ledger(kafka.address, tmp_path, ledger.store)
    other.app_id = ledger.app_id
    await ledger.start()
    await other.start(folder="other")
    try:
        for number in range(PARTITIONS):
            await put(ledger, b"%d" % number, partition=number)
        await until_copied(ledger, *(b"%d" % number for number in range(PARTITIONS)))
        await remake(admin, ledger.originals, pause, partitions=1)
        # The other topic is still committed meanwhile.
        await ledger.events(b"a", {"id": "a1", "add": 1})
        await put(ledger, b"new")
        await until_copied(ledger, b"new")
        await ledger.until_said("a1")
        await asyncio.sleep(15)
        for each in (ledger, other):
            assert each.process is not None
            assert each.process.returncode is None
            assert await each.is_ready()
            assert each.log.read_text().count("OffsetCommit failed") < 200
    finally:
        await other.__aexit__()


async def test_partitions_that_come_later_are_read_soon_and_said(
    ledger: Ledger, admin: AIOKafkaAdminClient
) -> None:
    await ledger.start()
    await admin.create_partitions({ledger.originals: NewPartitions(total_count=PARTITIONS + 1)})
    await asyncio.sleep(1)
    await put(ledger, b"new", partition=PARTITIONS)
    began = monotonic()
    await until_copied(ledger, b"new")
    assert monotonic() - began < 20
    (line,) = ledger.told("other partitions than before")
    assert (line["topic"], line["before"], line["now"]) == (ledger.originals, PARTITIONS, PARTITIONS + 1)


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
async def test_a_table_does_not_keep_what_a_changelog_held_that_is_no_more(
    kafka: KafkaBroker, tmp_path: Path, admin: AIOKafkaAdminClient, store: str
) -> None:
    async with Ledger(kafka.address, tmp_path, store) as ledger:
        await ledger.start()
        await ledger.events(b"a", {"id": "a1", "add": 5})
        await ledger.until_said("a1")
        kept = [(record.key, record.value) for record in await ledger.read(ledger.changelog)]
        await ledger.end()
        await remake(admin, ledger.changelog, 0.2)
        # As many records as there were, and of another key.
        await ledger.send(ledger.changelog, *((b"b", value) for _, value in kept * 8))
        await ledger.start()
        await ledger.events(b"a", {"id": "a2", "add": 1})
        assert (await ledger.until_said("a2"))[-1]["sum"] == 1
        assert bool(ledger.told("a changelog was made anew")) is (store == "rocksdb")


async def test_an_offset_of_a_topic_that_is_no_more_is_not_read_on_from(ledger: Ledger) -> None:
    await put(ledger, b"0", b"1", b"2")
    async with AIOKafkaConsumer(
        bootstrap_servers=ledger.kafka, group_id=ledger.app_id, enable_auto_commit=False
    ) as consumer:
        consumer.assign([TopicPartition(ledger.originals, 0)])
        await consumer.commit({TopicPartition(ledger.originals, 0): (2, str(uuid4()))})
    await ledger.start()
    await until_copied(ledger, b"0", b"1", b"2")
    (line,) = ledger.told("the topic was made anew; it is read from its beginning")
    assert (line["topic"], line["partition"], line["offset"]) == (ledger.originals, 0, 0)
