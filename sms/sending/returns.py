"""When messages come back that the rate had no turn for: one after the other, as they can be sent."""

import asyncio
from collections.abc import Callable


class Returns:
    """Gives each message that has to come back an instant of its own, at the pace of this worker's rate.

    However many wait, each goes to and fro about once: what came back all at once would be refused again, and
    its going to and fro would keep the desks from answering.
    """

    def __init__(self, per_second: float, share: Callable[[], float], at_least: float) -> None:
        """The rate of all workers, this one's share of it, and the shortest time in seconds."""
        self._per_second = per_second
        self._share = share
        self._at_least = at_least
        self._last = 0.0

    def seconds(self) -> float:
        """After how many seconds of real time the next one is to come back."""
        share = self._share()
        pause = 1 / (self._per_second * share) if share > 0 else 0.0
        now = asyncio.get_running_loop().time()
        self._last = max(self._last + pause, now + self._at_least)
        return self._last - now
