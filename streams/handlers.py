"""Handlers of batches: how an agent is registered, and how its work is run and acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import structlog

from streams import metrics
from streams.app import StreamApp
from streams.dead_letters import Why, dead_letter, packed_dead_letter
from streams.exits import Exit, end_process
from streams.records import LARGEST_RECORD, NotUnpacked, Outgoing
from streams.transport.batch import AssignedPartition, Batch
from streams.transport.consumer import Consumer

log = structlog.get_logger()

Handler = Callable[[Batch], Awaitable[Sequence[Outgoing]]]

_PATIENCE = 0.05
_TOO_LARGE = "its effect is too large"


def register_stateless(
    app: StreamApp,
    name: str,
    topics: Sequence[str],
    handle: Handler,
    *,
    on_error: Literal["isolate", "end"] = "isolate",
) -> None:
    """Register an agent without a table: what `handle` returns is sent, and then the batch is acknowledged.

    `handle` gets a whole batch and may take minutes; batches of other partitions go on meanwhile. When the
    partition is revoked or the worker stops, it is cancelled after `Tuning.revoke_wait` seconds,
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
        except MemoryError:
            # It says nothing of the records: the process ends, and they are read again.
            raise
        except Exception as error:
            if on_error == "end":
                end_process(
                    Exit.CRASHED, "handler raised", agent=name, at=batch[0].position, error=repr(error)
                )
            log.exception("handler raised; handling its records one by one", agent=name, at=batch[0].position)
            outgoing = await _one_by_one(batch, handle)
        await app.send_all(outgoing)

    register_handler(app, name, topics, work)


async def _one_by_one(batch: Batch, handle: Handler) -> Sequence[Outgoing]:
    outgoing: list[Outgoing] = []
    for record in batch:
        try:
            found = await handle(batch.part([record]))
        except MemoryError:
            raise
        except Exception as error:
            log.exception("record dead-lettered", at=record.position)
            metrics.DEAD_LETTERS.labels(record.topic, Why.RAISED).inc()
            found = [dead_letter(record, f"handler raised {type(error).__name__}")]
        if any(map(_too_large, found)):
            log.warning("record dead-lettered", at=record.position, reason=_TOO_LARGE)
            metrics.DEAD_LETTERS.labels(record.topic, Why.TOO_LARGE).inc()
            found = [dead_letter(record, _TOO_LARGE)]
        outgoing += found
    return outgoing


def _too_large(outgoing: Outgoing) -> bool:
    return outgoing.size > LARGEST_RECORD


def register_handler(
    app: StreamApp, name: str, topics: Iterable[str], work: Callable[[Batch], Awaitable[None]]
) -> None:
    """Register a Faust agent that runs `work` for each batch, one a partition at a time.

    A slow partition stops no other; the consumer hands over a partition's next batch when the work for the
    last one is done. `work` returning is the acknowledgement: by then the broker must have everything. Work
    that raises ends the process; work that raises `CancelledError` of its own accord, unsure whether the
    partition is still ours, is begun again.

    The agent itself only makes Faust subscribe to the topics: the consumer begins the work.
    """
    runner = _Runner(app, name, work)

    async def agent(stream: Any) -> None:  # noqa: ANN401 - Faust's streams are generic in a way mypy cannot follow
        async for _ in stream:
            raise AssertionError("batches go to the handlers")

    names = list(topics)
    app.handlers.update(dict.fromkeys(names, runner.run))
    app.agent(app.topic(*names, key_type=bytes, value_type=bytes), name=name)(agent)


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs an agent's work for one batch after the other."""

    app: StreamApp
    name: str
    work: Callable[[Batch], Awaitable[None]]

    async def run(self, batch: Batch) -> None:
        """Work on a batch until it is done, and acknowledge it."""
        assigned = batch.assigned
        at = batch.at
        try:
            while not await self._attempt(batch):
                await self._until_sure(assigned)
        except asyncio.CancelledError:
            # The partition stays busy until an assignment makes it anew, so that nothing overtakes the batch.
            log.info("batch abandoned, will be read again", agent=self.name, at=at, records=len(batch))
            assigned.task = None
            return
        except Exception as error:
            log.exception("agent raised", agent=self.name, at=at)
            end_process(Exit.CRASHED, "agent raised", agent=self.name, at=at, error=repr(error))
        if assigned.live:
            assigned.acknowledged = batch.next_offset
            self.app.batches_handled += 1
            self.app.records_handled += len(batch)
            metrics.HANDLED.labels(batch.topic).inc(len(batch))
        assigned.task = None
        cast("Consumer", self.app.consumer).release(assigned)

    async def _attempt(self, batch: Batch) -> bool:
        """Work on the batch; False where the work gave up because it could not tell whether it still may."""
        try:
            if batch.not_unpacked:
                await self.app.send_all([_refused(item) for item in batch.not_unpacked])
            records = await self.app.vault.opened(batch.records)
            if records:
                await self.work(batch if records is batch.records else batch.part(records))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not batch.assigned.live or (task is not None and task.cancelling()):
                raise
            log.warning("batch put off: unsure of the partition", agent=self.name, at=batch.at)
            return False
        return True

    async def _until_sure(self, assigned: AssignedPartition) -> None:
        """Wait until a heartbeat is answered again.

        Raises `CancelledError` where the partition is another worker's by then.
        """
        await asyncio.sleep(_PATIENCE)
        while not self.app.lease.valid():
            if self.app.lease.lost or not assigned.live:
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
    metrics.DEAD_LETTERS.labels(item.topic, Why.NOT_UNPACKED).inc()
    return packed_dead_letter(item)
