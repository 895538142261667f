import asyncio
import random
import time

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


# A share of the rate.


async def test_a_share_is_that_part_of_rate_and_burst() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=200, burst=20, share=lambda: 0.25)
    began = loop.time()
    for _ in range(5):
        assert await bucket.take(FAR)
    assert loop.time() - began < 0.02
    for _ in range(10):
        assert await bucket.take(FAR)
    assert 0.19 <= loop.time() - began < 0.5


async def test_one_message_may_always_leave_at_once() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=20, burst=1, share=lambda: 0.25)
    began = loop.time()
    assert await bucket.take(FAR)
    assert loop.time() - began < 0.05
    assert not await bucket.take(began + 0.15)
    assert await bucket.take(FAR)
    assert 0.19 <= loop.time() - began < 0.4


async def test_without_a_share_nothing_passes_and_nothing_is_used_up() -> None:
    share = 0.0
    bucket = TokenBucket(per_second=100, burst=1, share=lambda: share)
    for _ in range(100):
        assert not await bucket.take(FAR)
    share = 1.0
    began = asyncio.get_running_loop().time()
    assert await bucket.take(began + 0.005)


async def test_the_share_of_each_turn_is_the_one_of_that_moment() -> None:
    loop = asyncio.get_running_loop()
    share = 1.0
    bucket = TokenBucket(per_second=100, burst=1, share=lambda: share)
    marks = []
    for part in (1.0, 0.25, 1.0):
        share = part
        began = loop.time()
        for _ in range(10):
            assert await bucket.take(FAR)
        marks.append(loop.time() - began)
    full, quarter, again = marks
    # The last turn of each part was taken with an interval that the next part waits for.
    assert 0.08 <= full < 0.2
    assert 0.36 <= quarter < 0.6
    assert 0.12 <= again < 0.3


async def test_a_share_that_grows_lets_nobody_overtake_those_who_wait() -> None:
    share = 0.1
    bucket = TokenBucket(per_second=100, burst=50, share=lambda: share)
    passed: list[int] = []

    async def one(number: int) -> None:
        assert await bucket.take(FAR)
        passed.append(number)

    early = [asyncio.create_task(one(number)) for number in range(8)]
    await asyncio.sleep(0.01)
    assert passed == [0, 1, 2, 3, 4]
    share = 1.0
    late = [asyncio.create_task(one(number)) for number in range(8, 20)]
    await asyncio.gather(*early, *late)
    assert passed == list(range(20))


async def test_a_loop_that_was_held_up_lets_nobody_overtake_those_who_wait() -> None:
    bucket = TokenBucket(per_second=100, burst=1)
    passed: list[int] = []

    async def one(number: int) -> None:
        assert await bucket.take(FAR)
        passed.append(number)

    early = [asyncio.create_task(one(number)) for number in range(4)]
    await asyncio.sleep(0)
    # All who wait have reached their turn by the time that anybody looks.
    time.sleep(0.1)  # noqa: ASYNC251
    await one(4)
    await asyncio.gather(*early)
    assert passed == list(range(5))


async def test_who_gives_up_waiting_holds_up_nobody_for_longer_than_their_turn() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=20, burst=1)
    began = loop.time()
    assert await bucket.take(FAR)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bucket.take(FAR), 0.01)
    assert await bucket.take(FAR)
    assert loop.time() - began < 0.2
    assert bucket._waiting == 0


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
