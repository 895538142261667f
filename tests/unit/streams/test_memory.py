"""Want of memory is nobody's fault: nothing is dead-lettered or acknowledged for it, and the process ends."""

from typing import Any

import pytest

from ops.read_model import preparing
from streams.app import StreamApp
from streams.handlers import register_stateless
from streams.records import Record
from streams.transport.batch import AssignedPartition, Batch

BATCH = [Record("in", 0, offset, None, b"key", b"value") for offset in range(2)]


class EndedError(Exception):
    """Instead of the end of the process."""


@pytest.mark.parametrize("short_at", [1, 2], ids=["at once", "one by one"])
async def test_a_handler_that_lacks_memory_ends_the_worker_with_nothing_acknowledged(
    ours: StreamApp, monkeypatch: pytest.MonkeyPatch, short_at: int
) -> None:
    calls = []

    async def handle(batch: Batch) -> list[Any]:
        calls.append(len(batch))
        raise MemoryError if len(calls) == short_at else ZeroDivisionError

    def end(*_: Any, error: str, **__: Any) -> None:
        raise EndedError(error)

    monkeypatch.setattr("streams.handlers.end_process", end)
    register_stateless(ours, "handler", ["in"], handle)
    assigned = AssignedPartition("in", 0, committed=0)
    with pytest.raises(EndedError, match="MemoryError"):
        await ours.handlers["in"](Batch(BATCH, assigned))
    assert len(calls) == short_at
    assert assigned.acknowledged is None


def test_a_record_for_which_the_console_lacks_memory_is_not_counted_as_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(preparing, "project", short)
    means: Any = None
    with pytest.raises(MemoryError):
        preparing.prepare(BATCH, means)
