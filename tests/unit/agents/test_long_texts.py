"""Where parts of long texts are kept: by whoever owns the number's partition, now and later."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.long_texts import KEY, LongTextsTable
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from schemas.messages import TextPartReceived
from sms.sending import long_texts
from streams.clock import Clock, real_now
from streams.encryption.vault import Vault
from streams.records import Outgoing
from streams.transport.stores import MemoryPartition, NotOwnedError

PSEUDONYMS = Pseudonyms(b"k")


class Table:
    name = "attempts"

    def __init__(self) -> None:
        self.stores = {1: MemoryPartition(), 2: MemoryPartition()}

    def partitions_owned(self) -> list[int]:
        # As right after a rebalance: one is told of that is not held any more.
        return [1, 2, 3]

    def partition(self, number: int) -> MemoryPartition:
        if number not in self.stores:
            raise NotOwnedError(str(number))
        return self.stores[number]


class App:
    """As much of the application as this sees; it sleeps until a test wakes it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.vault = Vault()
        self.ready = asyncio.Event()
        self.ready.set()
        self.sure = True
        self.lease = SimpleNamespace(valid=lambda: self.sure)
        self.should_stop = False
        self.sent: list[Outgoing] = []
        self.written: list[str] = []
        self.run: Any = None
        self.broken = False

    def task(self, function: Any) -> None:
        self.run = function

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        # This look is the last one.
        self.should_stop = True

    async def send_all(self, outgoing: Sequence[Outgoing]) -> None:
        if self.broken:
            raise ConnectionError("the broker is gone")
        self.sent += outgoing
        self.written += ["text" for _ in outgoing]

    async def send_table(
        self, table: Table, partition: int, values: Mapping[bytes, bytes | None], outgoing: Sequence[Outgoing]
    ) -> None:
        self.sent += outgoing
        self.written.append(f"row in {partition}")
        table.partition(partition).write(values.items(), None)


def part(number: int, at: datetime | None = None, count: int = 2) -> TextPartReceived:
    return TextPartReceived(
        phone="+77015550101",
        text=str(number),
        carrier="altel",
        reference=7,
        count=count,
        number=number,
        received_at=at or real_now(),
    )


def texts(app: App) -> list[str]:
    found = [decode(each.value, each.headers, timestamp=datetime.now(UTC)) for each in app.sent]
    return [json.loads(event.data)["text"] for event in found]


@pytest.fixture
async def app() -> App:
    return App()


def kept(app: App, table: Table) -> LongTextsTable:
    return LongTextsTable(app, table, PSEUDONYMS)  # type: ignore[arg-type]


async def look_once(app: App) -> None:
    app.should_stop = False
    await app.run()


async def test_a_text_is_put_together_by_the_next_owner_too(app: App) -> None:
    table = Table()
    await kept(app, table).take(1, [part(1)])
    assert app.sent == []
    another = App()
    await kept(another, table).take(1, [part(2)])
    assert texts(another) == ["12"]
    assert [each.topic for each in another.sent] == ["sms.inbox.v1"]


async def test_a_batch_that_is_read_again_sends_the_same_text_under_the_same_id(app: App) -> None:
    table = Table()
    parts = [part(1), part(2)]
    await kept(app, table).take(1, parts)
    await kept(app, table).take(1, parts)
    assert len(app.sent) >= 2
    assert len({dict(each.headers)["ce_id"] for each in app.sent}) == 1


async def test_nothing_is_written_without_parts(app: App) -> None:
    await kept(app, Table()).take(1, [])
    assert app.written == []


async def test_what_waits_too_long_is_told_and_then_forgotten(app: App) -> None:
    table = Table()
    keeper = kept(app, table)
    await keeper.take(2, [part(1, real_now() - timedelta(minutes=9))])
    await keeper.take(1, [part(2, real_now() - timedelta(minutes=11), count=3)])
    app.written.clear()
    await look_once(app)
    assert app.written == ["text", "row in 1"]
    assert texts(app) == ["\ufffd2\ufffd"]
    assert table.stores[1].get(KEY) is None
    assert table.stores[2].get(KEY)


async def test_a_worker_that_may_have_lost_the_partition_leaves_it_alone(app: App) -> None:
    table = Table()
    await kept(app, table).take(1, [part(1, real_now() - timedelta(minutes=11), count=3)])
    app.sent.clear()
    app.sure = False
    await look_once(app)
    app.sure = True
    app.ready.clear()
    await look_once(app)
    assert app.sent == []


async def test_a_look_that_fails_stops_nobody_and_loses_nothing(app: App) -> None:
    table = Table()
    await kept(app, table).take(1, [part(1, real_now() - timedelta(minutes=11), count=3)])
    app.sent.clear()
    app.broken = True
    with capture_logs() as logs:
        await look_once(app)
    assert [line["error"] for line in logs if line["log_level"] == "error"] == ["ConnectionError"]
    app.broken = False
    await look_once(app)
    assert len(app.sent) == 1


async def test_a_row_that_cannot_be_read_is_begun_anew(app: App) -> None:
    table = Table()
    table.stores[1].write([(KEY, b"nonsense")], None)
    with capture_logs() as logs:
        await kept(app, table).take(1, [part(1), part(2)])
    assert texts(app) == ["12"]
    assert logs[0]["log_level"] == "error"
    stored = table.stores[1].get(KEY)
    assert long_texts.load(stored).texts
