"""What is kept of looks at persons and of acts in the console: who, as what, when, and about whom."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.base import Instant
from schemas.ids import CaseId, PersonId
from schemas.routes import PublicOut

_Pseudonym = Annotated[PersonId, Field(pattern=r"^[0-9a-f]{64}$")]


class ConsoleAudited(PublicOut):
    """Somebody looked at a person, or acted, in the console. No desk is told of it.

    `who` is the name under which they were signed in, `role` that of their roles by which they were allowed
    to, `at` when, in the installation's time. `what` is `looked`, `unmasked`, `searched`, `exported` or
    `acted`, and open to further values; for `acted`, and only there, `act_id` is the `ce_id` of
    `operator.acted.v1`. Persons stand by their pseudonym alone. The record's key is the person's; where it is
    about nobody there is none.
    """

    name: ClassVar[str] = "audit.console.v1"

    who: Annotated[str, Field(min_length=1, max_length=200)]
    role: Literal["viewer", "caseworker", "officer", "operator"]
    at: Instant
    what: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    act_id: str | None = None
    person_id: _Pseudonym | None = None
    case_id: CaseId | None = None

    @model_validator(mode="after")
    def _an_act_has_an_id(self) -> Self:
        if (self.what == "acted") != (self.act_id is not None):
            raise ValueError("an act, and nothing else, has an act_id")
        return self
