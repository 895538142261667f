"""A dispatcher of tests, a journal in memory, and messages for it."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from schemas.ids import MessageId, Pseudonyms
from schemas.messages import MessageDeferred, MessageToSend
from sms.carrier import Carrier
from sms.sending import daily_number
from sms.sending.daily_number import Daily, Places, Returns
from sms.sending.dispatcher import Dispatcher
from sms.sending.journal import Journal, Report
from sms.sending.sender import Limits, Sender
from streams.clock import Clock
from tests.unit.sms.bad_api import BadApi

PSEUDONYMS = Pseudonyms(b"a key of tests")
PHONE = "+77015550101"
QUICK = Limits(per_second=1000, burst=100, quick_seconds=2, settle_seconds=0.4)


class MemoryJournal:
    """Keeps what was written, and how often the API, if one is given, had been called at that moment."""

    def __init__(self, api: BadApi | None = None) -> None:
        self.values: dict[bytes, bytes] = {}
        self.writes: list[tuple[dict[bytes, bytes], int]] = []
        self.fail_on: Callable[[int], bool] = lambda _: False
        self._api = api

    def get(self, key: bytes) -> bytes | None:
        return self.values.get(key)

    async def write(self, entries: Mapping[bytes, bytes]) -> None:
        await asyncio.sleep(0)
        calls = len(self._api.creates()) if self._api else 0
        if self.fail_on(len(self.writes)):
            self.writes.append(({}, calls))
            raise ConnectionError("the broker is gone")
        self.writes.append((dict(entries), calls))
        self.values.update(entries)


def new_dispatcher(
    carrier: Carrier,
    journal: Journal,
    limits: Limits = QUICK,
    *,
    clock: Clock | None = None,
    daily: Daily | None = None,
    seed: int = 7,
) -> Dispatcher:
    """A dispatcher with a sender of its own, as a worker that has just begun has."""
    sender = Sender(carrier, limits, clock or Clock(), chance=random.Random(seed))  # noqa: S311
    daily = daily or Daily(clock or Clock())
    places = Places(journal.get(daily_number.KEY), daily, Returns(limits.per_second))
    return Dispatcher(sender, journal, PSEUDONYMS, limits, places)


def message(
    id_: str = "m1", phone: str = PHONE, text: str = "сәлем", attempt: int = 1, age: float = 0
) -> MessageToSend:
    requested_at = datetime.now(UTC) - timedelta(seconds=age)
    return MessageToSend(
        message_id=MessageId(id_), phone=phone, text=text, attempt=attempt, requested_at=requested_at
    )


async def send_until_done(dispatcher: Dispatcher, first: MessageToSend) -> Report:
    """What the desk does: a deferred message comes again as the next attempt."""
    next_ = first
    for attempt in range(2, 30):
        [report] = await dispatcher.dispatch([next_])
        if not isinstance(report, MessageDeferred):
            return report
        await asyncio.sleep(min(report.retry_after_seconds or 0.02, 1))
        next_ = message(first.message_id, first.phone, first.text, attempt)
    raise AssertionError("never done")


async def call_and_die(carrier: Carrier, kept: MemoryJournal) -> None:
    """A worker whose call the API has taken, and which could not write its outcome down any more."""
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message()])
