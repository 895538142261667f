"""Transactions: only what is committed is read, marks are not waited for, and one that hangs is seen."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from streams import envelope
from tests.integration.ledger import Ledger
from tests.integration.reader import unhandled

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@asynccontextmanager
async def transactional(ledger: Ledger) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=ledger.kafka, transactional_id=ledger.app_id)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def put(producer: AIOKafkaProducer, topic: str, *values: bytes, partition: int = 0) -> None:
    for value in values:
        await producer.send_and_wait(topic, value, b"key", partition=partition)


def event(name: str) -> bytes:
    return json.dumps({"id": name, "add": 1}).encode()


def gauge(metrics: str, name: str, topic: str) -> float:
    line = f'{name}{{partition="0",topic="{topic}"}} '
    return next((float(text[len(line) :]) for text in metrics.splitlines() if text.startswith(line)), -1.0)


async def test_what_was_aborted_was_never_said(ledger: Ledger) -> None:
    await ledger.start()
    async with transactional(ledger) as producer:
        for number, commits in enumerate((True, False, False, True)):
            await producer.begin_transaction()
            await put(producer, ledger.inbox, event(f"{number}"))
            await put(producer, ledger.originals, b"%d" % number)
            await (producer.commit_transaction() if commits else producer.abort_transaction())
        await ledger.until_said("0", "3")
        await ledger.until(ledger.no_lag)
    said = [(effect["id"], effect["sum"]) for effect in await ledger.said()]
    assert said == [("0", 1), ("3", 2)]
    assert [copy.value for copy in await ledger.read(ledger.copies)] == [b"0", b"3"]


async def test_marks_alone_leave_no_lag_and_are_read_once(ledger: Ledger) -> None:
    await ledger.start()
    async with transactional(ledger) as producer:
        for _ in range(3):
            await producer.begin_transaction()
            await put(producer, ledger.originals, b"never said")
            await producer.abort_transaction()

    async def nothing_left() -> bool:
        return not await unhandled(ledger.kafka, ledger.app_id, ledger.originals)

    await ledger.until(nothing_left)
    assert await ledger.end() == 0
    assert await nothing_left()
    assert await ledger.read(ledger.copies) == []


async def test_a_transaction_that_hangs_is_seen_in_the_lag_and_in_the_log(ledger: Ledger) -> None:
    await ledger.start()
    async with transactional(ledger) as hanging:
        await hanging.begin_transaction()
        await put(hanging, ledger.originals, b"first")
        async with AIOKafkaProducer(bootstrap_servers=ledger.kafka, acks="all") as producer:
            await put(producer, ledger.originals, b"second", b"third")

        async def told() -> bool:
            return bool(ledger.told("a transaction holds back"))

        await ledger.until(told)
        (line,) = ledger.told("a transaction holds back")
        assert (line["topic"], line["partition"], line["offset"], line["records"]) == (
            ledger.originals,
            0,
            0,
            3,
        )
        metrics = await ledger.metrics()
        assert gauge(metrics, "jardem_lag_records", ledger.originals) == 3
        assert gauge(metrics, "jardem_held_back_records", ledger.originals) == 3
        assert await ledger.read(ledger.copies) == []
        await hanging.commit_transaction()

    async def all_copied() -> bool:
        return [r.value for r in await ledger.read(ledger.copies)] == [b"first", b"second", b"third"]

    await ledger.until(all_copied)

    async def goes_on() -> bool:
        return gauge(await ledger.metrics(), "jardem_lag_records", ledger.originals) == 0

    await ledger.until(goes_on)
    assert ledger.told("goes on again")


async def test_a_table_does_not_believe_what_was_aborted_and_waits_for_what_hangs(ledger: Ledger) -> None:
    await ledger.start()
    await ledger.events(b"key", {"id": "one", "add": 5})
    await ledger.until_said("one")
    (record,) = await ledger.read(ledger.inbox)
    await ledger.end()
    true = (await ledger.read(ledger.changelog))[-1].value
    async with transactional(ledger) as stranger:
        await stranger.begin_transaction()
        await put(stranger, ledger.changelog, b"a lie", partition=record.partition)
        async with AIOKafkaProducer(bootstrap_servers=ledger.kafka, acks="all") as producer:
            whole = envelope.load(true)
            assert b'"sum": 5' in whole.state
            later = envelope.dump(whole, whole.state.replace(b'"sum": 5', b'"sum": 7'))
            await put(producer, ledger.changelog, later, partition=record.partition)
        await ledger.start(ready=False)

        async def waits() -> bool:
            return bool(ledger.told("recovery waits"))

        await ledger.until(waits)
        assert (await ledger.health("/readyz"))[1]["status"] == "recovering tables"
        await stranger.abort_transaction()
    await ledger.until(ledger.is_ready)
    await ledger.events(b"key", {"id": "two", "add": 1})
    assert (await ledger.until_said("two"))[-1]["sum"] == 8, "what stood behind the transaction was read"
