"""Deadlines: one heap for each partition owned; when one elapses, an event saying so is sent, no more.

A new revision of a partition's shared state is told in the same way to those keys that wait for one.

The deadline and its version live in the aggregate; the heaps are only a reminder of it, rebuilt after every
recovery. Whether an elapsed deadline still matters is for the desk to decide.
"""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from time import time
from typing import TYPE_CHECKING

import structlog

from schemas.cloudevents import encode, wrap
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import derived_id
from streams.records import Outgoing
from streams.revisions import MOST_AT_ONCE, RESEND_SECONDS, Revisions

if TYPE_CHECKING:
    from streams.app import StreamApp

log = structlog.get_logger()

_LONGEST_SLEEP = 1.0
_SHORTEST_SLEEP = 0.02


_Entry = tuple[float, bytes, str, int]


class _Heap:
    """The deadlines of one partition; entries that `armed` knows no more are skipped when they surface."""

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.armed: dict[bytes, tuple[Deadline, ...]] = {}
        self.waiting = 0

    def arm(self, key: bytes, deadlines: Sequence[Deadline], real: Callable[[datetime], datetime]) -> None:
        """Set all deadlines of a key, in place of those it had."""
        wanted, had = tuple(deadlines), self.armed.get(key, ())
        if wanted == had:
            return
        self.waiting += len(wanted) - len(had)
        for deadline in wanted:
            if deadline not in had:
                due = real(deadline.at).timestamp()
                heapq.heappush(self.entries, (due, key, deadline.name, deadline.version))
        if wanted:
            self.armed[key] = wanted
        else:
            del self.armed[key]

    def due(self, now: float) -> list[tuple[bytes, Deadline]]:
        """Take what has elapsed off the heap, some at a time.

        Each is put back as due later, and sent again then if its state still holds it.
        """
        found: list[tuple[bytes, Deadline]] = []
        while self.entries and self.entries[0][0] <= now and len(found) < MOST_AT_ONCE:
            _, key, name, version = heapq.heappop(self.entries)
            for deadline in self.armed.get(key, ()):
                if deadline.name == name and deadline.version == version:
                    found.append((key, deadline))
                    heapq.heappush(self.entries, (now + RESEND_SECONDS, key, name, version))
        return found


class Deadlines:
    """The deadlines of one desk, in the partitions that this worker owns.

    From the first sign of a rebalance until the tables are recovered nothing is sent.
    """

    def __init__(self, app: "StreamApp", inbox: str, elapsed: Callable[[bytes, Deadline], Outgoing]) -> None:
        """Register the timer with the application."""
        self._app = app
        self._inbox = inbox
        self._elapsed = elapsed
        self._heaps: dict[int, _Heap] = {}
        self._revisions: defaultdict[int, Revisions] = defaultdict(Revisions)
        self._sooner = asyncio.Event()
        app.task(self._run)

    def arm(self, partition: int, key: bytes, deadlines: Sequence[Deadline]) -> None:
        """Set all deadlines of a key, in place of those it had; an empty sequence disarms it."""
        heap = self._heaps.setdefault(partition, _Heap())
        first = heap.entries[0][0] if heap.entries else float("inf")
        heap.arm(key, deadlines, self._app.clock.real)
        if heap.entries and heap.entries[0][0] < first:
            self._sooner.set()

    def await_revision(self, partition: int, key: bytes, seen: int | None) -> None:
        """Set that a key waits for a shared state newer than this revision; None: it does not wait."""
        self._revisions[partition].await_newer(key, seen)

    def revised(self, partition: int, revision: Deadline | None) -> None:
        """Tell the newest revision of a partition's shared state."""
        self._revisions[partition].revised(revision)
        self._sooner.set()

    def drop(self, partition: int) -> None:
        """Forget a partition."""
        self._heaps.pop(partition, None)
        self._revisions.pop(partition, None)

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Forget all partitions but these."""
        kept = set(partitions)
        for partition in (set(self._heaps) | set(self._revisions)) - kept:
            self.drop(partition)

    def waiting(self) -> int:
        """How many deadlines wait, over all partitions."""
        return sum(heap.waiting for heap in self._heaps.values())

    def behind(self) -> float:
        """For how many seconds of real time the earliest deadline has not been sent, though it has come."""
        first = min((heap.entries[0][0] for heap in self._heaps.values() if heap.entries), default=0.0)
        return max(0.0, time() - first) if first else 0.0

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self._wait()
            if self._app.ready.is_set():
                await self._send()

    async def _wait(self) -> None:
        first = min(
            (heap.entries[0][0] for heap in self._heaps.values() if heap.entries), default=float("inf")
        )
        if any(revisions.pending for revisions in self._revisions.values()):
            first = 0.0
        pause = min(max(first - time(), _SHORTEST_SLEEP), _LONGEST_SLEEP)
        self._sooner.clear()
        try:
            await asyncio.wait_for(self._sooner.wait(), pause)
        except TimeoutError:
            return

    async def _send(self) -> None:
        now = time()
        outgoing = [
            replace(self._elapsed(key, deadline), partition=partition)
            for partition, heap in list(self._heaps.items())
            for key, deadline in heap.due(now)
        ]
        outgoing += [
            replace(self._elapsed(key, revision), partition=partition)
            for partition, revisions in list(self._revisions.items())
            for key, revision in revisions.due(now)
        ]
        if outgoing:
            await self._app.send_all(outgoing)
            log.debug("deadlines elapsed", inbox=self._inbox, count=len(outgoing))


def elapsed(inbox: str, key: bytes, deadline: Deadline) -> Outgoing:
    """The `deadline.elapsed` event: the same id however often the same deadline is told."""
    event = DeadlineElapsed(deadline=deadline.name, version=deadline.version, due=deadline.at)
    id_ = derived_id(key.decode(), deadline.name, str(deadline.version), deadline.at.isoformat())
    headers, value = encode(
        wrap(event, id_=id_, source="urn:jardem:deadlines", time=deadline.at, extensions={})
    )
    return Outgoing(topic=inbox, key=key, value=value, headers=headers)
