"""`jardem verify --log`: whether a log of `case.advanced.v1` is whole.

A fault is told where it is: a step that is missing, one that was added, one that was altered, and one that
was told twice differently. The end of a log hangs on nothing but the documents that name its steps.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.verify.chain import Fault, Step, faults_of
from schemas.canonical import digest
from schemas.cloudevents import TYPE_PREFIX
from schemas.json_text import NotJSONError, read_json
from schemas.outcomes import CaseAdvanced
from streams.errors import UserError

_FARTHEST = 1000
"""A step so many numbers behind the one before it is told as added, not all those between as missing."""


class LogError(UserError):
    """A line of the log cannot be read."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault, by the number that the step has in the log."""

    case_id: str
    step: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.case_id} step {self.step}: {self.fault}"


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was found, and in how much."""

    findings: tuple[Finding, ...]
    cases: int
    steps: int

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def lines(self) -> Iterator[str]:
        """A line for each fault, and one for all."""
        yield from map(str, self.findings)
        yield f"{self.cases} cases, {self.steps} steps, {len(self.findings) or 'no'} faults"

    def content(self) -> dict[str, Any]:
        """The same for JSON."""
        faults = [{"case_id": one.case_id, "step": one.step, "fault": one.fault} for one in self.findings]
        return {"faults": faults, "cases": self.cases, "steps": self.steps}


@dataclass(frozen=True, slots=True)
class NamedStep:
    """What a signed document says of the step that it belongs to."""

    case_id: str
    step: int
    sha256: str


@dataclass(slots=True)
class _Case:
    told: dict[int, list[Step]] = field(default_factory=lambda: defaultdict(list))
    named: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


def check_log(
    steps: Iterable[Step], named: Iterable[NamedStep] = (), *, case_id: str | None = None
) -> LogReport:
    """Look through a log, in whatever order it is; the same step told again, alike, is no fault."""
    cases: dict[str, _Case] = defaultdict(_Case)
    for step in steps:
        told = cases[step["case_id"]].told[step["step"]]
        if step not in told:
            told.append(step)
    for one in named:
        cases[one.case_id].named[one.step].add(one.sha256)
    looked_at = {name: case for name, case in cases.items() if case_id in (None, name)}
    findings = sorted({finding for name, case in looked_at.items() for finding in _findings(name, case)})
    return LogReport(tuple(findings), len(looked_at), sum(len(case.told) for case in looked_at.values()))


def read_log(content: bytes) -> Iterator[Step]:
    """The steps of a log in JSON lines: data of `case.advanced.v1`, or structured CloudEvents.

    Raises `LogError` with the number of the line.
    """
    for data, number in read_lines(content, CaseAdvanced.name):
        try:
            yield as_step(data)
        except ValueError as error:
            raise LogError(f"line {number} is no step of a case: {error}") from None


def as_step(data: Step) -> Step:
    """The same where it can stand in a chain. Raises `ValueError`."""
    step = data.get("step")
    if not isinstance(data.get("case_id"), str) or type(step) is not int or step < 1:
        raise ValueError("it has no case_id or step")
    digest(data)
    return data


def read_lines(content: bytes, name: str) -> Iterator[tuple[dict[str, Any], int]]:
    """The data of the events in JSON lines, with the number of the line. Raises `LogError`."""
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                yield data_in(read_json(line), name), number
            except NotJSONError as error:
                raise LogError(f"line {number} is not JSON: {error}") from None
            except ValueError as error:
                raise LogError(f"line {number}: {error}") from None


def data_in(content: object, name: str) -> dict[str, Any]:
    """The data, whether they come alone or in an envelope. Raises `ValueError`."""
    if isinstance(content, dict) and "type" in content and "data" in content:
        if content["type"] not in (name, TYPE_PREFIX + name):
            raise ValueError(f"it is not of the type {TYPE_PREFIX}{name}")
        content = content["data"]
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what was read, not what was passed
    return content


def _findings(case_id: str, case: _Case) -> Iterator[Finding]:
    chain: list[Step] = []
    for number, told in sorted(case.told.items()):
        if number - (chain[-1]["step"] if chain else 0) > _FARTHEST:
            yield Finding(case_id, number, Fault.ADDED)
            continue
        right = _the_right_one(told, case, number)
        chain.append(right)
        for other in told:
            if other is not right:
                again = other.get("cause") == right.get("cause")
                yield Finding(case_id, number, Fault.TOLD_TWICE if again else Fault.ADDED)
    for number, fault in faults_of(chain, case.named):
        yield Finding(case_id, number, fault)


def _the_right_one(told: Sequence[Step], case: _Case, number: int) -> Step:
    """Of several that bear one number, the one on which the next step or a document hangs."""
    if len(told) == 1:
        return told[0]
    hung_on = {step.get("previous") for step in case.told.get(number + 1, ())}
    hung_on |= case.named.get(number, set())
    before = {digest(step) for step in case.told.get(number - 1, ())}
    return max(told, key=lambda step: (digest(step) in hung_on, step.get("previous") in before))
