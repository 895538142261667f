"""What the streams count: dead letters by their kind, readiness, tables, deadlines that are behind."""

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from schemas.deadlines import Deadline
from streams import metric_labels
from streams.app import StreamApp
from streams.clock import Clock
from streams.dead_letters import UnreadableRecordError, Why
from streams.deadlines import Deadlines
from streams.desk import Desk
from streams.metric_labels import Form, counter, declared, gauge, histogram
from streams.records import Outgoing, Record
from streams.summary import NOTHING, Summary, microseconds
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.stores import MemoryPartition
from streams.tuning import Tuning


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"jardem_{name}", labels) or 0.0


def test_a_counter_begins_with_all_its_rows_and_a_form_with_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_labels, "_declared", {})
    counter("jardem_test_a", "A test's.", {"kind": ("one", "two"), "way": ("in", "out")})
    counter("jardem_test_b", "A test's.", {"kind": ("one",), "code": Form("[0-9]+", "a code")})
    histogram("jardem_test_c_seconds", "A test's.", {"kind": ("one",)})
    gauge("jardem_test_d", "A test's.", {"kind": ("one",)})
    assert REGISTRY.get_sample_value("jardem_test_a_total", {"kind": "two", "way": "in"}) == 0
    assert REGISTRY.get_sample_value("jardem_test_b_total", {"kind": "one", "code": "1"}) is None
    assert REGISTRY.get_sample_value("jardem_test_c_seconds_count", {"kind": "one"}) == 0
    assert REGISTRY.get_sample_value("jardem_test_d", {"kind": "one"}) is None
    known = declared()["jardem_test_b_total"]
    assert known.allows("code", "7")
    assert not known.allows("code", "seven")
    assert not known.allows("kind", "two")
    assert not known.allows("other", "one")


class Refusing:
    """A core that refuses what it is told to, in each way in which one can."""

    name, inbox, shared = "people", "case.inbox.v1", None

    def empty(self, key: bytes) -> str:
        return key.decode()

    def load(self, key: bytes, data: bytes) -> str:
        del key
        return data.decode()

    def dump(self, state: str) -> bytes:
        return json.dumps(state).encode()

    def read(self, record: Record) -> tuple[str, str]:
        text = (record.value or b"").decode()
        if text in ("envelope", "event"):
            raise UnreadableRecordError("why", Why(text))
        return text, text

    def apply(
        self, state: str, event: str, now: datetime, shared: object = None
    ) -> tuple[str, list[Outgoing]]:
        del now, shared
        if event == "refused":
            raise UnreadableRecordError("why", Why.REFUSED)
        if event == "raised":
            raise ZeroDivisionError
        return state, [Outgoing("t", b"k", b"x" * 600_000)] if event == "too_large" else []

    def tells_more(self, state: str, event: str) -> bool:
        del state, event
        return False

    def deadlines(self, state: str) -> list[Deadline]:
        del state
        return []

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        raise NotImplementedError


async def test_dead_letters_are_counted_by_the_kind_of_their_reason(
    ours: StreamApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send_table(*_: Any) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(ours, "send_table", send_table)
    desk = Desk(ours, Refusing())
    cast("Any", desk.table.data)._partitions[0] = MemoryPartition()
    kinds = [Why.ENVELOPE, Why.EVENT, Why.REFUSED, Why.RAISED, Why.TOO_LARGE, Why.KEY]
    before = {why: value("dead_letters_total", topic="case.inbox.v1", reason=why) for why in kinds}
    records = [
        Record("case.inbox.v1", 0, number, None, None if why is Why.KEY else b"k", str(why).encode())
        for number, why in enumerate(kinds)
    ]
    good = Record("case.inbox.v1", 0, 99, None, b"k", b"good")
    await desk._work(Batch([*records, good], AssignedPartition("case.inbox.v1", 0, committed=0)))
    after = {why: value("dead_letters_total", topic="case.inbox.v1", reason=why) for why in kinds}
    assert after == {why: count + 1 for why, count in before.items()}


async def test_a_rebalance_is_counted_and_how_long_nothing_was_handled(ours: StreamApp) -> None:
    rebalances, seconds = value("rebalances_total"), value("not_ready_seconds_total")
    ours.set_ready()
    assert value("ready") == 1
    waited = value("not_ready_seconds_total")
    assert waited > seconds
    ours._set_not_ready()
    assert (value("ready"), value("rebalances_total")) == (0, rebalances + 1)
    ours._set_not_ready()
    await asyncio.sleep(0.05)
    ours.set_ready()
    assert value("rebalances_total") == rebalances + 2
    assert value("not_ready_seconds_total") >= waited + 0.05


def test_a_table_s_size_is_that_of_the_partitions_held(ours: StreamApp) -> None:
    desk = Desk(ours, Refusing())
    partitions: dict[int, MemoryPartition] = cast("Any", desk.table.data)._partitions
    for number in range(2):
        partitions[number] = MemoryPartition()
        partitions[number].write([(b"ab", b"cde"), (b"f", b"")], 1)
    assert (value("table_keys", table="people"), value("table_bytes", table="people")) == (4, 12)
    partitions[0].write([(b"ab", b"c"), (b"f", None), (b"not there", None)], 2)
    assert (value("table_keys", table="people"), value("table_bytes", table="people")) == (3, 9)
    del partitions[1]
    assert (value("table_keys", table="people"), value("table_bytes", table="people")) == (1, 3)
    partitions[0].clear()
    assert (value("table_keys", table="people"), value("table_bytes", table="people")) == (0, 0)


def test_deadlines_are_counted_as_they_are_armed_and_the_earliest_says_how_late_we_are() -> None:
    app = cast("StreamApp", SimpleNamespace(task=lambda _: None, clock=Clock(), tuning=Tuning()))
    deadlines = Deadlines(app, "inbox", cast("Any", None))
    assert (deadlines.waiting(), deadlines.behind()) == (0, 0)
    now = microseconds(datetime.now(UTC))
    deadlines.change(0, b"soon", NOTHING, Summary(first=now + 3600 * 1_000_000, waiting=1))
    assert (deadlines.waiting(), deadlines.behind()) == (1, 0)
    late = Summary(first=now - 600 * 1_000_000, waiting=2)
    deadlines.change(1, b"late", NOTHING, late)
    assert deadlines.waiting() == 3
    assert deadlines.behind() == pytest.approx(600, abs=60)
    deadlines.change(1, b"late", late, NOTHING)
    assert deadlines.waiting() == 1
    deadlines.drop(0)
    assert deadlines.waiting() == 0
