"""What is acknowledged of a partition that is another worker's by then, or is read on from elsewhere: nothing
of it reaches the partition as it is taken up anew.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.app import StreamApp
from streams.desk import Desk
from streams.handlers import register_handler
from streams.records import Record
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.fetching import Fetched
from streams.transport.stores import MemoryPartition
from tests.unit.streams.adding_desk import adding_core

INBOX = TP("inbox", 0)


def record(offset: int) -> Record:
    return Record("inbox", 0, offset, None, b"key", b"1")


def handed_over(consumer: Any) -> AssignedPartition:
    """The partition goes to another worker and comes back, all while something waits."""
    consumer.assigned[INBOX].live = False
    anew = AssignedPartition("inbox", 0, committed=5, topic_id="new")
    consumer.assigned = {INBOX: anew}
    return anew


async def test_what_is_handled_too_late_is_not_acknowledged(ours: StreamApp) -> None:
    consumer: Any = ours.consumer
    before = AssignedPartition("inbox", 0, committed=10)
    consumer.assigned = {INBOX: before}
    goes_on = asyncio.Event()

    begun: list[Batch] = []

    async def work(batch: Batch) -> None:
        begun.append(batch)
        await goes_on.wait()

    register_handler(ours, "worker", ["inbox"], work)
    consumer._deliver(INBOX, Fetched([record(10), record(11)], 12))
    consumer._deliver(INBOX, Fetched([record(12)], 13))
    task = before.task
    assert task is not None
    await asyncio.sleep(0)
    anew = handed_over(consumer)
    goes_on.set()
    await task
    assert before.acknowledged is None
    assert (anew.acknowledged, anew.committed) == (None, 5)
    assert consumer.committable() == {}
    assert (ours.batches_handled, ours.records_handled) == (0, 0), "the next owner counts them"
    assert len(begun) == 1, "what waited behind it is the next owner's too"


@pytest.mark.parametrize("meanwhile", ["flush", "commit"])
@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("back", [True, False])
async def test_a_commit_that_the_partition_was_handed_over_in_tells_the_next_owner_nothing(
    ours: StreamApp, meanwhile: str, *, taken: bool, back: bool
) -> None:
    consumer: Any = ours.consumer
    before = AssignedPartition("inbox", 0, committed=10, acknowledged=12, topic_id="old")
    consumer.assigned = {INBOX: before}
    told: list[Any] = []

    def pass_on(when: str) -> None:
        if when == meanwhile:
            handed_over(consumer)
            if not back:
                consumer.assigned.clear()

    async def flush() -> None:
        pass_on("flush")

    async def commit_offsets(offsets: Mapping[TP, tuple[int, str]]) -> bool:
        told.append(dict(offsets))
        pass_on("commit")
        return taken

    cast("Any", ours.producer).flush = flush
    consumer._thread.commit_offsets = commit_offsets
    assert await consumer.force_commit() is taken
    assert told == [{INBOX: (12, "old")}], "with the id of the topic that the offset is one of"
    assert before.committed == (12 if taken else 10)
    assert consumer.committable() == {}
    assert [(each.acknowledged, each.committed) for each in consumer.assigned.values()] == [(None, 5)] * back


def desk_of(ours: StreamApp) -> Desk:
    """A desk that writes and acknowledges after every fifty records."""
    ours.tuning = replace(ours.tuning, max_fold_seconds=0.0)
    desk = Desk(ours, adding_core())
    cast("Any", desk.table.data)._partitions[0] = MemoryPartition()
    return desk


@pytest.mark.parametrize("lost", [True, False])
async def test_a_desk_acknowledges_no_part_of_a_batch_once_its_partition_is_lost(
    ours: StreamApp, *, lost: bool
) -> None:
    desk = desk_of(ours)
    assigned = AssignedPartition("inbox", 0, committed=0)
    written: list[int | None] = []

    async def send_table(*_: Any) -> None:
        written.append(assigned.acknowledged)
        assigned.live = not lost

    cast("Any", ours).send_table = send_table
    await desk._work(Batch([record(offset) for offset in range(110)], assigned))
    assert written == ([None, None, None] if lost else [None, 50, 100])
    assert assigned.acknowledged == (None if lost else 100), "the last part is the runner's to acknowledge"


async def test_a_batch_that_was_put_off_and_begins_again_takes_no_acknowledgement_back(
    ours: StreamApp,
) -> None:
    """What is acknowledged may be committed, and forgotten, by then."""
    desk = desk_of(ours)
    assigned = AssignedPartition("inbox", 0, committed=0)
    batch = Batch([record(offset) for offset in range(110)], assigned)
    written: list[int | None] = []

    async def send_table(*_: Any) -> None:
        written.append(assigned.acknowledged)

    cast("Any", ours).send_table = send_table
    await desk._work(batch)
    await desk._work(batch)
    assert written == [None, 50, 100, 100, 100, 100]


@pytest.mark.parametrize(("wanted", "found"), [(10, 50), (50, 0)])
async def test_where_the_reading_was_moved_to_is_acknowledged_before_what_is_read_there(
    wanted: int, found: int, ours: StreamApp
) -> None:
    """A worker that dies now must not have the next one told once more of what is gone."""
    consumer: Any = ours.consumer
    consumer.assigned = {INBOX: (assigned := AssignedPartition("inbox", 0, committed=wanted))}
    begun: list[Any] = []

    async def work(batch: Batch) -> None:
        begun.append(batch)
        await asyncio.Event().wait()

    register_handler(ours, "worker", ["inbox"], work)
    consumer._deliver(INBOX, Fetched([record(found)], found + 1, moved=(wanted, found)))
    await asyncio.sleep(0)
    assert consumer.committable() == {INBOX: found}, "and nothing of the batch, which is in work"
    assert assigned.committed == (wanted if found > wanted else None), "of a topic made anew nothing is yet"
    assigned.acknowledged = begun[0].next_offset
    assert consumer.committable() == {INBOX: found + 1}


def test_a_commit_that_was_under_way_is_none_of_a_topic_that_was_made_anew_meanwhile() -> None:
    """A desk would take its first events for ones that are never read again, and forget them."""
    assigned = AssignedPartition("inbox", 0, committed=500, acknowledged=510)
    assigned.move_to(0)
    assigned.note_commit(510)
    assert assigned.committed is None
    assigned.acknowledged = 7
    assigned.note_commit(7)
    assert assigned.committed == 7


@pytest.mark.parametrize(("count", "size"), [(500, 1), (2, 600_000)])
async def test_of_a_partition_whose_batch_is_in_flight_only_so_much_waits(
    count: int, size: int, ours: StreamApp
) -> None:
    consumer: Any = ours.consumer
    consumer.assigned = {INBOX: (assigned := AssignedPartition("inbox", 0, committed=0))}
    goes_on, begun, asked_again = asyncio.Event(), [], []

    async def work(batch: Batch) -> None:
        begun.append([record.offset for record in batch])
        await goes_on.wait()

    register_handler(ours, "worker", ["inbox"], work)
    consumer._reader.go_on = lambda: asked_again.append(consumer._has_room(INBOX))
    consumer._deliver(INBOX, Fetched([record(0)], 1))
    for offset in range(1, count + 1):
        assert consumer._has_room(INBOX)
        large = replace(record(offset), value=b"x" * size)
        consumer._deliver(INBOX, Fetched([large], offset + 1, weight=len(large.value or b"")))
    assert not consumer._has_room(INBOX)
    await asyncio.sleep(0)
    assert begun == [[0]]
    goes_on.set()
    async with asyncio.timeout(5):
        while assigned.acknowledged != count + 1:  # noqa: ASYNC110 - the work's own task
            await asyncio.sleep(0.01)
    assert begun[1:] == [list(range(1, count + 1))], "what came meanwhile comes together"
    assert asked_again == [True]
