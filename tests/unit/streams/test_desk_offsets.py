"""What a desk takes for acknowledged and for committed, where offsets begin again or a batch does."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams import envelope, summary
from streams.app import StreamApp
from streams.desk import Desk
from streams.records import Outgoing, Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.stores import MemoryPartition

SAID = Outgoing("sums", b"k", b"said")


@pytest.fixture
def desk(ours: StreamApp) -> Desk:
    """One that adds numbers up, and says something each time."""
    core: Any = SimpleNamespace(
        name="desk",
        inbox="inbox",
        empty=lambda _: 0,
        shared=None,
        load=lambda _, data: json.loads(data),
        dump=lambda state: b"%d" % state,
        read=lambda record: (str(record.offset), int(record.value)),
        apply=lambda state, event, *_: (state + event, [SAID]),
        deadlines=lambda _: [],
        elapsed=lambda *_: None,
    )

    async def send_table(table: Any, partition: int, values: dict[bytes, bytes], *_: Any) -> None:
        table.partition(partition).write(values.items(), None)

    cast("Any", ours).send_table = send_table
    desk = Desk(ours, core)
    cast("Any", desk.table.data)._partitions[0] = MemoryPartition()
    return desk


def records(count: int) -> list[Record]:
    return [Record("inbox", 0, offset, None, b"k", b"1") for offset in range(count)]


def value(desk: Desk) -> envelope.Envelope:
    stored = desk.table.partition(0).get(b"k")
    assert stored is not None
    return envelope.load(summary.body(stored))


async def test_of_a_topic_made_anew_nothing_is_committed_yet(desk: Desk) -> None:
    """Its offsets begin again: what was committed of the former one would have its effects forgotten."""
    made_anew = AssignedPartition("inbox", 0, committed=500, acknowledged=0)
    await desk._work(Batch(records(2), made_anew))
    kept = value(desk)
    assert [each.effects() for each in kept.open.values()] == [[SAID], [SAID]]
    assert kept.handled.keys() == kept.open.keys(), "they may be read again"


@pytest.mark.parametrize(
    ("committed", "acknowledged", "never"),
    [(None, None, 0), (7, None, 7), (7, 9, 7), (None, 9, 0), (9, 7, 7)],
)
def test_what_is_never_read_again(committed: int | None, acknowledged: int | None, never: int) -> None:
    assert AssignedPartition("inbox", 0, committed, acknowledged).never_again == never


async def test_a_batch_that_begins_again_takes_no_acknowledgement_back(desk: Desk) -> None:
    app = cast("Any", desk._app)
    app.tuning = replace(app.tuning, max_fold_seconds=-1.0)
    assigned = AssignedPartition("inbox", 0, committed=0)
    seen: list[int | None] = []
    write = desk._write

    async def watched(*arguments: Any) -> None:
        await write(*arguments)
        seen.append(assigned.acknowledged)

    cast("Any", desk)._write = watched
    batch = Batch(records(120), assigned)
    await desk._work(batch)
    assert seen == [None, 50, 100], "each part is acknowledged before the next is written"
    await desk._work(batch)
    assert seen[3:] == [100, 100, 100]
    assert value(desk).state == b"120"
