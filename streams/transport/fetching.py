"""Makes an aiokafka consumer hand over what stands in its partitions as ours: `Record` and `NotUnpacked`.

aiokafka fetches, keeps positions and hands over; only the unpacking in between is ours, so it is put in the
place of aiokafka's as soon as a fetch has been answered, before anybody looks at what came.
"""

# aiokafka's fetcher is private, and all of this stands inside it.
# ruff: noqa: SLF001

import asyncio
import copy
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import (
    READ_COMMITTED,
    READ_UNCOMMITTED,
    FetchError,
    FetchResult,
    PartitionRecords,
)
from aiokafka.errors import OffsetOutOfRangeError, RecordTooLargeError
from aiokafka.protocol.fetch import FetchRequest
from faust.types import TP

from streams.exits import Exit, end_process
from streams.transport.fetch_sessions import FetchSession
from streams.transport.unpacking import Item, Unpacking, weight

LARGEST_TAKE = 16 * 1024 * 1024
"""What is handed over at a time ends where it weighs so much; what is left is unpacked at the next."""

_LARGEST_FETCH = 1 << 30
_TRANSACTIONS_SINCE = 4
_PREFERRED_REPLICA_SINCE = 11


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought of a partition.

    `next_offset` is where to go on: behind the items, and behind what holds none, as the marks of
    transactions do. `moved` is there where the broker no longer had, or not yet, what was to be read next:
    from which offset the reading was moved, and to which. `weight` is what the items weigh together (see
    `streams.transport.unpacking`).
    """

    items: Sequence[Item]
    next_offset: int
    moved: tuple[int, int] | None = None
    weight: int = 0


class Fetching:
    """The fetches of an aiokafka consumer that was started and has fetched nothing yet."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._fetcher = fetcher = consumer._fetcher
        self._patience_ms: int = consumer._request_timeout_ms
        self._answers: dict[FetchRequest, Any] = {}
        self._positions: dict[TP, int] = {}
        self._out_of_range: dict[TP, int] = {}
        self._stock_fetch = fetcher._proc_fetch_request
        fetcher._client = self._client = _Listening(fetcher._client, self._answers)
        fetcher._proc_fetch_request = self._fetch
        fetcher.fetched_records = self._fetched_records

    def in_sessions(self) -> None:
        """From now on tell brokers only what has changed (see `streams.transport.fetch_sessions`)."""
        self._client.sessions = defaultdict(FetchSession)

    # -- while aiokafka fetches

    async def _fetch(self, assignment: Any, node: int, request: FetchRequest) -> bool:  # noqa: ANN401
        """Fetch as aiokafka does, and take its place before anybody has looked at what came."""
        try:
            return bool(await self._stock_fetch(assignment, node, request))
        except asyncio.CancelledError:
            # As aiokafka does itself, but not while it waits before it asks a broker that is away once more:
            # whoever stops the consumer then would be taken for cancelled.
            return False
        finally:
            answer = self._answers.pop(request, None)
            if answer is not None and assignment.active:
                self._note_out_of_range(assignment, request, answer)
                for topic, partitions in answer.topics:
                    for number, _, end, *rest in partitions:
                        self._replace(
                            assignment, TopicPartition(topic, number), end, rest, answer.API_VERSION
                        )

    def _note_out_of_range(self, assignment: Any, request: FetchRequest, answer: Any) -> None:  # noqa: ANN401
        asked = {
            TP(topic, number): offset
            for topic, partitions in request.topics
            for number, offset, *_ in partitions
        }
        for topic, partitions in answer.topics:
            for number, error, *_ in partitions:
                tp = TP(topic, number)
                # aiokafka looks for another place only if it has not been sent elsewhere meanwhile.
                if error == OffsetOutOfRangeError.errno and assignment.state_value(tp).awaiting_reset:
                    self._out_of_range.setdefault(tp, asked[tp])

    def _replace(
        self,
        assignment: Any,  # noqa: ANN401
        tp: TopicPartition,
        end: int,
        rest: list[Any],
        version: int,
    ) -> None:
        fetcher, state, data = self._fetcher, assignment.state_value(tp), rest[-1]
        found = fetcher._records.get(tp)
        if isinstance(found, FetchError) and isinstance(found._error, RecordTooLargeError):
            # Not one whole batch came, and aiokafka goes on at the next offset.
            state.consumed_to(state.position - 1)
            del fetcher._records[tp]
            if len(data) >= fetcher._max_partition_fetch_bytes < _LARGEST_FETCH:
                # Brokers of before 0.10.1 send no more than they are asked for.
                fetcher._max_partition_fetch_bytes *= 2
                return
            unpacking = Unpacking(TP(*tp), data, (), state.position, end, all_there=True)
            fetcher._records[tp] = FetchResult(
                tp, assignment=assignment, partition_records=unpacking, backoff=0
            )
        elif isinstance(found, FetchResult) and isinstance(found._partition_records, PartitionRecords):
            aborted = None
            if version >= _TRANSACTIONS_SINCE:
                aborted = rest[-2 if version < _PREFERRED_REPLICA_SINCE else -3]
            start = found._partition_records.next_fetch_offset
            found._partition_records = Unpacking(TP(*tp), data, aborted, start, end)

    # -- for the consumer's thread

    def sought(self, offsets: Mapping[TP, int]) -> None:
        """Partitions were sought to these offsets: what comes from now on is told from there."""
        self._positions.update(offsets)
        for tp in offsets:
            self._out_of_range.pop(tp, None)

    def arrived(self) -> set[TP]:
        """The partitions of which `take` would give something."""
        moved = {tp for tp in self._out_of_range if self._position(tp) is not None}
        return moved.union(self._fetcher._records)

    def take(self, tps: Iterable[TP], most: int) -> dict[TP, Fetched]:
        """What is there of these partitions, at most so many items, and no more than may be held.

        A partition that went on without bringing any item is there too. Raises aiokafka's errors of a fetch.
        """
        # Nothing has moved a partition of which nothing was fetched.
        fetched = self._fetcher._records.keys() & tps
        resets = self._out_of_range.keys() & tps
        moved = {}
        for tp in resets:
            if (position := self._position(tp)) is not None:
                moved[tp] = self._out_of_range.pop(tp), position
        found = self._items(fetched, most)
        taken = {}
        for tp in fetched | resets:
            position = self._position(tp)
            if position is None or (tp not in found and position == self._positions.get(tp)):
                continue
            self._positions[tp] = position
            items, weight = found.get(tp, ((), 0))
            taken[tp] = Fetched(items, position, moved.get(tp), weight)
        return taken

    async def _fetched_records(
        self,
        partitions: Collection[TopicPartition],
        timeout: float = 0,  # noqa: ASYNC109 - aiokafka's own signature
        max_records: int | None = None,
    ) -> dict[TP, list[Item]]:
        """As aiokafka does it for `getmany`, which counts records and never looks how large they are."""
        fetcher, subscriptions = self._fetcher, self._fetcher._subscriptions
        until = time.monotonic() + timeout
        while True:
            if subscriptions.reassignment_in_progress:
                await subscriptions.wait_for_assignment()
            wanted = [tp for tp in fetcher._records if not partitions or tp in partitions]
            for tp in fetcher._records.keys() - set(wanted):
                if not subscriptions.is_assigned(tp):
                    del fetcher._records[tp]
            found = self._items(wanted, sys.maxsize if max_records is None else max_records)
            left = until - time.monotonic()
            if found or left <= 0:
                return {tp: items for tp, (items, _) in found.items()}
            arrived = fetcher._create_fetch_waiter()
            await asyncio.wait([arrived], timeout=left)
            if not arrived.done() or fetcher._closed:
                arrived.cancel()
                return {}
            arrived.result()

    def _items(self, tps: Iterable[TP], most: int) -> dict[TP, tuple[list[Item], int]]:
        """As aiokafka's `fetched_records` does without a timeout; with what the items weigh."""
        fetcher, left = self._fetcher, LARGEST_TAKE
        found: dict[TP, tuple[list[Item], int]] = {}
        for tp in tps:
            fetched = fetcher._records[tp]
            if not isinstance(fetched, FetchResult):
                if found:
                    break  # it is raised at the next call, and what is found is not lost
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
                fetched.check_raise()
                continue
            items, weight = _unpacked(tp, fetched, most, left)
            if not fetched.has_more():
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
            if items:
                found[tp] = items, weight
                most -= len(items)
                left -= weight
            if most <= 0 or left <= 0:
                break
        return found

    def _position(self, tp: TP) -> int | None:
        subscription = self._fetcher._subscriptions.subscription
        state = subscription.assignment.state_value(tp) if subscription and subscription.assignment else None
        return state.position if state is not None and state.has_valid_position else None

    async def ends(self, tps: Iterable[TP], seconds: float | None = None) -> dict[TP, int]:
        """Where the logs end, whether or not what stands there is committed.

        Raises:
            KafkaError: not all were told within so many seconds; without them, within a request's time.
        """
        return await self._ends(tps, READ_UNCOMMITTED, seconds)

    async def stable_ends(self, tps: Iterable[TP], seconds: float | None = None) -> dict[TP, int]:
        """Up to where the logs can be read now. Raises as `ends` does."""
        return await self._ends(tps, READ_COMMITTED, seconds)

    async def _ends(self, tps: Iterable[TP], level: int, seconds: float | None) -> dict[TP, int]:
        asking = copy.copy(self._fetcher)
        asking._isolation_level = level
        milliseconds = self._patience_ms if seconds is None else int(seconds * 1000)
        return cast("dict[TP, int]", await asking.end_offsets(list(tps), milliseconds))

    def when_it_ends(self, call: Callable[[BaseException], None]) -> None:
        """Call where aiokafka's fetching ends of an error; nobody would learn of it otherwise."""

        def ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                call(error)

        self._fetcher._fetch_task.add_done_callback(ended)


