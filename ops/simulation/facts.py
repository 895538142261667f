"""The events that an action's short word for a fact stands for."""

from collections.abc import Sequence
from datetime import datetime

from ops.simulation.scenario import FOREIGN, IBANS, IINS, PHONES
from schemas.base import Event
from schemas.portal import PhoneRegistered
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import AccountKnown, BenefitRecorded


def fact(  # noqa: PLR0911 - one for each word
    word: str, person: int, at: datetime, numbers: Sequence[str] = PHONES
) -> Event:
    """The event about this person that became true at this instant. `numbers` are those that there are."""
    iin, day = IINS[person], at.date()
    match word:
        case "title" | "posthumous":
            return TitleAwarded(
                iin=iin, title="peoples_hero", award_id=word, awarded_on=day, posthumous=word == "posthumous"
            )
        case "disability" | "child":
            return DisabilityEstablished(
                iin=iin,
                certificate_id=word,
                established_on=day,
                group="child" if word == "child" else "2",
                legal_ground="7",
                first_time=True,
            )
        case "revoked":
            return EntitlementRevoked(iin=iin, record_id="title", reason="in error")
        case "revoked_title" | "revoked_posthumous":
            return EntitlementRevoked(iin=iin, record_id=_award(word), record="title")
        case "restored" | "restored_posthumous":
            return EntitlementRestored(iin=iin, record_id=_award(word), record="title")
        case "death":
            return DeathRegistered(iin=iin, died_on=day)
        case "annulled":
            return DeathAnnulled(iin=iin, reason="in error")
        case "applied" | "ended":
            return BenefitRecorded(iin=iin, benefit="special_state_benefit", status=word, recorded_on=day)
        case "account" | "closed":
            return AccountKnown(iin=iin, iban=IBANS[1] if word == "account" else None)
        case _:
            return PhoneRegistered(iin=iin, phone=_number(word, numbers), registered_at=at)


def _award(word: str) -> str:
    return "posthumous" if word.endswith("posthumous") else "title"


def _number(word: str, numbers: Sequence[str]) -> str | None:
    match word:
        case "foreign":
            return FOREIGN
        case "no_phone":
            return None
        case _:
            return numbers[int(word.removeprefix("phone")) % len(numbers)]
