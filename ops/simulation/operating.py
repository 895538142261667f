"""Operators who start and stop the service, and workers who die while they write that it was stopped."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import get_args

from ops.simulation.actions import (
    Action,
    CaseAct,
    Crash,
    Half,
    Operate,
    Publish,
    Ring,
    ServiceAct,
    Settle,
    Work,
)
from ops.simulation.scenario import Scenario

_SERVICE_ACTS: tuple[ServiceAct, ...] = (*get_args(ServiceAct), "pause", "resume", "resume", "end_pilot")
_CASE_ACTS: tuple[CaseAct, ...] = (*get_args(CaseAct), "hold", "resume_case")
_PICKS = 12
_ALL = 9
_HALF, _MOSTLY = 0.5, 0.8


def operating(chance: Random, setting: Scenario) -> list[Sequence[Action]]:
    """What operators do in a run, each thing in one go."""
    return [_one_act(chance, setting) for _ in range(chance.randrange(1, 7))]


def _one_act(chance: Random, setting: Scenario) -> Sequence[Action]:
    if chance.random() < _HALF:
        return (_act(chance), *_looked_at(chance))
    # What goes out is folded together with what stops it, or the other way round; and a worker dies of it.
    person, phone = chance.randrange(setting.people), chance.randrange(setting.phones)
    away = (Publish(person, "no_phone"), Settle())
    begins: Action = Publish(person, chance.choice((f"phone{phone}", f"phone{phone}", "title", "disability")))
    both = [begins, Operate(chance.randrange(_PICKS), chance.choice(_SERVICE_ACTS))]
    chance.shuffle(both)
    half: Half = chance.choice(("shared", "shared", "own", None))
    crash = Crash(wrote=chance.random() < _MOSTLY, sent=chance.randrange(5), half=half)
    dies = [Work(pick, _ALL, crash) for pick in range(setting.people)]
    return (*away, *both, *dies, *_looked_at(chance))


def _looked_at(chance: Random) -> Sequence[Action]:
    return (Settle(), Ring(), Settle()) if chance.random() < _HALF else ()


def _act(chance: Random) -> Operate:
    if chance.random() < _HALF:
        return Operate(chance.randrange(_PICKS), chance.choice(_CASE_ACTS))
    return Operate(chance.randrange(_PICKS), chance.choice(_SERVICE_ACTS))


def half_written(chance: Random, made: Sequence[Action]) -> list[Action]:
    """The same actions; of what a dying worker has written some is lost, once in a while."""
    return [
        replace(action, crash=replace(action.crash, half=chance.choice(("shared", "own"))))
        if isinstance(action, Work) and action.crash and chance.random() < _HALF
        else action
        for action in made
    ]
