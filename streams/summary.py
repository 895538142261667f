"""What stands in front of a table's value: what its state waits for, and how it counts.

At a recovery a million values are looked at. Taking each apart would take minutes, and all that is needed of
it are its first deadline, how many there are, the revision it has seen, and what is counted of it. That is
read without the state:

    0xF5, length of what follows (2 bytes), tag (6 bytes), [first,waiting,seen,[["name",count],...],unsettled]

`first` is in microseconds since 1970 of virtual time. `unsettled` is left out where it is none, and the list
where nothing waits and nothing counts. The tag is a digest of what the summary depends on beside the state,
such as policies and how the release works them out; with another tag, or without a summary, the state itself
is asked. The envelope follows.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_MARK = b"\xf5"
_TAG = 6
_HEAD = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Counted = tuple[tuple[str, int], ...]
"""Numbers by name, without those that are 0."""


class Summary(NamedTuple):
    """What a state waits for, and how it counts.

    `first` is its first deadline's instant in microseconds since 1970, `waiting` how many it has, and `seen`
    the revision of the shared state than which it waits for a newer one, None where it does not. `unsettled`
    is the offset with whose commit the value is to be written without its heavy effects.
    """

    first: int | None = None
    waiting: int = 0
    seen: int | None = None
    counted: Counted = ()
    unsettled: int | None = None


NOTHING = Summary()
"""Of a state that waits for nothing and is not counted, and of a key that has no value."""


def tag_of(basis: str) -> bytes:
    """The tag of summaries that depend on this, whatever it is, beside the state."""
    return hashlib.sha256(basis.encode()).digest()[:_TAG]


def counted(counts: Mapping[str, int]) -> Counted:
    """What is counted, in the form in which a summary has it."""
    return tuple((name, count) for name, count in counts.items() if count)


def microseconds(at: datetime) -> int:
    """An aware instant in microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant(since_1970: int) -> datetime:
    """The instant of so many microseconds since 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=since_1970)


def join(summary: Summary, tag: bytes, envelope: bytes) -> bytes:
    """A table's value."""
    told = summary if summary.unsettled is not None else summary[:-1]
    rest = tag if summary == NOTHING else tag + json.dumps(told, separators=(",", ":")).encode()
    return b"%b%b%b%b" % (_MARK, len(rest).to_bytes(_HEAD - 1), rest, envelope)


def body(value: bytes) -> bytes:
    """The envelope of a table's value, which may have no summary."""
    return value[_end(value) :] if value.startswith(_MARK) else value


def read(value: bytes, tag: bytes) -> Summary | None:
    """The summary of a table's value; None where it has none, or one that does not hold any more."""
    if not value.startswith(_MARK) or value[_HEAD : _HEAD + _TAG] != tag:
        return None
    content = value[_HEAD + _TAG : _end(value)]
    if not content:
        return NOTHING
    try:
        first, waiting, seen, counts, *unsettled = json.loads(content)
        return Summary(first, waiting, seen, _alike(tuple(map(tuple, counts))), *unsettled)
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=4096)
def _alike(counts: Counted) -> Counted:
    """The same counts as the same object: a million states have few different ones."""
    return counts


def _end(value: bytes) -> int:
    return _HEAD + int.from_bytes(value[1:_HEAD])
