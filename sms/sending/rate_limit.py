"""How fast messages leave: a token bucket for this worker's share, and a rest while the SMS API is down."""

import asyncio
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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


class Hold:
    """The sender is held, because a message that the API had taken failed for a cause of ours.

    Such news comes seconds or minutes after the message was taken. So after a pause one message is let
    through, and the hold ends only where as long a pause again brings no bad news of it; else the next pause
    is twice as long, up to ten minutes.
    """

    _FIRST, _LONGEST = 30.0, 600.0

    def __init__(self) -> None:
        self._times = 0
        self._until = 0.0
        self._tried = False

    def lasts(self) -> bool:
        """Whether the sender is held, be it only that news of the message let through is awaited."""
        if self._tried and self.seconds_left() <= 0:
            self._times, self._tried = 0, False
        return self._times > 0

    def seconds_left(self) -> float:
        """How long nothing may be sent; 0 where the one message may, or the sender is not held."""
        return max(0.0, self._until - asyncio.get_running_loop().time()) if self._times else 0.0

    def begin(self) -> None:
        """There is such news. Until a message was let through it is of those that left before."""
        if not self.lasts() or self._tried:
            self._times, self._tried = self._times + 1, False
            self._pause()

    def accepted(self) -> None:
        """The API took a message, which says nothing yet."""
        if self.lasts():
            self._tried = True
            self._pause()

    def _pause(self) -> None:
        seconds = _grown(self._FIRST, self._times - 1, self._LONGEST)
        self._until = asyncio.get_running_loop().time() + seconds


class Rest:
    """After several failures in a row nobody calls for a while, each time longer, up to half a minute.

    Without it, an outage would cost every message its own tries, and the API a storm when it comes back. The
    same from the fifth different number in a row on for which the API refuses a message with a code that we
    do not know: one alone holds nobody but itself. When the pause is over, or while the sender is held (see
    `Hold`), messages are let through one at a time, until one shows that the API works.
    """

    _FAILURES = 5
    _FIRST = 2.0
    _LONGEST = 30.0
    _SECONDS_OF_A_TRY = 5.0

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._numbers: set[str] = set()
        self._refusals = 0
        self._until = 0.0
        self._trying = False
        self._hold = Hold()

    def seconds_left(self) -> float:
        """How long calls must still wait; 0 where they need not."""
        return max(0.0, self._until - asyncio.get_running_loop().time(), self._hold.seconds_left())

    def spread(self) -> float:
        """Seconds after which to come back, jittered so that not all come at once."""
        left = max(self.seconds_left(), self._SECONDS_OF_A_TRY if self._trying else 0.0)
        return left + self._chance.uniform(0, max(1.0, left / 2))

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether a message may be taken up now; what is done with it is done in the block."""
        in_doubt = self._failures >= self._FAILURES or self._refusals > 0 or self._hold.lasts()
        if self.seconds_left() > 0 or (in_doubt and self._trying):
            yield False
            return
        self._trying = self._trying or in_doubt
        try:
            yield True
        finally:
            if in_doubt:
                self._trying = False

    def accepted(self) -> None:
        """The API took a message."""
        self.succeeded()
        self._hold.accepted()

    def succeeded(self) -> None:
        """The API took or refused a message: it works."""
        self._failures = self._refusals = 0
        self._numbers.clear()
        self._until = 0.0

    def failed(self, retry_after: float | None, *, answered: bool = True) -> None:
        """The API did not take a message for a passing reason; it may have said when to come back.

        `answered`: the API said so itself, so that it refuses for a reason that we know.
        """
        self._failures += 1
        if answered:
            self._refusals = 0
            self._numbers.clear()
        pause = retry_after or 0.0
        if self._failures >= self._FAILURES:
            pause = max(pause, _grown(self._FIRST, self._failures - self._FAILURES, self._LONGEST))
        self._pause(pause)

    def refused(self, number: str) -> bool:
        """The API refused a message for this number with a code that we do not know.

        Returns whether nobody calls for a while because of that.
        """
        if len(self._numbers) < self._FAILURES:
            self._numbers.add(number)
        if len(self._numbers) < self._FAILURES:
            return False
        self._pause(_grown(self._FIRST, self._refusals, self._LONGEST))
        self._refusals += 1
        return True

    def hold(self) -> None:
        """A message that the API had taken failed for a cause of ours: the others would fail likewise."""
        self._hold.begin()

    def _pause(self, seconds: float) -> None:
        if seconds:
            self._until = max(self._until, asyncio.get_running_loop().time() + seconds)


def _grown(first: float, doublings: int, longest: float) -> float:
    return min(longest, first * 2.0 ** min(doublings, 10))
