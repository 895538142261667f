"""A desk and its inboxes, which may crash before and after every effect.

Each person and each number has a partition of their own, with an inbox and a table; order is kept within it
and nowhere else. What is said of the whole service stands in every partition of the case desk. The desk is
the real one up to its wires: the same shell, the same fold over the same records, values and effects as
bytes. Only the tables and the topics are lists here.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from agents.event_desk import EventDesk
from agents.sharing_desk import SharingDesk
from ops.simulation.actions import Crash, Spoiled
from schemas import catalogue
from schemas.base import Event
from schemas.cloudevents import encode, wrap
from schemas.deadlines import Deadline
from schemas.ids import PhoneId, Pseudonyms, derived_id
from schemas.received import SOURCE_DIGEST, ReceivedEvent
from schemas.stored import Stored
from schemas.turned import Turned
from streams.events import read
from streams.fold import Fold, FoldLimits, Opened, load
from streams.records import Outgoing, Record
from streams.settling import Settling

S = TypeVar("S", bound=Stored)

LIMITS = FoldLimits(keep=timedelta(hours=24), most=40, largest_value=120_000, largest_effect=60_000)
"""Smaller than a worker's, so that a short run comes up against each of them."""

_HEAVY = 3_000
_COMMIT_INTERVAL = timedelta(seconds=1)
_COMMIT_BATCHES = 4
_EVENTS = catalogue.CASE_EVENTS | catalogue.LINE_EVENTS | catalogue.CARRIER_EVENTS | catalogue.PUBLIC_OUT


@dataclass(frozen=True, slots=True)
class Plain(Pseudonyms):
    """No pseudonyms: a number stands for itself, so that a story can be read."""

    key: bytes = b""

    def phone(self, phone: str) -> PhoneId:
        """The number."""
        return PhoneId(phone)


PLAIN = Plain()


def received_event(source: str, id_: str, time: datetime, data: Event) -> ReceivedEvent:
    """An event as a desk reads it."""
    return ReceivedEvent(derived_id(source, id_), source, id_, time, "0" * 64, data)


def opened(outgoing: Outgoing) -> ReceivedEvent:
    """What was sent, read again."""
    return _read(Record(outgoing.topic, 0, 0, None, outgoing.key, outgoing.value, outgoing.headers))


def attribute(sent: Outgoing | Record, name: str) -> str:
    """An attribute of the event that a record bears, as it stands in its headers."""
    return dict(sent.headers)[f"ce_{name}"].decode()


def _read(record: Record) -> ReceivedEvent:
    return read(record, _EVENTS)[1]


def as_sent(event: ReceivedEvent, key: str) -> Outgoing:
    """An event of somebody outside, as the record that intake or a webhook makes of it."""
    digest = {SOURCE_DIGEST: event.sha256}
    headers, value = encode(
        wrap(event.data, id_=event.source_id, source=event.source, time=event.time, extensions=digest)
    )
    return Outgoing("", key.encode(), value, headers)


def spoiled(good: Outgoing, how: Spoiled) -> Outgoing:
    """The record as nobody can read it."""
    match how:
        case "no value":
            return replace(good, value=None)
        case "no JSON":
            return replace(good, value=(good.value or b"")[:-1])
        case "no event":
            return replace(good, headers=())
        case "a stranger":
            headers = tuple(
                (name, b"stranger" if name == "ce_type" else value) for name, value in good.headers
            )
            return replace(good, headers=headers)
        case "half of it":
            return replace(good, value=b"{}")


@dataclass(slots=True)
class Posted:
    """A record in an inbox. One that is not `readable` bears no event that anybody can read.

    The event is read when it is first asked for: most are read by their desk alone.
    """

    record: Record
    readable: bool = True
    _event: ReceivedEvent | None = None
    _source: str | None = None
    _event_id: str | None = None

    @property
    def event(self) -> ReceivedEvent | None:
        """The event that the record bears; None where nobody can read it."""
        if self.readable and self._event is None:
            self._event = _read(self.record)
        return self._event

    @property
    def data(self) -> Event | None:
        """The event's data."""
        return self.event.data if self.event else None

    @property
    def event_id(self) -> str:
        """The id under which a desk remembers the event."""
        if self._event_id is None:
            self._event_id = derived_id(self.source, attribute(self.record, "id"))
        return self._event_id

    @property
    def source(self) -> str:
        """Who sent the event."""
        if self._source is None:
            self._source = attribute(self.record, "source")
        return self._source


