"""One seed, one run, and what a failure was."""

import gc
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Literal

from ops.simulation.actions import Action
from ops.simulation.making import few_actions, many_actions
from ops.simulation.operating import half_written, operating
from ops.simulation.promises import BrokenPromiseError
from ops.simulation.scenario import Scenario, scenario, town, with_edges
from ops.simulation.swarm import sparse, swarm_actions
from ops.simulation.tales import strewn, tale
from ops.simulation.world import World

_CHUNK = 50
_GARBAGE = 200_000
_TOWN_TALES = 6
_TOLD = 0.3

Kind = Literal["few", "swarm", "town"]
"""Anything among a few people; a short run of a few kinds of actions; or all at once in a town."""

_SHARES: dict[Kind, int] = {"few": 25, "swarm": 74, "town": 1}
"""How many of a hundred runs are of each kind. A fifth of the time is the towns' all the same."""
_OPERATED: dict[Kind, float] = {"few": 0.35, "swarm": 0.15, "town": 0.35}

Played = Generator[tuple[int, list["Failure"]], None, None]
"""How many seeds were played each time, and what failed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that broke a promise. `seed` plays it again."""

    seed: int
    promise: str
    detail: str


def kind_of(seed: int) -> Kind:
    """What kind of run a seed is."""
    return _kind(Random(seed))  # noqa: S311 - a run must be repeatable, not secret


def _kind(chance: Random) -> Kind:
    return chance.choices(list(_SHARES), list(_SHARES.values()))[0]


def story(seed: int) -> tuple[Scenario, list[Action]]:
    """Where the run of a seed happens and what happens in it."""
    chance = Random(seed)  # noqa: S311 - a run must be repeatable, not secret
    kind = _kind(chance)
    setting, made = _begun(chance, kind)
    for _ in range(_TOWN_TALES if kind == "town" else int(chance.random() < _TOLD)):
        made = strewn(chance, made, tale(chance, setting))
    if chance.random() < _OPERATED[kind]:
        made = half_written(chance, made)
        for together in operating(chance, setting):
            place = chance.randrange(len(made) + 1)
            made = [*made[:place], *together, *made[place:]]
    return with_edges(chance, setting), made


def _begun(chance: Random, kind: Kind) -> tuple[Scenario, list[Action]]:
    setting = scenario(chance)
    match kind:
        case "few":
            return setting, few_actions(chance, setting)
        case "swarm":
            setting = sparse(chance, setting)
            return setting, swarm_actions(chance, setting)
        case "town":
            setting = town(setting)
            return setting, many_actions(chance, setting)


def play(seed: int) -> Failure | None:
    """Play the run of a seed."""
    return try_actions(seed, *story(seed))


def play_many(first: int, count: int, processes: int | None = None) -> Played:
    """Play `count` seeds from `first` on, several at once."""
    chunks = [(start, min(_CHUNK, first + count - start)) for start in range(first, first + count, _CHUNK)]
    if processes == 1:
        yield from map(_play_chunk, chunks)
        return
    with ProcessPoolExecutor(processes, initializer=_begin) as pool:
        yield from pool.map(_play_chunk, chunks)


def _begin() -> None:
    """Make a process ready to play.

    Ctrl-C reaches all processes of a terminal. Whoever asked for the runs decides when they end. The garbage
    of a run is little: to look for it at every few hundred values costs a tenth of the time.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _play_chunk(chunk: tuple[int, int]) -> tuple[int, list[Failure]]:
    first, count = chunk
    played = [play(seed) for seed in range(first, first + count)]
    return count, [failure for failure in played if failure]


def try_actions(seed: int, scenario: Scenario, made: Sequence[Action]) -> Failure | None:
    """Play these actions; what broke, if anything did."""
    try:
        World(scenario).play(made)
    except BrokenPromiseError as problem:
        return Failure(seed, problem.promise, problem.detail)
    except Exception as problem:  # noqa: BLE001 - a core that raises breaks a promise as well
        return Failure(seed, promise_of(problem), "")
    return None


def promise_of(problem: Exception) -> str:
    """The promise that a run broke, whatever ended it."""
    if isinstance(problem, BrokenPromiseError):
        return problem.promise
    return f"nothing raises: {type(problem).__name__}: {problem}"
