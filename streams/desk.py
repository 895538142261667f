"""The sound desk: a fold over a batch, the only writer of its table.

Whatever is read again changes nothing, but is written again and its effects are sent again: the first writing
or sending may have been lost. Whoever receives the effects knows them by their ids.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import structlog

from streams import envelope
from streams.dead_letters import Unreadable, dead_letter
from streams.deadlines import Deadline, Deadlines
from streams.envelope import Envelope
from streams.exits import Exit, end_process
from streams.handlers import register_handler
from streams.records import Outgoing, Record
from streams.transport.batch import Batch

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.transport.tables import BytesTable

log = structlog.get_logger()

S = TypeVar("S")
E = TypeVar("E")


def _now() -> int:
    """Real time in milliseconds UTC, as records bear it."""
    return int(datetime.now(UTC).timestamp() * 1000)


class DeskCore(Protocol[S, E]):
    """What makes a desk a particular desk. All of it is pure."""

    @property
    def name(self) -> str:
        """The table's name."""

    @property
    def inbox(self) -> str:
        """The topic read; its keys are the table's."""

    def empty(self, key: bytes) -> S:
        """The state of a key of which nothing is known."""

    def load(self, data: bytes) -> S:
        """The state from its JSON. Raises whatever it likes on a bad value."""

    def dump(self, state: S) -> bytes:
        """The state as JSON."""

    def read(self, record: Record) -> tuple[str, E]:
        """The event's id and the event. Raises Unreadable."""

    def apply(self, state: S, event: E, now: datetime) -> tuple[S, Sequence[Outgoing]]:
        """The new state and the effects, with ids derived from the event's.

        If it raises, the record is dead-lettered; `Unreadable` says why in words. It must not change `state`
        in place: after a raise the old state goes on.
        """

    def deadlines(self, state: S) -> Sequence[Deadline]:
        """What the state waits for."""

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """The event for this desk's inbox that says so, with an id deterministic in key, name and version."""


@dataclass(slots=True)
class _Open:
    """An aggregate opened by a fold."""

    state: Any
    envelope: Envelope
    data: bytes | None
    newest: int = 0


@dataclass(slots=True)
class _Fold:
    """What a fold over the first `count` records of a batch has come to."""

    opened: dict[bytes, _Open] = field(default_factory=dict)
    effects: list[Outgoing] = field(default_factory=list)
    count: int = 0


