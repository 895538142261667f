"""The day's number of SMS: how many may leave on a local day before offers have to wait.

An operator says the number, and each partition of the carrier's table keeps its share of it, under a key that
no phone number has, beside the count of what left on the day. The count is written with the intent to call,
before the call: a worker that dies may waste a place, and never sends an offer too many.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from schemas.base import Day, Instant
from schemas.operators import OperatorActed
from schemas.stored import NewerValueError, Stored, UnreadableValueError, dump_stored, load_stored
from schemas.times import ALMATY
from streams.clock import Clock

_log = structlog.get_logger(__name__)

ACT = "daily_sms"
KEY = b"service"
"""Under which each partition keeps what is said of the service as a whole: no pseudonym of a number is it."""

VERSION = 1
"""The version of the shape in which it is stored."""

_AT_LEAST = 120.0
_A_DAY = timedelta(days=1)


class DailyNumber(Stored):
    """What a partition knows of the service.

    `number` is how many SMS a day there may be in all partitions, None for any number, and `said_at` when the
    operator said so. `count` is how many may have left from this partition on the local `day`.
    """

    number: int | None = None
    said_at: Instant | None = None
    day: Day | None = None
    count: int = 0


def number_said(acted: OperatorActed) -> int | None:
    """The number that an operator says; None: no limit. Raises `ValueError`, which repeats nothing."""
    if acted.object.kind != "offers" or acted.object.id != "all":
        raise ValueError("object: the daily number of SMS is that of the offers, with the id all")
    number = acted.details.get("number", "")
    if number is None or (type(number) is int and number >= 0):
        return number
    raise ValueError("details.number: a whole number from 0, or null for no limit")


def share(number: int, partition: int, partitions: int) -> int:
    """A partition's part of a number; what does not divide goes to the lowest ones.

    >>> [share(5, partition, 3) for partition in range(3)]
    [2, 2, 1]
    """
    return number // partitions + (partition < number % partitions)


class Returns:
    """When the offers held in one partition come back to see whether there is a place by then.

    At the earliest after two minutes, and one after the other at the pace at which they could be sent at all:
    however many wait, their waiting costs no more than their sending would.
    """

    def __init__(self, per_second: float) -> None:
        self._pause = 1 / per_second
        self._last = 0.0

    def seconds(self) -> float:
        """After how many seconds of real time the next one is to come back."""
        now = asyncio.get_running_loop().time()
        self._last = max(self._last + self._pause, now + _AT_LEAST)
        return self._last - now


@dataclass(frozen=True, slots=True)
class Daily:
    """Whose days count, and which partition this is; `partitions` says of how many."""

    clock: Clock = field(default_factory=Clock)
    zone: ZoneInfo = ALMATY
    partition: int = 0
    partitions: Callable[[], int] = lambda: 1


class Places:
    """The places of one partition, for one batch. What changes is to be written before any call."""

    def __init__(self, stored: bytes | None, daily: Daily, returns: Returns) -> None:
        """Read what was stored, if anything was. Raises `NewerValueError`."""
        self._daily = daily
        self._returns = returns
        self._service = _read(stored)
        self._written = self._service

    def say(self, number: int | None, at: datetime) -> None:
        """An operator has said the number at this instant. What was said before that is known no more."""
        said_at = self._service.said_at
        if said_at is None or at >= said_at:
            self._service = self._service.with_(number=number, said_at=at)

    def free(self) -> bool:
        """Whether an offer may leave now."""
        number, daily = self._service.number, self._daily
        return number is None or self._today().count < share(number, daily.partition, daily.partitions())

    def take(self) -> date | None:
        """Count a message that may leave now; returns the day to whose places it belongs."""
        today = self._today()
        self._service = today.with_(count=today.count + 1)
        return today.day

    def give_back(self, day: date | None) -> None:
        """The message did not leave."""
        if day == self._service.day:
            self._service = self._service.with_(count=max(0, self._service.count - 1))

    def seconds_held(self) -> float:
        """When to bring back an offer for which there is no place: seconds of real time.

        At midnight there is one again. The hours in which nothing is sent are the SMS desk's to keep.
        """
        now = self._daily.clock.now()
        tomorrow = now.astimezone(self._daily.zone).date() + _A_DAY
        midnight = datetime.combine(tomorrow, time(0), tzinfo=self._daily.zone)
        left = (midnight - now).total_seconds() / self._daily.clock.scale
        return min(self._returns.seconds(), max(0.0, left))

    def changed(self) -> dict[bytes, bytes]:
        """What is to be written, if it has changed since this was asked last."""
        if self._service == self._written:
            return {}
        self._written = self._service
        return {KEY: dump(self._service)}

    def _today(self) -> DailyNumber:
        """The count of the day. A worker whose clock is behind at midnight still has the day after."""
        today = self._daily.clock.now().astimezone(self._daily.zone).date()
        known = self._service.day
        if known is not None and known - _A_DAY <= today <= known:
            return self._service
        return self._service.with_(day=today, count=0)


def load(stored: bytes) -> DailyNumber:
    """Read what is stored. Raises `UnreadableValueError`."""
    return load_stored(DailyNumber, stored, VERSION, {})


def dump(daily: DailyNumber) -> bytes:
    """The value to be stored."""
    return dump_stored(daily, VERSION)


def _read(stored: bytes | None) -> DailyNumber:
    if stored is None:
        return DailyNumber()
    try:
        return load(stored)
    except NewerValueError:
        raise
    except UnreadableValueError:
        _log.error("the daily number of SMS can't be read: offers wait until an operator says it again")
        return DailyNumber(number=0)
