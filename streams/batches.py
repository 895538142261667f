"""Batches: what one poll brought for one partition, handled whole and acknowledged whole, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import structlog

from streams import metrics
from streams.dead_letters import dead_letter, packed_dead_letter
from streams.exits import Exit, end_process
from streams.records import LARGEST_RECORD, NotUnpacked, Outgoing, Record

if TYPE_CHECKING:
    from streams.app import StreamApp
    from streams.consumer import Consumer

log = structlog.get_logger()

Handler = Callable[["Batch"], Awaitable[Sequence[Outgoing]]]

_PATIENCE = 0.05
_TOO_LARGE = "its effect is too large"


@dataclass(slots=True, eq=False)
class Holding:
    """A partition of a source topic for as long as this worker holds it in one assignment.

    `end` is the offset at which the log ended when the partition was taken: records before it may have been
    handled by a previous owner whose acknowledgement was lost. `acknowledged` is the offset to be committed.
    `topic_id` is the broker's id of the topic, empty where it tells none; it is committed with the offset.
    A holding is never reused: after a rebalance there is a new one, and acknowledgements to the old one are
    ignored. Once it is closing, no work begins any more.
    """

    topic: str
    partition: int
    end: int
    committed: int | None
    acknowledged: int | None = None
    live: bool = True
    closing: bool = False
    busy: bool = False
    topic_id: str = ""
    task: "asyncio.Task[None] | None" = None

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
    holding: Holding = field(repr=False)
    end: int | None = None
    not_unpacked: Sequence[NotUnpacked] = ()

    @property
    def topic(self) -> str:
        """The topic all records are of."""
        return self.holding.topic

    @property
    def partition(self) -> int:
        """The partition all records are of."""
        return self.holding.partition

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
        return self.holding.live

    def backlog(self, record: Record) -> bool:
        """Whether the record was in the log already when this worker took the partition.

        Then a previous owner may have handled it without living to acknowledge it.
        """
        return record.offset < self.holding.end

    def part(self, records: Sequence[Record]) -> "Batch":
        """A batch of some of these records, of the same partition and assignment."""
        return Batch(records, self.holding)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return self.records[index]

    def __len__(self) -> int:
        return len(self.records)


def stateless(
    app: "StreamApp",
    name: str,
    topics: Sequence[str],
    handle: Handler,
    *,
    on_error: Literal["isolate", "end"] = "isolate",
) -> None:
    """Register an agent without a table: what `handle` returns is sent, and then the batch is acknowledged.

    `handle` gets a whole batch and may take minutes; batches of other partitions go on meanwhile. When the
    partition is revoked or the worker stops, it is cancelled after `Settings.revoke_wait` seconds,
    unacknowledged, and its records are read again by the next owner.

    `handle` is expected to answer for its records itself, with `dead_letter(record, reason)` for what it
    cannot read. If it raises all the same: with `on_error="isolate"` every record of the batch is handled
    once more alone and those that raise again are dead-lettered, and so is one of which more is to be sent
    than our topics take; with `on_error="end"` (for handlers whose effects leave Kafka) the process ends with
    nothing acknowledged.
    """

    async def work(batch: Batch) -> None:
        try:
            outgoing = await handle(batch)
            if on_error == "isolate" and any(map(_too_large, outgoing)):
                outgoing = await _one_by_one(batch, handle)
        except Exception as error:
            if on_error == "end":
                end_process(
                    Exit.CRASHED, "handler raised", agent=name, at=batch[0].position, error=repr(error)
                )
            log.exception("handler raised; handling its records one by one", agent=name, at=batch[0].position)
            outgoing = await _one_by_one(batch, handle)
        await app.send_all(outgoing)

    register(app, name, topics, work)


async def _one_by_one(batch: Batch, handle: Handler) -> Sequence[Outgoing]:
    outgoing: list[Outgoing] = []
    for record in batch:
        try:
            found = await handle(batch.part([record]))
        except Exception as error:
            log.exception("record dead-lettered", at=record.position)
            found = [dead_letter(record, f"handler raised {type(error).__name__}")]
        if any(map(_too_large, found)):
            log.warning("record dead-lettered", at=record.position, reason=_TOO_LARGE)
            found = [dead_letter(record, _TOO_LARGE)]
        outgoing += found
    return outgoing


def _too_large(outgoing: Outgoing) -> bool:
    return outgoing.size > LARGEST_RECORD


def register(
    app: "StreamApp", name: str, topics: Iterable[str], work: Callable[[Batch], Awaitable[None]]
) -> None:
    """Register a Faust agent that runs `work` for each batch, one a partition at a time.

    The agent only starts the work, so that a slow partition stops no other; the consumer hands over a
    partition's next batch when the work for the last one is done. `work` returning is the acknowledgement: by
    then the broker must have everything. Work that raises ends the process; work that raises
    `CancelledError` of its own accord, unsure whether the partition is still ours, is begun again.
    """
    runner = _Runner(app, name, work)

    async def agent(stream: Any) -> None:  # noqa: ANN401 - Faust's streams are generic in a way mypy cannot follow
        async for batch in stream:
            if batch.holding.closing:
                continue
            batch.holding.task = asyncio.create_task(runner.run(batch), name=f"{name} {batch.at}")

    names = list(topics)
    app.source_topics.update(names)
    app.agent(app.topic(*names, key_type=bytes, value_type=bytes), name=name)(agent)


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs an agent's work for one batch after the other."""

    app: "StreamApp"
    name: str
    work: Callable[[Batch], Awaitable[None]]

    async def run(self, batch: Batch) -> None:
        """Work on a batch until it is done, and acknowledge it."""
        holding = batch.holding
        at = batch.at
        try:
            while not await self._attempt(batch):
                await self._until_sure(holding)
        except asyncio.CancelledError:
            # The partition stays busy until an assignment makes it anew, so that nothing overtakes the batch.
            log.info("batch abandoned, will be read again", agent=self.name, at=at, records=len(batch))
            holding.task = None
            return
        except Exception as error:
            log.exception("agent raised", agent=self.name, at=at)
            end_process(Exit.CRASHED, "agent raised", agent=self.name, at=at, error=repr(error))
        if holding.live:
            holding.acknowledged = batch.next_offset
            self.app.batches_handled += 1
            self.app.records_handled += len(batch)
        holding.task = None
        cast("Consumer", self.app.consumer).release(holding)

    async def _attempt(self, batch: Batch) -> bool:
        """Work on the batch; False where the work gave up because it could not tell whether it still may."""
        try:
            if batch.not_unpacked:
                await self.app.send_all([_refused(item) for item in batch.not_unpacked])
            if batch.records:
                await self.work(batch)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not batch.holding.live or (task is not None and task.cancelling()):
                raise
            log.warning("batch put off: unsure of the partition", agent=self.name, at=batch.at)
            return False
        return True

    async def _until_sure(self, holding: Holding) -> None:
        """Wait until a heartbeat is answered again.

        Raises `CancelledError` where the partition is another worker's by then.
        """
        await asyncio.sleep(_PATIENCE)
        while not self.app.lease.valid():
            if self.app.lease.lost or not holding.live:
                raise asyncio.CancelledError("the partition is another worker's now")
            await asyncio.sleep(_PATIENCE)


def _refused(item: NotUnpacked) -> Outgoing:
    log.warning(
        "what cannot be unpacked is dead-lettered",
        at=item.position,
        last_offset=item.last_offset,
        reason=item.reason,
        bytes=len(item.data),
    )
    metrics.NOT_UNPACKED.labels(item.topic).inc()
    return packed_dead_letter(item)
