"""How chance makes actions: of each kind one, and from them the runs among a few people and in a town."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, get_args

from ops.simulation.actions import (
    Action,
    Carry,
    Crash,
    Edge,
    Land,
    Office,
    OfficeAct,
    Pass,
    Publish,
    Repeat,
    Ring,
    Settle,
    Sign,
    Spoil,
    Spoiled,
    Status,
    Work,
    Write,
)
from ops.simulation.scenario import MISTYPED, Scenario
from schemas.messages import Failure

FACTS = (
    *("title", "title", "disability", "disability", "posthumous", "child"),
    *("revoked", "revoked_title", "restored", "death", "annulled"),
    *("phone0", "phone0", "phone1", "foreign", "no_phone"),
    *("applied", "ended", "account", "closed"),
)
"""What registries, the portal and the State Corporation publish."""

TEXTS = (
    *("1", "2", "0", "3", "4", "5", "да", "ИӘ", "НЕТ", "СТОП", "бас тартамын", "R 1", "3 - бірге."),
    *("1 или 2", "рахмет", "кто это?", ""),
    *("KZ86 125K ZT50 0410 0100", "kz75125kzt1001300335", MISTYPED),
)
"""What citizens write, whatever they were asked."""

_OFFICE_ACTS: tuple[OfficeAct, ...] = ("hear", *get_args(OfficeAct), "intend")
_OUTCOMES = ("accept", "accept", "accept", "lose", "defer", "reject", "opt_out", "doubt", "die")
_FAILURES: tuple[Failure, ...] = ("passing", "passing", "permanent", "ours", "opted_out")
_STATUSES = ("queued", "sent", "delivered", "undelivered", "failed", "read")
_SPOILED: tuple[Spoiled | Literal["large"], ...] = (*get_args(Spoiled), "large", "large")
_FEW_PEOPLE, _FEW_PHONES, _MANY = 3, 2, 400
_OVER_A_TERM = (85 * 3600, 101 * 3600, 150 * 3600)
_PAUSES = (0.001, 1, 20, 600, 3600, 6 * 3600, 24 * 3600)


def _happens(chance: Random, share: float) -> bool:
    return chance.random() < share


def publish(chance: Random, setting: Scenario, facts: Sequence[str] = FACTS) -> Action:
    """Any of these facts about anybody, true of late or long ago."""
    ago = chance.choice((0, 0, 1, 600, 3000))
    facts = (*facts, *(f"phone{number}" for number in range(_FEW_PHONES, setting.phones)))
    return Publish(chance.randrange(max(_FEW_PEOPLE, setting.people)), chance.choice(facts), ago)


def _write(chance: Random, setting: Scenario) -> Action:
    text = None if _happens(chance, 0.6) else chance.choice(TEXTS)
    late = _happens(chance, 0.15)
    return Write(chance.randrange(setting.phones), text, late=late, called=late and _happens(chance, 0.4))


def _work(chance: Random, setting: Scenario) -> Action:
    crash = Crash(_happens(chance, 0.5), chance.randrange(5)) if _happens(chance, 0.4) else None
    lag = 2.5 if _happens(chance, 0.15) else 0.0
    return Work(_pick(chance, setting, 12), chance.choice((1, 1, 2, 5)), crash, lag)


def _carry(chance: Random, setting: Scenario) -> Action:
    return Carry(_pick(chance, setting, 4), chance.choice(_OUTCOMES))


def _status(chance: Random, setting: Scenario) -> Action:
    return Status(_pick(chance, setting, 8), chance.choice(_STATUSES), chance.choice(_FAILURES))


def _sign(chance: Random, setting: Scenario) -> Action:
    return Sign(_pick(chance, setting, 3), _happens(chance, 0.8))


def _office(chance: Random, setting: Scenario) -> Action:
    what = chance.choice(_OFFICE_ACTS)
    return Office(_pick(chance, setting, 3), what)


def _spoil(chance: Random, setting: Scenario) -> Action:
    return Spoil(_pick(chance, setting, 12), chance.choice(_SPOILED))


def _pick(chance: Random, setting: Scenario, few: int) -> int:
    """A number that picks one of what there is: where there are more people there is more of everything."""
    return chance.randrange(few * max(1, setting.people // _FEW_PEOPLE))


Maker = Callable[[Random, Scenario], Action]

MAKERS: tuple[tuple[int, int, Maker], ...] = (
    (5, 16, publish),
    (10, 20, _write),
    (3, 3, lambda chance, setting: Land(_pick(chance, setting, 4))),
    (4, 3, lambda chance, _: Pass(chance.choice(_PAUSES))),
    (6, 5, lambda chance, _: Edge(chance.choice((-1, -1, 0, 1)))),
    (5, 5, lambda *_: Ring()),
    (16, 24, _work),
    (8, 10, _carry),
    (4, 5, _status),
    (2, 2, lambda chance, setting: Repeat(_pick(chance, setting, 60))),
    (2, 5, _sign),
    (2, 4, _office),
    (2, 2, _spoil),
    (14, 12, lambda *_: Settle()),
)
"""What makes each kind of action, and how often it does among a few people, and in a town."""


def few_actions(chance: Random, setting: Scenario) -> list[Action]:
    """The actions of a run among a few people: everybody's right arises early on, then anything happens."""
    begin = rights(chance, setting)
    if _happens(chance, 0.1):
        # The offer is with the carrier by then, who does with it whatever it may do.
        begin += (*(Work(0, 5) for _ in range(5)), Carry(0, chance.choice(_OUTCOMES)))
    if _happens(chance, 0.8):
        begin.append(Settle())
        for _ in range(chance.choice((0, 1, 1, 2, 3, 4))):
            # Longer than any term: only where the SMS API held the question back, the answer is in time.
            begin += (Pass(chance.choice(_OVER_A_TERM)),) if _happens(chance, 0.15) else ()
            begin += _written(chance, setting)
    weights = [few for few, _, _ in MAKERS]
    return begin + _anything(chance, setting, weights, chance.randrange(10, 50))


def _written(chance: Random, setting: Scenario) -> tuple[Action, ...]:
    """Somebody agrees. Now and then the SMS API tells of it when the term is over, and then when it was."""
    phone = chance.randrange(setting.phones)
    if not _happens(chance, 0.12):
        return Write(phone, None), Settle()
    late = Write(phone, None, late=True, called=True), Pass(chance.choice(_OVER_A_TERM)), Ring(), Settle()
    return *late, Land(0), Settle(), Land(0), Settle()


def many_actions(chance: Random, setting: Scenario) -> list[Action]:
    """The four hundred actions of a run in a town, where all happens to many people at the same time."""
    begin = rights(chance, setting)
    weights = [many for _, many, _ in MAKERS]
    return begin + _anything(chance, setting, weights, _MANY - len(begin))


def rights(chance: Random, setting: Scenario) -> list[Action]:
    """Everybody has a number, and a right arises."""
    begin: list[Action] = []
    phones = ("phone0", *(f"phone{number}" for number in range(setting.phones)))
    for person in range(setting.people):
        begin.append(Publish(person, chance.choice(phones)))
        begin.append(Publish(person, chance.choice(("title", "disability"))))
    if _happens(chance, 0.3):
        chance.shuffle(begin)
    return begin


def _anything(chance: Random, setting: Scenario, weights: list[int], count: int) -> list[Action]:
    makers = [maker for _, _, maker in MAKERS]
    return [maker(chance, setting) for maker in chance.choices(makers, weights, k=count)]