class Desk:
    """A core bound to an application: its agent, its table and its deadlines."""

    def __init__(self, app: "StreamApp", core: DeskCore[Any, Any]) -> None:
        """Register the agent and the table. To be done before the app is started."""
        self._app = app
        self._core = core
        self.table = cast("BytesTable", app.Table(core.name, key_type=bytes, value_type=bytes))
        self.changelog: str = self.table.changelog_topic_name
        self.deadlines = Deadlines(app, core.inbox, core.elapsed)
        app.tables_of_inboxes[core.inbox] = self.changelog
        self._keep = app.tuning.keep_handled // timedelta(milliseconds=1)
        self._largest_effect = app.tuning.max_record_bytes // 2
        self._unarmed: set[int] = set()
        self._recent: dict[bytes, _Open] = {}
        self.table.on_recover(self._on_recover)
        register_handler(app, core.name, [core.inbox], self._work)

    async def _work(self, batch: Batch) -> None:
        records = batch.records
        while records:
            fold = await self._fold(batch, records)
            await self._write(batch, fold)
            records = records[fold.count :]
            if records and batch.still_owned():
                batch.assigned.acknowledged = records[0].offset

    async def _fold(self, batch: Batch, records: Sequence[Record]) -> _Fold:
        fold, began = _Fold(), monotonic()
        for record in records:
            self._take(batch, fold, record)
            fold.count += 1
            if not fold.count % 50:
                await asyncio.sleep(0)
                if monotonic() - began > self._app.tuning.max_fold_seconds:
                    break
        return fold

    def _take(self, batch: Batch, fold: _Fold, record: Record) -> None:
        core = self._core
        try:
            key, event_id, event = self._read(record)
        except Unreadable as error:
            fold.effects.append(self._refuse(record, error.reason))
            return
        except Exception as error:  # noqa: BLE001 - one bad record never takes its batch along
            fold.effects.append(self._refuse(record, f"reading raised {type(error).__name__}"))
            return
        opened = fold.opened.get(key)
        if opened is None:
            opened = fold.opened[key] = self._open(batch.partition, key)
        handled = opened.envelope.handled.get(event_id)
        if handled is not None:
            fold.effects += handled.effects()
            return
        try:
            state, effects = core.apply(opened.state, event, self._app.clock.now())
        except Unreadable as error:
            fold.effects.append(self._refuse(record, error.reason))
            return
        except Exception as error:  # noqa: BLE001 - the same
            fold.effects.append(self._refuse(record, f"applying raised {type(error).__name__}"))
            return
        for effect in effects:
            if effect.value is not None and len(effect.value) > self._largest_effect:
                fold.effects.append(self._refuse(record, "its effect is too large"))
                return
        opened.state = state
        timestamp = _now() if record.timestamp is None else record.milliseconds or 0
        opened.newest = max(opened.newest, timestamp)
        opened.envelope.remember(event_id, timestamp, record.offset, effects)
        fold.effects += effects

    def _read(self, record: Record) -> tuple[bytes, str, Any]:
        if record.key is None:
            raise Unreadable("no key")
        if record.value is None:
            raise Unreadable("no value")
        return record.key, *self._core.read(record)

    def _refuse(self, record: Record, reason: str) -> Outgoing:
        log.warning("record dead-lettered", at=record.position, reason=reason)
        return dead_letter(record, reason)

    def _open(self, partition: int, key: bytes) -> _Open:
        data = self.table.partition(partition).get(key)
        # Taken out while a fold changes it; back only when what it holds is written.
        recent = self._recent.pop(key, None)
        if recent is not None and recent.data == data:
            return recent
        if data is None:
            return _Open(self._core.empty(key), Envelope(b""), None)
        return self._load(key, data)

    def _load(self, key: bytes, data: bytes) -> _Open:
        try:
            opened = envelope.load(data)
            return _Open(self._core.load(opened.state), opened, data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the state is not to be lost
            end_process(
                Exit.UNREADABLE_TABLE,
                "a table's value cannot be read: run the jardem that wrote it, or write a corrected "
                "value to the changelog under the same key",
                table=self._core.name,
                changelog=self.changelog,
                key_sha256=hashlib.sha256(key).hexdigest(),
                error=f"{type(error).__name__}: {error}",
            )

    async def _write(self, batch: Batch, fold: _Fold) -> None:
        """Write every touched key, send every effect, wait for the broker to have it all; then the store."""
        values = {key: self._value(batch, opened) for key, opened in fold.opened.items()}
        # A batch abandoned from here on may be in the store without its deadlines being armed.
        self._unarmed.add(batch.partition)
        await self._app.send_table(self.table, batch.partition, values, fold.effects)
        for key, opened in fold.opened.items():
            self.deadlines.arm(batch.partition, key, self._core.deadlines(opened.state))
            opened.data, opened.newest = values[key], 0
            self._recent[key] = opened
        self._unarmed.discard(batch.partition)
        while len(self._recent) > self._app.tuning.recent_keys:
            del self._recent[next(iter(self._recent))]

    def _value(self, batch: Batch, opened: _Open) -> bytes:
        now = _now()
        committed, tuning = batch.assigned.committed or 0, self._app.tuning
        opened.envelope.prune(min(opened.newest, now) - self._keep, committed, tuning.most_handled)
        state = self._core.dump(opened.state)
        value = envelope.dump(state, opened.envelope.handled.values())
        if len(value) > tuning.max_record_bytes:
            # Better to forget early than to be unable to write.
            log.warning("an aggregate forgets what it handled early", table=self._core.name, bytes=len(value))
            opened.envelope.prune(now, committed, 0)
            value = envelope.dump(state, opened.envelope.handled.values())
        return value

    async def _on_recover(self) -> None:
        """Arm the deadlines of every key of the partitions owned, and of no other.

        Partitions that stayed with this worker, and whose deadlines are known to be armed, are left as they
        are.
        """
        owned = set(self.table.partitions_owned())
        self.deadlines.keep_only(owned)
        # Another rebalance may end this half way; what is not done stays to be done.
        self._unarmed |= self.table.take_changed()
        for partition in self._unarmed & owned:
            self.deadlines.drop(partition)
            for count, (key, data) in enumerate(self.table.partition(partition).items()):
                self.deadlines.arm(partition, key, self._core.deadlines(self._load(key, data).state))
                if not count % 500:
                    await asyncio.sleep(0)
            self._unarmed.discard(partition)
        self._unarmed &= owned

    def state(self, key: bytes) -> Any:  # noqa: ANN401 - the core's own type
        """The state of a key in the partitions owned, or None. For looking at, not for deciding."""
        data = self.table.data.get(key)
        return None if data is None else self._load(key, data).state
