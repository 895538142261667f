"""What a desk counts: at each write and after each recovery, and only where it is the owner."""

from typing import Any, cast

import pytest

from streams import envelope, summary
from streams.app import StreamApp
from streams.counts import Counts
from streams.desk import Desk
from streams.envelope import Envelope
from streams.records import Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.stores import MemoryPartition
from tests.unit.streams.adding_desk import adding_core


def test_what_is_counted_of_a_key_takes_the_place_of_what_was() -> None:
    counts = Counts()
    counts.change(0, (), (("due", 2), ("over", 1)))
    counts.change(1, (), (("due", 1),))
    assert (counts.total("due"), counts.total("over"), counts.total("other")) == (3, 1, 0)
    counts.change(0, (("due", 2), ("over", 1)), (("over", 2),))
    assert (counts.total("due"), counts.total("over")) == (1, 2)
    counts.change(0, (("over", 2),), ())
    assert (counts.total("due"), counts.total("over")) == (1, 0)


def test_partitions_that_are_gone_are_not_counted() -> None:
    counts = Counts()
    for partition in range(3):
        counts.change(partition, (), (("due", 1),))
    counts.keep_only([1, 2, 7])
    assert counts.total("due") == 2
    counts.drop(2)
    counts.drop(9)
    assert counts.total("due") == 1


@pytest.fixture
def desk(ours: StreamApp) -> Desk:
    """One that adds numbers up, and counts the sums above nine."""

    async def send_table(table: Any, partition: int, values: dict[bytes, bytes], *_: Any) -> None:
        table.partition(partition).write(values.items(), None)

    cast("Any", ours).send_table = send_table
    return Desk(ours, adding_core(), lambda state: {"high": state > 9})


def give(desk: Desk, partition: int, *values: int) -> None:
    """A partition comes whose table holds these values."""
    store = MemoryPartition()
    store.write(
        [(b"%d" % n, envelope.dump(Envelope(b""), b"%d" % value)) for n, value in enumerate(values)], 1
    )
    data = cast("Any", desk.table.data)
    data._partitions[partition] = store
    data.mark_changed(partition)


def take_away(desk: Desk, partition: int) -> None:
    del cast("Any", desk.table.data)._partitions[partition]


async def add(desk: Desk, offset: int, key: bytes, value: int) -> None:
    record = Record("inbox", 0, offset, None, key, b"%d" % value)
    await desk._work(Batch([record], AssignedPartition("inbox", 0, committed=0)))


async def test_a_desk_counts_its_table_at_recovery_and_what_it_writes(desk: Desk) -> None:
    give(desk, 0, 3, 12, 40)
    give(desk, 1, 99)
    await desk._on_recover()
    assert desk.counts.total("high") == 3
    await add(desk, 1, b"0", 7)
    assert desk.counts.total("high") == 4
    await add(desk, 2, b"1", -5)
    await add(desk, 2, b"1", -5)
    assert desk.counts.total("high") == 3


async def test_a_rebalance_is_counted_anew(desk: Desk) -> None:
    give(desk, 0, 12)
    give(desk, 1, 99, 98)
    await desk._on_recover()
    take_away(desk, 1)
    await desk._on_recover()
    assert desk.counts.total("high") == 1
    give(desk, 1, 1, 98)
    await desk._on_recover()
    await desk._on_recover()
    assert desk.counts.total("high") == 2


async def test_at_recovery_a_state_is_read_only_where_its_summary_does_not_hold(desk: Desk) -> None:
    read: list[bytes] = []
    load = cast("Any", desk._core).load

    def reading(key: bytes, data: bytes) -> Any:
        read.append(key)
        return load(key, data)

    cast("Any", desk._core).load = reading
    store = MemoryPartition()
    tags = {b"ours": desk._tag, b"others": summary.tag_of("other policies")}
    high = summary.Summary(counted=(("high", 1),))
    values = {key: summary.join(high, tag, envelope.dump(Envelope(b""), b"40")) for key, tag in tags.items()}
    store.write([*values.items(), (b"none", envelope.dump(Envelope(b""), b"40"))], 1)
    data = cast("Any", desk.table.data)
    data._partitions[0] = store
    data.mark_changed(0)
    await desk._on_recover()
    assert desk.counts.total("high") == 3
    assert sorted(read) == [b"none", b"others"]
    # Written once, it has a summary that holds.
    await add(desk, 1, b"none", 1)
    read.clear()
    data.mark_changed(0)
    await desk._on_recover()
    assert (desk.counts.total("high"), read) == (3, [b"others"])