def _unpacked(tp: TP, fetched: FetchResult, most: int, largest: int) -> tuple[list[Item], int]:
    """As aiokafka's `FetchResult.getall`, but for the weight, at which it ends too.

    A fetch may unpack into a thousand times of what came, so what is not handed over is left as it is.
    """
    items: list[Item] = []
    total = 0
    if not fetched.check_assignment(tp) or not fetched.has_more():
        return items, total
    for item in fetched._partition_records:
        items.append(item)
        total += weight(item)
        if len(items) >= most or total >= largest:
            fetched._update_position()
            break
    else:
        fetched._update_position()
        fetched._partition_records = None
    return items, total


class _Listening:
    """aiokafka's client, as its fetcher uses it; the answers to fetches are laid aside.

    With `sessions`, by broker, requests go in them.
    """

    def __init__(self, client: Any, answers: dict[FetchRequest, Any]) -> None:  # noqa: ANN401
        self._client = client
        self._answers = answers
        self.sessions: defaultdict[int, FetchSession] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._client, name)

    async def send(self, node: int, request: Any, **more: Any) -> Any:  # noqa: ANN401
        if not isinstance(request, FetchRequest):
            return await self._client.send(node, request, **more)
        if self.sessions is None:
            answer = await self._client.send(node, request, **more)
        else:
            answer = await self._send_in(self.sessions[node], node, request)
        self._answers[request] = answer
        return answer

    async def _send_in(self, session: FetchSession, node: int, whole: FetchRequest) -> Any:  # noqa: ANN401
        request = session.request(whole)
        try:
            answer = await self._client.send(node, request)
        except BaseException:
            session.lost()
            raise
        session.answered(request, answer)
        return answer


def end_without_fetches(error: BaseException) -> None:
    """End the process: nothing would be read any more."""
    end_process(Exit.CRASHED, "no records are fetched any more", error=f"{type(error).__name__}: {error}")
