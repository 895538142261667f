"""The base of every model that travels."""

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from schemas.times import DAY_FORM, INSTANT_FORM, read_day, read_instant


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


def _instant(value: object) -> datetime:
    """Numbers are no times, in a text or not: 20210701 would be a day in 1970."""
    if isinstance(value, str):
        return read_instant(value)
    if isinstance(value, datetime):
        return value
    raise ValueError(INSTANT_FORM)


def _day(value: object) -> date:
    if isinstance(value, str):
        return read_day(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(DAY_FORM)


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_utc)]
"""An instant: written as RFC 3339 has it, with any offset, and kept in UTC."""


Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day, without a time: YYYY-MM-DD."""


class Model(BaseModel):
    """A frozen value. Unknown fields are ignored, so that a sender may add fields before we know them.

    Validation errors never repeat the input, because the input holds personal data.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Model):
    """Something that happened, as the `data` of a CloudEvent.

    `name` is the event's name; its CloudEvents type is `kz.jardem.` and the name. For the public events the
    name is also the topic.
    """

    name: ClassVar[str]