@dataclass(slots=True)
class Inbox:
    """The records of one partition, how many are acknowledged, and how many committed: at their own pace."""

    records: list[Posted] = field(default_factory=list)
    done: int = 0
    committed: int = 0
    _uncommitted: int = 0
    _committed_at: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self.records) - self.done

    def commit(self, now: datetime) -> None:
        """Commit what is acknowledged, if it is time; asked before each batch."""
        at = self._committed_at
        if at is None or now - at >= _COMMIT_INTERVAL or self._uncommitted >= _COMMIT_BATCHES:
            self.committed, self._committed_at, self._uncommitted = self.done, now, 0

    def acknowledge(self, count: int) -> None:
        """A batch of so many records is handled, and the broker has all that came of it."""
        self.done += count
        self._uncommitted += 1

    def read_again(self) -> None:
        """Its worker died: the next one reads from what was committed."""
        self.done = self.committed

    def post(self, sent: Outgoing, now: datetime, *, readable: bool = True) -> None:
        """Put a record at the end."""
        record = Record("inbox", 0, len(self.records), now, sent.key, sent.value, sent.headers)
        self.records.append(Posted(record, readable))

    def repeat(self, posted: Posted, now: datetime) -> None:
        """Put a record of before at the end once more."""
        record = replace(posted.record, offset=len(self.records), timestamp=now)
        self.records.append(Posted(record, posted.readable))


@dataclass(frozen=True, slots=True)
class Told:
    """An effect: what a core has told, and the id under which it is sent."""

    id: str
    data: Event

    @property
    def name(self) -> str:
        """The event's name."""
        return self.data.name


@dataclass(frozen=True, slots=True)
class Application(Generic[S]):
    """One event applied: the aggregate before and after it, and the effects. `key` names the partition."""

    key: str
    record: ReceivedEvent
    before: S
    after: S
    effects: Sequence[Told]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """A record that became a dead letter, and why."""

    posted: Posted
    reason: str


