"""The base of every model that travels."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
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
from typing_extensions import TypedDict

from schemas.times import DAY_FORM, INSTANT_FORM, read_day, read_instant


def _instant(value: object) -> datetime:
    """Numbers are no times, in a text or not: 20210701 would be a day in 1970.

    One step does it all, because nearly every event and every stored value has several. What has no zone is
    left for the next step to refuse.
    """
    if isinstance(value, str):
        return read_instant(value)
    if not isinstance(value, datetime):
        raise ValueError(INSTANT_FORM)  # noqa: TRY004 - pydantic takes it as the field's fault
    if value.tzinfo is UTC or value.utcoffset() is None:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the calendar") from None


def _day(value: object) -> date:
    if isinstance(value, str):
        return read_day(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(DAY_FORM)


Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
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
        cls = type(self)
        try:
            changed = _check_of(cls)(changes)
        except ValidationError as error:
            raise TypeError(_fault(cls, error)) from None
        # What `model_copy` does, without its copies of copies: a turn changes its state dozens of times.
        copy = cls.__new__(cls)
        _set(copy, "__dict__", {**self.__dict__, **changed})
        _set(copy, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changed.keys())
        _set(copy, "__pydantic_extra__", None)
        _set(copy, "__pydantic_private__", None)
        return copy


_set = object.__setattr__


@cache
def _check_of(model: type[Model]) -> Callable[[Mapping[str, object]], dict[str, Any]]:
    """What reads some fields of a model at once. The bare validator costs half of what its adapter does."""
    fields = {name: field.rebuild_annotation() for name, field in model.model_fields.items()}
    some = TypedDict(model.__name__, fields, total=False)  # type: ignore[misc] # the names are known only here
    some.__pydantic_config__ = ConfigDict(strict=True, extra="forbid")  # type: ignore[attr-defined]
    adapter: TypeAdapter[Any] = TypeAdapter(some, module=model.__module__)
    return adapter.validator.validate_python


def _fault(model: type[Model], error: ValidationError) -> str:
    """What is wrong with the first field that is wrong."""
    problems = error.errors(include_input=False)
    name = str(problems[0]["loc"][0])
    if name not in model.model_fields:
        return f"{model.__name__} has no field {name}"
    return f"{model.__name__}.{name}: " + "; ".join(
        problem["msg"] for problem in problems if problem["loc"][0] == name
    )


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
