"""One shell for every pure core: events out of records, effects into records, its state in a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import time_ns
from typing import Generic, TypeVar

import structlog

from agents.traces import DeskTraces
from schemas.base import Event
from schemas.deadlines import Deadline
from schemas.ids import PersonId, Pseudonyms
from schemas.received import ReceivedEvent
from schemas.stored import Stored, Upcast, dump_stored, load_stored
from schemas.turned import RefusedEventError, Turned
from streams import deadlines
from streams.clock import Clock
from streams.dead_letters import UnreadableRecordError, Why
from streams.events import Effects, read
from streams.records import Outgoing, Record

_log = structlog.get_logger(__name__)

S = TypeVar("S", bound=Stored)


def _count_nothing(state: object, event: ReceivedEvent, turned: object, now: datetime) -> None:
    """For whoever plays a core without being its worker."""


def _log_remark(remark: str, event: ReceivedEvent) -> None:
    _log.info(remark, about=event.name, id=event.id)


def _never_more(_state: object, _event: ReceivedEvent) -> bool:
    return False


def _keyed_anyhow(_: Event) -> None:
    return


@dataclass(frozen=True, slots=True)
class Shape(Generic[S]):
    """How a state is stored: as which model, in which version, with the ways up from the ones before."""

    model: type[S]
    version: int
    upcasts: Mapping[int, Upcast] = field(default_factory=dict)

    def load(self, data: bytes) -> S:
        """The state from its value. Raises `UnreadableValueError`."""
        return load_stored(self.model, data, self.version, self.upcasts)

    def dump(self, state: S) -> bytes:
        """The state's value."""
        return dump_stored(state, self.version)


@dataclass(frozen=True, slots=True)
class EventDesk(Generic[S]):
    """A core with its inbox and its table.

    `turn` applies an event to a state at the present instant in UTC, with the state that the partition's
    keys share, where they share one; `waits` says what a state waits for. `subject` is the person whom
    the public events of a state are about. `known` are the events that it reads. `keyed` is the key under
    which an event has to come, where it tells that itself: under another one it is somebody else's.
    `more` says whether a repeat tells a state more than the event did. `clock` tells virtual time; `told`
    hears of each remark. `count` is shown the state before each event, the event, what it did, and the
    present instant: what is repeated because it was not written counts again. Whatever it raises is only
    said: no event is lost for a number's sake. `traces` is there where traces are wanted.
    """

    name: str
    inbox: str
    source: str
    shape: Shape[S]
    known: Mapping[str, type[Event]]
    empty: Callable[[bytes], S]
    turn: Callable[[S, ReceivedEvent, datetime, Stored | None], Turned[S]]
    waits: Callable[[S], Sequence[Deadline]]
    subject: Callable[[S], PersonId]
    pseudonyms: Pseudonyms
    clock: Clock = field(default_factory=Clock)
    keyed: Callable[[Event], str | None] = _keyed_anyhow
    more: Callable[[S, ReceivedEvent], bool] = _never_more
    told: Callable[[str, ReceivedEvent], None] = _log_remark
    count: Callable[[S, ReceivedEvent, Turned[S], datetime], None] = _count_nothing
    traces: DeskTraces[S] | None = None

    @property
    def shared(self) -> None:
        """Nothing: each key is folded for itself."""
        return

    def load(self, key: bytes, data: bytes) -> S:  # noqa: ARG002 - all keys have states of one shape
        """The state from the table. Raises `UnreadableValueError`."""
        return self.shape.load(data)

    def dump(self, state: S) -> bytes:
        """The state for the table."""
        return self.shape.dump(state)

    def read(self, record: Record) -> tuple[str, ReceivedEvent]:
        """The id and the event of an inbox record. Raises `UnreadableRecordError`."""
        appended_at = None if record.timestamp is None else self.clock.virtual(record.timestamp)
        id_, event = read(record, self.known, appended_at)
        key = self.keyed(event.data)
        if key is not None and record.key != key.encode():
            raise UnreadableRecordError(
                "its key is not the pseudonym of its number: what sent it has other keys of pseudonyms than "
                "this worker; give all processes the same settings, and redrive it",
                Why.KEY,
            )
        return id_, event

    def apply(
        self, state: S, event: ReceivedEvent, now: datetime, shared: Stored | None = None
    ) -> tuple[S, Sequence[Outgoing]]:
        """Apply an event. Raises `UnreadableRecordError` where the core refuses it."""
        began = time_ns() if self.traces else 0
        try:
            turned = self.turn(state, event, now, shared)
        except RefusedEventError as error:
            if self.traces:
                self.traces.refused(event, began, time_ns())
            raise UnreadableRecordError(str(error), Why.REFUSED) from None
        for remark in turned.remarks:
            self.told(remark, event)
        try:
            self.count(state, event, turned, now)
        except Exception as error:  # noqa: BLE001 - see above
            _log.error("an event could not be counted", about=event.name, error=type(error).__name__)
        effects = Effects(self.source, self.pseudonyms)
        subject = self.subject(turned.state)
        trace = None
        if self.traces:
            self.traces.handled(event, turned.effects, turned.state, began, time_ns())
            trace = self.traces.trace(event, turned.state)
        return turned.state, effects.outgoing(turned.effects, event, now, person_id=subject, trace=trace)

    def tells_more(self, state: S, event: ReceivedEvent) -> bool:
        """Whether a repeat of an event that was handled tells more than it did."""
        return self.more(state, event)

    def deadlines(self, state: S) -> Sequence[Deadline]:
        """What the state waits for."""
        return self.waits(state)

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """Tell this desk that a deadline elapsed."""
        return deadlines.elapsed(self.inbox, key, deadline)
