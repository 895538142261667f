"""A batch: what one poll brought for one partition, handled whole and acknowledged whole, or not at all."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

from streams.records import NotUnpacked, Record
from streams.transport.fetching import Fetched


@dataclass(slots=True, eq=False)
class AssignedPartition:
    """A partition of a source topic for as long as this worker holds it in one assignment.

    `acknowledged` is the offset to be committed, and `committed` what is committed of this topic: None again
    where it turned out to be made anew, since its offsets begin again. `topic_id` is the broker's id of the
    topic, empty where it tells none; it is committed with the offset. It is never reused: after a rebalance
    there is a new one, and acknowledgements to the old one are ignored. Once it is closing, no work begins
    any more. `waiting` is what was fetched while a batch is in flight.
    """

    topic: str
    partition: int
    committed: int | None
    acknowledged: int | None = None
    live: bool = True
    closing: bool = False
    busy: bool = False
    topic_id: str = ""
    task: "asyncio.Task[None] | None" = None
    waiting: deque[Fetched] = field(default_factory=deque)
    items_waiting: int = 0
    bytes_waiting: int = 0

    def wait(self, fetched: Fetched) -> None:
        """Take what was fetched; it waits for its turn."""
        self.waiting.append(fetched)
        self.items_waiting += len(fetched.items)
        self.bytes_waiting += fetched.weight

    def take(self) -> Fetched:
        """What has waited longest; its turn has come."""
        fetched = self.waiting.popleft()
        self.items_waiting -= len(fetched.items)
        self.bytes_waiting -= fetched.weight
        return fetched

    def move_to(self, offset: int) -> None:
        """The reading goes on at this offset: what was before it has gone, or the topic was made anew."""
        self.acknowledged = offset
        if offset < (self.committed or 0):
            self.committed = None

    def note_commit(self, offset: int) -> None:
        """This offset was committed. It may be of the topic before this one, if that took a while."""
        if offset <= self.handled:
            self.committed = offset

    @property
    def handled(self) -> int:
        """The offset behind all that is handled."""
        return self.acknowledged if self.acknowledged is not None else self.committed or 0


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Sequence[Record]):
    """The records that one poll brought for one partition, in the order of the log.

    Handlers never see an empty one. `end` is where the partition is to be read next, where that is not right
    behind the last record. `not_unpacked` are what stood among the records and is none, for the dead letters.
    """

    records: Sequence[Record]
    assigned: AssignedPartition = field(repr=False)
    end: int | None = None
    not_unpacked: Sequence[NotUnpacked] = ()

    @property
    def topic(self) -> str:
        """The topic all records are of."""
        return self.assigned.topic

    @property
    def partition(self) -> int:
        """The partition all records are of."""
        return self.assigned.partition

    @property
    def next_offset(self) -> int:
        """The offset to be committed once the whole batch is handled."""
        return self.records[-1].offset + 1 if self.end is None else self.end

    @property
    def at(self) -> str:
        """Where the batch begins, for logs: `topic[partition]@offset`."""
        firsts: list[Record | NotUnpacked] = [*self.records[:1], *self.not_unpacked[:1]]
        return min(firsts, key=lambda item: item.offset).position

    def still_owned(self) -> bool:
        """Whether this worker still holds the partition in the assignment in which it read the batch.

        Ask before an effect that leaves Kafka: once it is false, another worker reads the same records.
        """
        return self.assigned.live

    def part(self, records: Sequence[Record]) -> "Batch":
        """A batch of some of these records, of the same partition and assignment."""
        return Batch(records, self.assigned)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)
