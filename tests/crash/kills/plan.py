"""What a run does, and the order of its faults, which one seed makes again."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Act(StrEnum):
    """What is done to a process, or to what it stands on."""

    KILL = "kill -9"
    STOP = "clean stop"
    FREEZE = "freeze"
    SLOW = "slow"
    DISK_FULL = "disk full"


class Kind(StrEnum):
    """Whom it is done to."""

    BROKER = "broker"
    WORKER = "worker"
    WEBHOOKS = "webhooks"
    SMS_API = "SMS API"


KILLS = {Act.KILL, Act.STOP, Act.FREEZE}
"""What counts as one of the hundred."""

_SHARES: dict[tuple[Kind, Act], int] = {
    (Kind.WORKER, Act.KILL): 22,
    (Kind.WORKER, Act.STOP): 14,
    (Kind.WORKER, Act.FREEZE): 10,
    (Kind.BROKER, Act.KILL): 13,
    (Kind.BROKER, Act.STOP): 7,
    (Kind.BROKER, Act.FREEZE): 8,
    (Kind.SMS_API, Act.KILL): 8,
    (Kind.SMS_API, Act.STOP): 2,
    (Kind.SMS_API, Act.FREEZE): 4,
    (Kind.WEBHOOKS, Act.KILL): 6,
    (Kind.WEBHOOKS, Act.STOP): 3,
    (Kind.WEBHOOKS, Act.FREEZE): 3,
}
_IN_BETWEEN = ((Kind.BROKER, Act.SLOW), (Kind.SMS_API, Act.SLOW), (Kind.WORKER, Act.DISK_FULL))
_BETWEEN_EACH = 8
_ROLES = ("controller", "leader of case.inbox.v1", "leader of sms.inbox.v1", "group coordinator", "any")
_OF_BOTH_WEBHOOKS = 0.4
_TOGETHER = 0.25
_LONG_FREEZE = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """A run. `day` is how many seconds of real time a day of virtual time lasts; a term has three days.

    `rate` is how many entitlements are published a second; `longest` is the longest freeze in seconds. Of the
    first `silent` people some never answer, and of no others: a run is over only when their terms are.
    """

    seed: int
    kills: int = 100
    rate: float = 1.0
    day: float = 60.0
    longest: float = 40.0
    pause: float = 8.0
    partitions: int = 6
    silent: int = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `number` says which process of its kind; of a broker it is a choice among those of a `role`.

    `seconds`: how long a freeze or a slowness lasts, or how long a killed process stays down. `pause`: the
    seconds before it. `together`: the next one does not wait until this one is over. `all`: every process of
    the kind at once.
    """

    kind: Kind
    act: Act
    number: int
    role: str
    seconds: float
    pause: float
    together: bool
    all: bool = False

    def __str__(self) -> str:
        whom = f"{self.kind} ({self.role})" if self.kind is Kind.BROKER else f"{self.kind}-{self.number}"
        whom = f"all {self.kind}" if self.all else whom
        return f"{self.act} of {whom}, {self.seconds:.1f} s"

    @property
    def counts(self) -> bool:
        """Whether it is one of the hundred."""
        return self.act in KILLS


def schedule(plan: Plan) -> list[Fault]:
    """The faults of the plan in their order: the same for the same plan."""
    chance = random.Random(plan.seed)  # noqa: S311
    kills = list(_kinds(plan.kills))
    chance.shuffle(kills)
    faults: list[Fault] = []
    between = itertools.cycle(_IN_BETWEEN)
    # Each of them at least once, also in a short run.
    apart = max(1, min(_BETWEEN_EACH, plan.kills // len(_IN_BETWEEN)))
    for number, kill in enumerate(kills, start=1):
        faults.append(_fault(plan, chance, *kill))
        if number % apart == 0:
            faults.append(_fault(plan, chance, *next(between)))
    return _with_a_long_freeze(plan, faults)


def _with_a_long_freeze(plan: Plan, faults: list[Fault]) -> list[Fault]:
    """The same, where some worker stands still for nearly as long as the plan allows."""
    frozen = [n for n, each in enumerate(faults) if (each.kind, each.act) == (Kind.WORKER, Act.FREEZE)]
    least = 0.8 * plan.longest
    if frozen and all(faults[n].seconds < least for n in frozen):
        faults[frozen[0]] = replace(faults[frozen[0]], seconds=least)
    return faults


def _kinds(kills: int) -> Iterator[tuple[Kind, Act]]:
    """So many of each as its share says, every one at least once where there is room."""
    whole = sum(_SHARES.values())
    given = 0
    total = 0
    for each, share in _SHARES.items():
        total += share
        due = round(total * kills / whole) - given
        given += due
        yield from [each] * due


def _fault(plan: Plan, chance: random.Random, kind: Kind, act: Act) -> Fault:
    return Fault(
        kind,
        act,
        # The full disk is that of the first worker, which has a small one of its own.
        number=0 if act is Act.DISK_FULL else chance.randrange(6),
        role=chance.choice(_ROLES),
        seconds=_seconds(plan, chance, act),
        pause=chance.uniform(0.2, 2) * plan.pause,
        together=chance.random() < _TOGETHER,
        all=kind is Kind.WEBHOOKS and chance.random() < _OF_BOTH_WEBHOOKS,
    )


def _seconds(plan: Plan, chance: random.Random, act: Act) -> float:
    match act:
        case Act.FREEZE:
            long = chance.random() < _LONG_FREEZE
            return chance.uniform(0.8, 1) * plan.longest if long else chance.uniform(3, 12)
        case Act.SLOW | Act.DISK_FULL:
            return min(chance.uniform(10, 20), plan.longest)
        case Act.KILL | Act.STOP:
            # A supervisor starts it again, mostly at once.
            return chance.choice((0.2, 0.2, 1, 5))
