"""How fast messages leave: a token bucket for this worker's share of the sender's rate."""

import asyncio
import math
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
