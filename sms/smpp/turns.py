"""Who holds a bind where the operator allows fewer of them than there are workers: they take turns.

Nobody gives the turns out. Each worker reckons from its share of the numbers how many workers there are,
gives each bind up after a while, and stays away for so long that the others have theirs meanwhile. Who comes
too early is refused by the operator, and comes again a moment later.
"""

import math
from collections.abc import Callable

_SECONDS_HELD = 15.0
_ROUNDING = 1e-9


class Turns:
    """The turns of the workers of an installation at one operator's binds.

    `binds` is how many the operator allows in all, null where that is not known; a worker wants `each`.
    `share` tells which part of the numbers this worker has now, between 0 and 1.
    """

    def __init__(
        self,
        binds: int | None,
        each: int,
        share: Callable[[], float],
        *,
        seconds_held: float = _SECONDS_HELD,
    ) -> None:
        self._binds = binds
        self._each = each
        self._share = share
        self._last_share = 0.0
        self._seconds_held = seconds_held

    @property
    def taken(self) -> bool:
        """Whether there are fewer binds than all workers together want."""
        return self._lacking() > 0

    def over(self, held: float) -> bool:
        """Whether a bind that was held for so many seconds is to be given up for others."""
        return held >= self._seconds_held and self.taken

    def seconds_away(self) -> float:
        """For how long to leave the binds to others after a turn."""
        return self._seconds_held * max(0, self._lacking()) / self._binds if self._binds else 0.0

    def seconds_between(self) -> float:
        """From the beginning of one turn of a worker to that of its next."""
        return self._seconds_held + self.seconds_away()

    def _lacking(self) -> int:
        # Each rebalance takes all numbers away for a moment, which says nothing of the other workers.
        self._last_share = self._share() or self._last_share
        if self._binds is None or not self._last_share:
            return 0
        return math.ceil(1 / self._last_share - _ROUNDING) * self._each - self._binds
