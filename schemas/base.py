"""The base of every model that travels."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

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

    def with_(self, **changes: object) -> Self:
        """The same value but for these fields.

        Raises `TypeError` for a field that there is not and for a value that is not of the field's type: both
        are faults of the code that asks, and would otherwise be written to a table.
        """
        changed: dict[str, Any] = {}
        checks = _checks(type(self))
        for name, value in changes.items():
            check = checks.get(name)
            if check is None:
                raise TypeError(f"{type(self).__name__} has no field {name}")
            try:
                changed[name] = check(value, strict=True)
            except ValidationError as error:
                said = "; ".join(problem["msg"] for problem in error.errors(include_input=False))
                raise TypeError(f"{type(self).__name__}.{name}: {said}") from None
        return self.model_copy(update=changed)


@cache
def _checks(model: type[Model]) -> dict[str, Callable[..., Any]]:
    """What reads a single field of a model. The bare validator costs half of what its adapter does."""
    return {
        name: TypeAdapter[Any](field.rebuild_annotation(), module=model.__module__).validator.validate_python
        for name, field in model.model_fields.items()
    }


class Event(Model):
    """Something that happened, as the `data` of a CloudEvent.

    `name` is the event's name; its CloudEvents type is `kz.jardem.` and the name. For the public events the
    name is also the topic.

    A null is the same as nothing for every field that has a default: many senders write every field that they
    know. For a field without one, null is a value of its own or a fault, as its type has it.
    """

    name: ClassVar[str]
    ahead: ClassVar[frozenset[str]] = frozenset()
    """The fields whose day or instant may lie in the future."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: object) -> object:
        if not isinstance(given, Mapping) or None not in given.values():
            return given
        return {
            name: value for name, value in given.items() if value is not None or name not in cls._spared()
        }

    @classmethod
    @cache
    def _spared(cls) -> frozenset[str]:
        """The names of the fields with a default, in the code and as they are written.

        A name that is not known is none of them: whether it may be there is for others to say.
        """
        spared = {name: field for name, field in cls.model_fields.items() if not field.is_required()}
        return frozenset(spared) | {field.alias for field in spared.values() if field.alias}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """As the event is read, what has a default may also be null."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if handler.mode == "validation":
            for name, field in schema.get("properties", {}).items():
                if name not in schema.get("required", ()):
                    schema["properties"][name] = _or_null(field)
        return schema


def _or_null(field: JsonSchemaValue) -> JsonSchemaValue:
    if {"type": "null"} in field.get("anyOf", ()):
        return field
    about = {name: value for name, value in field.items() if name in ("title", "description", "default")}
    kind = {name: value for name, value in field.items() if name not in about}
    return {"anyOf": [kind, {"type": "null"}], **about}
