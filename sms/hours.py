"""Quiet hours: when an SMS that nobody just asked for may be sent."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Almaty")
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class SendingHours:
    """The hours in Almaty, from `opens` to just before `closes`, in which unasked messages may go out."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> "SendingHours | None":
        """Read `09:00-21:00`, or `off` for None: at any hour. Raises `ValueError`."""
        if text == "off":
            return None
        found = _FORM.fullmatch(text)
        if not found:
            raise ValueError("the hours are written as 09:00-21:00, or off")
        opens, closes = (time(int(found[i]), int(found[i + 1])) for i in (1, 3))
        if opens >= closes:
            raise ValueError("the hours open before they close, on the same day")
        return cls(opens, closes)

    def next_opening(self, now: datetime) -> datetime:
        """`now` if a message may go out at this instant, else the instant from which one may, in UTC."""
        local = now.astimezone(_ZONE)
        if self.opens <= local.time() < self.closes:
            return now
        day = local.date() if local.time() < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, self.opens, tzinfo=_ZONE).astimezone(UTC)
