"""One seed, one run, and what a failure was."""

import gc
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random

from ops.simulation.actions import Action, few_actions, many_actions
from ops.simulation.operating import half_written, operating
from ops.simulation.promises import BrokenPromiseError
from ops.simulation.scenario import Scenario, scenario, town, with_edges
from ops.simulation.tales import strewn, tale
from ops.simulation.world import World

_CHUNK = 50
_GARBAGE = 200_000
_TOWNS = 0.1
_TOWN_TALES = 6
_TOLD = 0.3
_OPERATED = 0.35

Played = Generator[tuple[int, list["Failure"]], None, None]
"""How many seeds were played each time, and what failed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that broke a promise. `seed` plays it again."""

    seed: int
    promise: str
    detail: str


def story(seed: int) -> tuple[Scenario, list[Action]]:
    """Where the run of a seed happens and what happens in it: a tenth of the runs are of a whole town."""
    chance = Random(seed)  # noqa: S311 - a run must be repeatable, not secret
    setting = scenario(chance)
    made = few_actions(chance, setting)
    # Drawn last, so that a small run depends on nothing that is drawn for the others.
    if chance.random() < _TOWNS:
        setting = town(setting)
        made, tales = many_actions(chance, setting), _TOWN_TALES
    else:
        tales = int(chance.random() < _TOLD)
    for _ in range(tales):
        made = strewn(chance, made, tale(chance, setting))
    if chance.random() < _OPERATED:
        made = half_written(chance, made)
        for together in operating(chance, setting):
            place = chance.randrange(len(made) + 1)
            made = [*made[:place], *together, *made[place:]]
    return with_edges(chance, setting), made


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
