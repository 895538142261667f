"""The fold over a batch, without input or output: reading, taking, remembering, refusing and pruning.

Whatever is read again changes nothing, but is written again. As long as the batch of its first record is not
acknowledged, its effects are sent again: the first writing or sending may have been lost, and whoever
receives the effects knows them by their ids. Once it is acknowledged the broker has them all, and a repeat
sends nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from schemas.deadlines import Deadline
from streams import envelope
from streams.dead_letters import UnreadableRecordError, Why, dead_letter
from streams.encryption.sealed import KeysAtHand
from streams.envelope import Envelope
from streams.records import Outgoing, Record
from streams.tuning import Tuning

S = TypeVar("S")
E = TypeVar("E")

_MILLISECOND = timedelta(milliseconds=1)


class SharedCore(Protocol[S]):
    """What a core adds where one key of each partition has a state that all others of the partition read.

    It is folded like any other, and is the state of that partition alone.
    """

    @property
    def key(self) -> bytes:
        """Whose state it is."""

    def settled(self, state: S, committed: int) -> S:
        """The shared state without what only events before this offset need: they are never read again."""

    def revision(self, state: S) -> Deadline | None:
        """What has come with the newest change of the shared state: its version grows with each."""

    def seen(self, state: S) -> int | None:
        """Of another key: the revision than which it waits for a newer one; None where it does not wait."""


class DeskCore(Protocol[S, E]):
    """What makes a desk a particular desk. All of it is pure."""

    @property
    def name(self) -> str:
        """The table's name."""

    @property
    def inbox(self) -> str:
        """The topic read; its keys are the table's."""

    @property
    def shared(self) -> SharedCore[S] | None:
        """The state that all keys of a partition read, where there is one."""

    def empty(self, key: bytes) -> S:
        """The state of a key of which nothing is known."""

    def load(self, key: bytes, data: bytes) -> S:
        """The state from its JSON. Raises whatever it likes on a bad value."""

    def dump(self, state: S) -> bytes:
        """The state as JSON."""

    def read(self, record: Record) -> tuple[str, E]:
        """The event's id and the event. Raises UnreadableRecordError."""

    def apply(self, state: S, event: E, now: datetime, shared: S | None) -> tuple[S, Sequence[Outgoing]]:
        """The new state and the effects, with ids derived from the event's.

        `shared` is the shared state, which may have gone on since the event came: where the event was folded
        before without all of it reaching the broker, it has folded later records already. The core reads in
        it what stood before the event. It is None for the shared key itself, and where nothing is shared.

        If it raises, the record is dead-lettered; `UnreadableRecordError` says why in words. It must not
        change `state` in place: after a raise the old state goes on.
        """

    def tells_more(self, state: S, event: E) -> bool:
        """Whether a repeat of an event that was handled tells more than it did, and is applied as well."""

    def deadlines(self, state: S) -> Sequence[Deadline]:
        """What the state waits for."""

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """The event for this desk's inbox that says so, with an id deterministic in key, name and version."""


