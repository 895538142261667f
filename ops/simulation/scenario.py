"""Who lives in a simulated scenario, and under which policies."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random

from rules.policy import DecisionMode, Policy, TermPolicy
from schemas.ids import PersonId
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.hours import SendingHours

IINS = ("850101300015", "900202400022", "770303500039")
PHONES = ("+77011234567", "+77471234567")
FOREIGN = "+79161234567"
IBANS = ("KZ86125KZT5004100100", "KZ75125KZT1001300335")
MISTYPED = "KZ86125KZT5004100101"
HOURS = SendingHours(time(9), time(21))

HELD = (
    *(timedelta(0), timedelta(0), timedelta(seconds=2.7), timedelta(hours=9)),
    *(timedelta(hours=30), timedelta(hours=100)),
)
"""How long the SMS API takes to send what it has accepted: mostly no time, once in a while days."""

_ORIGINS = (
    datetime(2021, 7, 22, 4, tzinfo=UTC),
    datetime(2021, 8, 27, 14, 55, tzinfo=UTC),
    datetime(2024, 2, 27, 5, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario of one run. `origin` is its first instant, in UTC.

    `held` is how long the SMS API takes to send what it has accepted; `reports` says whether it then reports
    so by itself, and not only where a run has it do so.
    """

    people: int = 2
    term: TermPolicy = TermPolicy.EXCLUSIVE
    mode: DecisionMode = DecisionMode.AUTO
    grace: timedelta = timedelta(0)
    quiet: bool = True
    origin: datetime = _ORIGINS[0]
    held: timedelta = timedelta(0)
    reports: bool = False

    @property
    def policy(self) -> Policy:
        """The case desk's policies."""
        return Policy(self.term, self.mode, self.grace)

    @property
    def line_policy(self) -> LinePolicy:
        """The SMS desk's policies."""
        return LinePolicy(load_texts(), HOURS if self.quiet else None)


def scenario(chance: Random) -> Scenario:
    """Any scenario."""
    return Scenario(
        people=chance.choice((1, 1, 2, 2, 3)),
        term=chance.choice(list(TermPolicy)),
        mode=chance.choice((DecisionMode.AUTO, DecisionMode.AUTO, DecisionMode.OFFICER)),
        grace=chance.choice((timedelta(0), timedelta(0), timedelta(minutes=5))),
        quiet=chance.choice((True, True, True, True, False)),
        origin=chance.choice(_ORIGINS),
        held=chance.choice(HELD),
        reports=chance.choice((True, False)),
    )


def person_id(number: int) -> PersonId:
    """The key of a person."""
    return PersonId(f"person-{number}")
