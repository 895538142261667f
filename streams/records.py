"""What is read from Kafka and what is sent to it, as plain values.

Everything on the wire is bytes; decoding happens inside the desks and the intake, guarded, so that one
unreadable record never stops the others.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read.

    `timestamp` is the broker's or the producer's, an aware datetime in UTC; it says when the record was
    written and is never used to decide anything about the law.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def position(self) -> str:
        """Where the record stands, for logs: `topic[partition]@offset`."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent. Without `partition` the key decides, by Kafka's default partitioner."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None
