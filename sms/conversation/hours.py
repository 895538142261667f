"""Quiet hours: when an SMS that nobody just asked for may be sent."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from schemas.times import ALMATY

_MORNING = time(9)


def next_morning(now: datetime) -> datetime:
    """Nine o'clock in Almaty on the day after `now`'s, in UTC."""
    day = now.astimezone(ALMATY).date() + timedelta(days=1)
    return datetime.combine(day, _MORNING, tzinfo=ALMATY).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class SendingHours:
    """The hours in Almaty, from `opens` to just before `closes`, in which unasked messages may go out."""

    opens: time
    closes: time

    def next_opening(self, now: datetime) -> datetime:
        """`now` if a message may go out at this instant, else the instant from which one may, in UTC."""
        local = now.astimezone(ALMATY)
        if self.opens <= local.time() < self.closes:
            return now
        day = local.date() if local.time() < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, self.opens, tzinfo=ALMATY).astimezone(UTC)
