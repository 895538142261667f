"""Terms and local days (R5, R6). All instants are aware and in UTC; days are those of the zone given."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from rules.policy import TermPolicy
from schemas.times import ALMATY

_DAYS = 3
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


def is_working_day(day: date) -> bool:
    """Whether the five-day week with its holidays and transferred days works on this day.

    Transferred days of years ahead are not known before they are decreed.
    """
    return _calendar().is_working_day(day)


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
