"""The shortest story that still breaks a promise."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ops.simulation.actions import Action, Work, Write
from ops.simulation.runner import Failure, promise_of, story, try_actions
from ops.simulation.scenario import Scenario
from ops.simulation.world import World
from schemas.times import ALMATY


def shortest_story(failure: Failure) -> list[str]:
    """The shortest story found that breaks the same promise, a line for each thing that happens in it."""
    setting, made = story(failure.seed)
    kept = _shorten(setting, made, failure.promise)
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
        lines.append(f"BROKEN: {promise_of(problem)}")
    return lines


def _shorten(scenario: Scenario, made: Sequence[Action], promise: str) -> list[Action]:
    """Leave out ever smaller parts of the actions, then simplify each, as long as the same promise breaks."""

    def breaks(candidate: Sequence[Action]) -> bool:
        failure = try_actions(0, scenario, candidate)
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
