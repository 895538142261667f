"""What stands in front of a value: read back as it was written, and believed only where it holds."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import envelope, summary
from streams.envelope import Envelope
from streams.summary import NOTHING, Summary

PLAIN = envelope.dump(Envelope(b""), b"{}")
TAG = summary.tag_of("policies")
AT = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)


@given(
    st.builds(
        Summary,
        first=st.none() | st.integers(0, 2**53),
        waiting=st.integers(0, 9),
        seen=st.none() | st.integers(-1, 2**40),
        counted=st.lists(st.tuples(st.text(), st.integers(1, 9))).map(tuple),
        unsettled=st.none() | st.integers(0, 2**63),
    ),
    st.binary(),
)
def test_it_is_read_as_it_was_written_and_what_it_stands_before_is_untouched(
    wanted: Summary, value: bytes
) -> None:
    joined = summary.join(wanted, TAG, value)
    assert summary.read(joined, TAG) == wanted
    assert summary.body(joined) == value


def test_of_a_state_that_waits_for_nothing_it_takes_nine_bytes() -> None:
    assert len(summary.join(NOTHING, TAG, b"")) == 9


@pytest.mark.parametrize(
    "value",
    [
        PLAIN,
        summary.join(Summary(first=1, waiting=1), summary.tag_of("other policies"), PLAIN),
        b"\xf5\x00\x08" + TAG + b"[]" + PLAIN,
        b"\xf5\x00\x07" + TAG + b"{" + PLAIN,
    ],
    ids=["none", "of other policies", "too short", "no JSON"],
)
def test_one_that_is_missing_or_does_not_hold_is_not_believed_and_the_value_is_read_all_the_same(
    value: bytes,
) -> None:
    assert summary.read(value, TAG) is None
    assert envelope.load(value).state == b"{}"


def test_instants_keep_their_microseconds() -> None:
    assert summary.instant(summary.microseconds(AT)) == AT


def test_what_is_none_is_not_counted() -> None:
    assert summary.counted({"a": 2, "b": 0}) == (("a", 2),)
