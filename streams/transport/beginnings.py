"""Where to begin to read a partition: mostly behind what was committed, but that may have gone or changed."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Committed:
    """An offset as it was committed, and the id of the topic that it is one of; empty where nobody told."""

    offset: int
    topic_id: str


class Why(StrEnum):
    """Why a partition is not read on from where it was; for the log."""

    NEW_TOPIC = "the topic was made anew; it is read from its beginning"
    SHORTER_LOG = "the log ends before what was read already; it is read from its beginning"
    DELETED = "records were deleted before they were read"
    NEVER_COMMITTED = (
        "records were deleted, and nothing of the partition was ever committed: "
        "whether they were read, nobody knows"
    )

    @property
    def certain(self) -> bool:
        """Whether what is gone was not read, as far as this group of workers is concerned."""
        return self is Why.DELETED


@dataclass(frozen=True, slots=True)
class Beginning:
    """The offset at which to begin; `deleted` records before it are gone, unread as far as anybody knows."""

    offset: int
    why: Why | None = None
    deleted: int = 0


def beginning(committed: Committed | None, begin: int, topic_id: str) -> Beginning:
    """Where to begin to read a log that begins at `begin`, of the topic with this id.

    Whether it ends too early is for the broker to say when it is asked for records: a leader that was just
    elected may not know yet how far it goes.
    """
    if committed is None:
        return Beginning(begin, Why.NEVER_COMMITTED, begin) if begin else Beginning(0)
    if committed.topic_id and topic_id and committed.topic_id != topic_id:
        return Beginning(begin, Why.NEW_TOPIC)
    return moved(committed.offset, max(committed.offset, begin))


def moved(wanted: int, offset: int) -> Beginning:
    """What it means that the log could be read from `offset` on only, where `wanted` was next."""
    if offset > wanted:
        return Beginning(offset, Why.DELETED, offset - wanted)
    return Beginning(offset, Why.SHORTER_LOG if offset < wanted else None)
