"""Times and days as they are written: RFC 3339 with an offset, and YYYY-MM-DD. Nothing is guessed."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ALMATY = ZoneInfo("Asia/Almaty")
"""The zone whose days and hours count. Its offset changed on 1 March 2024."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"[Tt](?P<minute>(?:[01][0-9]|2[0-3]):[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?P<fraction>\.[0-9]+)?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_OURS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{6})?Z")
"""An instant as we write it ourselves."""
_MICROSECONDS = len(".123456")

DAY_FORM = "a day is written as 2021-07-12"
INSTANT_FORM = "a time is written as in RFC 3339, with seconds and an offset: 2021-07-12T10:00:00+06:00"


def read_day(text: str) -> date:
    """A calendar day written as YYYY-MM-DD. Raises `ValueError`, which repeats nothing.

    >>> read_day("2021-07-12")
    datetime.date(2021, 7, 12)
    >>> read_day("12.07.2021")
    Traceback (most recent call last):
    ValueError: a day is written as 2021-07-12
    """
    if not _DAY.fullmatch(text):
        raise ValueError(DAY_FORM)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("the calendar has no such day") from None


def read_instant(text: str) -> datetime:
    """An instant written as RFC 3339 has it, in UTC. Raises `ValueError`, which repeats nothing.

    `t` and `z` may be small, as the RFC's grammar allows; a space in place of `T` is not in it. What is finer
    than a microsecond is cut off. A leap second, where there can be one, is read as the second after it.

    >>> read_instant("2021-07-12T10:00:00+06:00").isoformat()
    '2021-07-12T04:00:00+00:00'
    >>> read_instant("2016-12-31T23:59:60Z").isoformat()
    '2017-01-01T00:00:00+00:00'
    """
    if _OURS.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("the calendar has no such time") from None
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(INSTANT_FORM)
    leap = found["second"] == "60"
    second = "59" if leap else found["second"]
    fraction = (found["fraction"] or "")[:_MICROSECONDS]
    written = f"{found['day']}T{found['minute']}:{second}{fraction}{found['offset'].upper()}"
    try:
        instant = datetime.fromisoformat(written).astimezone(UTC)
        return _after_leap_second(instant) if leap else instant
    except (ValueError, OverflowError):
        raise ValueError("the calendar has no such time") from None


def _after_leap_second(before: datetime) -> datetime:
    """Leap seconds end months, in UTC; as in POSIX, they are the first second of the next one."""
    after = before.replace(microsecond=0) + timedelta(seconds=1)
    if after != after.replace(day=1, hour=0, minute=0, second=0):
        raise ValueError("no month ends here")
    return after
