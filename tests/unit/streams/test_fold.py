"""The fold by itself: what a batch comes to, whatever is in it, and however often it is read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from schemas.deadlines import Deadline
from streams import envelope
from streams.dead_letters import DEAD_LETTERS, UnreadableRecordError, Why
from streams.envelope import Envelope
from streams.fold import Fold, FoldLimits, Opened, UnreadableStateError
from streams.records import Outgoing, Record

NOW = datetime(2021, 7, 15, 6, tzinfo=UTC)
WALL = int(NOW.timestamp() * 1000)
HOUR = timedelta(hours=1)
LIMITS = FoldLimits(keep=HOUR, most=5, largest_value=2_000, largest_effect=500)


@dataclass(frozen=True, slots=True)
class Said:
    id: str
    add: int = 0
    big: int = 0
    raises: bool = False
    refused: str = ""
    more: int = 0


class Adder:
    """Adds what is said, and says the sum."""

    name = "sums"
    shared = None
    inbox = "inbox"

    def empty(self, key: bytes) -> int:
        return 1000 if key == b"rich" else 0

    def load(self, key: bytes, data: bytes) -> int:  # noqa: ARG002
        return int(json.loads(data)["sum"])

    def dump(self, state: int) -> bytes:
        return json.dumps({"sum": state}).encode()

    def read(self, record: Record) -> tuple[str, Said]:
        if record.value == b"refuse":
            raise UnreadableRecordError("not an event")
        said = Said(**json.loads(record.value or b""))
        return said.id, said

    def apply(
        self,
        state: int,
        event: Said,
        now: datetime,
        shared: int | None,  # noqa: ARG002
    ) -> tuple[int, Sequence[Outgoing]]:
        if event.raises:
            raise ZeroDivisionError
        if event.refused:
            raise UnreadableRecordError(event.refused)
        total = state + event.add
        text = f"{event.id}: {total} at {now:%H:%M}" + "x" * event.big
        return total, [Outgoing("sums", b"k", text.encode())]

    def tells_more(self, state: int, event: Said) -> bool:
        return event.more > state

    def deadlines(self, state: int) -> Sequence[Deadline]:
        return [Deadline(NOW + HOUR, "sum", state)]

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        raise AssertionError(f"{key!r} {deadline}")


class Table:
    """A table of one partition, and the desk before it."""

    def __init__(self, limits: FoldLimits = LIMITS) -> None:
        self.store: dict[bytes, bytes] = {}
        self.recent: dict[bytes, Opened[int]] = {}
        self.limits = limits
        self.core = Adder()
        self.committed = 0
        self.acknowledged: int | None = None
        self._offset = 0
        self._ids: dict[bytes, str] = {}

    def record(
        self, id_: str, *, key: bytes | None = b"k", age: timedelta = timedelta(0), **said: object
    ) -> Record:
        self._offset += 1
        self._ids[envelope.digest(id_)] = id_
        value = json.dumps({"id": id_, **said}).encode()
        return Record("inbox", 0, self._offset, NOW - age, key, value)

    def fold(self, *records: Record) -> Fold[int, Said]:
        fold = Fold(
            self.core,
            self.limits,
            self.store.get,
            self.recent,
            committed=self.committed,
            acknowledged=self.acknowledged,
            wall=WALL,
        )
        for record in records:
            fold.take(record, NOW)
        return fold

    def write(self, fold: Fold[int, Said]) -> dict[bytes, int]:
        values = fold.values()
        self.store |= values
        return {key: opened.state for key, opened in fold.written(values)}

    def sums(self) -> dict[bytes, int]:
        return {key: Adder().load(key, envelope.load(value).state) for key, value in self.store.items()}

    def remembered(self) -> list[str]:
        return list(self.effects())

    def effects(self) -> dict[str, list[Outgoing]]:
        """What is remembered of each event."""
        handled = envelope.load(self.store[b"k"]).handled
        return {self._ids[key]: each.effects() for key, each in handled.items()}


def said(fold: Fold[int, Said]) -> list[str]:
    return [(effect.value or b"").decode() for effect in fold.effects if effect.topic != DEAD_LETTERS]


def reasons(fold: Fold[int, Said]) -> list[str]:
    letters = [effect for effect in fold.effects if effect.topic == DEAD_LETTERS]
    assert [dict(letter.headers)["jardem_reason"].decode() for letter in letters] == [
        refused.reason for refused in fold.refused
    ]
    return [refused.reason for refused in fold.refused]


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_batch_is_folded_in_order_and_told_what_it_came_to(table: Table) -> None:
    fold = table.fold(
        table.record("a", add=1), table.record("b", key=b"rich", add=2), table.record("c", add=4)
    )
    assert said(fold) == ["a: 1 at 06:00", "b: 1002 at 06:00", "c: 5 at 06:00"]
    assert table.write(fold) == {b"k": 5, b"rich": 1002}
    assert table.sums() == {b"k": 5, b"rich": 1002}


@pytest.mark.parametrize("lost", ["the store", "nothing at hand"])
def test_a_repeat_changes_nothing_and_sends_the_same_again(table: Table, lost: str) -> None:
    first = table.fold(table.record("a", add=1))
    table.write(first)
    before, effects = table.sums(), table.effects()
    if lost == "nothing at hand":
        table.recent.clear()
    again = table.fold(table.record("a", add=1), table.record("a", add=9))
    table.write(again)
    assert again.effects == first.effects * 2
    assert (table.sums(), table.effects()) == (before, effects)


def test_a_repeat_of_what_is_committed_sends_nothing(table: Table) -> None:
    first = table.record("a", add=1)
    table.write(table.fold(first, table.record("b", add=1)))
    table.committed = first.offset + 1
    again = table.fold(table.record("a", add=1), table.record("b", add=1))
    assert said(again) == ["b: 2 at 06:00"]
    table.write(again)
    assert table.sums() == {b"k": 2}


@pytest.mark.parametrize("lost", ["the store", "nothing at hand"])
def test_once_the_batch_is_acknowledged_its_effects_are_neither_kept_nor_sent(
    table: Table, lost: str
) -> None:
    """The broker has them all. That it was handled is still known, wherever it is read again."""
    first = table.record("a", add=1)
    table.write(table.fold(first))
    assert table.effects()["a"]
    table.acknowledged = first.offset + 1
    if lost == "nothing at hand":
        table.recent.clear()
    later = table.record("b", add=1)
    table.write(table.fold(later))
    assert [*map(bool, table.effects().values())] == [False, True]
    # A new owner knows of no acknowledgement: it reads from what was committed.
    table.acknowledged = None
    table.recent.clear()
    again = table.fold(first, later)
    assert said(again) == ["b: 2 at 06:00"]
    table.write(again)
    assert table.sums() == {b"k": 2}


def test_a_repeat_is_remembered_as_long_as_a_new_event_would_be(table: Table) -> None:
    """It may be read again as well, and its first record may be old by then (the simulation found it)."""
    first = table.record("a", age=2 * HOUR, add=1)
    table.write(table.fold(first))
    table.committed = first.offset + 1
    repeat, other = table.record("a", add=1), table.record("b", add=1)
    table.write(table.fold(repeat, other))
    assert table.remembered() == ["a", "b"]
    table.recent.clear()
    table.write(table.fold(repeat, other))
    assert table.sums() == {b"k": 2}


def test_a_batch_that_was_not_written_is_folded_again_to_the_same(table: Table) -> None:
    table.write(table.fold(table.record("a", add=1)))
    records = [table.record("b", add=2), table.record("c", add=3)]
    lost, again = table.fold(*records), table.fold(*records)
    assert (again.effects, again.values()) == (lost.effects, lost.values())
    table.write(again)
    assert table.sums() == {b"k": 6}


def test_what_is_at_hand_counts_only_as_long_as_the_store_holds_the_same(table: Table) -> None:
    table.write(table.fold(table.record("a", add=1)))
    other = Table()
    other.write(other.fold(other.record("z", add=7)))
    table.store = dict(other.store)
    table.write(table.fold(table.record("b", add=2)))
    assert table.sums() == {b"k": 9}


@pytest.mark.parametrize("where", ["read", "apply"])
def test_want_of_memory_refuses_no_record(table: Table, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Adder, where, short)
    with pytest.raises(MemoryError):
        table.fold(table.record("a", add=1))


def test_a_repeat_that_tells_more_is_applied_once_beside_the_event(table: Table) -> None:
    first, repeat = table.record("a", add=1), table.record("a", add=9, more=5)
    fold = table.fold(first, repeat, table.record("a", add=9, more=5))
    assert said(fold) == ["a: 1 at 06:00", "a: 10 at 06:00", "a: 1 at 06:00"]
    table.write(fold)
    assert table.sums() == {b"k": 10}


@pytest.mark.parametrize("written", [1, 2])
@pytest.mark.parametrize("lost", ["the store", "nothing at hand"])
def test_each_record_of_an_event_is_read_again_with_its_own_effects(
    table: Table, written: int, lost: str
) -> None:
    """Nobody can tell which effects have reached the broker: each of them is sent again, and no other."""
    records = [table.record("a", add=1), table.record("a", add=9, more=5)]
    first = table.fold(*records)
    table.write(table.fold(*records[:written]))
    if lost == "nothing at hand":
        table.recent.clear()
    again = table.fold(*records)
    assert again.effects == first.effects
    table.write(again)
    assert table.sums() == {b"k": 10}
    # Once the broker has them nothing is sent, wherever it is read.
    table.acknowledged = records[1].offset + 1
    assert said(table.fold(*records)) == []


def test_a_repeat_that_is_refused_is_refused_again_as_that_record(table: Table) -> None:
    records = [table.record("a", add=1), table.record("a", more=5, refused="why?")]
    first = table.fold(*records)
    table.write(first)
    table.recent.clear()
    again = table.fold(*records)
    assert reasons(again) == reasons(first) == ["why?"]
    assert again.effects == first.effects
    table.write(again)
    assert table.sums() == {b"k": 1}


def test_one_bad_record_takes_none_of_the_others_along(table: Table) -> None:
    good = table.record("a", add=1)
    fold = table.fold(
        good,
        Record("inbox", 0, 50, NOW, b"k", b"refuse"),
        Record("inbox", 0, 51, NOW, b"k", b"{"),
        Record("inbox", 0, 52, NOW, None, good.value),
        Record("inbox", 0, 53, NOW, b"k", None),
        table.record("b", raises=True),
        table.record("c", refused="which one?"),
        table.record("d", big=501),
        table.record("e", add=4),
    )
    table.write(fold)
    assert fold.count == 9
    assert reasons(fold) == [
        "not an event",
        "reading raised JSONDecodeError",
        "no key",
        "no value",
        "applying raised ZeroDivisionError",
        "which one?",
        "its effect is too large",
    ]
    assert said(fold) == ["a: 1 at 06:00", "e: 5 at 06:00"]
    assert table.remembered() == ["a", "e"]


def test_a_refused_event_is_no_event_and_may_come_again_mended(table: Table) -> None:
    table.write(table.fold(table.record("a", raises=True), table.record("a", add=3)))
    assert table.sums() == {b"k": 3}


class Cautious(Adder):
    """Takes nothing until something was added."""

    def apply(
        self, state: int, event: Said, now: datetime, shared: int | None
    ) -> tuple[int, Sequence[Outgoing]]:
        if event.refused and not state:
            raise UnreadableRecordError(event.refused, Why.REFUSED)
        return super().apply(state, replace(event, refused=""), now, shared)


def test_a_record_that_was_refused_is_refused_again_though_the_state_would_take_it_now(table: Table) -> None:
    table.core = Cautious()
    records = [table.record("a", refused="too early: wait"), table.record("b", add=1)]
    first = table.fold(*records)
    table.write(first)
    table.recent.clear()
    again = table.fold(*records)
    table.write(again)
    assert reasons(again) == reasons(first) == ["too early: wait"]
    assert [refused.why for refused in again.refused] == [Why.REFUSED]
    assert again.effects == first.effects
    assert table.sums() == {b"k": 1}
    # In another record it may be taken, as when it is redriven; and a committed one is never read again.
    table.write(table.fold(table.record("a", refused="too early: wait", add=5)))
    assert table.sums() == {b"k": 6}
    assert envelope.load(table.store[b"k"]).refused
    table.committed = records[-1].offset + 1
    table.write(table.fold(table.record("c", add=1)))
    assert not envelope.load(table.store[b"k"]).refused


def test_what_is_old_is_forgotten_and_what_may_come_again_is_not(table: Table) -> None:
    old = table.record("old", age=3 * HOUR, add=1)
    older = table.record("uncommitted", age=3 * HOUR, add=1)
    table.committed = old.offset + 1
    table.write(table.fold(old, older, table.record("new", add=1)))
    assert table.remembered() == ["uncommitted", "new"]


def test_an_old_log_that_is_read_again_forgets_by_its_own_times(table: Table) -> None:
    records = [table.record(f"{n}", age=50 * HOUR - n * HOUR / 2, add=1) for n in range(4)]
    table.committed = 99
    table.write(table.fold(*records))
    assert table.remembered() == ["1", "2", "3"]


def test_more_than_so_many_are_forgotten_but_for_those_that_may_come_again(table: Table) -> None:
    records = [table.record(str(n), add=1) for n in range(9)]
    table.committed = records[2].offset
    table.write(table.fold(*records))
    assert table.remembered() == [str(n) for n in range(2, 9)]
    table.committed = 99
    table.write(table.fold(table.record("last", add=1)))
    assert table.remembered() == ["5", "6", "7", "8", "last"]


def test_a_value_too_large_forgets_early_what_can_not_come_again() -> None:
    def folded(largest: int) -> tuple[Table, list[int]]:
        table = Table(FoldLimits(keep=HOUR, most=99, largest_value=largest, largest_effect=500))
        records = [table.record(str(n), big=100) for n in range(8)]
        table.committed = records[6].offset
        fold = table.fold(*records)
        table.write(fold)
        return table, fold.forgetful

    whole, _ = folded(9_999)
    size = len(whole.store[b"k"])
    bounded, forgetful = folded(size - 1)
    assert whole.remembered() == [str(n) for n in range(8)]
    assert bounded.remembered() == ["6", "7"]
    assert forgetful == [size]
    assert len(bounded.store[b"k"]) < size


def test_of_what_is_committed_only_the_id_is_kept(table: Table) -> None:
    """The effects say whatever was told of somebody, and a silent key is written no more."""
    table.write(table.fold(table.record("a", add=1), table.record("b", add=1)))
    table.committed = 3
    last = table.fold(table.record("c"))
    table.write(last)
    assert table.effects() == {"a": [], "b": [], "c": last.effects}
    table.committed = 4
    table.recent.clear()
    table.write(table.fold(table.record("a"), table.record("d")))
    assert [event for event, sent in table.effects().items() if sent] == ["d"]


def test_what_is_not_committed_is_sent_again_whatever_was_committed_before_it(table: Table) -> None:
    first, second = table.record("a", add=1), table.record("b", add=1)
    table.write(table.fold(first))
    table.committed = second.offset
    lost = table.fold(second)
    table.write(lost)
    again = table.fold(second)
    assert again.effects == lost.effects


def test_a_record_without_a_time_is_remembered_as_of_now(table: Table) -> None:
    table.committed = 99
    table.write(table.fold(replace(table.record("a"), timestamp=None, bare_timestamp=-1)))
    assert table.remembered() == ["a"]


def test_what_is_settled_is_written_without_its_effects_and_is_the_same_otherwise(table: Table) -> None:
    table.write(table.fold(table.record("a", add=1), table.record("b", add=1)))
    before = table.store[b"k"]
    assert table.effects()["b"]
    table.committed = 99
    for known in (True, False):
        if not known:
            table.recent.clear()
            table.store[b"k"] = before
        fold = table.fold(table.record(f"other {known}", key=b"rich"))
        fold.settle([b"k", b"nobody"])
        written = table.write(fold)
        assert written == {b"rich": 1000, b"k": 2}, "and nobody gets a value"
        assert table.effects() == {"a": [], "b": []}
        assert [effect.value for effect in fold.effects] == [f"other {known}: 1000 at 06:00".encode()]
    assert len(table.store[b"k"]) < len(before)


@pytest.mark.parametrize("value", [b"{}", b"", envelope.dump(Envelope(b""), b'{"total":1}')])
def test_a_value_that_can_not_be_read_is_told_with_its_key(table: Table, value: bytes) -> None:
    table.store[b"k"] = value
    fold = table.fold(table.record("other", key=b"rich"))
    with pytest.raises(UnreadableStateError, match=r"^(UnreadableEnvelopeError|KeyError): ") as told:
        fold.take(table.record("a"), NOW)
    assert told.value.key == b"k"
