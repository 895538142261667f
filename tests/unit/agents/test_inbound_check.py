"""One worker looks at the SMS API's list: the owner of partition 0, while it is sure to be that."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.inbound_check import MARK, InboundCheck
from schemas.ids import Pseudonyms, Sid
from sms.carrier import CannotBeAskedError, Text, Texts
from sms.sending import catch_up
from sms.sending.catch_up import CatchUp
from streams.clock import Clock
from streams.encryption.vault import Vault
from streams.records import Outgoing
from streams.transport.stores import MemoryPartition, NotOwnedError


class Api:
    """A list of two parts."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.trouble: Exception | None = None
        self.slow = 0.0

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        del since
        self.asked.append(following)
        await asyncio.sleep(self.slow)
        if self.trouble:
            raise self.trouble
        at = datetime.now(UTC) - timedelta(minutes=1)
        if following is None:
            return Texts([Text(Sid("SM2"), "+77015550102", "2", at)], "more")
        return Texts([Text(Sid("SM1"), "+77015550101", "1", at)], None)


class Table:
    name = "attempts"

    def __init__(self) -> None:
        self.stores = {0: MemoryPartition(), 1: MemoryPartition()}

    def partitions_owned(self) -> list[int]:
        return sorted(self.stores)

    def partition(self, number: int) -> MemoryPartition:
        if number not in self.stores:
            raise NotOwnedError(str(number))
        return self.stores[number]


class App:
    """As much of the application as the check sees, and in which order it was written to."""

    def __init__(self) -> None:
        self.vault = Vault()
        self.ready = asyncio.Event()
        self.ready.set()
        self.written: list[str] = []
        self.run: Any = None
        self.before_sending: Any = lambda: None

    def task(self, function: Any) -> None:
        self.run = function

    def fail(self) -> None:
        raise ConnectionError("the broker is gone")

    async def send_all(self, outgoing: Sequence[Outgoing]) -> None:
        self.before_sending()
        self.written += [f"text to {each.topic}" for each in outgoing]

    async def send_table(
        self, table: Table, partition: int, values: Mapping[bytes, bytes], outgoing: Sequence[Outgoing]
    ) -> None:
        assert list(outgoing) == []
        # As the real one: the broker has it before anybody asks whose the partition is.
        self.written += [f"{key.decode()} in {partition}" for key in values]
        table.partition(partition).write(values.items(), None)


class Bench:
    def __init__(self) -> None:
        self.app, self.api, self.table = App(), Api(), Table()
        catch_up = CatchUp(self.api, Pseudonyms(b"k"), Clock(), leave=timedelta(0))  # type: ignore[arg-type]
        self.check = InboundCheck(
            self.app,  # type: ignore[arg-type]
            self.table,  # type: ignore[arg-type]
            catch_up,
            every=0.05,
            ready=self._ready,
        )

    async def _ready(self) -> None:
        """The connections are opened elsewhere."""

    async def until(self, asked: int) -> None:
        async with asyncio.timeout(5):
            while len(self.api.asked) < asked:  # noqa: ASYNC110 - the check's own task
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running() -> AsyncIterator[Bench]:
    bench = Bench()
    task = asyncio.ensure_future(bench.app.run())
    try:
        yield bench
    finally:
        await bench.check.stop()
        await asyncio.wait_for(task, 1)


async def test_the_mark_is_written_after_the_texts_are_safe_and_the_list_is_read_again() -> None:
    async with running() as bench:
        await bench.until(6)
    assert bench.app.written == ["text to sms.inbox.v1"] * 2 + ["inbound-read-to in 0"]
    assert bench.api.asked[:6] == [None, "more"] * 3
    stored = bench.table.partition(0).get(MARK)
    assert stored
    assert datetime.now(UTC) - catch_up.load(stored).read_to < timedelta(minutes=2)


async def test_who_does_not_own_the_partition_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.inbound_check._SECONDS_TO_LOOK_AGAIN", 0.02)
    bench = Bench()
    store = bench.table.stores.pop(0)
    task = asyncio.ensure_future(bench.app.run())
    await asyncio.sleep(0.2)
    assert bench.api.asked == []
    bench.table.stores[0] = store
    await bench.until(2)
    await bench.check.stop()
    await task


async def test_while_the_group_rebalances_nobody_is_asked() -> None:
    bench = Bench()
    bench.app.ready.clear()
    task = asyncio.ensure_future(bench.app.run())
    await asyncio.sleep(0.2)
    assert bench.api.asked == []
    await bench.check.stop()
    await task


async def test_who_loses_the_partition_while_reading_writes_no_mark() -> None:
    async with running() as bench:
        bench.app.before_sending = lambda: bench.table.stores.pop(0, None)
        await bench.until(1)
        await asyncio.sleep(0.1)
    assert bench.app.written == []
    assert bench.api.asked == [None]


async def test_texts_that_the_broker_did_not_take_are_sent_again() -> None:
    async with running() as bench:
        bench.app.before_sending = bench.app.fail
        await bench.until(2)
        assert bench.app.written == []
        bench.app.before_sending = lambda: None
        await bench.until(len(bench.api.asked) + 4)
    assert bench.app.written == ["text to sms.inbox.v1"] * 2 + ["inbound-read-to in 0"]


async def test_who_loses_the_partition_with_the_last_part_leaves_the_mark_to_its_heir() -> None:
    async with running() as bench:

        def lose() -> None:
            if bench.app.written:
                bench.table.stores.pop(0, None)

        bench.app.before_sending = lose
        await bench.until(2)
        await asyncio.sleep(0.1)
    assert bench.app.written == ["text to sms.inbox.v1"] * 2


async def test_whatever_fails_is_said_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    async with running() as bench:
        bench.api.trouble = CannotBeAskedError("http_503", passing=True)
        await bench.until(2)
        bench.api.trouble = ValueError("+77015550101 wrote 1")
        await bench.until(len(bench.api.asked) + 2)
        assert bench.app.written == []
        bench.api.trouble = None
        await bench.until(len(bench.api.asked) + 4)
    assert bench.app.written == ["text to sms.inbox.v1"] * 2 + ["inbound-read-to in 0"]
    out = "".join(capsys.readouterr())
    assert "http_503" in out
    assert "ValueError" in out
    assert "7701" not in out


async def test_it_stops_at_once_whatever_the_api_does() -> None:
    bench = Bench()
    bench.api.slow = 60
    task = asyncio.ensure_future(bench.app.run())
    await bench.until(1)
    await asyncio.wait_for(bench.check.stop(), 1)
    await asyncio.wait_for(task, 1)
    await asyncio.wait_for(Bench().check.stop(), 1)
