"""How fast messages leave: a token bucket for this worker's share of the sender's rate, with two lanes."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


def whole() -> float:
    """The share of a worker that is alone."""
    return 1.0


@dataclass(slots=True, eq=False)
class _Waiter:
    until: float
    passed: "asyncio.Future[bool]"


class TokenBucket:
    """Lets messages pass: all workers together `per_second` of real time, and `burst` at once after a pause.

    `share` is asked at each turn which part of both is this worker's now, from 0 to 1; with none, nothing
    passes. One message may always leave at once. Those who wait pass in the order in which they came, but
    those that answer a text pass all others: a hundred thousand notices may wait, and a person at the phone.
    """

    def __init__(self, per_second: float, burst: int, share: Callable[[], float] = whole) -> None:
        self._per_second = per_second
        self._burst = burst
        self._share = share
        self._full_at = 0.0
        self._answers: deque[_Waiter] = deque()
        self._others: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def has_room(self, until: float, ahead: int = 0) -> bool:
        """Whether one that answers nothing would have its turn by then, behind so many that wait not yet."""
        share = self._share()
        if share <= 0:
            return False
        return self._turn(share, len(self._answers) + len(self._others) + ahead) <= until

    async def take(self, until: float, *, answers: bool = False) -> bool:
        """Wait for one's turn. False where it would come after `until` on the loop's clock, or comes to."""
        share = self._share()
        if share <= 0:
            return False
        ahead = len(self._answers) + (0 if answers else len(self._others))
        turn = self._turn(share, ahead)
        if turn > until:
            return False
        loop = asyncio.get_running_loop()
        if not ahead and turn <= loop.time():
            self._use(share)
            return True
        waiter = _Waiter(until, loop.create_future())
        (self._answers if answers else self._others).append(waiter)
        self._wait(share)
        return await waiter.passed

    def _interval(self, share: float) -> float:
        return 1 / (self._per_second * share)

    def _saved(self, share: float) -> float:
        """For how many seconds one may pass before the bucket is full, so that a burst leaves at once."""
        return (max(1.0, self._burst * share) - 1) * self._interval(share)

    def _turn(self, share: float, ahead: int) -> float:
        """When, on the loop's clock, one has its turn whom so many come before."""
        now = asyncio.get_running_loop().time()
        return max(now, max(now, self._full_at) + ahead * self._interval(share) - self._saved(share))

    def _use(self, share: float) -> None:
        self._full_at = max(asyncio.get_running_loop().time(), self._full_at) + self._interval(share)

    def _wait(self, share: float) -> None:
        if self._timer is None:
            turn = self._turn(share, 0)
            self._timer = asyncio.get_running_loop().call_at(turn, self._pass_on)

    def _pass_on(self) -> None:
        """Let those pass whose turn has come, and wait for the next one's."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while lane := self._answers or self._others:
            waiter, share = lane[0], self._share()
            if waiter.passed.done():
                lane.popleft()
            elif share <= 0:
                # Whether the messages are still this worker's is for the caller to ask, as ever.
                lane.popleft().passed.set_result(True)
            elif self._full_at - self._saved(share) > waiter.until:
                # Answers passed it, so that its turn comes too late. That the loop was held up is no reason.
                lane.popleft().passed.set_result(False)
            elif self._turn(share, 0) > math.nextafter(loop.time(), math.inf):
                self._wait(share)
                return
            else:
                self._use(share)
                lane.popleft().passed.set_result(True)
