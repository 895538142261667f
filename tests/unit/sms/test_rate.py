import asyncio
import random

import pytest

from sms.rate import Rest, TokenBucket

FAR = float("inf")


async def test_a_burst_passes_and_then_the_rate_holds() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=50, burst=5)
    began = loop.time()
    for _ in range(5):
        assert await bucket.take(FAR)
    assert loop.time() - began < 0.05
    for _ in range(10):
        assert await bucket.take(FAR)
    assert 0.19 <= loop.time() - began < 0.5


async def test_a_pause_fills_the_bucket_no_higher_than_the_burst() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=100, burst=3)
    await bucket.take(FAR)
    await asyncio.sleep(0.2)
    began = loop.time()
    for _ in range(6):
        await bucket.take(FAR)
    assert loop.time() - began >= 0.025


async def test_those_who_wait_pass_in_order() -> None:
    bucket = TokenBucket(per_second=200, burst=1)
    passed: list[int] = []

    async def one(number: int) -> None:
        await bucket.take(FAR)
        passed.append(number)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert passed == list(range(20))


async def test_a_turn_that_would_come_too_late_is_refused_at_once_and_costs_nothing() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=10, burst=1)
    began = loop.time()
    assert await bucket.take(began + 0.15)
    assert await bucket.take(began + 0.15)
    for _ in range(100):
        assert not await bucket.take(began + 0.15)
    assert loop.time() - began < 0.15
    assert await bucket.take(began + 0.35)
    assert loop.time() - began < 0.3


async def test_the_rest_grows_with_failures_and_ends_with_a_success() -> None:
    rest = Rest(random.Random(1))  # noqa: S311
    for _ in range(4):
        rest.failed(None)
    assert rest.seconds_left() == 0
    rest.failed(None)
    first = rest.seconds_left()
    assert 1 < first <= 2
    rest.failed(None)
    assert first < rest.seconds_left() <= 4
    for _ in range(50):
        rest.failed(None)
    assert rest.seconds_left() <= 30
    assert rest.seconds_left() <= rest.spread() <= 1.5 * 30
    rest.succeeded()
    assert rest.seconds_left() == 0


async def test_the_rest_is_as_long_as_the_api_asks_for() -> None:
    rest = Rest(random.Random(1))  # noqa: S311
    rest.failed(30.0)
    assert rest.seconds_left() == pytest.approx(30, abs=0.5)
    rest.failed(1.0)
    assert rest.seconds_left() == pytest.approx(30, abs=0.5)
