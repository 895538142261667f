import asyncio
import random
import time
from collections.abc import Callable

import pytest

from sms.sending.circuit_breaker import CircuitBreaker, Hold
from sms.sending.rate_limit import TokenBucket
from sms.sending.returns import Returns

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
    assert await bucket.take(FAR)
    assert await bucket.take(FAR)
    for _ in range(100):
        assert not await bucket.take(loop.time() + 0.05)
    # A hundred turns would be ten seconds.
    assert await bucket.take(loop.time() + 1)
    assert loop.time() - began < 2


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
    assert 0.08 <= full < 0.35
    assert 0.36 <= quarter < 1
    assert 0.08 <= again < 1


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
    assert loop.time() - began < 1
    assert not bucket._others


async def test_the_rest_grows_with_failures_and_ends_with_a_success() -> None:
    breaker = CircuitBreaker(random.Random(1))  # noqa: S311
    for _ in range(4):
        breaker.failed(None)
    assert breaker.seconds_left() == 0
    breaker.failed(None)
    first = breaker.seconds_left()
    assert 1 < first <= 2
    breaker.failed(None)
    assert first < breaker.seconds_left() <= 4
    for _ in range(50):
        breaker.failed(None)
    assert breaker.seconds_left() <= 30
    assert breaker.seconds_left() <= breaker.spread() <= 1.5 * 30
    breaker.succeeded()
    assert breaker.seconds_left() == 0


async def test_the_rest_is_as_long_as_the_api_asks_for() -> None:
    breaker = CircuitBreaker(random.Random(1))  # noqa: S311
    breaker.failed(30.0)
    assert breaker.seconds_left() == pytest.approx(30, abs=0.5)
    breaker.failed(1.0)
    assert breaker.seconds_left() == pytest.approx(30, abs=0.5)


def passes(breaker: CircuitBreaker) -> bool:
    with breaker.turn() as may:
        return may


@pytest.fixture
async def time_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass on the loop's clock."""
    loop = asyncio.get_running_loop()
    real, skipped = loop.time, 0.0

    def skip(seconds: float) -> None:
        nonlocal skipped
        skipped += seconds

    monkeypatch.setattr(loop, "time", lambda: real() + skipped)
    return skip


@pytest.fixture
async def breaker() -> CircuitBreaker:
    return CircuitBreaker(random.Random(1))  # noqa: S311


async def test_after_the_pause_one_message_at_a_time_finds_out(
    breaker: CircuitBreaker, time_passes: Callable[[float], None]
) -> None:
    for _ in range(5):
        breaker.failed(None)
    assert not passes(breaker)
    time_passes(3)
    with breaker.turn() as first:
        assert first
        assert not passes(breaker)
        assert breaker.spread() >= 5
    with breaker.turn() as next_:
        assert next_
        breaker.succeeded()
    with breaker.turn() as one, breaker.turn() as other:
        assert one
        assert other


async def test_a_code_that_nobody_knows_stops_the_queue_at_the_fifth_number(breaker: CircuitBreaker) -> None:
    assert [breaker.refused(number) for number in "aaaaaabbcd"] == [False] * 10
    assert passes(breaker)
    assert breaker.refused("e")
    first = breaker.seconds_left()
    assert 1 < first <= 2
    assert breaker.refused("a")
    assert first < breaker.seconds_left() <= 4
    for _ in range(20):
        breaker.refused("f")
    assert breaker.seconds_left() <= 30
    assert len(breaker._numbers) == 5


@pytest.mark.parametrize(
    "known", [CircuitBreaker.succeeded, CircuitBreaker.accepted, lambda breaker: breaker.failed(None)]
)
async def test_any_outcome_that_is_known_starts_the_count_of_numbers_anew(
    breaker: CircuitBreaker, known: Callable[[CircuitBreaker], None]
) -> None:
    for number in "abcd":
        breaker.refused(number)
    known(breaker)
    assert [breaker.refused(number) for number in "efgh"] == [False] * 4
    assert breaker.refused("i")


async def test_what_nobody_answered_leaves_the_count_of_numbers_as_it_is(breaker: CircuitBreaker) -> None:
    for number in "abcd":
        breaker.refused(number)
    breaker.failed(None, answered=False)
    assert breaker.refused("e")


async def test_a_sender_that_is_held_tries_one_message_and_waits_for_news_of_it(
    breaker: CircuitBreaker, time_passes: Callable[[float], None]
) -> None:
    breaker.hold()
    assert 29 < breaker.seconds_left() <= 30
    assert not passes(breaker)
    time_passes(31)
    with breaker.turn() as first:
        assert first
        assert not passes(breaker)
        breaker.accepted()
    assert 29 < breaker.seconds_left() <= 30
    assert not passes(breaker)
    time_passes(31)
    with breaker.turn() as one, breaker.turn() as other:
        assert one
        assert other


async def test_bad_news_of_the_message_that_was_tried_makes_the_pause_longer(
    breaker: CircuitBreaker, time_passes: Callable[[float], None]
) -> None:
    pauses = []
    for _ in range(8):
        breaker.hold()
        pauses.append(round(breaker.seconds_left()))
        time_passes(pauses[-1] + 1)
        with breaker.turn() as may:
            assert may
            breaker.accepted()
        time_passes(5)
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]


async def test_news_of_messages_that_left_before_prolongs_nothing(
    time_passes: Callable[[float], None],
) -> None:
    hold = Hold()
    for _ in range(50):
        hold.begin()
    assert hold.seconds_left() <= 30
    time_passes(31)
    hold.begin()
    assert hold.lasts()
    assert hold.seconds_left() == 0


async def test_a_message_refused_tells_nothing_of_the_sender(
    breaker: CircuitBreaker, time_passes: Callable[[float], None]
) -> None:
    breaker.hold()
    time_passes(31)
    with breaker.turn() as may:
        assert may
        breaker.succeeded()
    with breaker.turn() as may:
        assert may
        assert not passes(breaker)


# Two lanes.


async def test_answers_pass_all_who_wait_and_cost_them_their_turns() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=5, burst=1)
    passed: list[str] = []

    async def one(name: str, until: float, *, answers: bool) -> None:
        passed.append(name if await bucket.take(until, answers=answers) else f"{name} refused")

    assert await bucket.take(FAR)
    began = loop.time()
    # Its turn would come in time, but for those that pass it.
    waiting = [
        asyncio.create_task(one("notice 0", began + 0.5, answers=False)),
        asyncio.create_task(one("notice 1", FAR, answers=False)),
    ]
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(one(f"answer {n}", FAR, answers=True)) for n in range(3)]
    await asyncio.gather(*waiting)
    assert passed == ["answer 0", "answer 1", "answer 2", "notice 0 refused", "notice 1"]
    assert loop.time() - began >= 4 * 0.2 - 0.005


async def test_there_is_room_for_what_has_its_turn_in_time() -> None:
    loop = asyncio.get_running_loop()
    bucket = TokenBucket(per_second=0.1, burst=5)
    assert bucket.has_room(loop.time() + 5, ahead=4)
    assert not bucket.has_room(loop.time() + 5, ahead=5)
    assert bucket.has_room(loop.time() + 15, ahead=5)
    assert not TokenBucket(per_second=10, burst=5, share=lambda: 0.0).has_room(FAR)


async def test_what_had_no_turn_comes_back_one_after_the_other_at_the_rate() -> None:
    returns = Returns(per_second=100, share=lambda: 0.5, at_least=1.0)
    found = [returns.seconds() for _ in range(51)]
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[50] - found[0] == pytest.approx(1.0, abs=0.05)
