"""Dead letters keep the bytes, and fit into their topic."""

import hashlib
from datetime import UTC, datetime

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.types import TP

from streams.dead_letters import LARGEST_LETTER, dead_letter, packed_dead_letter
from streams.records import LARGEST_RECORD, NotUnpacked, Outgoing, Record
from streams.transport.exact_headers import ExactBuilder, odd, written
from streams.transport.unpacking import Unpacking
from tests.crafted import Raw, batch

NOW = datetime(2021, 7, 12, 10, tzinfo=UTC)
ODD = [
    (b"caf\xe9", b"1"),
    (b"jardem_reason", b"an earlier one"),
    (b"n", None),
    (b"", b""),
    (b"n", b"\xff"),
    ("ә".encode(), None),
]


def read(raw: Raw) -> Record:
    (item,) = Unpacking(TP("registry", 0), batch([raw]), (), 0, 1)
    assert isinstance(item, Record)
    return item


def sent(letter: Outgoing) -> Record:
    """What stands in the log when our producer has written it."""
    headers = written(letter)
    builder = ExactBuilder(LARGEST_RECORD, 0) if odd(headers) else None
    if builder is not None:
        assert builder.append(timestamp=0, key=letter.key, value=letter.value, headers=headers)
        data = bytes(builder._build())
    else:
        plain = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, LARGEST_RECORD)
        plain.append(0, 0, letter.key, letter.value, headers)
        data = bytes(plain.build())
    (item,) = Unpacking(TP("dead-letter.v1", 0), data, (), 0, 1)
    assert isinstance(item, Record)
    return item


@pytest.mark.parametrize("headers", [ODD, ODD[1:], []], ids=["odd", "plain", "none"])
@pytest.mark.parametrize("key", [None, b"", b"\x00\xff"])
def test_a_record_comes_out_of_the_dead_letters_as_it_went_in(
    headers: list[tuple[bytes, bytes | None]], key: bytes | None
) -> None:
    record = read(Raw(key, b"\xff value", headers, -1))
    letter = sent(dead_letter(record, "why"))
    assert (letter.key, letter.value) == (key, b"\xff value")
    kept = [entry for entry in headers if entry[0] != b"jardem_reason"]
    nulls = letter.null_headers
    found = [
        (name.encode("utf-8", "surrogateescape"), None if number in nulls else value)
        for number, (name, value) in enumerate(letter.headers)
    ]
    assert found[: len(kept)] == kept
    assert dict(found[len(kept) :]) == {
        b"jardem_reason": b"why",
        b"jardem_topic": b"registry",
        b"jardem_partition": b"0",
        b"jardem_offset": b"0",
        b"jardem_timestamp": b"-1",
    }


def test_a_batch_says_where_it_begins_and_ends() -> None:
    letter = packed_dead_letter(
        NotUnpacked("registry", 3, 10, 14, "why", b"bytes", "batch", 1_626_084_000_000)
    )
    assert (letter.topic, letter.key, letter.value) == ("dead-letter.v1", None, b"bytes")
    assert dict(letter.headers) == {
        "jardem_reason": b"why",
        "jardem_topic": b"registry",
        "jardem_partition": b"3",
        "jardem_offset": b"10",
        "jardem_timestamp": b"1626084000000",
        "jardem_form": b"batch",
        "jardem_last_offset": b"14",
    }


def test_what_is_larger_than_a_dead_letter_is_cut_and_says_so() -> None:
    value = b"v" * (LARGEST_RECORD + 1)
    letter = dead_letter(Record("registry", 0, 0, NOW, b"key", value, (("trace", b"1"),)), "why")
    assert LARGEST_LETTER - 1000 < letter.size <= LARGEST_LETTER
    headers = dict(letter.headers)
    assert value.startswith(letter.value or b"no")
    assert (letter.key, headers["trace"]) == (b"key", b"1")
    digest = hashlib.sha256(value).hexdigest()
    assert headers["jardem_cut"].decode() == f"the value had {len(value)} bytes, SHA-256 {digest}"


def test_a_record_of_endless_headers_leaves_them_out_and_says_so() -> None:
    headers = tuple((f"h{n}", b"x" * 100_000) for n in range(50))
    letter = dead_letter(
        Record("registry", 0, 0, NOW, b"key", b"value", headers, null_headers=frozenset({3})), "why"
    )
    assert letter.size <= LARGEST_LETTER
    assert (letter.key, letter.value, letter.null_headers) == (None, b"value", frozenset())
    assert dict(letter.headers)["jardem_cut"].endswith(b"; key and headers are left out")
    assert dict(letter.headers)["jardem_reason"] == b"why"
