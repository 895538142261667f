"""A state that the keys of a partition share: what an event reads of it, whatever was written before."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from schemas.deadlines import Deadline
from streams.fold import Fold, FoldLimits, Opened, UnreadableStateError, load
from streams.records import Outgoing, Record

NOW = datetime(2021, 7, 15, 6, tzinfo=UTC)
WALL = int(NOW.timestamp() * 1000)
LIMITS = FoldLimits(keep=timedelta(hours=1), most=5, largest_value=2_000, largest_effect=500)

History = tuple[tuple[int, str], ...]
"""A word from each offset on; of another key what it has heard, and where."""


@dataclass(frozen=True, slots=True)
class Word:
    id: str
    said: str
    offset: int


class Shared:
    key = b"all"

    def settled(self, state: History, committed: int) -> History:
        over = sum(offset < committed for offset, _ in state)
        return state[max(0, over - 1) :]

    def revision(self, state: History) -> Deadline | None:
        raise AssertionError(state)

    def seen(self, state: History) -> int | None:
        raise AssertionError(state)


class Listener:
    """Says what was said to all when it was spoken to."""

    name = "words"
    inbox = "inbox"
    shared = Shared()

    def empty(self, key: bytes) -> History:
        return ((-1, "nothing"),) if key == self.shared.key else ()

    def load(self, key: bytes, data: bytes) -> History:
        kind, state = json.loads(data)
        assert kind == (key == self.shared.key)
        return tuple((offset, word) for offset, word in state)

    def dump(self, state: History) -> bytes:
        return json.dumps([bool(state) and state[0][1] != "heard", state]).encode()

    def read(self, record: Record) -> tuple[str, Word]:
        id_, said = json.loads(record.value or b"")
        return id_, Word(id_, said, record.offset)

    def apply(
        self, state: History, event: Word, now: datetime, shared: History | None
    ) -> tuple[History, Sequence[Outgoing]]:
        del now
        if shared is None:
            return (*state, (event.offset, event.said)), []
        word = [word for offset, word in shared if offset < event.offset][-1]
        return (*state, (event.offset, "heard")), [Outgoing("told", b"k", f"{event.id} {word}".encode())]

    def tells_more(self, state: History, event: Word) -> bool:
        del state, event
        return False

    def deadlines(self, state: History) -> Sequence[Deadline]:
        raise AssertionError(state)

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        raise AssertionError(f"{key!r} {deadline}")


class Table:
    def __init__(self) -> None:
        self.store: dict[bytes, bytes] = {}
        self.recent: dict[bytes, Opened[History]] = {}
        self.committed = 0

    def fold(self, *records: Record) -> Fold[History, Word]:
        fold = Fold(Listener(), LIMITS, self.store.get, self.recent, committed=self.committed, wall=WALL)
        for record in records:
            fold.take(record, NOW)
        assert fold.refused == []
        return fold

    def write(self, fold: Fold[History, Word], *only: bytes) -> None:
        """Write what the fold has come to, or, where the worker dies of it, only these keys."""
        values = fold.values()
        if only:
            self.store |= {key: values[key] for key in only}
            self.recent.clear()
        else:
            self.store |= values
            assert {key for key, _ in fold.written(values)} == set(values)


def record(offset: int, key: bytes, said: str = "") -> Record:
    return Record("inbox", 0, offset, NOW, key, json.dumps([f"e{offset}", said]).encode())


def told(fold: Fold[History, Word]) -> list[str]:
    return [(effect.value or b"").decode() for effect in fold.effects]


BATCH = (
    record(0, b"a"),
    record(1, b"all", "stop"),
    record(2, b"a"),
    record(3, b"b"),
    record(4, b"all", "go"),
    record(5, b"b"),
)
WHOLE = ["e0 nothing", "e2 stop", "e3 stop", "e5 go"]


def test_each_event_reads_what_was_said_before_it_in_the_partition() -> None:
    assert told(Table().fold(*BATCH)) == WHOLE


@pytest.mark.parametrize("cut", range(1, 6))
def test_it_is_the_same_in_whatever_batches_it_is_read(cut: int) -> None:
    table = Table()
    first = table.fold(*BATCH[:cut])
    table.write(first)
    table.recent = dict(table.recent) if cut % 2 else {}
    table.committed = cut
    assert told(first) + told(table.fold(*BATCH[cut:])) == WHOLE


@pytest.mark.parametrize("only", [(b"all",), (b"a",), (b"b",), (b"all", b"a"), (b"a", b"b")])
def test_a_batch_of_which_a_part_was_written_is_folded_again_to_the_same(only: tuple[bytes, ...]) -> None:
    table = Table()
    table.write(table.fold(*BATCH), *only)
    again = table.fold(*BATCH)
    assert told(again) == WHOLE
    table.write(again)
    table.committed = 6
    assert told(table.fold(record(6, b"a"))) == ["e6 go"]


def test_what_may_be_read_again_is_kept_and_the_rest_is_forgotten_with_the_next_word() -> None:
    table = Table()
    table.write(table.fold(*BATCH))
    table.committed = 3
    table.write(table.fold(record(6, b"all", "stop")))
    stop = ((1, "stop"), (4, "go"), (6, "stop"))
    assert table.recent[b"all"].state == load(Listener(), b"all", table.store[b"all"]).state == stop


def test_a_reader_never_writes_what_is_shared() -> None:
    table = Table()
    table.write(table.fold(*BATCH))
    table.committed = 6
    fold = table.fold(record(6, b"a"))
    assert set(fold.values()) == {b"a"}


def test_what_is_shared_is_read_from_the_store_where_another_has_written_it() -> None:
    """The states at hand are of all partitions, and each has a state of its own under the shared key."""
    table, other = Table(), Table()
    table.write(table.fold(*BATCH))
    other.recent = table.recent
    other.write(other.fold(record(0, b"all", "wait")))
    table.committed = 6
    assert told(table.fold(record(6, b"a"))) == ["e6 go"]


def test_a_shared_state_that_cannot_be_read_ends_the_fold_by_its_key() -> None:
    table = Table()
    table.store[b"all"] = b"{}"
    with pytest.raises(UnreadableStateError) as refused:
        table.fold(record(0, b"a"))
    assert refused.value.key == b"all"
