"""Operators who start and stop the service, and workers who die while they write that it was stopped."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import get_args

from ops.simulation.actions import Action, CaseAct, Crash, Operate, Ring, ServiceAct, Settle, Work
from ops.simulation.scenario import Scenario

_SERVICE_ACTS: tuple[ServiceAct, ...] = (*get_args(ServiceAct), "pause", "resume", "resume", "end_pilot")
_CASE_ACTS: tuple[CaseAct, ...] = (*get_args(CaseAct), "hold", "resume_case")
_PICKS = 12
_HALF = 0.5


def operating(chance: Random, setting: Scenario) -> list[Action]:
    """What operators do in a run, with a batch that dies after some of it."""
    acts: list[Action] = []
    for _ in range(chance.randrange(1, 7)):
        acts.append(_act(chance))
        if chance.random() < _HALF:
            # What was stopped is folded together with what it stops, and a worker dies of it.
            crash = Crash(
                chance.random() < _HALF, chance.randrange(5), chance.choice(("shared", "own", None))
            )
            acts.append(Work(chance.randrange(max(_PICKS, setting.people)), chance.choice((2, 5, 9)), crash))
        if chance.random() < _HALF:
            acts += (Settle(), Ring(), Settle())
    return acts


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
