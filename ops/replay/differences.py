"""What a replay tells of a case otherwise than it was told: steps and outcomes by their cause, and texts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ops.replay.told import Cause, Outcome, Text, Told, cause_of
from ops.verify.chain import Step

MOVED = ("from", "to", "rule", "note", "ground", "language", "until", "at")
"""What is compared of a step. Its number, and on what it hangs, follow from the steps before it."""


@dataclass(frozen=True, slots=True)
class StepsDiffer:
    """The steps that an event has caused, and those that it causes in the replay."""

    cause: Cause
    told: tuple[Step, ...]
    again: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class OutcomeDiffers:
    """An outcome that was told, and what there is in its place; None where there is none."""

    name: str
    told: Mapping[str, Any] | None
    again: Mapping[str, Any] | None

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that differ, as they were told and as they are in the replay."""
        told, again = self.told or {}, self.again or {}
        return {
            name: (told.get(name), again.get(name))
            for name in dict.fromkeys((*told, *again))
            if name != "step" and told.get(name) != again.get(name)
        }


@dataclass(frozen=True, slots=True)
class Differences:
    """All of them. `texts_told` were told and are not in the replay, `texts_again` the other way round."""

    steps: tuple[StepsDiffer, ...]
    outcomes: tuple[OutcomeDiffers, ...]
    texts_told: tuple[Text, ...]
    texts_again: tuple[Text, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.steps or self.outcomes or self.texts_told or self.texts_again)


def differences(told: Told, again: Told, offsets: Mapping[Cause, int]) -> Differences:
    """Compare what was told with a replay; `offsets` has the order of the causes."""
    return Differences(
        tuple(_steps(told, again, offsets)),
        tuple(_outcomes(told, again)),
        _beyond(told.texts, again.texts),
        _beyond(again.texts, told.texts),
    )


def _steps(told: Told, again: Told, offsets: Mapping[Cause, int]) -> Iterable[StepsDiffer]:
    before, after = _by_cause(told), _by_cause(again)
    for cause in sorted({*before, *after}, key=lambda cause: offsets.get(cause, -1)):
        pair = before.get(cause, []), after.get(cause, [])
        if [_moved(step) for step in pair[0]] != [_moved(step) for step in pair[1]]:
            yield StepsDiffer(cause, tuple(pair[0]), tuple(pair[1]))


def _by_cause(told: Told) -> Mapping[Cause, list[Step]]:
    found: defaultdict[Cause, list[Step]] = defaultdict(list)
    for step in told.by_number():
        found[cause_of(step)].append(step)
    return found


def _moved(step: Step) -> tuple[Any, ...]:
    return tuple(step.get(name) for name in MOVED)


def _outcomes(told: Told, again: Told) -> Iterable[OutcomeDiffers]:
    before, after = _placed(told), _placed(again)
    for place in dict.fromkeys((*before, *after)):
        for one, other in zip_longest(before.get(place, ()), after.get(place, ())):
            found = OutcomeDiffers(place[0], one.data if one else None, other.data if other else None)
            if found.fields:
                yield found


def _placed(told: Told) -> Mapping[tuple[str, Cause | None], list[Outcome]]:
    """The outcomes by their kind and cause: the same cause in a replay has the same place."""
    found: defaultdict[tuple[str, Cause | None], list[Outcome]] = defaultdict(list)
    for outcome in sorted(told.outcomes, key=lambda each: int(each.data.get("step") or 0)):
        found[outcome.name, told.cause_of(outcome)].append(outcome)
    return found


def _beyond(some: Sequence[Text], others: Sequence[Text]) -> tuple[Text, ...]:
    """Those of some that the others do not hold, as often as they do not."""
    left = Counter(others)
    found = []
    for text in some:
        if left[text] > 0:
            left[text] -= 1
        else:
            found.append(text)
    return tuple(found)
