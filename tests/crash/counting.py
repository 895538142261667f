"""The work that the churn does: a count and a chain of hashes per key, and one effect per event.

The chain shows a lost event, a doubled one, and two that changed places.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.deadlines import Deadline
from streams.dead_letters import UnreadableRecordError
from streams.records import Outgoing, Record

TABLE = "counts"


@dataclass(frozen=True, slots=True)
class Names:
    """What a run's topics are called."""

    app_id: str

    @property
    def inbox(self) -> str:
        return f"{self.app_id}.inbox"

    @property
    def effects(self) -> str:
        return f"{self.app_id}.effects"

    @property
    def changelog(self) -> str:
        return f"{self.app_id}-{TABLE}-changelog"


@dataclass(frozen=True, slots=True)
class Count:
    """How many events a key has had, and the chain of their ids."""

    n: int = 0
    chain: str = ""

    def after(self, event_id: str) -> "Count":
        return Count(self.n + 1, hashlib.sha256(f"{self.chain}{event_id}".encode()).hexdigest()[:16])

    def dump(self) -> bytes:
        return json.dumps({"n": self.n, "chain": self.chain}, separators=(",", ":")).encode()

    @classmethod
    def load(cls, data: bytes) -> "Count":
        return cls(**json.loads(data))


def effect(topic: str, event_id: str, count: Count) -> Outgoing:
    """The effect of an event: it says what the count was, so that two applications of one event differ."""
    return Outgoing(topic, event_id.encode(), count.dump())


def event_id(value: bytes) -> str:
    """The id in an event's value; the rest of it is ballast."""
    found = json.loads(value)["id"]
    if not isinstance(found, str):
        raise TypeError(found)
    return found


def fold(events: Iterable[tuple[bytes, bytes]]) -> dict[bytes, Count]:
    """What the table must hold after these keys and values."""
    counts: dict[bytes, Count] = {}
    for key, value in events:
        counts[key] = counts.get(key, Count()).after(event_id(value))
    return counts


class CountingCore:
    """The counting as a desk's core."""

    name = TABLE
    shared = None

    def __init__(self, names: Names) -> None:
        self.inbox = names.inbox
        self._effects = names.effects

    def empty(self, key: bytes) -> Count:  # noqa: ARG002
        return Count()

    def load(self, key: bytes, data: bytes) -> Count:  # noqa: ARG002
        return Count.load(data)

    def dump(self, state: Count) -> bytes:
        return state.dump()

    def read(self, record: Record) -> tuple[str, str]:
        try:
            found = event_id(record.value or b"")
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableRecordError("not an event") from error
        return found, found

    def apply(
        self,
        state: Count,
        event: str,
        now: datetime,  # noqa: ARG002
        shared: None,  # noqa: ARG002
    ) -> tuple[Count, Sequence[Outgoing]]:
        counted = state.after(event)
        return counted, [effect(self._effects, event, counted)]

    def tells_more(self, state: Count, event: str) -> bool:
        del state, event
        return False

    def deadlines(self, state: Count) -> Sequence[Deadline]:  # noqa: ARG002
        return ()

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        raise NotImplementedError
