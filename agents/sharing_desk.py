"""The shell of a desk whose keys read a state that they share: two cores over one inbox and one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from agents.event_desk import EventDesk
from schemas.deadlines import Deadline
from schemas.received import ReceivedEvent
from schemas.stored import Stored
from streams.records import Outgoing, Record

S = TypeVar("S", bound=Stored)
C = TypeVar("C", bound=Stored)


@dataclass(frozen=True, slots=True)
class Shared(Generic[S, C]):
    """What is shared under `key`, by the desk that keeps it.

    `forget` drops what only events before an offset need, `newest` says what has come with the newest change,
    and `awaits` of another state the revision than which it waits for a newer one.
    """

    key: bytes
    desk: EventDesk[C]
    forget: Callable[[C, int], C]
    newest: Callable[[C], Deadline | None]
    awaits: Callable[[S], int | None]

    def settled(self, state: S | C, committed: int) -> S | C:
        """The shared state without what only events before this offset need."""
        return self.forget(self._kept(state), committed)

    def revision(self, state: S | C) -> Deadline | None:
        """What has come with the newest change of the shared state."""
        return self.newest(self._kept(state))

    def seen(self, state: S | C) -> int | None:
        """Of another state: the revision than which it waits for a newer one; None where it does not wait."""
        return None if isinstance(state, self.desk.shape.model) else self.awaits(state)  # type: ignore[arg-type]

    def _kept(self, state: S | C) -> C:
        if not isinstance(state, self.desk.shape.model):
            raise TypeError(f"{type(state).__name__} is not what is shared")
        return state


@dataclass(frozen=True, slots=True)
class SharingDesk(Generic[S, C]):
    """A desk like any other, but for one key, whose state the others read and never change."""

    desk: EventDesk[S]
    shared: Shared[S, C]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.desk.name

    @property
    def inbox(self) -> str:
        """The topic read."""
        return self.desk.inbox

    def empty(self, key: bytes) -> S | C:
        """The state of a key of which nothing is known."""
        return self._of_key(key).empty(key)

    def load(self, key: bytes, data: bytes) -> S | C:
        """The state from the table. Raises `UnreadableValueError`."""
        return self._of_key(key).load(key, data)

    def dump(self, state: S | C) -> bytes:
        """The state for the table."""
        return self._of(state).dump(state)  # type: ignore[arg-type]

    def read(self, record: Record) -> tuple[str, ReceivedEvent]:
        """The id and the event of an inbox record. Raises `UnreadableRecordError`."""
        return self.desk.read(record)

    def apply(
        self, state: S | C, event: ReceivedEvent, now: datetime, shared: S | C | None = None
    ) -> tuple[S | C, Sequence[Outgoing]]:
        """Apply an event. Raises `UnreadableRecordError` where the core refuses it."""
        return self._of(state).apply(state, event, now, shared)  # type: ignore[arg-type]

    def tells_more(self, state: S | C, event: ReceivedEvent) -> bool:
        """Whether a repeat of an event that was handled tells more than it did."""
        return self._of(state).tells_more(state, event)  # type: ignore[arg-type]

    def deadlines(self, state: S | C) -> Sequence[Deadline]:
        """What the state waits for."""
        return self._of(state).deadlines(state)  # type: ignore[arg-type]

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """Tell this desk that a deadline elapsed, or that the shared state was revised."""
        return self.desk.elapsed(key, deadline)

    def _of_key(self, key: bytes) -> EventDesk[S] | EventDesk[C]:
        return self.shared.desk if key == self.shared.key else self.desk

    def _of(self, state: S | C) -> EventDesk[S] | EventDesk[C]:
        return self.shared.desk if isinstance(state, self.shared.desk.shape.model) else self.desk
