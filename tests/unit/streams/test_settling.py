from streams.envelope import Envelope
from streams.records import Outgoing
from streams.settling import Settling

HEAVY = [Outgoing("topic", b"k", b"v" * 100)]


def write(
    settling: Settling,
    partition: int,
    key: bytes,
    offset: int,
    effects: list[Outgoing] = HEAVY,
    committed: int = 0,
) -> None:
    envelope = Envelope(b"{}")
    envelope.remember(f"event-{offset}", 1, offset, effects)
    envelope.settle(committed)
    settling.note(partition, key, settling.last_heavy(envelope))


def test_a_heavy_value_is_due_when_its_last_event_is_committed() -> None:
    settling = Settling(100)
    write(settling, 0, b"heavy", 7)
    write(settling, 0, b"light", 8, [])
    write(settling, 1, b"elsewhere", 1)
    assert settling.due(0, 7) == []
    assert settling.due(0, 8) == [b"heavy"]
    assert settling.due(2, 99) == []


def test_what_was_written_without_them_is_due_no_more() -> None:
    settling = Settling(100)
    write(settling, 0, b"k", 7)
    write(settling, 0, b"k", 7, committed=8)
    assert settling.due(0, 99) == []


def test_a_later_event_moves_a_key_behind_the_others() -> None:
    settling = Settling(100)
    for key, offset in ((b"a", 1), (b"b", 2), (b"a", 3)):
        write(settling, 0, key, offset)
    assert settling.due(0, 3) == [b"b"]
    assert settling.due(0, 4) == [b"b", b"a"]


def test_of_very_many_only_some_are_due_at_once() -> None:
    settling = Settling(100)
    for number in range(250):
        write(settling, 0, b"%d" % number, number)
    first = settling.due(0, 999)
    assert len(first) == 100
    for key in first:
        write(settling, 0, key, 0, [], committed=1)
    assert settling.due(0, 999)[0] == b"100"


def test_partitions_that_went_away_are_forgotten() -> None:
    settling = Settling(100)
    for partition in (0, 1):
        write(settling, partition, b"k", 1)
    settling.keep_only([1])
    assert settling.due(0, 9) == []
    assert settling.due(1, 9) == [b"k"]
