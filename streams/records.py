"""What is read from Kafka and what is sent to it, as plain values.

Everything on the wire is bytes; decoding happens inside the desks and the intake, guarded, so that one
unreadable record never stops the others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

LARGEST_RECORD = 4 * 1024 * 1024
"""Bytes that a record of our own topics may have.

Brokers let others publish a quarter of that, and what they published comes again with more headers, as an
inbox event, or as a dead letter.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST = 946_684_800_000
_LATEST = 4_102_444_800_000


def instant(milliseconds: int | None) -> datetime | None:
    """The time that a record's timestamp says, in UTC, or None where it says none.

    Producers write 0 or -1 for "none", and seconds or microseconds by mistake. What lies outside the years
    2000 to 2099 is no time at which anybody wrote to Kafka.
    """
    if milliseconds is None or not _EARLIEST <= milliseconds < _LATEST:
        return None
    return _EPOCH + milliseconds * _MILLISECOND


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read.

    `timestamp` is the broker's or the producer's, an aware datetime in UTC; it says when the record was
    written and is never used to decide anything about the law. It is None where the record bears none that
    can be a time; `bare_timestamp` is then what it bears.

    A header's name that is not UTF-8 has its other bytes as lone surrogates (`surrogateescape`). A header
    without a value reads as empty; `null_headers` are the places of those.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    bare_timestamp: int | None = None
    null_headers: frozenset[int] = frozenset()

    @property
    def position(self) -> str:
        """Where the record stands, for logs: `topic[partition]@offset`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"

    @property
    def milliseconds(self) -> int | None:
        """The timestamp as it stands in the log, whatever it says."""
        return self.bare_timestamp if self.timestamp is None else (self.timestamp - _EPOCH) // _MILLISECOND

    def with_value(self, value: bytes) -> "Record":
        """The same with another value, as `dataclasses.replace` gives it at twice the cost."""
        return Record(
            self.topic,
            self.partition,
            self.offset,
            self.timestamp,
            self.key,
            value,
            self.headers,
            self.bare_timestamp,
            self.null_headers,
        )


@dataclass(frozen=True, slots=True)
class NotUnpacked:
    """What stands in a partition and cannot be unpacked: a record, or a whole batch of them.

    `data` is what there is of it, as it stands in the log. `reason` says why, and quotes nothing of it.
    Where only the beginning of it is kept, `missing` says how much there was.
    """

    topic: str
    partition: int
    offset: int
    last_offset: int
    reason: str
    data: bytes
    form: Literal["record", "batch"]
    bare_timestamp: int | None = None
    missing: str = ""

    @property
    def position(self) -> str:
        """Where it begins, for logs: `topic[partition]@offset`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent. Without `partition` the key decides, by Kafka's default partitioner.

    Headers are as in `Record`: `null_headers` are the places of those that are sent without a value, and a
    name's lone surrogates stand for bytes that are not UTF-8.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None
    null_headers: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """Bytes that it takes in a batch of its own, or a few more."""
        headers = sum(len(name) * 4 + len(value) + 10 for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers + 128

    def with_value(self, value: bytes) -> "Outgoing":
        """The same with another value, as `dataclasses.replace` gives it at twice the cost."""
        return Outgoing(self.topic, self.key, value, self.headers, self.partition, self.null_headers)
