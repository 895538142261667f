"""What operators do that the desks obey. The console says it; every act bears a reason and a name."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from schemas.base import Model
from schemas.routes import PublicIn

_Pseudonym = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_OF_CASES = ("case", "decision")


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text


class ActObject(Model):
    """What an act is done to, and its id: topic/partition/offset for a dead letter."""

    kind: Literal["case", "decision", "message", "dead_letter", "ground", "offers"]
    id: Annotated[str, Field(min_length=1, max_length=300)]


class OperatorActed(PublicIn):
    """An operator did something, for a reason.

    `act` is open to further values; a desk that does not know one says so and changes nothing. `person_id` or
    `phone_id` is the key of what has to obey. On a case: `manual_route`. On a decision: `intend_refusal`,
    with the `refusal_ground` (1-4) in `details` (R30). On a message in doubt: `sent`, with the time `sent_at`
    in `details`, and `not_sent`. On the offers: `daily_sms`, with the `number` of SMS a day in `details`.

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

    @property
    def of_a_case(self) -> bool:
        """Whether the case desk has to obey."""
        return self.object.kind in _OF_CASES

    @property
    def of_a_message(self) -> bool:
        """Whether the SMS desk has to obey."""
        return self.object.kind == "message"
