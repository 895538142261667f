"""Events of the ministry's E-maket system."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from schemas.base import Day, Instant
from schemas.ids import DecisionId
from schemas.routes import PublicIn


def _somebody(name: str) -> str:
    if not name.strip():
        raise ValueError("an officer has a name")
    return name


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValueError("it is blank")
    return reason


_Officer = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_somebody)]
_OfDraft = Annotated[DecisionId, Field(min_length=1, max_length=200)]


class DecisionSigned(PublicIn):
    """An officer signed a drafted decision (officer mode, R10). A refusal names its ground (R12).

    `decision_id` is the draft's, unchanged. `signature` is the officer's, over the draft's document.

    {"decision_id": "9f2c.5b1e", "outcome": "granted", "refusal_ground": null, "officer": "officer-7",
     "signed_at": "2021-07-16T10:00:00+06:00"}
    """

    name: ClassVar[str] = "emaket.decision-signed.v1"

    decision_id: _OfDraft
    outcome: Literal["granted", "refused"]
    refusal_ground: Literal[1, 2, 3, 4] | None = None
    officer: _Officer
    signed_at: Instant
    signature: str | None = None

    @field_validator("refusal_ground", mode="before")
    @classmethod
    def _whole_number(cls, given: object) -> object:
        # `true` and 1.0 are equal to 1, which is all that is asked of a listed value.
        if given is not None and type(given) is not int:
            raise ValueError("a ground is a number from 1 to 4")
        return given

    @model_validator(mode="after")
    def _refusal_names_its_ground(self) -> Self:
        if (self.outcome == "refused") != (self.refusal_ground is not None):
            raise ValueError("a refusal, and nothing else, names its refusal_ground")
        return self


class HearingRecorded(PublicIn):
    """The person was heard before a refusal, or did not come to it (R30).

    `decision_id` is the draft's. `held_on` is a local day, not before the one that the notice allows;
    `objection`: the person objected.

    {"decision_id": "9f2c.5b1e", "held_on": "2021-07-29", "objection": false, "officer": "officer-7"}
    """

    name: ClassVar[str] = "emaket.hearing-recorded.v1"

    decision_id: _OfDraft
    held_on: Day
    objection: StrictBool
    officer: _Officer


class TermExtended(PublicIn):
    """An officer extended the term of the service (R13): 30 working days in place of 8.

    `decision_id` is the draft's. The term ends at the local midnight after the day `until`.

    {"decision_id": "9f2c.5b1e", "until": "2021-08-30", "reason": "the record is verified",
     "officer": "officer-7"}
    """

    name: ClassVar[str] = "emaket.term-extended.v1"
    ahead: ClassVar[frozenset[str]] = frozenset({"until"})

    decision_id: _OfDraft
    until: Day
    reason: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_said)]
    officer: _Officer
