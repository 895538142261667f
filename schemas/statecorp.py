"""Events of the State Corporation: benefits on record and bank accounts known."""

from typing import Annotated, ClassVar, Literal

from schemas.base import Day
from schemas.ids import CaseId
from schemas.routes import PublicIn
from schemas.values import Iban, Iin, Uuid


class BenefitRecorded(PublicIn):
    """The State Corporation's record of this benefit for a person (R12, ground 4).

    `case_id` names the case of ours that it records, which it never refuses. Without it, an application that
    is recorded from the consent's day on may be the case's own: an officer looks at it.

    {"iin": "850101300015", "benefit": "special_state_benefit", "status": "paid", "recorded_on": "2020-02-01"}
    """

    name: ClassVar[str] = "statecorp.benefit-recorded.v1"

    iin: Iin
    benefit: Literal["special_state_benefit"]
    status: Literal["applied", "assigned", "paid", "ended"]
    recorded_on: Day
    case_id: Annotated[CaseId, Uuid] | None = None


class AccountKnown(PublicIn):
    """A bank account of the person that the State Corporation already pays to (R4), or null: it is closed.

    {"iin": "850101300015", "iban": "KZ86125KZT5004100100"}
    """

    name: ClassVar[str] = "statecorp.account-known.v1"

    iin: Iin
    iban: Iban | None
