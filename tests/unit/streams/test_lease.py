import os
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient

from streams.exits import Exit
from streams.transport import lease as module
from streams.transport.lease import Lease, LeasedSender


class Ended(BaseException):
    """Stands for the end of the process."""


class Clock:
    now = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    Clock.now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: Clock.now)
    return Clock


class Coordinator:
    def __init__(self) -> None:
        self.alive = True
        self.resets = 0

    async def _do_heartbeat(self) -> bool:
        Clock.now += 1
        return self.alive

    def reset_generation(self) -> None:
        self.resets += 1


async def test_a_lease_lasts_from_the_sending_of_the_last_heartbeat_answered(clock: type[Clock]) -> None:
    lease, coordinator = Lease(session_timeout=10), Coordinator()
    lease.watch(coordinator)
    assert lease.valid(), "before the first assignment there is nothing that could be another's"
    lease.take()
    clock.now = 105
    assert await coordinator._do_heartbeat()
    clock.now = 112.9
    assert lease.valid(), "eight of ten seconds from its sending at 105"
    clock.now = 113
    assert not lease.valid()
    coordinator.alive = False
    await coordinator._do_heartbeat()
    assert not lease.valid()


async def test_without_a_lease_nothing_is_sent_and_a_lost_one_ends_the_process(
    clock: type[Clock],  # noqa: ARG001 - real time would end the lease
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []
    codes: list[int] = []

    async def send(_: Any, node: int, batches: Any) -> None:  # noqa: ARG001
        sent.append(node)

    def end(code: int) -> None:
        codes.append(code)
        raise Ended

    monkeypatch.setattr("aiokafka.producer.sender.Sender._send_produce_req", send)
    monkeypatch.setattr(os, "_exit", end)
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:1")
    sender = LeasedSender(
        client, acks=-1, txn_manager=None, message_accumulator=None, retry_backoff_ms=1, request_timeout_ms=1
    )
    sender.lease, coordinator = Lease(session_timeout=10), Coordinator()
    sender.lease.watch(coordinator)
    sender.lease.take()
    await sender._send_produce_req(1, {})
    assert sent == [1]
    coordinator.reset_generation()
    assert coordinator.resets == 1
    with pytest.raises(Ended):
        await sender._send_produce_req(2, {})
    assert (sent, codes) == ([1], [Exit.STOPPED_TOO_LONG])
    sender.lease.take()
    await sender._send_produce_req(3, {})
    assert sent == [1, 3]
