"""What comes of the bytes that a broker sends: records, what cannot be unpacked, and never an exception."""

import gzip
import random
import struct
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from faust.types import TP

from streams.records import NotUnpacked, Record
from streams.transport.unpacking import Item, Unpacking
from tests.crafted import CODECS, CONTROL, Raw, batch, body, compressed, numbered, sized, varint

IN = TP("registry", 3)
TRANSACTIONAL = 0x10
NOW = 1_626_084_000_000


def unpack(
    data: bytes, start: int = 0, end: int = 1000, aborted: Sequence[tuple[int, int]] = ()
) -> tuple[list[Item], int]:
    unpacking = Unpacking(IN, data, aborted, start, end)
    return list(unpacking), unpacking.next_fetch_offset


def records(count: int, **more: object) -> list[Raw]:
    return [Raw(b"k%d" % n, b"v%d" % n, **more) for n in range(count)]  # type: ignore[arg-type]


def offsets(items: Sequence[Item]) -> list[int]:
    return [item.offset for item in items]


@pytest.mark.parametrize("codec", CODECS)
def test_records_are_what_they_were(codec: str) -> None:
    raws = [
        Raw(None, None, [], NOW),
        Raw(b"", b"", [(b"", None)], NOW + 5),
        Raw(b"\xff", b"v" * 100_000, [("жәрдем".encode(), b"\xfe"), (b"a", b"1"), (b"a", b"2")], NOW - 5),
    ]
    items, after = unpack(batch(raws, codec, base=40))
    assert items == [
        Record("registry", 3, 40, datetime(2021, 7, 12, 10, tzinfo=UTC), None, None),
        Record(
            *("registry", 3, 41, datetime(2021, 7, 12, 10, 0, 0, 5000, UTC), b"", b"", (("", b""),)),
            null_headers=frozenset({0}),
        ),
        Record(
            *("registry", 3, 42, datetime(2021, 7, 12, 9, 59, 59, 995000, UTC), b"\xff", b"v" * 100_000),
            headers=(("жәрдем", b"\xfe"), ("a", b"1"), ("a", b"2")),
        ),
    ]
    assert after == 43


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff\xfe\x00", b"\xed\xa0\x80", b"ok\x80"])
def test_a_header_may_be_called_what_is_not_utf8(codec: str, name: bytes) -> None:
    raws = [*records(2), Raw(b"k", b"v", [(b"ce_id", b"1"), (name, b"x"), (b"n", None)]), *records(1)]
    data = batch(raws, codec)
    with pytest.raises(UnicodeDecodeError):  # what aiokafka comes to
        list(DefaultRecordBatch(batch(raws)))
    items, after = unpack(data)
    assert offsets(items) == [0, 1, 2, 3]
    odd = items[2]
    assert isinstance(odd, Record)
    assert [n.encode("utf-8", "surrogateescape") for n, _ in odd.headers] == [b"ce_id", name, b"n"]
    assert odd.null_headers == {2}
    assert after == 4


