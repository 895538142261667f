"""When the carrier is open: an operator's binds are few, and a worker without numbers gives its own up.

What an operator brings needs a bind too, so that one is held as long as this worker has a part of the outbox,
whether there is anything to send or not.
"""

import asyncio

import structlog

from sms.carrier import Carrier
from streams.app import StreamApp
from streams.errors import UserError
from streams.topics import SMS_OUTBOX

_log = structlog.get_logger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_WITHOUT = 10.0


class OpenCarrier:
    """Opens the carrier when it is first needed, inside the worker's loop.

    With `as_long_as_held` it is open from the first partition of the outbox on, and closed some seconds after
    the last one is gone: each rebalance takes all of them away for a moment. Else it stays open.
    """

    def __init__(self, app: StreamApp, carrier: Carrier, *, as_long_as_held: bool) -> None:
        """Register the task, where there is one to do."""
        self._app = app
        self._carrier = carrier
        self._stopped = False
        self._held_at = 0.0
        if as_long_as_held:
            app.task(self._run)

    async def opened(self) -> None:
        """Return when the carrier is open."""
        if not self._stopped:
            self._held_at = asyncio.get_running_loop().time()
            await self._carrier.__aenter__()

    async def close(self) -> None:
        """Close it for good."""
        self._stopped = True
        await self._carrier.__aexit__(None, None, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._held_at = loop.time()
        while not self._stopped:
            if self._app.share_of(SMS_OUTBOX) > 0:
                try:
                    await self.opened()
                except UserError as problem:
                    # What is brought needs a broker; who sends opens the carrier by itself.
                    _log.warning("the carrier can't be opened now", reason=str(problem))
            elif loop.time() - self._held_at > _SECONDS_WITHOUT:
                # Closed already, it stays so.
                await self._carrier.__aexit__(None, None, None)
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
