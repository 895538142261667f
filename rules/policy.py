"""What the order leaves open and an operator may set, with the version of the rules."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Policy:
    """The named policies of one installation.

    `facts_grace` is how long a new entitlement waits before the first check, so that facts about the same
    person which were published before it, on other topics, are read before it.
    """

    term: TermPolicy = TermPolicy.EXCLUSIVE
    decision_mode: DecisionMode = DecisionMode.AUTO
    facts_grace: timedelta = timedelta(0)
