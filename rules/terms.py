"""Terms and local days (R5, R6). All instants are aware and in UTC; days are those of the zone given."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import holidays

from rules.policy import ServiceCalendar, TermPolicy
from schemas.times import ALMATY

_DAYS = 3
_SATURDAY = 5
_REMINDER_AT = time(10)


def local_day(instant: datetime, zone: ZoneInfo = ALMATY) -> date:
    """The calendar day in the zone at this instant."""
    return instant.astimezone(zone).date()


def at_local(day: date, hour: time = time(0), zone: ZoneInfo = ALMATY) -> datetime:
    """The instant at which a local day reaches this hour; its midnight by default."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


@cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("KZ")


def is_working_day(day: date, calendar: ServiceCalendar = ServiceCalendar.PROVIDER) -> bool:
    """Whether this day is worked: the provider's week has five days, the State Corporation's six (R13).

    Holidays and transferred days count. Transferred days of years ahead are not known before they are
    decreed.
    """
    if calendar is ServiceCalendar.STATE_CORPORATION and day.weekday() == _SATURDAY:
        return day not in _calendar()
    return _calendar().is_working_day(day)


@lru_cache(maxsize=1024)
def working_day_after(day: date, count: int, calendar: ServiceCalendar = ServiceCalendar.PROVIDER) -> date:
    """The working day with this number after a day, which does not count itself.

    >>> working_day_after(date(2021, 7, 22), 3)
    datetime.date(2021, 7, 27)
    >>> working_day_after(date(2021, 7, 22), 3, ServiceCalendar.STATE_CORPORATION)
    datetime.date(2021, 7, 26)
    """
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, calendar)
    return day


def term_end(sent_at: datetime, policy: TermPolicy, zone: ZoneInfo = ALMATY) -> datetime:
    """The instant at which the term of a question that was sent at `sent_at` is over (R6).

    A millisecond before it is in time, the instant itself is not.
    """
    if policy is TermPolicy.HOURS_72:
        return sent_at + timedelta(hours=24 * _DAYS)
    last = local_day(sent_at, zone) + timedelta(days=_DAYS)
    if policy is TermPolicy.INCLUSIVE:
        last -= timedelta(days=1)
    if policy is TermPolicy.EXCLUSIVE_ROLL:
        while not is_working_day(last):
            last += timedelta(days=1)
    return at_local(last + timedelta(days=1), zone=zone)


def reminder_at(sent_at: datetime, ends_at: datetime, zone: ZoneInfo = ALMATY) -> datetime | None:
    """When to remind: at ten on the last full day of the term, or never if no full day lies within it."""
    last_full_day = local_day(ends_at, zone) - timedelta(days=1)
    if last_full_day <= local_day(sent_at, zone):
        return None
    return at_local(last_full_day, _REMINDER_AT, zone)
