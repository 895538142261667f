"""Events of the ministry's E-maket system."""

from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.base import Instant
from schemas.ids import DecisionId
from schemas.routes import PublicIn


class DecisionSigned(PublicIn):
    """An officer signed a drafted decision (officer mode, R10). A refusal names its ground (R12).

    `decision_id` is the draft's, unchanged. `signature` is the officer's, over the draft's document.

    {"decision_id": "9f2c.5b1e", "outcome": "granted", "refusal_ground": null, "officer": "officer-7",
     "signed_at": "2021-07-16T10:00:00+06:00"}
    """

    name: ClassVar[str] = "emaket.decision-signed.v1"

    decision_id: DecisionId = Field(min_length=1, max_length=200)
    outcome: Literal["granted", "refused"]
    refusal_ground: Literal[1, 2, 3, 4] | None = None
    officer: str = Field(min_length=1, max_length=200)
    signed_at: Instant
    signature: str | None = None

    @field_validator("officer")
    @classmethod
    def _somebody(cls, officer: str) -> str:
        if not officer.strip():
            raise ValueError("an officer has a name")
        return officer

    @field_validator("refusal_ground", mode="before")
    @classmethod
    def _no_truth_value(cls, given: object) -> object:
        if isinstance(given, bool):
            raise ValueError("a ground is a number from 1 to 4")  # noqa: TRY004 - pydantic reads ValueError
        return given

    @model_validator(mode="after")
    def _refusal_names_its_ground(self) -> Self:
        if (self.outcome == "refused") != (self.refusal_ground is not None):
            raise ValueError("a refusal, and nothing else, names its refusal_ground")
        return self
