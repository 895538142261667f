"""A desk and its inboxes, which may crash before and after every effect.

There is one inbox for each key; order is kept within it and nowhere else. A desk here does what
`streams/desk.py` does: it folds a batch from the table's last value, remembers each event with its effects,
sends all effects again when an event is repeated, and acknowledges the batch last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from ops.simulation.actions import Crash
from schemas.base import Event
from schemas.ids import derived_id
from schemas.received import ReceivedEvent
from schemas.routes import Effect
from schemas.stored import Stored, Upcast, dump_stored, load_stored

S = TypeVar("S", bound=Stored)


@dataclass(frozen=True, slots=True)
class SentEvent(ReceivedEvent):
    """An effect on its way, as whoever gets it reads it."""

    data: Effect


def received_event(source: str, id_: str, time: datetime, data: Event) -> ReceivedEvent:
    """An event as a desk reads it."""
    return ReceivedEvent(derived_id(source, id_), source, id_, time, "0" * 64, data)


class Ids:
    """The ids of effects, which follow from the cause, the name and the place, as in streams/events.py."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], str] = {}

    def effects(self, cause: str, source: str, now: datetime, events: Sequence[Effect]) -> list[SentEvent]:
        """The effects of the event with this id, under their own ids."""
        made = []
        for n, event in enumerate(events):
            id_ = self._known.setdefault((cause, event.name, n), f"effect-{len(self._known)}")
            made.append(SentEvent(id_, source, id_, now, "0" * 64, event))
        return made


@dataclass(slots=True)
class Inbox:
    """The records of one key, and how many of them are acknowledged."""

    records: list[ReceivedEvent] = field(default_factory=list)
    done: int = 0

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self.records) - self.done


@dataclass(frozen=True, slots=True)
class Kept(Generic[S]):
    """What a table keeps of an aggregate."""

    state: S
    handled: dict[str, list[SentEvent]]


@dataclass(frozen=True, slots=True)
class Application(Generic[S]):
    """One event applied: the aggregate before and after it, and the effects."""

    key: str
    record: ReceivedEvent
    before: S
    after: S
    effects: Sequence[SentEvent]


@dataclass(frozen=True, slots=True)
class Shape(Generic[S]):
    """How an aggregate is stored: what an empty one is, and what is needed to write it and read it again."""

    empty: Callable[[str], S]
    version: int
    upcasts: Mapping[int, Upcast]

    def read_back(self, state: S) -> S:
        """The aggregate as a worker that recovers the table has it."""
        stored = dump_stored(state, self.version)
        return load_stored(type(state), stored, self.version, self.upcasts)


class Desk(Generic[S]):
    """A desk over one of the cores. `core` applies one event."""

    def __init__(
        self,
        name: str,
        ids: Ids,
        shape: Shape[S],
        core: Callable[[S, ReceivedEvent, datetime], tuple[S, Sequence[Effect]]],
        watch: Callable[[Application[S]], None],
    ) -> None:
        self.source = f"urn:jardem:{name}"
        self.inboxes: dict[str, Inbox] = {}
        self.table: dict[str, Kept[S]] = {}
        self._ids = ids
        self._shape = shape
        self._core = core
        self._watch = watch

    def post(self, key: str, record: ReceivedEvent) -> None:
        """Put a record into the inbox."""
        self.inboxes.setdefault(key, Inbox()).records.append(record)

    def waiting(self) -> list[str]:
        """The keys for which something waits."""
        return [key for key, inbox in self.inboxes.items() if inbox.waiting]

    def state(self, key: str) -> S:
        """An aggregate as the table has it."""
        kept = self.table.get(key)
        return kept.state if kept else self._shape.empty(key)

    def work(self, key: str, count: int, now: datetime, crash: Crash | None) -> list[SentEvent]:
        """Fold a batch and return the effects that were sent."""
        inbox = self.inboxes[key]
        state = self.state(key)
        handled = dict(self.table[key].handled) if key in self.table else {}
        sent: list[SentEvent] = []
        batch = inbox.records[inbox.done : inbox.done + count]
        for record in batch:
            if record.id not in handled:
                before = state
                state, events = self._core(state, record, now)
                handled[record.id] = self._ids.effects(record.id, self.source, now, events)
                self._watch(Application(key, record, before, state, handled[record.id]))
            sent += handled[record.id]
        if crash is None:
            self.table[key] = Kept(state, handled)
            inbox.done += len(batch)
            return sent
        if crash.wrote:
            recovered = self._shape.read_back(state)
            if recovered != state:
                raise AssertionError("a state read back from its table is another")
            self.table[key] = Kept(recovered, handled)
        return sent[: crash.sent]
