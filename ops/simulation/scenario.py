"""Who lives in a simulated scenario, and under which policies."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random

from rules.policy import DecisionMode, Policy, Retention, TermPolicy
from rules.rule_sets import Permissions
from schemas.ids import PersonId
from schemas.times import ALMATY
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.hours import SendingHours

IINS = (
    *("850101300015", "900202400022", "770303500039", "580505300044", "600606400056", "620707300062"),
    *("640808400071", "660909300088", "681010400093", "701111300101", "721212400110", "740113300127"),
    *("760214400136", "780315300142", "800416400154", "820517300160", "840618400170", "860719300186"),
    *("880820400195", "900921300203"),
)
PHONES = ("+77011234567", "+77471234567", "+77051234567", "+77771234567", "+77021234567", "+77081234567")
FOREIGN = "+79161234567"
IBANS = ("KZ86125KZT5004100100", "KZ75125KZT1001300335")
MISTYPED = "KZ86125KZT5004100101"
HOURS = SendingHours(time(9), time(21))

HELD = (
    *(timedelta(0), timedelta(0), timedelta(seconds=2.7), timedelta(hours=9)),
    *(timedelta(hours=30), timedelta(hours=100)),
)
"""How long the SMS API takes to send what it has accepted: mostly no time, once in a while days."""

_SOON = timedelta(days=4)
_SPREAD = 0x9E3779B1
_ORIGINS = (
    datetime(2021, 7, 22, 4, tzinfo=UTC),
    datetime(2021, 8, 27, 14, 55, tzinfo=UTC),
    datetime(2024, 2, 27, 5, tzinfo=UTC),
)


_AT_THE_EDGES_OF_THE_LAW = (
    datetime(2021, 7, 18, 4, tzinfo=UTC),
    datetime(2023, 6, 28, 4, tzinfo=UTC),
)
REPEALED = datetime(2023, 7, 1, tzinfo=ALMATY).astimezone(UTC)
"""The instant at which the order is in force no longer (R20)."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario of one run: `people` who share `phones` numbers. `origin` is its first instant, in UTC.

    `held` is how long the SMS API takes to send what it has accepted; `reports` says whether it then reports
    so by itself, and not only where a run has it do so. `strict`: no rules count past their repeal. `kept`
    is how long what names a person is kept of a case at rest; None: for ever.
    """

    people: int = 2
    term: TermPolicy = TermPolicy.EXCLUSIVE
    mode: DecisionMode = DecisionMode.AUTO
    grace: timedelta = timedelta(0)
    quiet: bool = True
    origin: datetime = _ORIGINS[0]
    held: timedelta = timedelta(0)
    reports: bool = False
    phones: int = 2
    strict: bool = False
    kept: timedelta | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that the people of the scenario share."""
        return PHONES[: self.phones]

    @property
    def policy(self) -> Policy:
        """The case desk's policies."""
        kept = Retention(*(self.kept,) * 5)
        allowed = Permissions(repealed=not self.strict)
        return Policy(self.term, self.mode, self.grace, retention=kept, allowed=allowed)

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


def with_edges(chance: Random, setting: Scenario) -> Scenario:
    """The same, once in a while at the edges of the law in time, or where what is over is soon forgotten."""
    kind = chance.randrange(10)
    if kind == 0:
        return replace(setting, strict=True, origin=chance.choice(_AT_THE_EDGES_OF_THE_LAW))
    return replace(setting, kept=_SOON) if kind == 1 else setting


def town(setting: Scenario) -> Scenario:
    """The same policies and the same trouble in a town of as many people and numbers as there can be."""
    return replace(setting, people=len(IINS), phones=len(PHONES))


def person_id(number: int) -> PersonId:
    """The key of a person: as spread over a pilot's shares as pseudonyms are, and read as the number."""
    return PersonId(f"{number * _SPREAD % 16**8:08x}{number:056x}")
