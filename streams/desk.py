"""The sound desk: a fold over each batch, the only writer of its table.

What the fold has come to is written and sent together, and acknowledged when the broker has all of it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, cast

import structlog

from streams import metrics
from streams.counts import Counts
from streams.deadlines import Deadlines
from streams.exits import Exit, end_process
from streams.fold import DeskCore, Fold, Opened, UnreadableStateError, fold_limits, load
from streams.handlers import register_handler
from streams.records import Record
from streams.settling import Settling
from streams.transport.batch import Batch

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.transport.tables import BytesTable

log = structlog.get_logger()


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
    ) -> None:
        """Register the agent and the table. To be done before the app is started.

        `count` says what is counted of a state, by name.
        """
        self._app = app
        self._core = core
        self._count = count
        self.table = cast("BytesTable", app.Table(core.name, key_type=bytes, value_type=bytes))
        self.changelog: str = self.table.changelog_topic_name
        self.deadlines = Deadlines(app, core.inbox, core.elapsed)
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
            fold = await self._fold(batch, records)
            await self._write(batch, fold)
            records = records[fold.count :]
            if records and batch.still_owned():
                batch.assigned.acknowledged = records[0].offset

    async def _fold(self, batch: Batch, records: Sequence[Record]) -> Fold[Any, Any]:
        stored = self.table.partition(batch.partition).get
        committed = batch.assigned.committed or 0
        fold = Fold(self._core, self._limits, stored, self._recent, committed=committed, wall=_wall())
        began = monotonic()
        try:
            fold.settle(self._settling.due(batch.partition, committed))
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

    async def _write(self, batch: Batch, fold: Fold[Any, Any]) -> None:
        """Write every touched key, send every effect, wait for the broker to have it all; then the store."""
        values = fold.values()
        for size in fold.forgetful:
            log.warning("an aggregate forgets what it handled early", table=self._core.name, bytes=size)
        # A batch abandoned from here on may be in the store without its deadlines being armed.
        self._unarmed.add(batch.partition)
        await self._app.send_table(self.table, batch.partition, values, fold.effects)
        for key, opened in fold.written(values):
            self._settling.note(batch.partition, key, opened.envelope)
            self._arm(batch.partition, key, opened.state)
        self._unarmed.discard(batch.partition)
        while len(self._recent) > self._app.tuning.recent_keys:
            del self._recent[next(iter(self._recent))]

    def _arm(self, partition: int, key: bytes, state: Any) -> None:  # noqa: ANN401 - the core's own type
        """Set what a key waits for and how it counts, in place of what held before."""
        shared = self._core.shared
        if shared and key == shared.key:
            self.deadlines.revised(partition, shared.revision(state))
            return
        if shared:
            self.deadlines.await_revision(partition, key, shared.seen(state))
        self.deadlines.arm(partition, key, self._core.deadlines(state))
        if self._count:
            self.counts.put(partition, key, self._count(state))

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
            self.deadlines.drop(partition)
            self.counts.drop(partition)
            for number, (key, data) in enumerate(self.table.partition(partition).items()):
                opened = self._load(key, data)
                self._settling.note(partition, key, opened.envelope)
                self._arm(partition, key, opened.state)
                if not number % 500:
                    await asyncio.sleep(0)
            self._unarmed.discard(partition)
        self._unarmed &= owned

    def _load(self, key: bytes, data: bytes) -> Opened[Any]:
        try:
            return load(self._core, key, data)
        except UnreadableStateError as error:
            self._end(error)
