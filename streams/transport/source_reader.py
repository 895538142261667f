"""Reads the source partitions in the main loop, where their batches are handled.

The consumer's thread is in the group and sends its heartbeats; records through it would cost two wake-ups
between threads each time one comes.
"""

# aiokafka's fetcher is private, and all of this stands inside it.
# ruff: noqa: SLF001

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError
from aiokafka.util import create_future
from faust.transport.drivers.aiokafka import ensure_aiokafka_TP
from faust.types import TP

from streams.transport.fetching import Fetched, Fetching, end_without_fetches

_SECONDS_BETWEEN_LOOKS = 1.0
_MILLISECONDS_BEHIND = 10


class SourceReader:
    """A consumer of aiokafka's outside of the group, which reads what it is told to.

    `settings` are the consumer's. `deliver` is called with what comes of a partition, as soon as it comes, in
    the order of the log; `most` items at most. `may_deliver` is asked before: of a partition of which it says
    no, no more is read than stands in one answer of the broker's, until `go_on`.
    """

    def __init__(
        self,
        settings: Callable[[], Mapping[str, Any]],
        *,
        may_deliver: Callable[[TP], bool],
        deliver: Callable[[TP, Fetched], None],
        most: int,
    ) -> None:
        self._settings = settings
        self._may_deliver = may_deliver
        self._deliver = deliver
        self._most = most
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Connect to the brokers. Raises `KafkaError`."""
        consumer = AIOKafkaConsumer(
            **self._settings(),
            group_id=None,
            enable_auto_commit=False,
            # What was aborted was never said.
            isolation_level="read_committed",
        )
        await consumer.start()
        self.attach(consumer)

    def attach(self, consumer: AIOKafkaConsumer) -> None:
        """Read through this consumer, which was started and has fetched nothing yet."""
        self._fetcher = fetcher = consumer._fetcher
        self._fetching = Fetching(consumer)
        self._fetching.in_sessions()
        self._fetching.when_it_ends(end_without_fetches)
        # What is not taken at once keeps nothing else from being asked for.
        fetcher._prefetch_backoff = 0
        fetcher._fetcher_timeout = _SECONDS_BETWEEN_LOOKS
        self._longest: int = fetcher._fetch_max_wait_ms
        self._stock_actions = fetcher._get_actions_per_node
        fetcher._get_actions_per_node = self._actions_per_node
        self._consumer = consumer

    async def stop(self) -> None:
        """Let go of the brokers."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await consumer.stop()

    def read(self, offsets: Mapping[TP, int]) -> None:
        """Read these partitions from these offsets on, and no others.

        M8: what was fetched before is never delivered: all of this is one step of the one loop. Raises
        `ConsumerStoppedError`.
        """
        if self._consumer is None:
            if offsets:
                raise ConsumerStoppedError
            return
        wanted = {ensure_aiokafka_TP(tp): offset for tp, offset in offsets.items()}
        self._consumer.assign(list(wanted))
        for tp, offset in wanted.items():
            self._consumer.seek(tp, offset)
        self._fetching.sought(offsets)

    def go_on(self) -> None:
        """A partition may be delivered again of which that was denied."""
        if self._consumer is not None:
            self._fetcher._notify(self._fetcher._wait_consume_future)

    def _actions_per_node(self, assignment: Any) -> Any:  # noqa: ANN401
        """Deliver what has come, and then let aiokafka see what it asks for next.

        M9: aiokafka has one request under way for each broker. While the broker holds it, partitions that it
        does not name wait for it to end; so where one is left out, it is not held long.
        """
        fetcher, fetching = self._fetcher, self._fetching
        while wanted := {tp for tp in fetching.arrived() if self._may_deliver(tp)}:
            for tp, fetched in fetching.take(wanted, self._most).items():
                self._deliver(tp, fetched)
        # What was taken is seen to right here; aiokafka needs no waking for it.
        fetcher._wait_consume_future = create_future()
        fetcher._fetch_max_wait_ms = _MILLISECONDS_BEHIND if fetcher._records else self._longest
        return self._stock_actions(assignment)
