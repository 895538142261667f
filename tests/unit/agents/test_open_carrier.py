"""Who holds a bind: a worker with numbers, from its first partition on until some seconds after its last."""

import asyncio
from typing import Any

import pytest

from agents import open_carrier
from agents.open_carrier import OpenCarrier
from tests.unit.sms.memory_carrier import MemoryCarrier


class App:
    """As much of the application as this sees."""

    def __init__(self) -> None:
        self.share = 0.0
        self.run: Any = None

    def task(self, function: Any) -> None:
        self.run = function

    def share_of(self, topic: str) -> float:
        assert topic == "sms.outbox.v1"
        return self.share


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_carrier, "_SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(open_carrier, "_SECONDS_WITHOUT", 0.3)


async def until(carrier: MemoryCarrier, *, is_open: bool) -> None:
    async with asyncio.timeout(5):
        while carrier.open != is_open:  # noqa: ASYNC110 - a task's doing
            await asyncio.sleep(0.01)


async def stays(carrier: MemoryCarrier, seconds: float, *, is_open: bool) -> None:
    await asyncio.sleep(seconds)
    assert carrier.open == is_open


async def test_a_bind_follows_the_partitions_and_outlasts_a_rebalance() -> None:
    app, carrier = App(), MemoryCarrier()
    keeper = OpenCarrier(app, carrier, as_long_as_held=True)  # type: ignore[arg-type]
    running = asyncio.create_task(app.run())
    await stays(carrier, 0.05, is_open=False)
    app.share = 0.5
    await until(carrier, is_open=True)
    app.share = 0.0
    await stays(carrier, 0.05, is_open=True)
    app.share = 0.25
    await stays(carrier, 0.4, is_open=True)
    app.share = 0.0
    await until(carrier, is_open=False)
    app.share = 1.0
    await until(carrier, is_open=True)
    await keeper.close()
    await running
    await stays(carrier, 0, is_open=False)


async def test_a_carrier_that_holds_no_bind_is_opened_when_it_is_needed_and_stays_open() -> None:
    app, carrier = App(), MemoryCarrier()
    keeper = OpenCarrier(app, carrier, as_long_as_held=False)  # type: ignore[arg-type]
    assert app.run is None
    await keeper.opened()
    await stays(carrier, 0, is_open=True)
    await keeper.close()
    await stays(carrier, 0, is_open=False)


async def test_what_is_closed_for_good_is_opened_by_nobody() -> None:
    app, carrier = App(), MemoryCarrier()
    keeper = OpenCarrier(app, carrier, as_long_as_held=True)  # type: ignore[arg-type]
    await keeper.close()
    await keeper.opened()
    assert not carrier.open
