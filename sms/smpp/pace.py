"""How fast one bind sends: the operator's rate for it, and slower for a while where the operator says so."""

import asyncio

from sms.backoff import backoff

_FIRST, _LONGEST = 1.0, 30.0


class Pace:
    """Lets one submit_sm pass at a time. `per_second` of 0 is any number.

    After a refusal for speed nothing passes for a second, and each further one in a row doubles that, up to
    half a minute.
    """

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._throttled = 0

    def seconds_left(self) -> float:
        """How long nothing passes."""
        return max(0.0, self._next - asyncio.get_running_loop().time())

    async def turn(self) -> None:
        """Wait for one's turn. Those who wait pass in the order in which they came."""
        loop = asyncio.get_running_loop()
        turn = max(loop.time(), self._next)
        self._next = turn + self._interval
        await asyncio.sleep(max(0.0, turn - loop.time()))

    def slower(self) -> float:
        """The operator said that we are too fast. Returns for how many seconds nothing passes now."""
        pause = backoff(_FIRST, self._throttled, _LONGEST)
        self._throttled += 1
        self._next = max(self._next, asyncio.get_running_loop().time() + pause)
        return pause

    def taken(self) -> None:
        """The operator took a message: the next refusal is a first one again."""
        self._throttled = 0
