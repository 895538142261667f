"""Short dense runs, each of a few kinds of actions only.

Where anything may happen, rare things seldom meet, and what follows soon undoes what came of them. So each of
these runs draws which kinds of actions there are in it and how often, and which facts ("swarm testing",
Groce and others, 2012).
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from ops.simulation.actions import Action, Pass, Settle, Work, Write
from ops.simulation.making import FACTS, MAKERS, publish, rights
from ops.simulation.scenario import Scenario

_HALF, _MOSTLY = 0.5, 0.7
_SHARES = (0, 1, 1, 3, 8)
"""How often a kind of action occurs in a run: often not at all."""
_DAY = 24 * 3600.0
_PAUSES = (1.0, 20.0, 600.0, 3600.0, 6 * 3600.0, _DAY, _DAY, _DAY)
_TEXTS = ("0", "1", "2", "3", "4", "5", "бас тартамын", "рахмет", "стоп")


def sparse(chance: Random, setting: Scenario) -> Scenario:
    """The same policies and the same trouble of one or two people, who have one or two numbers."""
    return replace(setting, people=chance.choice((1, 1, 2)), phones=chance.choice((1, 1, 2)))


def swarm_actions(chance: Random, setting: Scenario) -> list[Action]:
    """The actions of a short run, of a few kinds each."""
    begin = rights(chance, setting)
    if chance.random() < _MOSTLY:
        begin.append(Settle())
    facts = chance.sample(sorted(set(FACTS)), chance.randrange(1, 5))

    def of_a_few_facts(chance: Random, setting: Scenario) -> Action:
        return publish(chance, setting, facts)

    makers = [*(of_a_few_facts if maker is publish else maker for _, _, maker in MAKERS), *_MORE]
    weights = [*(chance.choice(_SHARES) for _ in MAKERS), *_weights_of_more(chance)]
    chosen = chance.choices(makers, weights, k=chance.randrange(6, 26))
    return begin + [maker(chance, setting) for maker in chosen]


def _writes(chance: Random, setting: Scenario) -> Action:
    """A text, as often as not one that comes late."""
    text = None if chance.random() < _HALF else chance.choice(_TEXTS)
    late = chance.random() < _HALF
    return Write(chance.randrange(setting.phones), text, late=late, called=late and chance.random() < _MOSTLY)


_MORE: tuple[Callable[[Random, Scenario], Action], ...] = (
    _writes,
    lambda chance, _: Pass(chance.choice(_PAUSES)),
    lambda chance, _: Work(chance.randrange(6), chance.choice((1, 1, 2, 5))),
    lambda *_: Settle(),
)


def _weights_of_more(chance: Random) -> list[int]:
    """How often those occur without which little would come of the others."""
    writes, passes, works = (chance.choice(_SHARES) for _ in range(3))
    return [3 + writes, 1 + passes, works, chance.choice((0, 2, 4))]
