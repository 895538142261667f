"""What the order leaves open and an operator may set."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from rules.rule_sets import Permissions, RuleSets
from schemas.ids import PhoneId, Pseudonyms
from schemas.personal import nameless
from schemas.times import ALMATY


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


class ServiceCalendar(StrEnum):
    """Whose working days the term of the service counts (R13)."""

    PROVIDER = "provider"
    STATE_CORPORATION = "state_corporation"


class Extension(StrEnum):
    """How far "extended by 30 working days" reaches: 30 in all, or 30 beyond the 8 (R13)."""

    IN_ALL = "30_in_all"
    BEYOND = "8_plus_30"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the personal data of a case that is at rest are kept, by its outcome (R34); None: for ever.

    `unasked` are those that nobody was asked for, `declined` also what was withdrawn, `ended` all others.
    """

    granted: timedelta | None = None
    refused: timedelta | None = None
    declined: timedelta | None = None
    unasked: timedelta | None = None
    ended: timedelta | None = None


@dataclass(frozen=True, slots=True)
class StandIns:
    """What stands in a person's evidence for a number, and for a record's id that could name somebody."""

    phone_id: Callable[[str], PhoneId]
    record_id: Callable[[str], str]


_PAST_THEIR_REPEAL = Permissions(repealed=True)
_NO_KEY = Pseudonyms(b"")


@dataclass(frozen=True, slots=True)
class Policy:
    """The named policies of one installation.

    `facts_grace` is how long a new entitlement waits before the first check, so that facts about the same
    person which were published before it, on other topics, are read before it. `zone` is the one whose days
    count. `invited_by_sms`: whether who must apply by hand is told so by SMS, never a child, a ward or the
    family of the dead. `verified_only`: whether a ground is decided without an officer only where a source
    confirms which documents belong to it. `hearing_days` are the working days from the notice before a
    hearing (R30). `rule_sets` are those of the package where none are given, and `allowed` says which of them
    count beside those in force (R20). `pseudonyms` are what stands in evidence for what would name somebody.
    """

    term: TermPolicy = TermPolicy.EXCLUSIVE_ROLL
    decision_mode: DecisionMode = DecisionMode.AUTO
    facts_grace: timedelta = timedelta(0)
    zone: ZoneInfo = ALMATY
    disability_path: DisabilityPath = DisabilityPath.OFFER
    capacity_missing: CapacityMissing = CapacityMissing.FULL
    invited_by_sms: bool = False
    verified_only: bool = False
    service_calendar: ServiceCalendar = ServiceCalendar.PROVIDER
    extension: Extension = Extension.IN_ALL
    hearing_days: int = 3
    retention: Retention = Retention()
    rule_sets: RuleSets | None = None
    allowed: Permissions = _PAST_THEIR_REPEAL
    pseudonyms: Pseudonyms = _NO_KEY

    def stand_ins(self, iin: str | None) -> StandIns:
        """What stands for what, in the evidence of the person with this IIN."""
        record_id = partial(nameless, of=iin or "", pseudonyms=self.pseudonyms)
        return StandIns(self.pseudonyms.phone, record_id)
