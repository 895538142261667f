"""The sound desk: a fold over each batch, the only writer of its table.

What the fold has come to is written and sent together, and acknowledged when the broker has all of it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, cast

import structlog

from schemas.deadlines import Deadline
from streams import metrics, summary
from streams.counts import Counts
from streams.deadlines import Deadlines
from streams.encryption.sealed import KeysAtHand
from streams.exits import Exit, end_process
from streams.fold import DeskCore, Fold, Opened, UnreadableStateError, fold_limits, load
from streams.handlers import register_handler
from streams.records import Outgoing, Record
from streams.settling import Settling
from streams.summary import NOTHING, Summary
from streams.transport.batch import Batch
from streams.transport.stores import NotOwnedError

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.transport.tables import BytesTable

log = structlog.get_logger()

_AT_ONCE = 500


def _wall() -> int:
    """Real time in milliseconds UTC, as records bear it."""
    return int(datetime.now(UTC).timestamp() * 1000)


class Desk:
    """A core bound to an application: its agent, its table, its deadlines, and what it counts."""

    def __init__(
        self,
        app: "StreamApp",
        core: DeskCore[Any, Any],
        count: Callable[[Any], Mapping[str, int]] | None = None,
        *,
        basis: str = "",
        leads_to: Sequence[str] = (),
    ) -> None:
        """Register the agent and the table. To be done before the app is started.

        `count` says what is counted of a state, by name. `basis` names all that deadlines and counts depend
        on beside the state: with another one, what was noted of a value in front of it is worked out anew.
        `leads_to` are the inboxes that an elapsed deadline leads to: while much waits there, few are told.
        """
        self._app = app
        self._core = core
        self._count = count
        self.table = cast("BytesTable", app.Table(core.name, key_type=bytes, value_type=bytes))
        self.changelog: str = self.table.changelog_topic_name
        self._tag = summary.tag_of(basis)
        self.deadlines = Deadlines(app, core.inbox, self, lambda: self._pressed(leads_to))
        self.counts = Counts()
        app.tables_of_inboxes[core.inbox] = self.changelog
        self._limits = fold_limits(app.tuning)
        self._settling = Settling(app.tuning.heavy_effects)
        self._unarmed: set[int] = set()
        self._recent: dict[bytes, Opened[Any]] = {}
        metrics.DEADLINES.labels(core.name).set_function(self.deadlines.waiting)
        metrics.DEADLINES_BEHIND.labels(core.name).set_function(self.deadlines.behind)
        self.table.on_recover(self._on_recover)
        register_handler(app, core.name, [core.inbox], self._work)

    async def _work(self, batch: Batch) -> None:
        records = batch.records
        while records:
            before: dict[bytes, bytes | None] = {}
            settled = self._settling.due(batch.partition, batch.assigned.committed or 0)
            keys = await self._keys(batch.partition, records, settled)
            fold = await self._fold(batch, records, settled, before, keys)
            await self._write(batch, fold, before, keys)
            records = records[fold.count :]
            if records and batch.still_owned():
                # A batch that was put off begins again, and may end its first part earlier than before.
                batch.assigned.acknowledged = max(batch.assigned.handled, records[0].offset)

    def _pressed(self, topics: Sequence[str]) -> bool:
        """Whether much waits in one of these inboxes already, in the partitions that this worker holds."""
        most = self._app.tuning.most_behind
        return any(self._app.backlog(topic) > most for topic in topics)

    async def _keys(self, partition: int, records: Sequence[Record], settled: Sequence[bytes]) -> KeysAtHand:
        """The keys of every row that these records may touch, and of those that are settled beside them."""
        names = {record.key for record in records if record.key is not None}.union(settled)
        shared = self._core.shared
        stored = self.table.partition(partition).get
        rows = [stored(name) for name in (names | {shared.key} if shared else names)]
        return await self._app.vault.at_hand(rows, names)

    async def _fold(
        self,
        batch: Batch,
        records: Sequence[Record],
        settled: Sequence[bytes],
        before: dict[bytes, bytes | None],
        keys: KeysAtHand,
    ) -> Fold[Any, Any]:
        store = self.table.partition(batch.partition)

        def stored(key: bytes) -> bytes | None:
            data = before[key] = store.get(key)
            return None if data is None else summary.body(data)

        fold = Fold(
            self._core,
            self._limits,
            stored,
            self._recent,
            committed=batch.assigned.committed or 0,
            acknowledged=batch.assigned.handled,
            wall=_wall(),
            keys=keys,
        )
        began = monotonic()
        try:
            fold.settle(settled)
        except UnreadableStateError as error:
            self._end(error)
        for record in records:
            try:
                fold.take(record, self._app.clock.now())
            except UnreadableStateError as error:
                self._end(error)
            if not fold.count % 50:
                await asyncio.sleep(0)
                if monotonic() - began > self._app.tuning.max_fold_seconds:
                    break
        for refused in fold.refused:
            metrics.DEAD_LETTERS.labels(self._core.inbox, refused.why).inc()
            log.warning("record dead-lettered", at=refused.record.position, reason=refused.reason)
        return fold

    async def _write(
        self,
        batch: Batch,
        fold: Fold[Any, Any],
        before: Mapping[bytes, bytes | None],
        keys: KeysAtHand,
    ) -> None:
        """Write every touched key, send every effect, wait for the broker to have it all; then the store."""
        partition, values = batch.partition, await self._values(fold, keys)
        for size in fold.forgetful:
            log.warning("an aggregate forgets what it handled early", table=self._core.name, bytes=size)
        summaries = {key: self._summary(key, opened) for key, opened in fold.touched()}
        joined = {key: summary.join(summaries[key], self._tag, value) for key, value in values.items()}
        # A batch abandoned from here on may be in the store without its deadlines being armed.
        doubtful = partition in self._unarmed
        self._unarmed.add(partition)
        await self._app.send_table(self.table, partition, joined, fold.effects, keys)
        for key, opened in fold.written(values):
            self._note(partition, key, self._read(key, before.get(key), keys), summaries[key])
            self._revise(partition, key, opened.state)
        for refused in fold.refused:
            self.deadlines.handled(partition, refused.record.key or b"")
        if doubtful:
            await self._rebuild(partition)
        self._unarmed.discard(partition)
        while len(self._recent) > self._app.tuning.recent_keys:
            del self._recent[next(iter(self._recent))]

    async def _values(self, fold: Fold[Any, Any], keys: KeysAtHand) -> dict[bytes, bytes]:
        """What is written under each touched key, sealed where it is to be."""
        vault = self._app.vault
        inner = await vault.with_parts_sealed(keys, fold.dumped())
        plain = fold.values({name: each.state for name, each in inner.items()})
        return {
            name: vault.sealed_row(keys, self._core.name, name, value, inner[name].keys)
            for name, value in plain.items()
        }

    def _summary(self, key: bytes, opened: Opened[Any]) -> Summary:
        """What is to stand in front of a value."""
        shared, state = self._core.shared, opened.state
        unsettled = self._settling.last_heavy(opened.envelope)
        if shared and key == shared.key:
            return Summary(unsettled=unsettled)
        deadlines = self._core.deadlines(state)
        return Summary(
            first=min((summary.microseconds(each.at) for each in deadlines), default=None),
            waiting=len(deadlines),
            seen=shared.seen(state) if shared else None,
            counted=summary.counted(self._count(state)) if self._count else (),
            unsettled=unsettled,
        )

    def _read(self, key: bytes, data: bytes | None, keys: KeysAtHand) -> Summary:
        """What stands in front of a value, worked out anew where nothing does that holds today."""
        if data is None:
            return NOTHING
        found = summary.read(data, self._tag)
        if found is not None:
            return found
        opened = self._load(key, data, keys)
        return NOTHING if opened is None else self._summary(key, opened)

    def _note(self, partition: int, key: bytes, before: Summary, after: Summary) -> None:
        """Set what a key waits for and how it counts, in place of what held before."""
        self._settling.note(partition, key, after.unsettled)
        self.deadlines.change(partition, key, before, after)
        self.counts.change(partition, before.counted, after.counted)

    def _revise(self, partition: int, key: bytes, state: Any) -> None:  # noqa: ANN401 - the core's own type
        """Have those told who wait for the shared state, if this is it."""
        shared = self._core.shared
        if shared and key == shared.key:
            self.deadlines.revised(partition, shared.revision(state))

    def summary_of(self, partition: int, key: bytes) -> Summary | None:
        """What the state of a key waits for, in short; nothing where the partition is not this worker's.

        None where nothing that holds today stands in front of the value, and the state is to be asked.
        """
        try:
            data = self.table.partition(partition).get(key)
        except NotOwnedError:
            return NOTHING
        return NOTHING if data is None else summary.read(data, self._tag)

    async def deadlines_of(
        self, partition: int, names: Sequence[bytes]
    ) -> Mapping[bytes, Sequence[Deadline]]:
        """All that the states of these keys wait for; of a partition that is not this worker's, nothing."""
        try:
            stored = self.table.partition(partition).get
            rows = {name: data for name in names if (data := stored(name)) is not None}
        except NotOwnedError:
            return {}
        keys = await self._app.vault.at_hand(rows.values())
        found = {name: self._load(name, data, keys) for name, data in rows.items()}
        return {name: self._core.deadlines(each.state) for name, each in found.items() if each is not None}

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """The event for the inbox that a deadline has elapsed."""
        return self._core.elapsed(key, deadline)

    def _end(self, error: UnreadableStateError) -> NoReturn:
        """End the worker: whatever is wrong with it, the state is not to be lost."""
        end_process(
            Exit.UNREADABLE_TABLE,
            "a table's value cannot be read: run the jardem that wrote it, or write a corrected "
            "value to the changelog under the same key",
            table=self._core.name,
            changelog=self.changelog,
            key_sha256=hashlib.sha256(error.key).hexdigest(),
            error=str(error),
        )

    async def _on_recover(self) -> None:
        """Arm the deadlines of every key of the partitions owned, and of no other, and count those alone.

        Partitions that stayed with this worker, and whose deadlines are known to be armed, are left as they
        are.
        """
        owned = set(self.table.partitions_owned())
        self.deadlines.keep_only(owned)
        self.counts.keep_only(owned)
        self._settling.keep_only(owned)
        # Another rebalance may end this half way; what is not done stays to be done.
        self._unarmed |= self.table.take_changed()
        for partition in self._unarmed & owned:
            await self._rebuild(partition)
            self._unarmed.discard(partition)
        self._unarmed &= owned

    async def _rebuild(self, partition: int) -> None:
        """Look at all values of a partition: arm their deadlines and count them anew."""
        self.counts.drop(partition)
        self.deadlines.drop(partition)
        rows = iter(self.table.partition(partition).items())
        while part := list(islice(rows, _AT_ONCE)):
            unknown = [data for _, data in part if summary.read(data, self._tag) is None]
            keys = await self._app.vault.at_hand(unknown)
            for key, data in part:
                self._note(partition, key, NOTHING, self._read(key, data, keys))
            await asyncio.sleep(0)
        shared = self._core.shared
        if shared and (kept := self.table.partition(partition).get(shared.key)) is not None:
            keys = await self._app.vault.at_hand([kept])
            opened = self._load(shared.key, kept, keys)
            if opened is not None:
                self._revise(partition, shared.key, opened.state)

    def _load(self, key: bytes, data: bytes, keys: KeysAtHand) -> Opened[Any] | None:
        """A value, taken apart; None where its key is erased."""
        value = summary.body(data)
        if not keys.alive(value):
            return None
        try:
            return load(self._core, key, value, keys)
        except UnreadableStateError as error:
            self._end(error)
