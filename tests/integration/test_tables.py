"""Writing a table from many calls at once, in this process, on Apache Kafka."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.brokers.kafka import KafkaBroker
from streams.app import StreamApp, create_app
from streams.settings.settings import Settings
from streams.transport.stores import MemoryPartition
from streams.transport.tables import BytesTable, PartitionedStore
from streams.tuning import Tuning
from tests.integration.ledger import Ledger

pytestmark = pytest.mark.kafka


@dataclass
class Written:
    """A table of one partition that is being written, and where."""

    app: StreamApp
    table: BytesTable
    store: MemoryPartition
    ledger: Ledger

    async def changelog(self) -> list[tuple[bytes, bytes]]:
        """What stands in the changelog now."""
        return [(r.key, r.value) for r in await self.ledger.read(self.table.changelog_topic_name, 1)]


@pytest.fixture
async def written(kafka: KafkaBroker, tmp_path: Path) -> AsyncIterator[Written]:
    app = create_app(
        Settings(kafka=kafka.address, data_dir=tmp_path), Tuning(app_id=f"tables-{secrets.token_hex(4)}")
    )
    app.finalize()
    table: Any = app.Table("t", key_type=bytes, value_type=bytes)
    assert isinstance(table, BytesTable)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(table.changelog_topic_name, 1, 1)])
    await admin.close()
    store = MemoryPartition()
    store.write((), 0)
    cast("PartitionedStore", table.data)._partitions[0] = store
    await app.producer.start()
    try:
        yield Written(app, table, store, Ledger(kafka.address, tmp_path))
    finally:
        await app.producer.stop()


async def test_overlapping_calls_keep_their_order_and_find_no_hole(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    app, table = written.app, written.table
    # Some with values larger than a batch of ours, so that one call is several batches.
    sizes = [700_000 if number % 17 == 0 else 10 for number in range(120)]
    calls = [
        asyncio.create_task(
            app.send_table(table, 0, {b"same": b"%d" % n, b"k%d" % n: b"x" * size, b"l": b"y" * size}, [])
        )
        for n, size in enumerate(sizes)
    ]
    await asyncio.sleep(0)
    # A caller that gives up does not stop what it has begun.
    calls[60].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await app.producer.flush()
    records = await written.changelog()
    assert [int(value) for key, value in records if key == b"same"] == list(range(120))
    assert dict(written.store.items()) == dict(records)
    assert written.store.next_offset == len(records)
    assert "another worker" not in capsys.readouterr().out


async def test_a_value_that_is_none_deletes_its_key_here_and_in_the_changelog(written: Written) -> None:
    app, table = written.app, written.table
    await app.send_table(table, 0, {b"a": b"1", b"b": b"1"}, [])
    await app.send_table(table, 0, {b"a": None}, [])
    assert dict(written.store.items()) == {b"b": b"1"}
    assert await written.changelog() == [(b"a", b"1"), (b"b", b"1"), (b"a", None)]


async def test_what_another_writes_during_a_repair_is_repaired_too(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, table = written.app, written.table
    await app.send_table(table, 0, {b"a": b"new", b"b": b"new"}, [])
    changelogs: Any = cast("Any", app.producer).changelogs
    foreign_keys, late = changelogs._foreign_keys, [b"b", b"c"]

    async def interrupted(*args: Any) -> Any:
        if late:
            await stranger.send_and_wait(table.changelog_topic_name, b"old", key=late.pop(0), partition=0)
        return await foreign_keys(*args)

    monkeypatch.setattr(changelogs, "_foreign_keys", interrupted)
    async with AIOKafkaProducer(bootstrap_servers=written.ledger.kafka) as stranger:
        await stranger.send_and_wait(table.changelog_topic_name, b"old", key=b"a", partition=0)
        await app.send_table(table, 0, {b"d": b"new"}, [])
        await app.producer.flush()
    last = dict(await written.changelog())
    assert late == []
    assert last == {b"a": b"new", b"b": b"new", b"c": None, b"d": b"new"}
    assert changelogs.settled(table, 0) == len(await written.changelog())
