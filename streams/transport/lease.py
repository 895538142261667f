"""The lease: for how long the broker must still hold this worker for a member of the group.

A worker that stood still (a stopped process, a paused machine, a cut network) for longer than the session
timeout has lost its partitions without knowing it. What it still had to send, it would send on waking: old
table values after the new owner's, which every later recovery would believe. So nothing is sent without a
lease.
"""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.producer.sender import Sender

from streams.exits import Exit, end_process

log = structlog.get_logger()

MARGIN = 0.8
"""The part of the session timeout that a heartbeat is trusted for: the rest is for requests under way."""


class Lease:
    """What is known of this worker's membership. Written by the consumer's thread, read by the producer's."""

    def __init__(self, session_timeout: float) -> None:
        self._seconds = session_timeout * MARGIN
        self._renewed: float | None = None
        self.lost = False

    def valid(self) -> bool:
        """Whether the broker must still hold us for a member.

        True before the first assignment: there is nothing yet that could be another's.
        """
        return self._renewed is None or monotonic() - self._renewed < self._seconds

    def renew(self, when: float) -> None:
        """A heartbeat sent at `when` (monotonic seconds) was answered."""
        self._renewed = when

    def take(self) -> None:
        """A new assignment came."""
        self._renewed, self.lost = monotonic(), False

    def lose(self) -> None:
        """The broker does not know us any more, or we have left."""
        self.lost = True

    def watch(self, coordinator: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        """Learn from every heartbeat of an aiokafka group coordinator."""
        heartbeat: Callable[[], Any] = coordinator._do_heartbeat  # noqa: SLF001
        reset: Callable[[], None] = coordinator.reset_generation

        async def leased_heartbeat() -> bool:
            sent = monotonic()
            alive = bool(await heartbeat())
            if alive:
                self.renew(sent)
            return alive

        def reset_generation() -> None:
            self.lose()
            reset()

        coordinator._do_heartbeat = leased_heartbeat  # noqa: SLF001
        coordinator.reset_generation = reset_generation


class LeasedSender(Sender):  # type: ignore[misc] # aiokafka has no types
    """aiokafka's sender, which asks for the lease before every produce request, retries included."""

    lease: Lease

    async def _send_produce_req(self, node_id: int, batches: Mapping[Any, Any]) -> None:
        waited = False
        while not self.lease.valid():
            if self.lease.lost:
                break
            if not waited:
                log.warning("no heartbeat was answered for long; sending waits until one is")
                waited = True
            await asyncio.sleep(0.05)
        if self.lease.lost:
            end_process(
                Exit.STOPPED_TOO_LONG,
                "the group has given this worker's partitions away while it had records to send",
                topics=sorted({tp.topic for tp in batches}),
            )
        await super()._send_produce_req(node_id, batches)


def leased(producer: AIOKafkaProducer, lease: Lease) -> AIOKafkaProducer:
    """The producer, before its start, made to ask for the lease."""
    old = producer._sender  # noqa: SLF001
    sender = LeasedSender(
        old.client,
        acks=old._acks,  # noqa: SLF001
        txn_manager=old._txn_manager,  # noqa: SLF001
        message_accumulator=old._message_accumulator,  # noqa: SLF001
        retry_backoff_ms=old._retry_backoff * 1000,  # noqa: SLF001
        request_timeout_ms=old._request_timeout_ms,  # noqa: SLF001
    )
    sender.lease = lease
    producer._sender = sender  # noqa: SLF001
    return producer