@pytest.mark.parametrize(
    ("milliseconds", "time"),
    [
        (0, None),
        (-1, None),
        (-86_400_000, None),
        (1_626_084_000, None),
        (1_626_084_000_000_000, None),
        (1_626_084_000_000_000_000, None),
        (2**63 - 1, None),
        (NOW, datetime(2021, 7, 12, 10, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_a_time_or_none_and_is_kept_as_it_stands(
    milliseconds: int, time: datetime | None
) -> None:
    ((item,), _) = unpack(batch([Raw(b"k", b"v", timestamp=milliseconds)]))
    assert isinstance(item, Record)
    assert (item.timestamp, item.milliseconds) == (time, milliseconds)


def test_the_brokers_time_is_taken_where_it_stamps_the_records() -> None:
    raws = [Raw(b"k", b"v", timestamp=0), Raw(b"k", b"v", [(b"\xff", b"")], NOW)]
    items, _ = unpack(batch(raws, attributes=0x08))
    assert [item.milliseconds for item in items if isinstance(item, Record)] == [NOW, NOW]


def test_what_was_read_before_is_not_read_again() -> None:
    data = batch(records(5), "zstd", base=10) + batch(records(2), base=15)
    items, after = unpack(data, start=13)
    assert (offsets(items), after) == ([13, 14, 15, 16], 17)
    odd = batch([*records(4), Raw(b"k", b"v", [(b"\xff", b"")])], base=10)
    assert offsets(unpack(odd, start=13)[0]) == [13, 14]


def test_a_batch_that_the_broker_cut_off_is_left_for_the_next_fetch() -> None:
    whole = batch(records(2))
    assert unpack(whole + batch(records(2), base=2)[:-1]) == unpack(whole)
    assert unpack(whole[:30]) == ([], 0)


def test_a_batch_that_never_comes_whole_is_a_dead_letter() -> None:
    part = batch(records(2), base=4)[:-1]
    unpacking = Unpacking(IN, part, (), 4, 6, all_there=True)
    reason = "it says that it is longer than what there is"
    assert list(unpacking) == [NotUnpacked(*IN, 4, 4, reason, part, "batch")]
    assert unpacking.next_fetch_offset == 5


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_a_wrong_checksum_makes_a_dead_letter_of_its_batch_only(codec: str) -> None:
    bad = bytearray(batch(records(3), codec, base=2))
    bad[-2] ^= 1
    items, after = unpack(batch(records(2)) + bytes(bad) + batch(records(1), base=5))
    assert offsets(items) == [0, 1, 2, 5]
    assert items[2] == NotUnpacked(*IN, 2, 4, "its checksum is wrong", bytes(bad), "batch")
    assert after == 6


@pytest.mark.parametrize(
    ("delta", "follows", "end", "last"),
    [
        (2**31 - 1, True, 1000, 4),
        (2**31 - 1, False, 5, 4),
        (-7, True, 1000, 2),
        (-7, False, 5, 2),
    ],
)
def test_a_broken_batch_does_not_say_how_far_to_skip(
    delta: int,
    follows: bool,  # noqa: FBT001 - a row of the table
    end: int,
    last: int,
) -> None:
    bad = bytearray(batch(records(3), base=2))
    bad[23:27] = struct.pack(">i", delta)
    items, after = unpack(bytes(bad) + (batch(records(1), base=5) if follows else b""), 2, end)
    assert isinstance(items[0], NotUnpacked)
    assert items[0].last_offset == last
    assert after == (6 if follows else last + 1)


@pytest.mark.parametrize("base", [-5, 1, 998, 2**62])
def test_a_batch_that_says_it_stands_elsewhere_does_not_move_the_reading_there(base: int) -> None:
    moved = batch(records(3), base=base)
    items, after = unpack(batch(records(2)) + moved + batch(records(1), base=5))
    assert [type(item) for item in items] == [Record, Record, NotUnpacked, Record]
    assert offsets(items) == [0, 1, 2, 5]
    assert after == 6


@pytest.mark.parametrize(
    ("number", "payload", "reason"),
    [
        (2, b"\x05junk", "its snappy data is broken"),
        (3, b"junk", "its lz4 data is broken"),
        (4, b"junk", "its zstd data is broken"),
        (1, b"junk", "its gzip data is broken"),
        (6, b"junk", "number 6, unknown here"),
    ],
)
def test_what_cannot_be_decompressed_is_a_dead_letter(number: int, payload: bytes, reason: str) -> None:
    data = batch(records(3), base=7, attributes=number, payload=payload)
    (item, good), after = unpack(data + batch(records(1), base=10), start=8)
    assert isinstance(item, NotUnpacked)
    assert (item.offset, item.last_offset, item.data, item.form) == (8, 9, data, "batch")
    assert reason in item.reason
    assert (good.offset, after) == (10, 11)


def test_a_record_that_does_not_hold_its_fields_is_a_dead_letter_of_its_own() -> None:
    bodies = [body(raw, n, NOW) for n, raw in enumerate(records(4))]
    bodies[1] = bodies[1][:-1] + varint(40)  # headers that are not there
    bodies[2] = bodies[2][:3] + varint(1000) + bodies[2][4:]  # a key longer than the record
    data = batch(records(4), payload=b"".join(map(sized, bodies)))
    items, after = unpack(data)
    assert offsets(items) == [0, 1, 2, 3]
    assert [type(item) for item in items] == [Record, NotUnpacked, NotUnpacked, Record]
    assert [item.data for item in items if isinstance(item, NotUnpacked)] == bodies[1:3]
    assert after == 4


def test_records_that_are_missing_are_a_dead_letter() -> None:
    kept = b"".join(sized(body(raw, n, NOW)) for n, raw in enumerate(records(2)))
    data = batch(records(5), payload=kept)
    items, after = unpack(data)
    assert offsets(items) == [0, 1, 2]
    assert isinstance(items[2], NotUnpacked)
    assert (items[2].last_offset, items[2].data, after) == (4, data, 5)


ODD = [(b"\xff", b"")]
"""A header that aiokafka raises at, so that the records are taken out one by one."""


@pytest.mark.parametrize("codec", ["none", "zstd"])
@pytest.mark.parametrize("headers", [[], ODD], ids=["fast", "one by one"])
@pytest.mark.parametrize("deltas", [(0, 1, 1_000_000), (0, 0, 0), (2, 1, 0), (-5, 0, 1), (1, 2, 3)])
def test_where_a_batch_has_no_holes_a_record_stands_in_its_turn_whatever_it_says(
    deltas: Sequence[int], headers: Sequence[tuple[bytes, bytes]], codec: str
) -> None:
    raws = [*records(2), Raw(b"k2", b"v2", headers)]
    odd = batch(raws, codec, base=40, payload=compressed(numbered(raws, deltas), codec))
    items, after = unpack(odd + batch(records(1), base=43), start=40, end=44)
    assert offsets(items) == [40, 41, 42, 43]
    assert [item.key for item in items if isinstance(item, Record)] == [b"k0", b"k1", b"k2", b"k0"]
    assert after == 44
    assert offsets(unpack(odd, start=42, end=44)[0]) == [42]


def test_a_record_without_its_fields_stands_in_its_turn_too() -> None:
    bodies = [body(raw, n, NOW) for n, raw in zip((0, 0, 9), records(3), strict=True)]
    bodies[1] = bodies[1][:-1] + varint(40)  # headers that are not there
    items, after = unpack(batch(records(3), payload=b"".join(map(sized, bodies))))
    assert (offsets(items), after) == ([0, 1, 2], 3)
    assert [type(item) for item in items] == [Record, NotUnpacked, Record]


@pytest.mark.parametrize("headers", [[], ODD], ids=["fast", "one by one"])
def test_where_compaction_left_holes_a_record_stands_where_it_says(
    headers: Sequence[tuple[bytes, bytes]],
) -> None:
    raws = [*records(2), Raw(b"k2", b"v2", headers)]
    thinned = batch(raws, base=40, payload=numbered(raws, (1, 4, 8)), says=(9, 3))
    items, after = unpack(thinned + batch(records(1), base=50))
    assert (offsets(items), after) == ([41, 44, 48, 50], 51)
    assert offsets(unpack(thinned, start=45)[0]) == [48]


@pytest.mark.parametrize("headers", [[], ODD], ids=["fast", "one by one"])
@pytest.mark.parametrize(
    ("deltas", "read", "begins"),
    [
        ((0, 4, 1_000_000, 5), [40, 44], 45),
        ((0, 4, 10, 5), [40, 44], 45),
        ((0, 4, 4, 5), [40, 44], 45),
        ((0, 4, 2, 5), [40, 44], 45),
        ((0, 4, -9, 5), [40, 44], 45),
        ((-1, 4, 5, 6), [], 40),
        ((0, 4, 9, 9), [40, 44, 49], 49),
        ((0, 9, 4, 5), [40, 49], 49),
    ],
)
def test_a_record_that_says_it_stands_where_none_can_is_a_dead_letter_with_the_rest_of_its_batch(
    deltas: Sequence[int], read: list[int], begins: int, headers: Sequence[tuple[bytes, bytes]]
) -> None:
    raws = [Raw(b"k", b"v", headers), *records(3)]
    bad = batch(raws, base=40, payload=numbered(raws, deltas), says=(9, 4))
    items, after = unpack(bad + batch(records(1), base=50), start=40)
    assert offsets(items) == [*read, begins, 50]
    reason = "a record in it says that it stands where it cannot stand"
    assert items[-2] == NotUnpacked(*IN, begins, 49, reason, bad, "batch", NOW)
    assert after == 51
    assert unpack(bad, start=40, end=50)[1] == 50


@pytest.mark.parametrize("headers", [[], ODD], ids=["fast", "one by one"])
def test_a_batch_of_more_records_than_places_is_a_dead_letter(
    headers: Sequence[tuple[bytes, bytes]],
) -> None:
    raws = [Raw(b"k", b"v", headers), *records(3)]
    bad = batch(raws, base=40, says=(2, 4))
    items, after = unpack(bad + batch(records(1), base=43), start=41)
    reason = "it says that it has more records than offsets"
    assert items[0] == NotUnpacked(*IN, 41, 42, reason, bad, "batch", NOW)
    assert (offsets(items), after) == ([41, 43], 44)


@pytest.mark.parametrize("count", [-3, 0, 2])
def test_records_behind_those_that_are_counted_are_a_dead_letter(count: int) -> None:
    bad = batch(records(3), says=(2, count))
    items, after = unpack(bad + batch(records(1), base=3))
    read = max(count, 0)
    reason = "there is more in it than the records that it says it has"
    assert offsets(items) == [*range(read), read, 3]
    assert items[read] == NotUnpacked(*IN, read, 2, reason, bad, "batch", NOW)
    assert after == 4


def test_a_batch_of_which_compaction_left_nothing_is_passed_over() -> None:
    emptied = batch(records(3), payload=b"", says=(2, 0))
    assert offsets(unpack(emptied + batch(records(1), base=3))[0]) == [3]


@pytest.mark.parametrize(("deltas", "begins"), [((0, 4, 9), 49), ((0, 4, 8), 49), ((0, 1, 2), 43)])
def test_missing_records_are_a_dead_letter_up_to_the_end_of_their_batch(
    deltas: Sequence[int], begins: int
) -> None:
    bad = batch(records(3), base=40, payload=numbered(records(3), deltas), says=(9, 4))
    items, after = unpack(bad + batch(records(1), base=50))
    assert offsets(items) == [*(40 + delta for delta in deltas), begins, 50]
    assert isinstance(items[3], NotUnpacked)
    assert (items[3].last_offset, after) == (49, 51)


def test_a_record_without_its_fields_has_no_place_behind_the_last_one() -> None:
    bodies = [body(raw, n, NOW) for n, raw in zip((0, 9, 4), records(3), strict=True)]
    bodies[2] = bodies[2][:-1] + varint(40)  # headers that are not there
    bad = batch(records(3), payload=b"".join(map(sized, bodies)), says=(9, 3))
    items, after = unpack(bad + batch(records(1), base=10))
    assert (offsets(items), after) == ([0, 9, 9, 10], 11)
    assert isinstance(items[2], NotUnpacked)
    assert items[2].last_offset == 9


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", [0, 1, 2])
def test_records_of_before_kafka_011_are_read(magic: int, codec: int) -> None:
    builder = LegacyRecordBatchBuilder(magic, codec, 100_000)
    for n in range(3):
        builder.append(n, timestamp=NOW, key=b"k%d" % n, value=b"v%d" % n)
    data = bytearray(builder.build())
    if codec:
        data[7] = 2  # the broker gives such a batch its last record's offset
    items, after = unpack(bytes(data))
    assert offsets(items) == [0, 1, 2]
    assert {item.timestamp for item in items if isinstance(item, Record)} == {
        datetime(2021, 7, 12, 10, tzinfo=UTC) if magic else None
    }
    assert after == 3


def test_a_broken_record_of_before_kafka_011_is_a_dead_letter() -> None:
    builder = LegacyRecordBatchBuilder(1, 0, 100_000)
    builder.append(0, timestamp=NOW, key=b"k", value=b"v")
    bad = bytearray(builder.build())
    bad[-1] ^= 1
    items, after = unpack(bytes(bad) + batch(records(1), base=1))
    assert items[0] == NotUnpacked(*IN, 0, 0, "its checksum is wrong", bytes(bad), "batch")
    assert (items[1].offset, after) == (1, 2)


def wrapped(magic: int, inner: Sequence[int], last: int) -> bytes:
    """Compressed records of before Kafka 0.11, each with what it says; the last stands at `last`."""
    plain = b""
    for number, offset in enumerate(inner):
        builder = LegacyRecordBatchBuilder(magic, 0, 100_000)
        builder.append(0, timestamp=NOW, key=b"k%d" % number, value=b"v")
        plain += struct.pack(">q", offset) + bytes(builder.build())[8:]
    builder = LegacyRecordBatchBuilder(magic, 0, 100_000)
    builder.append(0, timestamp=NOW, key=None, value=gzip.compress(plain))
    data = bytearray(builder.build())
    data[17] = 1
    data[:8], data[12:16] = struct.pack(">q", last), struct.pack(">I", zlib.crc32(data[16:]))
    return bytes(data)


@pytest.mark.parametrize(
    ("magic", "inner", "read", "begins"),
    [
        (0, (40, 41, 42), [40, 41, 42], None),
        (1, (0, 1, 2), [40, 41, 42], None),
        (1, (0, 4, 5), [37, 41, 42], None),
        (0, (40, 1_000_000, 42), [40], 41),
        (0, (40, 40, 42), [40], 41),
        (0, (41, 40, 42), [41], 42),
        (0, (40, 42, 42), [40, 42], 42),
        (0, (40, 41, 43), [40, 41], 42),
        (1, (0, 1_000_000, 2), [40], 41),
        (1, (0, 0, 2), [40], 41),
        (1, (0, 0, 0), [42], 42),
        (1, (-30, 1, 2), [], 36),
        (1, (0, 1, 1_000_000), [], 36),
    ],
)
def test_a_record_of_before_kafka_011_is_not_believed_where_it_cannot_stand(
    magic: int, inner: Sequence[int], read: list[int], begins: int | None
) -> None:
    before, bad = batch(records(1), base=35), wrapped(magic, inner, 42)
    items, after = unpack(before + bad + batch(records(1), base=43), start=35)
    assert offsets(items) == [35, *read, *([] if begins is None else [begins]), 43]
    if begins is not None:
        reason = "a record in it says that it stands where it cannot stand"
        assert items[-2] == NotUnpacked(*IN, begins, 42, reason, bad, "batch")
    assert after == 44
    assert unpack(bad, start=36, end=43)[1] == 43


def test_what_was_read_before_of_before_kafka_011_takes_no_offset() -> None:
    broken = bytearray(wrapped(1, (0, 1, 2), 42))
    broken[40] ^= 0xFF
    broken[12:16] = struct.pack(">I", zlib.crc32(broken[16:]))
    items, after = unpack(bytes(broken) + batch(records(1), base=43), start=43)
    assert (offsets(items), after) == ([43], 44)


def test_a_format_of_after_today_is_a_dead_letter() -> None:
    data = bytearray(batch(records(3)))
    data[16] = 3
    items, after = unpack(bytes(data) + batch(records(1), base=3))
    assert isinstance(items[0], NotUnpacked)
    assert "format has the number 3" in items[0].reason
    assert (items[0].last_offset, items[1].offset, after) == (2, 3, 4)


def mark(base: int, producer: int, kind: int) -> bytes:
    """What a broker writes at the end of a transaction: 0 aborted, 1 committed."""
    raw = Raw(struct.pack(">hh", 0, kind), struct.pack(">hi", 0, 0))
    return batch([raw], base=base, attributes=TRANSACTIONAL | CONTROL, producer=(producer, 0, -1))


def written(base: int, producer: int, count: int = 2) -> bytes:
    return batch(records(count), base=base, attributes=TRANSACTIONAL, producer=(producer, 0, 0))


def test_what_an_aborted_transaction_wrote_is_passed_over() -> None:
    data = (
        batch(records(1))
        + written(1, producer=7)
        + written(3, producer=8)
        + mark(5, producer=7, kind=0)
        + written(6, producer=7)
        + mark(8, producer=8, kind=1)
        + mark(9, producer=7, kind=1)
    )
    items, after = unpack(data, aborted=[(7, 1)])
    assert offsets(items) == [0, 3, 4, 6, 7]
    assert after == 10


def test_marks_alone_move_the_reading_on() -> None:
    assert unpack(mark(4, 7, 0) + mark(5, 7, 1), start=4) == ([], 6)


def test_a_mark_that_cannot_be_read_stops_nothing() -> None:
    odd = batch([Raw(b"", b"")], attributes=TRANSACTIONAL | CONTROL, producer=(7, 0, -1))
    assert offsets(unpack(odd + batch(records(1), base=1))[0]) == [1]


def test_whatever_the_bytes_are_the_reading_moves_on_and_raises_nothing() -> None:
    chance = random.Random(11)  # noqa: S311 - the same again
    stuff = [batch(records(3), codec, base=3 * n) for n, codec in enumerate(CODECS)] + [
        written(18, 7),
        mark(20, 7, 0),
    ]
    whole = b"".join(stuff)
    for _ in range(4000):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3, 20))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        kept = bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
        items, after = unpack(kept, end=21)
        assert offsets(items) == sorted(set(offsets(items)))
        assert all(item.offset < after for item in items)
        assert after <= 21
        assert after > 0 or len(kept) < 62 or struct.unpack_from(">i", kept, 8)[0] + 12 > len(kept)
