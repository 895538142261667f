"""How many events a second are taken of a caller: a bucket that fills by time and holds a second's worth."""

import math
from collections.abc import Callable
from time import monotonic


class Limits:
    """A bucket for each caller. A batch larger than what is there empties it into debt, and is waited for."""

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def seconds_to_wait(self, caller: str, events: int, per_second: float | None = None) -> int:
        """Take so many events of this caller: 0; or take none: the seconds after which they will be."""
        rate = per_second or self._per_second
        full = max(1.0, rate)
        now = self._clock()
        left, then = self._buckets.get(caller, (full, now))
        left = min(full, left + (now - then) * rate)
        if left < 1:
            self._buckets[caller] = (left, now)
            return max(1, math.ceil((1 - left) / rate))
        self._buckets[caller] = (left - events, now)
        return 0
