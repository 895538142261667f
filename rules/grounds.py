"""Which entitlement an event gives, and whether the proactive path is open to it (R1, R7)."""

from dataclasses import dataclass

from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.values import EndReason, Ground

_TITLES = {"peoples_hero": Ground.PEOPLES_HERO, "hero_of_labour": Ground.HERO_OF_LABOUR}
DISABILITY_GROUNDS = frozenset(
    {Ground.DISABILITY_1_1, Ground.DISABILITY_7, Ground.DISABILITY_8, Ground.DISABILITY_8_1}
)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A right that arose. `barred` says why no offer may be made for it, if so."""

    ground: Ground
    record: str
    record_id: str
    barred: EndReason | None


def entitlement(event: TitleAwarded | DisabilityEstablished) -> Entitlement:
    """The entitlement that a registry's event gives.

    A title (R1) may be posthumous: nobody is offered anything then. For disabilities the proactive rule
    speaks of the first establishing only (R7), and there is none for minors and for residents of Baikonur:
    the manual route.
    """
    if isinstance(event, TitleAwarded):
        barred = EndReason.DECEASED if event.posthumous else None
        return Entitlement(_TITLES[event.title], "award", event.award_id, barred)
    manual = event.in_baikonur or event.group == "child" or not event.first_time
    return Entitlement(
        Ground(event.legal_ground),
        "certificate",
        event.certificate_id,
        EndReason.MANUAL_ROUTE if manual else None,
    )


def offers_one_application(ground: Ground) -> bool:
    """Whether the recipient may choose the "one application" principle (R7)."""
    return ground in DISABILITY_GROUNDS
