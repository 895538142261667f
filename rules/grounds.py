"""Which entitlement an event gives, and whether the proactive path is open to it (R1, R7)."""

from dataclasses import dataclass
from typing import Literal

from rules.policy import CapacityMissing, Policy
from schemas.ids import RecordKind
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.values import EndReason, Ground, Scheme

_TITLES = {"peoples_hero": Ground.PEOPLES_HERO, "hero_of_labour": Ground.HERO_OF_LABOUR}
DISABILITY_GROUNDS = frozenset(
    {Ground.DISABILITY_1_1, Ground.DISABILITY_7, Ground.DISABILITY_8, Ground.DISABILITY_8_1}
)


Obstacle = Literal["baikonur", "child", "not_first_time", "guardian", "minor", "capacity_unknown", "operator"]
"""Why a right goes the manual way, as its step says it."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A right that arose. `barred` says why no offer may be made for it, `obstacle` says more of that."""

    ground: Ground
    record: RecordKind
    record_id: str
    barred: EndReason | None
    obstacle: Obstacle | None = None


def entitlement(event: TitleAwarded | DisabilityEstablished, policy: Policy) -> Entitlement:
    """The entitlement that a registry's event gives.

    A title (R1) may be posthumous: nobody is offered anything then. For disabilities the proactive rule
    speaks of the first establishing only (R7), and there is none for minors, for wards and for residents of
    Baikonur: the manual route.
    """
    obstacle = _incapacity(event.legal_capacity, policy)
    if isinstance(event, TitleAwarded):
        manual = EndReason.MANUAL_ROUTE if obstacle else None
        barred = EndReason.DECEASED if event.posthumous else manual
        return Entitlement(_TITLES[event.title], "award", event.award_id, barred, obstacle)
    obstacle = _of_disability(event) or obstacle
    return Entitlement(
        Ground(event.legal_ground),
        "certificate",
        event.certificate_id,
        EndReason.MANUAL_ROUTE if obstacle else None,
        obstacle,
    )


def _of_disability(event: DisabilityEstablished) -> Obstacle | None:
    if event.in_baikonur:
        return "baikonur"
    if event.group == "child":
        return "child"
    return None if event.first_time else "not_first_time"


def _incapacity(capacity: Literal["full", "guardian", "minor"] | None, policy: Policy) -> Obstacle | None:
    if capacity is None:
        return "capacity_unknown" if policy.capacity_missing is CapacityMissing.MANUAL else None
    return None if capacity == "full" else capacity


def scheme_without_choice(ground: Ground) -> Scheme | None:
    """The scheme of a ground that leaves no choice; None where "one application" may be chosen (R7)."""
    return None if ground in DISABILITY_GROUNDS else Scheme.STANDALONE
