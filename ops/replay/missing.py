"""Which steps of a case cannot be told again, because what they came from is not kept any more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ops.replay.differences import Differences
from ops.replay.recorded import Recorded
from ops.replay.told import STEPS, cause_of
from ops.verify.chain import Step
from streams.topics import CASE_INBOX


@dataclass(frozen=True, slots=True)
class Missing:
    """The steps from one number to another, and what of them is missing."""

    first: int
    last: int
    why: str

    def __str__(self) -> str:
        steps = f"step {self.first}" if self.first == self.last else f"steps {self.first} to {self.last}"
        return f"{steps}: {self.why}"


def missing_steps(recorded: Recorded) -> tuple[Missing, ...]:
    """The holes in the log, and the steps whose cause is not in the inbox."""
    return (*_holes(recorded.told.by_number()), *_without_cause(recorded))


def _holes(steps: list[Step]) -> Iterator[Missing]:
    for before, after in pairwise([0, *(int(step["step"]) for step in steps)]):
        if after > before + 1:
            yield Missing(before + 1, after - 1, f"not in {STEPS} any more")


def _without_cause(recorded: Recorded) -> Iterator[Missing]:
    for step in recorded.told.by_number():
        cause = cause_of(step)
        if cause not in recorded.offsets:
            number = int(step["step"])
            yield Missing(number, number, f"its cause, {' '.join(cause)}, is not in {CASE_INBOX} any more")


def not_told_again(recorded: Recorded, found: Differences) -> tuple[Missing, ...]:
    """What differs already under the rules of the day, where the beginning of the inbox is gone.

    What was known of the person by then is not known to the replay, so that nothing follows from it.
    """
    why = f"what was known of the person before it is not in {CASE_INBOX} any more"
    numbers = [int(step["step"]) for each in found.steps for step in each.told]
    last = max(int(step["step"]) for step in recorded.told.steps)
    return (Missing(min(numbers, default=1), last, why),)


def content(missing: tuple[Missing, ...]) -> list[Mapping[str, int | str]]:
    """The same for JSON."""
    return [{"first": each.first, "last": each.last, "why": each.why} for each in missing]
