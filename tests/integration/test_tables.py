"""Writing a table from many calls at once, in this process, on Apache Kafka."""

import asyncio
import secrets
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.brokers.kafka import KafkaBroker
from streams.app import create_app
from streams.settings import Settings
from streams.stores import MemoryPartition
from streams.tables import BytesTable, PartitionedStore
from streams.tuning import Tuning
from tests.integration.ledger import Ledger

pytestmark = pytest.mark.kafka


async def test_overlapping_calls_keep_their_order_and_find_no_hole(
    kafka: KafkaBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(
        Settings(kafka=kafka.address, data_dir=tmp_path), Tuning(app_id=f"tables-{secrets.token_hex(4)}")
    )
    app.finalize()
    table: Any = app.Table("t", key_type=bytes, value_type=bytes)
    assert isinstance(table, BytesTable)
    changelog = table.changelog_topic_name
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(changelog, 1, 1)])
    await admin.close()
    store = MemoryPartition()
    store.write((), 0)
    cast("PartitionedStore", table.data)._partitions[0] = store
    await app.producer.start()
    try:
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
    finally:
        await app.producer.stop()
    ledger = Ledger(kafka.address, tmp_path)
    records = await ledger.read(changelog, 1)
    assert [int(r.value) for r in records if r.key == b"same"] == list(range(120))
    last = {record.key: record.value for record in records}
    assert dict(store.items()) == last
    assert store.next_offset == len(records)
    assert "another worker" not in capsys.readouterr().out
