"""The faults of one case's log that explain it with the fewest changes.

Each step bears the digest of the step before. Where they do not fit, something was altered, put in or cut
out; whoever did it may have numbered the rest anew, and under their former numbers the steps then fit again.
What signed documents say of a step's digest is taken for granted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.canonical import digest

Step = Mapping[str, Any]
"""The data of one step, with the fields that this release does not know."""

_REACH = 3
"""So many steps in a row may have been put in, or cut out and the rest numbered anew, to be told as such."""

_ADDED, _ADDED_ODD, _BRIDGED = 1.05, 0.95, 0.8
_RENUMBERED = 0.1


class Fault(StrEnum):
    """What can be wrong with a step."""

    MISSING = "missing"
    ADDED = "added"
    ALTERED = "altered"
    TOLD_TWICE = "told twice differently"


Faults = tuple[tuple[int, Fault], ...]


@dataclass(frozen=True, slots=True)
class _At:
    """Up to which entry the log is explained, by how many the numbers are moved there, and at what cost."""

    index: int
    shift: int
    altered: bool
    cost: float
    faults: Faults

    def and_(self, cost: float, *faults: tuple[int, Fault]) -> "_At":
        return _At(self.index, self.shift, self.altered, self.cost + cost, self.faults + faults)


def faults_of(log: Sequence[Step], named: Mapping[int, set[str]]) -> Faults:
    """The faults of a case: its steps by number, each number once; `named` are the digests in documents."""
    # Nearly every case is whole, and to see that is a thousandth of the work of explaining why one is not.
    return () if _whole(log, named) else _Chain(log, named).explained()


def _whole(log: Sequence[Step], named: Mapping[int, set[str]]) -> bool:
    """Whether each step follows the one before it, and documents say nothing else."""
    before, digests = None, {}
    for number, step in enumerate(log, 1):
        if step["step"] != number or step.get("previous") != before:
            return False
        before = digests[number] = digest(step)
    return all({digests.get(number)} == told for number, told in named.items())


class _Chain:
    def __init__(self, log: Sequence[Step], named: Mapping[int, set[str]]) -> None:
        self.log = log
        self.named = named
        self.digests: dict[tuple[int, int], str] = {}

    def explained(self) -> Faults:
        states: list[list[_At]] = [[_At(-1, 0, altered=False, cost=0, faults=())]]
        for index in range(len(self.log)):
            found = [
                at
                for before in states[max(0, index - _REACH) :]
                for state in before
                for at in self._next(state, index)
            ]
            states.append(_cheapest(found))
        ends = [self._end(state) for before in states[-_REACH - 1 :] for state in before]
        return min(ends, key=lambda end: end.cost).faults

    def _next(self, at: _At, index: int) -> Iterator[_At]:
        """The ways in which this entry follows: what stands between was added."""
        between = index - at.index - 1
        moves = {at.shift, at.shift + between, *(at.shift - cut for cut in range(1, _REACH + 1))}
        for shift in sorted(moves):
            gap = self._number(index) - shift - self._former(at) - 1
            if gap < 0:
                continue
            joined = gap == 0 and self._previous(index) == self._digest(at.index, at.shift)
            with_added = self._with_added(at, index, joined=joined)
            for way in self._linked(with_added, index, shift, gap=gap, joined=joined):
                yield self._as_named(way)

    def _with_added(self, at: _At, until: int, *, joined: bool) -> _At:
        for index in range(at.index + 1, until):
            cost = _BRIDGED if joined else _ADDED_ODD if self._odd(index) else _ADDED
            at = at.and_(cost, (self._number(index), Fault.ADDED))
        return at

    def _linked(self, at: _At, index: int, shift: int, *, gap: int, joined: bool) -> Iterator[_At]:
        here = _At(index, shift, altered=False, cost=at.cost, faults=at.faults)
        if shift != at.shift:
            here = here.and_(_RENUMBERED)
        if gap:
            first = self._former(at) + 1
            yield here.and_(gap, *((number, Fault.MISSING) for number in range(first, first + gap)))
        elif joined or at.altered:
            yield here
        else:
            if at.index >= 0 and not self._confirmed(at):
                yield here.and_(1, (self._number(at.index), Fault.ALTERED))
            if self._previous_altered(at, index, shift):
                altered = _At(index, shift, altered=True, cost=here.cost, faults=here.faults)
                yield altered.and_(1, (self._number(index), Fault.ALTERED))

    def _previous_altered(self, at: _At, index: int, shift: int) -> bool:
        """Whether the entry would be right with another `previous`: the first, or where the next says so."""
        if at.index < 0:
            return True
        right = {**self.log[index], "previous": self._digest(at.index, at.shift)}
        after = index + 1
        return after < len(self.log) and self._previous(after) == _under(right, shift)

    def _as_named(self, at: _At) -> _At:
        if at.altered or self._former(at) not in self.named or self._confirmed(at):
            return at
        altered = _At(at.index, at.shift, altered=True, cost=at.cost, faults=at.faults)
        return altered.and_(1, (self._number(at.index), Fault.ALTERED))

    def _end(self, at: _At) -> _At:
        at = self._with_added(at, len(self.log), joined=False)
        last = self._former(at)
        cut = range(last + 1, max(self.named, default=0) + 1)
        return at.and_(len(cut), *((number, Fault.MISSING) for number in cut))

    def _confirmed(self, at: _At) -> bool:
        return self.named.get(self._former(at)) == {self._digest(at.index, at.shift)}

    def _odd(self, index: int) -> bool:
        """Whether the entry goes on from another state than that to which the one before it led."""
        follows = index > 0 and self._number(index) == self._number(index - 1) + 1
        if not follows or self.log[index].get("from") == self.log[index - 1].get("to"):
            return False
        right = {**self.log[index - 1], "to": self.log[index].get("from")}
        return digest(right) != self._previous(index)

    def _number(self, index: int) -> int:
        return int(self.log[index]["step"]) if index >= 0 else 0

    def _former(self, at: _At) -> int:
        return self._number(at.index) - at.shift

    def _previous(self, index: int) -> object:
        return self.log[index].get("previous")

    def _digest(self, index: int, shift: int) -> str | None:
        if index < 0:
            return None
        if (index, shift) not in self.digests:
            self.digests[index, shift] = _under(self.log[index], shift)
        return self.digests[index, shift]


def _under(step: Step, shift: int) -> str:
    """The digest of the step under the number that it had before the numbers were moved."""
    return digest({**step, "step": step["step"] - shift})


def _cheapest(found: Sequence[_At]) -> list[_At]:
    best: dict[tuple[int, bool], _At] = {}
    for at in found:
        key = (at.shift, at.altered)
        if key not in best or at.cost < best[key].cost:
            best[key] = at
    return list(best.values())
