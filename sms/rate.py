"""How fast messages leave: a token bucket for this worker's share, and a rest while the SMS API is down."""

import asyncio
import math
import random
from collections.abc import Callable


def whole() -> float:
    """The share of a worker that is alone."""
    return 1.0


class TokenBucket:
    """Lets messages pass: all workers together `per_second` of real time, and `burst` at once after a pause.

    `share` is asked at each turn which part of both is this worker's now, from 0 to 1; with none, nothing
    passes. One message may always leave at once. Those who wait pass in the order in which they came.
    """

    def __init__(self, per_second: float, burst: int, share: Callable[[], float] = whole) -> None:
        self._per_second = per_second
        self._burst = burst
        self._share = share
        self._full_at = 0.0
        self._last_turn = 0.0
        self._waiting = 0

    async def take(self, until: float) -> bool:
        """Wait for one's turn. False, at once, where it would come after `until` on the loop's clock."""
        share = self._share()
        if share <= 0:
            return False
        interval = 1 / (self._per_second * share)
        ahead = (max(1.0, self._burst * share) - 1) * interval
        loop = asyncio.get_running_loop()
        now = loop.time()
        turn = max(now, self._full_at - ahead)
        if self._waiting:
            # A share that has grown, or a loop that was held up, lets nobody overtake those who wait already.
            turn = max(turn, math.nextafter(self._last_turn, math.inf))
        if turn > until:
            return False
        self._full_at = max(now, self._full_at) + interval
        self._last_turn = turn
        if turn > now or self._waiting:
            await self._wait(loop, turn)
        return True

    async def _wait(self, loop: asyncio.AbstractEventLoop, turn: float) -> None:
        # Until the instant itself, and not for a while: else those who wait could overtake each other.
        reached = asyncio.Event()
        timer = loop.call_at(turn, reached.set)
        self._waiting += 1
        try:
            await reached.wait()
        finally:
            self._waiting -= 1
            timer.cancel()


class Rest:
    """After several failures in a row nobody calls for a while, each time longer, up to half a minute.

    Without it, an outage would cost every message its own tries, and the API a storm when it comes back.
    """

    _FAILURES = 5
    _FIRST = 2.0
    _LONGEST = 30.0

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._until = 0.0

    def seconds_left(self) -> float:
        """How long calls must still wait; 0 where they need not."""
        return max(0.0, self._until - asyncio.get_running_loop().time())

    def spread(self) -> float:
        """Seconds after which to come back, jittered so that not all come at once."""
        left = self.seconds_left()
        return left + self._chance.uniform(0, max(1.0, left / 2))

    def succeeded(self) -> None:
        """The API took or refused a message: it works."""
        self._failures = 0
        self._until = 0.0

    def failed(self, retry_after: float | None) -> None:
        """The API did not take a message for a passing reason; it may have said when to come back."""
        self._failures += 1
        pause = retry_after or 0.0
        if self._failures >= self._FAILURES:
            doublings = min(self._failures - self._FAILURES, 10)
            pause = max(pause, min(self._LONGEST, self._FIRST * 2**doublings))
        if pause:
            self._until = max(self._until, asyncio.get_running_loop().time() + pause)
