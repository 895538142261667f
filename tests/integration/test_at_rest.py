"""What little costs: a worker at rest asks for little, and a record that comes alone is answered at once."""

import asyncio
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11
from faust.types import TP

from streams.transport.fetching import Fetched
from streams.transport.source_reader import SourceReader
from tests.integration.ledger import PARTITIONS, Ledger

WAIT = 0.3
HOLD = 20.0


async def test_a_reader_at_rest_asks_seldom_and_names_no_partition(ledger: Ledger) -> None:
    await ledger.send(ledger.originals, *((b"%d" % n, b"old") for n in range(20)))
    delivered: list[bytes | None] = []
    named: list[int] = []

    def deliver(_: TP, fetched: Fetched) -> None:
        delivered.extend(item.value for item in fetched.items)  # type: ignore[union-attr]

    def settings() -> Mapping[str, Any]:
        return {
            "bootstrap_servers": ledger.kafka,
            "fetch_max_wait_ms": int(WAIT * 1000),
        }

    reader = SourceReader(settings, may_deliver=lambda _: True, deliver=deliver, most=500)
    await reader.start()
    client: Any = reader._fetcher._client._client
    send = client.send

    async def counted(node: int, request: Any, **more: Any) -> Any:
        if isinstance(request, FetchRequest):
            named.append(sum(len(numbers) for _, numbers in request.build(FetchRequest_v11).topics))
        return await send(node, request, **more)

    client.send = counted
    try:
        reader.read({TP(ledger.originals, number): 0 for number in range(PARTITIONS)})
        async with asyncio.timeout(20):
            while len(delivered) < 20:  # noqa: ASYNC110 - aiokafka's own task
                await asyncio.sleep(0.01)
        await asyncio.sleep(2 * WAIT)
        named.clear()
        await asyncio.sleep(10 * WAIT)
        assert 0 < len(named) <= 11
        assert set(named) == {0}
        await ledger.send(ledger.originals, (b"new", b"new"))
        async with asyncio.timeout(20):
            while b"new" not in delivered:  # noqa: ASYNC110 - aiokafka's own task
                await asyncio.sleep(0.01)
        assert max(named) <= 1, "only the one that is read further on"
    finally:
        await reader.stop()


async def test_a_record_that_comes_alone_is_answered_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the broker may hold a request: none is under way that leaves the partition out."""
    monkeypatch.setenv("LEDGER_FETCH_WAIT", str(HOLD))
    await ledger.start()
    tps = [TopicPartition(ledger.effects, number) for number in range(PARTITIONS)]
    took = []
    async with (
        AIOKafkaProducer(bootstrap_servers=ledger.kafka, acks="all") as producer,
        AIOKafkaConsumer(bootstrap_servers=ledger.kafka, enable_auto_commit=False) as consumer,
    ):
        consumer.assign(tps)
        await consumer.seek_to_end(*tps)
        for number in range(21):
            began = monotonic()
            event = json.dumps({"id": f"e{number}", "add": 1}).encode()
            await producer.send_and_wait(ledger.inbox, event, key=b"%d" % number)
            said = await asyncio.wait_for(consumer.getone(), 2 * HOLD)
            took.append(monotonic() - began)
            assert json.loads(said.value)["id"] == f"e{number}"
    # Milliseconds on a machine that does nothing else.
    assert statistics.median(took) < HOLD / 10, took


async def test_a_worker_at_rest_needs_next_to_nothing(ledger: Ledger) -> None:
    await ledger.start()
    assert ledger.process is not None
    stat = Path(f"/proc/{ledger.process.pid}/stat")
    await asyncio.sleep(2)

    def ticks() -> int:
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    took = []
    for _ in range(2):
        before = ticks()
        await asyncio.sleep(10)
        took.append(ticks() - before)
    # Of a thousand in ten seconds; it is 5 to 10 of them on a machine that does nothing else.
    assert min(took) < 50, took
