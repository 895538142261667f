"""One seed, one run; what a failure was; and the shortest story that still fails."""

import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from ops.simulation.actions import Action, Work, Write, actions
from ops.simulation.invariants import BrokenPromiseError
from ops.simulation.scenario import Scenario, scenario
from ops.simulation.world import World
from schemas.times import ALMATY

_CHUNK = 50

Played = Generator[tuple[int, list["Failure"]], None, None]
"""How many seeds were played each time, and what failed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that broke a promise. `seed` plays it again."""

    seed: int
    promise: str
    detail: str


def play(seed: int) -> Failure | None:
    """Play the run of a seed."""
    chance = Random(seed)  # noqa: S311 - a run must be repeatable, not secret
    setting = scenario(chance)
    return _try(seed, setting, actions(chance, setting.people))


def play_many(first: int, count: int, processes: int | None = None) -> Played:
    """Play `count` seeds from `first` on, several at once."""
    chunks = [(start, min(_CHUNK, first + count - start)) for start in range(first, first + count, _CHUNK)]
    if processes == 1:
        yield from map(_play_chunk, chunks)
        return
    with ProcessPoolExecutor(processes, initializer=_undisturbed) as pool:
        yield from pool.map(_play_chunk, chunks)


def _undisturbed() -> None:
    """Ctrl-C reaches all processes of a terminal. Whoever asked for the runs decides when they end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _play_chunk(chunk: tuple[int, int]) -> tuple[int, list[Failure]]:
    first, count = chunk
    played = [play(seed) for seed in range(first, first + count)]
    return count, [failure for failure in played if failure]


def shortest_story(failure: Failure) -> list[str]:
    """The shortest story found that breaks the same promise, a line for each thing that happens in it."""
    chance = Random(failure.seed)  # noqa: S311 - as above
    setting = scenario(chance)
    kept = _shorten(setting, actions(chance, setting.people), failure.promise)
    lines = [str(setting)]

    def tell(at: datetime, what: str) -> None:
        lines.append(f"{at.astimezone(ALMATY):%d.%m %H:%M:%S.%f}"[:-3] + f"  {what}")

    world = World(setting, tell)
    try:
        for action in kept:
            lines.append(f"* {action}")
            world.do(action)
        lines.append("* all comes to rest")
        world.rest()
    except Exception as problem:  # noqa: BLE001 - the story ends with whatever it is
        lines.append(f"BROKEN: {_promise(problem)}")
    return lines


def _try(seed: int, scenario: Scenario, made: Sequence[Action]) -> Failure | None:
    try:
        World(scenario).play(made)
    except BrokenPromiseError as problem:
        return Failure(seed, problem.promise, problem.detail)
    except Exception as problem:  # noqa: BLE001 - a core that raises breaks a promise as well
        return Failure(seed, _promise(problem), "")
    return None


def _promise(problem: Exception) -> str:
    if isinstance(problem, BrokenPromiseError):
        return problem.promise
    return f"nothing raises: {type(problem).__name__}: {problem}"


def _shorten(scenario: Scenario, made: Sequence[Action], promise: str) -> list[Action]:
    """Leave out ever smaller parts of the actions, then simplify each, as long as the same promise breaks."""

    def breaks(candidate: Sequence[Action]) -> bool:
        failure = _try(0, scenario, candidate)
        return failure is not None and failure.promise == promise

    kept = list(made)
    size = max(len(kept) // 2, 1)
    while True:
        start, shorter = 0, False
        while start < len(kept):
            candidate = kept[:start] + kept[start + size :]
            if breaks(candidate):
                kept, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(size // 2, 1)
    for place, action in enumerate(kept):
        for simpler in _simpler(action):
            candidate = [*kept[:place], simpler, *kept[place + 1 :]]
            if breaks(candidate):
                kept = candidate
    return kept


def _simpler(action: Action) -> Iterator[Action]:
    match action:
        case Work():
            yield replace(action, crash=None)
            yield replace(action, lag=0.0)
            yield replace(action, count=1)
        case Write(late=True):
            yield replace(action, late=False)
        case _:
            return