class UnreadableStateError(Exception):
    """A table's value that cannot be read: of a newer version, or of none that there was."""

    def __init__(self, key: bytes, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.key = key


@dataclass(frozen=True, slots=True)
class FoldLimits:
    """What bounds a value and what it remembers.

    `keep`: how long an event's id is remembered, by its record's timestamp; `most`: how many at most, but for
    those that may be read again. `largest_value`: bytes of a value, above which it forgets early.
    `largest_effect`: bytes of an effect, above which its cause is a dead letter.
    """

    keep: timedelta
    most: int
    largest_value: int
    largest_effect: int


def fold_limits(tuning: Tuning) -> FoldLimits:
    """The limits of a worker with these numbers."""
    return FoldLimits(
        keep=tuning.keep_handled,
        most=tuning.most_handled,
        largest_value=tuning.max_record_bytes,
        largest_effect=tuning.max_record_bytes // 2,
    )


@dataclass(slots=True)
class Opened(Generic[S]):
    """An aggregate opened by a fold. `data` is the value that it was read from or last written as."""

    state: S
    envelope: Envelope
    data: bytes | None
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that became a dead letter, and why."""

    record: Record
    reason: str
    why: Why


class Fold(Generic[S, E]):
    """What the first `count` records of a batch have come to: changed aggregates and effects, in order.

    `stored` gives the table's value of a key. `recent` are aggregates that are known from before; those that
    the fold touches are taken out of it, and come back by `written`. Records from offset `committed` on may
    be read again, and those from `acknowledged` on, which is `committed` where nothing is said, may have been
    folded before without all of it reaching the broker. `wall` is real time in milliseconds UTC, as
    records bear it. `refused` and `forgetful` are for the log: the records that became dead letters, and the
    sizes of the values that had to forget early. `keys` open the values that are sealed.
    """

    def __init__(  # noqa: PLR0913 - a desk, what it has, and how far its partition is
        self,
        core: DeskCore[S, E],
        limits: FoldLimits,
        stored: Callable[[bytes], bytes | None],
        recent: dict[bytes, Opened[S]],
        *,
        committed: int,
        wall: int,
        acknowledged: int | None = None,
        keys: KeysAtHand | None = None,
    ) -> None:
        self.effects: list[Outgoing] = []
        self.refused: list[Refused] = []
        self.forgetful: list[int] = []
        self.count = 0
        self._core = core
        self._limits = limits
        self._stored = stored
        self._recent = recent
        self._committed = committed
        self._acknowledged = committed if acknowledged is None else acknowledged
        self._wall = wall
        self._keys = keys or KeysAtHand()
        self._opened: dict[bytes, Opened[S]] = {}
        self._read_only: S | None = None

    def take(self, record: Record, now: datetime) -> None:
        """Fold one more record. `now` is the present instant in UTC, of virtual time.

        Raises `UnreadableStateError`, and `MemoryError`; nothing of this fold must be written then.
        """
        self.count += 1
        core = self._core
        try:
            key, event_id, event = self._read(record)
        except UnreadableRecordError as error:
            self._refuse(record, error.reason, error.why)
            return
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad record never takes its batch along
            self._refuse(record, f"reading raised {type(error).__name__}", Why.RAISED)
            return
        opened = self._opened.get(key)
        if opened is None:
            opened = self._opened[key] = self._open(key)
        handled_as = self._to_be_handled_as(opened, event_id, event, record)
        if handled_as is None:
            return
        # A value that cannot be read is the table's fault, not the record's.
        shared = self._shared(key)
        try:
            state, effects = core.apply(opened.state, event, now, shared)
        except UnreadableRecordError as error:
            self._refuse_event(opened, event_id, record, error.reason, error.why)
            return
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the same
            reason = f"applying raised {type(error).__name__}"
            self._refuse_event(opened, event_id, record, reason, Why.RAISED)
            return
        largest = max((len(effect.value) for effect in effects if effect.value is not None), default=0)
        if largest > self._limits.largest_effect:
            reason = "its effect is too large"
            self._refuse_event(opened, event_id, record, reason, Why.TOO_LARGE)
            return
        opened.state = state
        timestamp = self._time(record)
        opened.newest = max(opened.newest, timestamp)
        opened.envelope.remember(handled_as, timestamp, record.offset, effects)
        self.effects += effects

    def settle(self, keys: Iterable[bytes]) -> None:
        """Have these keys' values written too: without the effects of what is acknowledged by now.

        Raises `UnreadableStateError`; nothing of this fold must be written then.
        """
        for key in keys:
            data = None if key in self._opened else self._stored(key)
            if data is not None and self._keys.alive(data):
                self._opened[key] = self._open(key)

    def dumped(self) -> dict[bytes, bytes]:
        """The new state of each touched key, as its core writes it."""
        return {key: self._dumped(key, opened) for key, opened in self._opened.items()}

    def values(self, states: Mapping[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """What is to be written under each touched key, with these states in it; without, as they are."""
        states = self.dumped() if states is None else states
        return {key: self._value(opened, states[key]) for key, opened in self._opened.items()}

    def touched(self) -> Iterator[tuple[bytes, Opened[S]]]:
        """Each touched key, and what it has come to; to be asked after `values`."""
        return iter(self._opened.items())

    def written(self, values: dict[bytes, bytes]) -> Iterator[tuple[bytes, Opened[S]]]:
        """Keep at hand what is written now, and tell what stands under each key."""
        for key, opened in self._opened.items():
            yield key, opened
            opened.data, opened.newest = values[key], 0
            self._recent[key] = opened

    def _read(self, record: Record) -> tuple[bytes, str, E]:
        if record.key is None:
            raise UnreadableRecordError("no key", Why.KEY)
        if record.value is None:
            raise UnreadableRecordError("no value", Why.KEY)
        return record.key, *self._core.read(record)

    def _time(self, record: Record) -> int:
        """A record's time in milliseconds UTC: the present, where it bears none."""
        return self._wall if record.timestamp is None else record.milliseconds or 0

    def _refuse(self, record: Record, reason: str, why: Why) -> None:
        self.refused.append(Refused(record, reason, why))
        self.effects.append(dead_letter(record, reason))

    def _to_be_handled_as(self, opened: Opened[S], event_id: str, event: E, record: Record) -> str | None:
        """The id under which the event is to be remembered, if it is to be handled.

        None where it was handled, or this record refused; what was sent of that is sent again. A repeat that
        tells more is remembered beside the event, by its record: each may be read again with its own effects.
        """
        known = opened.envelope
        refusal = known.refusal(event_id, record.offset)
        if refusal is not None:
            # The state has gone on since, with the records behind this one, and might take it now.
            why, _, reason = refusal.partition(" ")
            self._refuse(record, reason, Why(why))
            return None
        if known.find(event_id) is None:
            return event_id
        again = known.remember_again(event_id, self._time(record), record.offset, self._acknowledged)
        repeat = f"{event_id} at {record.offset}"
        if known.find(repeat) is not None:
            again = known.remember_again(repeat, self._time(record), record.offset, self._acknowledged)
        elif self._core.tells_more(opened.state, event):
            return repeat
        self.effects += again.effects()
        return None

    def _refuse_event(self, opened: Opened[S], event_id: str, record: Record, reason: str, why: Why) -> None:
        """Refuse what the aggregate as it is now does not take; it is refused again if it is read again."""
        opened.envelope.refuse(event_id, record.offset, f"{why} {reason}")
        self._refuse(record, reason, why)

    def _open(self, key: bytes) -> Opened[S]:
        data = self._stored(key)
        # Taken out while a fold changes it; back only when what it holds is written.
        recent = self._recent.pop(key, None)
        if data is None or not self._keys.alive(data):
            return Opened(self._core.empty(key), Envelope(b""), None)
        if recent is not None and recent.data == data:
            return recent
        return load(self._core, key, data, self._keys)

    def _shared(self, key: bytes) -> S | None:
        """The shared state for an event of this key. It is only read, so that it is not written again."""
        shared = self._core.shared
        if shared is None or key == shared.key:
            return None
        opened = self._opened.get(shared.key)
        if opened is not None:
            return opened.state
        if self._read_only is None:
            self._read_only = self._look_at(shared.key)
        return self._read_only

    def _look_at(self, key: bytes) -> S:
        data = self._stored(key)
        if data is None:
            return self._core.empty(key)
        recent = self._recent.get(key)
        if recent is None or recent.data != data:
            recent = self._recent[key] = load(self._core, key, data, self._keys)
        return recent.state

    def _dumped(self, key: bytes, opened: Opened[S]) -> bytes:
        shared = self._core.shared
        if shared and key == shared.key:
            opened.state = shared.settled(opened.state, self._committed)
        return self._core.dump(opened.state)

    def _value(self, opened: Opened[S], state: bytes) -> bytes:
        limits = self._limits
        before = min(opened.newest, self._wall) - limits.keep // _MILLISECOND
        opened.envelope.settle(self._committed, self._acknowledged)
        opened.envelope.prune(before, limits.most)
        value = envelope.dump(opened.envelope, state)
        if len(value) > limits.largest_value:
            # Better to forget early than to be unable to write.
            self.forgetful.append(len(value))
            opened.envelope.prune(self._wall, 0)
            value = envelope.dump(opened.envelope, state)
        return value


def load(core: DeskCore[S, E], key: bytes, data: bytes, keys: KeysAtHand | None = None) -> Opened[S]:
    """An aggregate from its table's value. Raises `UnreadableStateError`."""
    keys = keys or KeysAtHand()
    try:
        opened = envelope.load(keys.open(core.name, key, data))
        return Opened(core.load(key, keys.open_parts(data, opened.state)), opened, data)
    except Exception as error:
        raise UnreadableStateError(key, error) from error
