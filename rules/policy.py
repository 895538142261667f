"""What the order leaves open and an operator may set, with the version of the rules."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.times import ALMATY

RULES_VERSION = "order-225-2021/1"
"""The rules of order No 225 of 28.06.2021, as this code reads them (R20)."""


class TermPolicy(StrEnum):
    """How "3 calendar days from the date the SMS was sent" is counted (R6)."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"
    EXCLUSIVE_ROLL = "exclusive_roll"
    HOURS_72 = "hours_72"


class DecisionMode(StrEnum):
    """Who decides: the rules alone, or an officer who signs a draft in E-maket (R10)."""

    AUTO = "auto"
    OFFICER = "officer"


class DisabilityPath(StrEnum):
    """What a person hears whose disability was first established (R3, R7): an offer, or where to apply."""

    OFFER = "offer"
    INVITE = "invite"


class CapacityMissing(StrEnum):
    """What a record means that does not say who may act for the person: full capacity, or by hand."""

    FULL = "full"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Policy:
    """The named policies of one installation.

    `facts_grace` is how long a new entitlement waits before the first check, so that facts about the same
    person which were published before it, on other topics, are read before it. `zone` is the one whose days
    count. `invited_by_sms`: whether who must apply by hand is told so by SMS, never a child, a ward or the
    family of the dead. `verified_only`: whether a ground is decided without an officer only where a source
    confirms which documents belong to it.
    """

    term: TermPolicy = TermPolicy.EXCLUSIVE_ROLL
    decision_mode: DecisionMode = DecisionMode.AUTO
    facts_grace: timedelta = timedelta(0)
    zone: ZoneInfo = ALMATY
    disability_path: DisabilityPath = DisabilityPath.OFFER
    capacity_missing: CapacityMissing = CapacityMissing.FULL
    invited_by_sms: bool = False
    verified_only: bool = False
