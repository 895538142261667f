"""Asks the SMS API when it sent messages, and reports what it tells.

It is only read, so there is no journal: whatever dies in between, it is asked once more.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from schemas.ids import Sid
from schemas.messages import SentTimeTold, SentTimeWanted
from sms import metrics
from sms.carrier import CannotBeAskedError, Carrier
from sms.sending.sender import Limits
from streams.clock import Clock, real_now

_log = structlog.get_logger(__name__)


class SentTimes:
    """Asks for many messages at once, as far as the limits allow; what does not fit is not told this time.

    The SMS API may be slow or down: then every message is answered for within `batch_seconds` and one call.
    """

    def __init__(
        self, carrier: Carrier, clock: Clock, limits: Limits, *, now: Callable[[], datetime] = real_now
    ) -> None:
        self._carrier = carrier
        self._clock = clock
        self._batch_seconds = limits.batch_seconds
        self._free = asyncio.Semaphore(limits.in_flight)
        self._now = now

    async def ask(self, wanted: Sequence[SentTimeWanted]) -> list[SentTimeTold]:
        """One report for each, in their order. Never raises for what the API or the network does."""
        ends = asyncio.get_running_loop().time() + self._batch_seconds
        return list(await asyncio.gather(*(self._report(each, ends) for each in wanted)))

    async def _report(self, wanted: SentTimeWanted, ends: float) -> SentTimeTold:
        async with self._free:
            late = asyncio.get_running_loop().time() > ends
            sent_at = None if late else await self._sent_at(wanted.sid)
        return SentTimeTold(sid=wanted.sid, phone=wanted.phone, attempt=wanted.attempt, sent_at=sent_at)

    async def _sent_at(self, sid: Sid) -> datetime | None:
        try:
            sent_at = await self._carrier.sent_at(sid)
        except CannotBeAskedError as problem:
            metrics.SENT_TIMES.labels("not_now" if problem.passing else "impossible").inc()
            if not problem.passing:
                _log.warning("the SMS API can't be asked when a message was sent", reason=str(problem))
            return None
        metrics.SENT_TIMES.labels("told" if sent_at else "not_yet").inc()
        # What is to come is no sent time, whatever the API's clock says.
        return self._clock.virtual(min(sent_at, self._now())) if sent_at else None
