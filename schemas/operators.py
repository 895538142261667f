"""What operators do that the desks obey. The console says it; every act bears a reason and a name."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.base import Model
from schemas.routes import PublicIn
from schemas.values import Ground, check_uuid

_Pseudonym = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_OF_CASES = ("case", "decision")
_OF_THE_SERVICE = ("offers", "ground")
_GROUNDS = frozenset(ground.value for ground in Ground)
ALL_OFFERS = "all"
"""The id of the offers as a whole, as an act's object."""
MOST_PERSONS = 5_000
"""How many persons a pilot names at most."""


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


class ActObject(Model):
    """What an act is done to, and its id: topic/partition/offset for a dead letter."""

    kind: Literal["case", "decision", "message", "dead_letter", "ground", "offers", "person"]
    id: Annotated[str, Field(min_length=1, max_length=300)]

    @field_validator("id")
    @classmethod
    def _case_as_we_write_it(cls, given: str, known: ValidationInfo) -> str:
        # The kind stands before the id; where it is wrong itself, it is not known here.
        return check_uuid(given) if known.data.get("kind") == "case" else given


class PilotDetails(Model):
    """Who takes part in a pilot: a share of all persons, in percent, and the persons named."""

    share: Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)] = 0
    persons: Annotated[tuple[_Pseudonym, ...], Field(max_length=MOST_PERSONS)] = ()

    @model_validator(mode="after")
    def _is_said(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say a share in percent, or persons by their person_id, or both")
        return self


class DailySmsDetails(Model):
    """How many SMS leave on a local day before offers wait for the next one; null: as many as there are."""

    number: Annotated[int, Field(strict=True, ge=0)] | None


_DETAILS: Mapping[tuple[str, str], type[Model]] = {
    ("pilot", "offers"): PilotDetails,
    ("daily_sms", "offers"): DailySmsDetails,
}
"""What the details of an act on such an object must say."""


class OperatorActed(PublicIn):
    """An operator did something, for a reason.

    `act` is open to further values; a desk that does not know one says so and changes nothing. `person_id` or
    `phone_id` is the key of what has to obey. On a case: `hold`, `resume`, `manual_route`, and `note`, which
    changes nothing. On a person, by its `person_id`: `erase`, which only tells that the keys were destroyed.
    On a decision: `intend_refusal`, with the `refusal_ground` (1-4) in `details` (R30). On the offers,
    whose id is `all`: `pause`, `resume`, `pilot` with `share` (percent of persons) and `persons` (at most
    5000 `person_id`) in `details`, `end_pilot`, `shadow`, `end_shadow`, and `daily_sms` with the `number` of
    SMS a day. On a ground (`4-2`): `pause`, `resume`. On a message in doubt: `sent`, with the
    time `sent_at` in `details`, and `not_sent`.

    {"act": "manual_route", "object": {"kind": "case", "id": "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"},
     "person_id": "9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c",
     "reason": "lives abroad", "operator": "operator-3"}
    """

    name: ClassVar[str] = "operator.acted.v1"

    act: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    object: ActObject
    person_id: _Pseudonym | None = None
    phone_id: _Pseudonym | None = None
    details: dict[str, JsonValue] = Field(default_factory=dict)
    reason: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_said)]
    operator: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_said)]

    @model_validator(mode="after")
    def _somebody_obeys(self) -> Self:
        if self.of_a_case and self.person_id is None:
            raise ValueError("an act on a case or a decision names its person_id")
        if self.of_a_message and self.phone_id is None:
            raise ValueError("an act on a message names its phone_id")
        return self

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        kind, id_ = self.object.kind, self.object.id
        if kind == "offers" and id_ != ALL_OFFERS:
            raise ValueError(f"object: the id of the offers is {ALL_OFFERS}")
        if kind == "ground" and id_ not in _GROUNDS:
            raise ValueError(f"object: the id of a ground is one of {', '.join(sorted(_GROUNDS))}")
        details = _DETAILS.get((self.act, kind))
        if details:
            try:
                details.model_validate(self.details)
            except ValidationError as error:
                raise ValueError(_explained(error)) from None
        return self

    @property
    def of_a_case(self) -> bool:
        """Whether the case desk has to obey."""
        return self.object.kind in _OF_CASES

    @property
    def of_the_service(self) -> bool:
        """Whether it is about the whole service: every partition has to obey."""
        return self.object.kind in _OF_THE_SERVICE

    @property
    def of_the_carrier(self) -> bool:
        """Whether the carrier, and not the case desk, has to obey: the daily number of SMS."""
        return self.object.kind == "offers" and self.act == "daily_sms"

    @property
    def of_a_message(self) -> bool:
        """Whether the SMS desk has to obey."""
        return self.object.kind == "message"


def _explained(error: ValidationError) -> str:
    """What is wrong with an act's details, without repeating them."""
    return "; ".join(
        ".".join(("details", *(str(part) for part in problem["loc"])))
        + f": {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_input=False, include_url=False)
    )
