"""How often somebody may try: to sign in, with a delay that grows, and to search, so many times in a while.

Counted in this process, of which there is mostly one; a restart forgets. Instants are monotonic seconds.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

_REMEMBERED = 20_000
"""So many names and addresses are kept at most; the one that was quiet for the longest goes first."""


class TooManyError(Exception):
    """There were too many tries. `seconds` is how long to wait, rounded up."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {math.ceil(seconds)} s")
        self.seconds = max(1, math.ceil(seconds))


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


@dataclass(slots=True)
class GrowingDelay:
    """After `free` failures in a row each further one doubles the wait, from a second up to `longest`.

    A success, or a quiet `forget`, begins anew.

    >>> now = [0.0]
    >>> delay = GrowingDelay(free=2, longest=60, clock=lambda: now[0])
    >>> for _ in range(4): delay.failed("who")
    >>> delay.wait("who")
    4.0
    """

    free: int
    longest: float = 900.0
    forget: float = 3600.0
    clock: Callable[[], float] = monotonic
    _failures: OrderedDict[str, _Failures] = field(default_factory=OrderedDict)

    def wait(self, who: str) -> float:
        """How many seconds are still to be waited for; 0 for none."""
        found = self._failures.get(who)
        if found is None or found.count < self.free:
            return 0.0
        since = self.clock() - found.last
        if since > self.forget:
            del self._failures[who]
            return 0.0
        # Far fewer doublings than a float holds reach the longest wait.
        delay = min(self.longest, 2.0 ** min(found.count - self.free, 30))
        return max(0.0, delay - since)

    def failed(self, who: str) -> None:
        """Count a failure."""
        found = self._failures.setdefault(who, _Failures())
        found.count += 1
        found.last = self.clock()
        self._failures.move_to_end(who)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, who: str) -> None:
        """Forget the failures."""
        self._failures.pop(who, None)

    def forgive(self, who: str) -> None:
        """Take one failure back."""
        found = self._failures.get(who)
        if found is not None:
            found.count -= 1


@dataclass(slots=True)
class Allowance:
    """So many times in so many seconds, for each one who asks.

    >>> now = [0.0]
    >>> searches = Allowance(most=2, within=600, clock=lambda: now[0])
    >>> searches.spend("who"); searches.spend("who"); searches.spend("another")
    >>> searches.spend("who")
    Traceback (most recent call last):
    ops.console.limits.TooManyError: wait 600 s
    """

    most: int
    within: float
    clock: Callable[[], float] = monotonic
    _spent: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def spend(self, who: str) -> None:
        """Count one. Raises `TooManyError` where it would be one too many; that is not counted."""
        now = self.clock()
        spent = self._spent.setdefault(who, deque())
        self._spent.move_to_end(who)
        while spent and spent[0] <= now - self.within:
            spent.popleft()
        if len(spent) >= self.most:
            raise TooManyError(spent[0] + self.within - now)
        spent.append(now)
        while len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)


@dataclass(slots=True)
class SignInLimits:
    """Who must wait before another password is looked at: by name, and by address, behind which many may be.

    `checks` lets two passwords be looked at at a time, since each takes a core and memory for a while.
    """

    by_name: GrowingDelay = field(default_factory=lambda: GrowingDelay(free=5))
    by_address: GrowingDelay = field(default_factory=lambda: GrowingDelay(free=30))
    checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def wait(self, name: str, address: str) -> int:
        """How many seconds to wait, rounded up; 0 for none."""
        return math.ceil(max(self.by_name.wait(name), self.by_address.wait(address)))

    def tries(self, name: str, address: str) -> None:
        """Count a try before its password is looked at, or many at once would all come by."""
        self.by_name.failed(name)
        self.by_address.failed(address)

    def succeeded(self, name: str, address: str) -> None:
        """It was right: forget the failures of the name, and this one of the address.

        The others of the address stay, or somebody with an account of their own would wipe them out.
        """
        self.by_name.succeeded(name)
        self.by_address.forgive(address)
