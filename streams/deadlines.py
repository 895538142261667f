"""Deadlines: one heap for each partition owned; when one elapses, an event saying so is sent, no more.

A new revision of a partition's shared state is told in the same way to those keys that wait for one.

The deadline and its version live in the aggregate; the heaps only say when to look at it, and are rebuilt
after every recovery. Whether an elapsed deadline still matters is for the desk to decide.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Protocol

import structlog

from schemas.cloudevents import encode, wrap
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import derived_id
from streams.due_keys import DueKeys
from streams.records import Outgoing
from streams.revisions import RESEND_SECONDS, Revisions
from streams.summary import Summary, instant, microseconds
from streams.window import Window

if TYPE_CHECKING:
    from streams.app import StreamApp

log = structlog.get_logger()

_LONGEST_SLEEP = 1.0
_SHORTEST_SLEEP = 0.02
_SECOND = 1_000_000
_SIFTED_AT_ONCE = 2_000
_FEWEST = 8
_UNDER_PRESSURE = 8


class Waiting(Protocol):
    """Where deadlines live: the states of the partitions owned."""

    def summary_of(self, partition: int, key: bytes) -> Summary | None:
        """What the state of a key waits for, in short; None where that is not known without asking it."""

    async def deadlines_of(
        self, partition: int, names: Sequence[bytes]
    ) -> Mapping[bytes, Sequence[Deadline]]:
        """All that the states of these keys wait for."""

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """The event for the inbox that a deadline has elapsed."""


@dataclass(slots=True)
class _Partition:
    """What is waited for in one partition: `live` keys have `waiting` deadlines."""

    due: DueKeys = field(default_factory=DueKeys)
    window: Window = field(default_factory=Window)
    live: int = 0
    waiting: int = 0


class Deadlines:
    """The deadlines of one desk, in the partitions that this worker owns.

    From the first sign of a rebalance until the tables are recovered nothing is sent. At most
    `Tuning.most_elapsed` events are under way at once, shared by the partitions; an eighth of it while
    `pressed` says that what they lead to piles up.
    """

    def __init__(
        self, app: "StreamApp", inbox: str, states: Waiting, pressed: Callable[[], bool] = lambda: False
    ) -> None:
        """Register the timer with the application."""
        self._app = app
        self._inbox = inbox
        self._states = states
        self._pressed = pressed
        self._partitions: defaultdict[int, _Partition] = defaultdict(_Partition)
        self._revisions: defaultdict[int, Revisions] = defaultdict(Revisions)
        self._sooner = asyncio.Event()
        app.task(self._run)

    def change(self, partition: int, key: bytes, before: Summary, after: Summary) -> None:
        """A state was written: what it waited for before, and what it waits for now."""
        kept = self._partitions[partition]
        kept.waiting += after.waiting - before.waiting
        kept.live += (after.first is not None) - (before.first is not None)
        if after.first is not None and after.first != before.first:
            due, first = self._real(after.first), kept.due.first
            kept.due.push(due, key)
            if first is None or due < first:
                self._sooner.set()
        self._revisions[partition].await_newer(key, after.seen)
        self.handled(partition, key)

    def handled(self, partition: int, key: bytes) -> None:
        """An event of this key was handled, also where it was refused: others may be told now."""
        window = self._partitions[partition].window
        if window.handled(key) and len(window) == self._most() // 2:
            self._sooner.set()

    def revised(self, partition: int, revision: Deadline | None) -> None:
        """Tell the newest revision of a partition's shared state."""
        self._revisions[partition].revised(revision)
        self._sooner.set()

    def drop(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)
        self._revisions.pop(partition, None)

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Forget all partitions but these."""
        kept = set(partitions)
        for partition in (set(self._partitions) | set(self._revisions)) - kept:
            self.drop(partition)

    def waiting(self) -> int:
        """How many deadlines wait, over all partitions."""
        return sum(kept.waiting for kept in self._partitions.values())

    def behind(self) -> float:
        """For how many seconds of real time the earliest deadline has not been sent, though it has come."""
        first = self._first(kept for kept in self._partitions.values())
        return 0.0 if first is None else max(0, _now() - first) / _SECOND

    def _real(self, first: int) -> int:
        """Virtual microseconds since 1970 as real ones."""
        clock = self._app.clock
        return first if clock.scale == 1 else microseconds(clock.real(instant(first)))

    def _most(self) -> int:
        """How many events of one partition may be under way."""
        return max(_FEWEST, self._app.tuning.most_elapsed // max(1, len(self._partitions)))

    @staticmethod
    def _first(partitions: Iterable[_Partition]) -> int | None:
        return min((kept.due.first for kept in partitions if kept.due.first is not None), default=None)

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self._wait()
            if self._app.ready.is_set():
                await self._send()
                self._sift()

    async def _wait(self) -> None:
        # A window that is nearly full is not looked at before half of it is handled.
        enough, now = self._most() // 2, monotonic()
        open_ = [kept for kept in self._partitions.values() if kept.window.room(self._most(), now) >= enough]
        first = self._first(open_)
        pause = _LONGEST_SLEEP if first is None else (first - _now()) / _SECOND
        if any(revisions.pending for revisions in self._revisions.values()):
            pause = 0.0
        self._sooner.clear()
        try:
            await asyncio.wait_for(self._sooner.wait(), min(max(pause, _SHORTEST_SLEEP), _LONGEST_SLEEP))
        except TimeoutError:
            return

    async def _send(self) -> None:
        most = self._most() // (_UNDER_PRESSURE if self._pressed() else 1)
        outgoing = [
            replace(self._states.elapsed(key, deadline), partition=partition)
            for partition in list(self._partitions)
            for key, deadline in (*await self._due(partition, most), *self._revised(partition, most))
        ]
        if outgoing:
            await self._app.send_all(outgoing)
            log.debug("deadlines elapsed", inbox=self._inbox, count=len(outgoing))

    async def _due(self, partition: int, most: int) -> list[tuple[bytes, Deadline]]:
        """What has elapsed in a partition, as far as the window has room, earliest first.

        A key told is looked at again when its next deadline comes, or a minute later, and told again then if
        its state still holds what it was told of.
        """
        kept, now, found = self._partitions[partition], _now(), list[tuple[bytes, Deadline]]()
        room, names = kept.window.room(most, monotonic()), dict[bytes, None]()
        while len(names) < room and (key := kept.due.pop(now)) is not None:
            known = self._states.summary_of(partition, key)
            if known is None or (known.first is not None and self._real(known.first) <= now):
                names[key] = None
        try:
            waited = await self._states.deadlines_of(partition, list(names)) if names else {}
        except BaseException:
            for key in names:
                kept.due.push(now, key)
            raise
        for key, deadlines in waited.items():
            instants = {deadline: self._real(microseconds(deadline.at)) for deadline in deadlines}
            elapsed_now = [deadline for deadline, due in instants.items() if due <= now]
            found += [(key, deadline) for deadline in elapsed_now]
            if instants:
                later = [due for due in instants.values() if due > now]
                resend = [now + int(RESEND_SECONDS * _SECOND)] if elapsed_now else []
                kept.due.push(min(later + resend), key)
            if elapsed_now:
                kept.window.tell(key, monotonic())
        return found

    def _revised(self, partition: int, most: int) -> list[tuple[bytes, Deadline]]:
        """Whom to tell of a newer shared state, as far as the window has room."""
        window = self._partitions[partition].window
        found = self._revisions[partition].due(monotonic(), window.room(most, monotonic()))
        for key, _ in found:
            window.tell(key, monotonic())
        return found

    def _sift(self) -> None:
        """Drop entries that do not hold any more, where they have become many, some at a time."""
        latest = _now() + int(RESEND_SECONDS * _SECOND)
        for partition, kept in self._partitions.items():
            if not kept.due.needs_sifting(kept.live):
                continue

            def holds(due: int, key: bytes, partition: int = partition) -> bool:
                """It says the first deadline, or when to look again at one that has been told."""
                known = self._states.summary_of(partition, key)
                if known is None:
                    return True
                if known.first is None:
                    return False
                return self._real(known.first) == due or self._real(known.first) < due <= latest

            kept.due.sift(holds, _SIFTED_AT_ONCE)
            self._sooner.set()


def _now() -> int:
    """Real time in microseconds since 1970."""
    return time_ns() // 1000


def elapsed(inbox: str, key: bytes, deadline: Deadline) -> Outgoing:
    """The `deadline.elapsed` event: the same id however often the same deadline is told."""
    event = DeadlineElapsed(deadline=deadline.name, version=deadline.version, due=deadline.at)
    id_ = derived_id(key.decode(), deadline.name, str(deadline.version), deadline.at.isoformat())
    headers, value = encode(
        wrap(event, id_=id_, source="urn:jardem:deadlines", time=deadline.at, extensions={})
    )
    return Outgoing(topic=inbox, key=key, value=value, headers=headers)
