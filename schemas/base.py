"""The base of every model that travels."""

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


def _written(value: object) -> object:
    """Numbers are no days: 0 would be one in 1970."""
    if not isinstance(value, str | date):
        raise ValueError("a day is written as 2021-07-12")  # noqa: TRY004 - pydantic reads ValueError
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""An instant: given with any offset, kept in UTC. A time without an offset is refused."""


Day = Annotated[date, BeforeValidator(_written)]
"""A calendar day, without a time."""


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
