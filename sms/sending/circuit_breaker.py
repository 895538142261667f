"""When nobody calls the SMS API for a while: after failures in a row, and after failures that are ours."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from sms.backoff import backoff


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
        seconds = backoff(self._FIRST, self._times - 1, self._LONGEST)
        self._until = asyncio.get_running_loop().time() + seconds


class CircuitBreaker:
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
        """The API did not take a message, or could not be asked of one, for a passing reason.

        It may have said when to come back. `answered`: it said of the message itself that it does not take
        it, so that it refuses for a reason that we know.
        """
        self._failures += 1
        if answered:
            self._refusals = 0
            self._numbers.clear()
        pause = retry_after or 0.0
        if self._failures >= self._FAILURES:
            pause = max(pause, backoff(self._FIRST, self._failures - self._FAILURES, self._LONGEST))
        self._pause(pause)

    def refused(self, number: str) -> bool:
        """The API refused a message for this number with a code that we do not know.

        Returns whether nobody calls for a while because of that.
        """
        if len(self._numbers) < self._FAILURES:
            self._numbers.add(number)
        if len(self._numbers) < self._FAILURES:
            return False
        self._pause(backoff(self._FIRST, self._refusals, self._LONGEST))
        self._refusals += 1
        return True

    def hold(self) -> None:
        """A message that the API had taken failed for a cause of ours: the others would fail likewise."""
        self._hold.begin()

    def _pause(self, seconds: float) -> None:
        if seconds:
            self._until = max(self._until, asyncio.get_running_loop().time() + seconds)
