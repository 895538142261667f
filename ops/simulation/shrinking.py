"""The shortest story that still breaks a promise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ops.simulation.actions import Action, Carry, Land, Office, Publish, Settle, Sign, Status, Work, Write
from ops.simulation.runner import Failure, promise_of, story, try_actions
from ops.simulation.scenario import Scenario
from ops.simulation.world import World
from schemas.times import ALMATY

_PICKS = 3
_Breaks = Callable[[Scenario, Sequence[Action]], bool]


def shortest_story(failure: Failure) -> list[str]:
    """The shortest story found that breaks the same promise, a line for each thing that happens in it."""
    setting, kept = _shortest(*story(failure.seed), failure.promise)
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


def _shortest(setting: Scenario, made: Sequence[Action], promise: str) -> tuple[Scenario, list[Action]]:
    """Leave out people, numbers and actions and simplify what is left, until nothing more can be done."""

    def breaks(tried: Scenario, candidate: Sequence[Action]) -> bool:
        failure = try_actions(0, tried, candidate)
        return failure is not None and failure.promise == promise

    kept, before = _until_broken(setting, made), None
    while kept != before:
        before = kept
        kept = _without_somebody(setting, kept, breaks)
        kept = _without_parts(setting, kept, breaks)
        kept = _simplified(setting, kept, breaks)
        setting, kept = _fewer(setting, kept, breaks)
    return setting, kept


def _until_broken(setting: Scenario, made: Sequence[Action]) -> list[Action]:
    """Nothing that comes after the promise was broken matters."""
    world = World(setting)
    for count, action in enumerate(made, start=1):
        try:
            world.do(action)
        except Exception:  # noqa: BLE001 - whatever it is, it is broken here
            return list(made[:count])
    return list(made)


def _without_somebody(setting: Scenario, kept: list[Action], breaks: _Breaks) -> list[Action]:
    """Leave out all that is published about a person, or all that is written from a number."""

    def of_person(action: Action, number: int) -> bool:
        return isinstance(action, Publish) and action.person % setting.people == number

    def of_phone(action: Action, number: int) -> bool:
        return isinstance(action, Write) and action.phone % setting.phones == number

    for concerns, count in ((of_person, setting.people), (of_phone, setting.phones)):
        for number in range(count):
            candidate = [action for action in kept if not concerns(action, number)]
            if len(candidate) < len(kept) and breaks(setting, candidate):
                kept = candidate
    return kept


def _without_parts(setting: Scenario, kept: list[Action], breaks: _Breaks) -> list[Action]:
    """Leave out ever smaller parts of the actions."""
    size = max(len(kept) // 2, 1)
    while True:
        start, shorter = 0, False
        while start < len(kept):
            candidate = kept[:start] + kept[start + size :]
            if breaks(setting, candidate):
                kept, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            return kept
        size = max(size // 2, 1)


def _simplified(setting: Scenario, kept: list[Action], breaks: _Breaks) -> list[Action]:
    """Put something simpler in the place of each action."""
    for place, action in enumerate(kept):
        for simpler in _simpler(action):
            candidate = [*kept[:place], simpler, *kept[place + 1 :]]
            if simpler != action and breaks(setting, candidate):
                kept = candidate
                break
    return kept


def _fewer(setting: Scenario, kept: list[Action], breaks: _Breaks) -> tuple[Scenario, list[Action]]:
    """The same in a place where nobody lives, and no number is, of whom nothing is told."""
    people = sorted({each.person % setting.people for each in kept if isinstance(each, Publish)})
    phones = sorted({number for each in kept for number in _numbers(each, setting.phones)})
    people, phones = people or [0], phones or [0]

    def renamed(action: Action) -> Action:
        match action:
            case Publish(fact=fact):
                number = next(iter(_numbers(action, setting.phones)), None)
                fact = fact if number is None else f"phone{phones.index(number)}"
                return replace(action, person=people.index(action.person % setting.people), fact=fact)
            case Write():
                return replace(action, phone=phones.index(action.phone % setting.phones))
            case _:
                return action

    smaller = replace(setting, people=len(people), phones=len(phones))
    candidate = [renamed(action) for action in kept]
    return (smaller, candidate) if breaks(smaller, candidate) else (setting, kept)


def _numbers(action: Action, phones: int) -> set[int]:
    """The places of the numbers that an action is about."""
    match action:
        case Publish(fact=fact) if fact.startswith("phone"):
            return {int(fact.removeprefix("phone")) % phones}
        case Write(phone=phone):
            return {phone % phones}
        case _:
            return set()


def _simpler(action: Action) -> Iterator[Action]:
    match action:
        case Work():
            yield Settle()
            yield replace(action, crash=None)
            yield replace(action, lag=0.0)
            yield replace(action, count=1)
        case Write(called=True):
            yield replace(action, called=False)
        case Write(late=True):
            yield replace(action, late=False)
        case Publish():
            yield replace(action, ago=0)
        case _:
            pass
    if isinstance(action, Work | Carry | Status | Sign | Office | Land):
        for pick in range(min(action.pick, _PICKS)):
            yield replace(action, pick=pick)
