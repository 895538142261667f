"""What form alone can't tell: whether an event's dates can be true yet."""

from datetime import date, datetime, timedelta

from schemas.base import Event
from schemas.times import ALMATY

_SLACK = timedelta(days=1)


def check_not_ahead(event: Event, now: datetime, *, happened_at: datetime | None = None) -> None:
    """Raise `ValueError` naming the first field whose date or instant lies more than a day after `now`.

    So may `happened_at`, the event's own time: of two words about a record the later one holds, and one of
    the far future would hold for ever. A day of slack covers senders whose clock or zone differs. Dates are
    compared with the day in Almaty. What an event says of the future (`Event.ahead`) may lie there.
    """
    if happened_at and happened_at > now + _SLACK:
        raise ValueError("the time of the event is more than a day ahead")
    latest_day = now.astimezone(ALMATY).date() + _SLACK
    for name, value in event:
        if name in event.ahead:
            continue
        if isinstance(value, datetime):
            ahead = value > now + _SLACK
        else:
            ahead = isinstance(value, date) and value > latest_day
        if ahead:
            raise ValueError(f"{name}: the date is more than a day ahead")