class Desk(Generic[S]):
    """A desk over one of the real shells. `watch` hears of each event that was applied and kept."""

    def __init__(
        self, shell: EventDesk[S] | SharingDesk[S, Any], watch: Callable[[Application[Any]], None]
    ) -> None:
        self.inboxes: dict[str, Inbox] = {}
        self._unreadable: set[tuple[str, int]] = set()
        self._tables: defaultdict[str, dict[bytes, bytes]] = defaultdict(dict)
        self._shell: EventDesk[S] | SharingDesk[S, Any] = self._watched(shell)
        self._shared = shell.shared.key if shell.shared else None
        self._watch = watch
        self._refused: list[RefusedEvent] = []
        self._turned: tuple[Any, ReceivedEvent, Turned[Any]] | None = None
        self._recent: defaultdict[str, dict[bytes, Opened[Any]]] = defaultdict(dict)
        self._due: dict[str, Sequence[Deadline]] = {}

    def post(self, key: str, event: ReceivedEvent, now: datetime) -> None:
        """Put an event of somebody outside into the inbox."""
        self.deliver(key, as_sent(event, key), now)

    def deliver(self, key: str, sent: Outgoing, now: datetime, *, readable: bool = True) -> None:
        """Put a record into the inbox."""
        self.inboxes.setdefault(key, Inbox()).post(sent, now, readable=readable)

    def waiting(self) -> list[str]:
        """The partitions in which something waits."""
        return [key for key, inbox in self.inboxes.items() if inbox.waiting]

    def state(self, key: str) -> S:
        """An aggregate as the table has it."""
        data = self._tables[key].get(key.encode())
        return (
            self._shell.empty(key.encode()) if data is None else self._opened(key, key.encode(), data).state
        )

    @property
    def table(self) -> dict[bytes, bytes]:
        """The values of all aggregates, but for what they share."""
        return {
            key: data for table in self._tables.values() for key, data in table.items() if key != self._shared
        }

    def states(self) -> list[S]:
        """All aggregates, as the table has them, but for what they share."""
        return [self._opened(key.decode(), key, data).state for key, data in self.table.items()]

    def shared(self, key: str) -> tuple[bytes, Any] | None:
        """What a partition's keys share, as its table has it: the value and the state."""
        data = self._tables[key].get(self._shared or b"")
        return (data, self._opened(key, self._shared, data).state) if data and self._shared else None

    def deadlines(self) -> list[tuple[str, Deadline]]:
        """What all aggregates wait for, with their keys."""
        return [(key, deadline) for key in list(self._tables) for deadline in self._waits(key)]

    def remembers(self, partition: str, key: bytes, event_id: str) -> bool:
        """Whether the event is one that the desk knows to have handled."""
        data = self._tables[partition].get(key)
        return data is not None and self._opened(partition, key, data).envelope.find(event_id) is not None

    def work(self, key: str, count: int, now: datetime, crash: Crash | None) -> list[Outgoing]:
        """Fold a batch and return the effects that were sent."""
        inbox = self.inboxes[key]
        inbox.commit(now)
        batch = inbox.records[inbox.done : inbox.done + count]
        wall = int(now.timestamp() * 1000)
        table, recent = self._tables[key], self._recent[key]
        fold: Fold[Any, ReceivedEvent] = Fold(
            self._shell,
            LIMITS,
            table.get,
            recent,
            committed=inbox.committed,
            acknowledged=inbox.done,
            wall=wall,
        )
        settling = Settling(_HEAVY)
        for known, data in table.items():
            settling.note(0, known, settling.last_heavy(self._opened(key, known, data).envelope))
        fold.settle(settling.due(0, inbox.committed))
        after: dict[bytes, Any] = {}
        for posted in batch:
            refused, sent = len(fold.refused), len(fold.effects)
            fold.take(posted.record, now)
            turned, self._turned = self._turned, None
            if len(fold.refused) > refused:
                self._refused += [RefusedEvent(posted, each.reason) for each in fold.refused[refused:]]
            elif turned:
                self._tell(key, *turned, fold.effects[sent:])
                after[posted.record.key or b""] = turned[2].state
        values = fold.values()
        self._due.pop(key, None)
        if crash is None:
            table |= values
            for _ in fold.written(values):
                pass
            self._unreadable |= {(key, posted.record.offset) for posted in batch if not posted.readable}
            inbox.acknowledge(len(batch))
            return fold.effects
        if crash.wrote:
            # A worker may die while it writes: what is shared is written then, or all but that.
            table |= {
                written: value
                for written, value in values.items()
                if crash.half is None or (written == self._shared) == (crash.half == "shared")
            }
            for written, state in after.items():
                read_back = load(self._shell, written, values[written]).state
                if written != self._shared and read_back != state:
                    raise AssertionError("a state read back from its table is another")
        # Another worker knows only what the table holds.
        recent.clear()
        inbox.read_again()
        return fold.effects[: crash.sent]

    def elapsed(self, key: str, deadline: Deadline) -> Outgoing:
        """The event that says that a deadline has come."""
        return self._shell.elapsed(key.encode(), deadline)

    @property
    def unreadable(self) -> int:
        """How many records that nobody can read were acknowledged."""
        return len(self._unreadable)

    def taken_out(self) -> list[RefusedEvent]:
        """What became dead letters since this was asked last."""
        refused, self._refused = self._refused, []
        return refused

    def _watched(self, shell: Any) -> Any:  # noqa: ANN401 - of either kind
        """The shell, with an eye on each turn."""
        if isinstance(shell, SharingDesk):
            shared = replace(shell.shared, desk=self._watched(shell.shared.desk))
            return replace(shell, desk=self._watched(shell.desk), shared=shared)

        def turn(state: Any, event: ReceivedEvent, now: datetime, shared: Any) -> Turned[Any]:  # noqa: ANN401
            turned: Turned[Any] = shell.turn(state, event, now, shared)
            self._turned = state, event, turned
            return turned

        return replace(shell, turn=turn, told=lambda *_: None)

    def _tell(
        self, key: str, before: S, event: ReceivedEvent, turned: Turned[S], sent: Sequence[Outgoing]
    ) -> None:
        told = [
            Told(attribute(outgoing, "id"), effect)
            for outgoing, effect in zip(sent, turned.effects, strict=True)
        ]
        self._watch(Application(key, event, before, turned.state, told, turned.remarks))

    def _waits(self, key: str) -> Sequence[Deadline]:
        """What a partition waits for. A worker that dies arms nothing: the next one does, from the table."""
        known = self._due.get(key)
        if known is None:
            data = self._tables[key].get(key.encode())
            state = self._opened(key, key.encode(), data).state if data else None
            known = self._due[key] = (
                (*self._shell.deadlines(state), *self._revised(key, state)) if state else ()
            )
        return known

    def _revised(self, key: str, state: S) -> Sequence[Deadline]:
        """The newest change of what is shared, where the state waits for it."""
        shared, kept = self._shell.shared, self.shared(key)
        seen = shared.seen(state) if shared else None
        revision = shared.revision(kept[1]) if shared and kept else None
        waits = revision is not None and seen is not None and seen < revision.version
        return (revision,) if revision and waits else ()

    def _opened(self, partition: str, key: bytes, data: bytes) -> Opened[Any]:
        recent = self._recent[partition]
        known = recent.get(key)
        if known is None or known.data != data:
            known = recent[key] = load(self._shell, key, data)
        return known
