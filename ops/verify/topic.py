"""`jardem verify --log` without a file: the log as it stands in its topic.

Nobody can mend what stands in a topic, so that a record that is no step is one fault among others and does
not end the look through it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ops.topic_records import Item, Read, event_data, read_topics
from ops.verify.chain import Fault, Step
from ops.verify.log import LogReport, NamedStep, as_step, check_log
from schemas.outcomes import CaseAdvanced
from streams.errors import UserError
from streams.settings.settings import Settings

TOPIC = CaseAdvanced.name


class NoSuchCaseError(UserError):
    """The topic has nothing of the case that was asked for: exit code 1."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A record in which no step can be read: where it stands, and why not."""

    at: str
    why: str

    def __str__(self) -> str:
        return f"{self.at}: no step of a case: {self.why}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The steps of a case up to this one are missing where the topic has deleted what was old."""

    case_id: str
    up_to: int

    def __str__(self) -> str:
        return f"{self.case_id} steps 1 to {self.up_to}: not kept any longer by the topic, not looked at"


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What was found in the topic. What it keeps no longer is no fault."""

    log: LogReport
    unread: tuple[Unread, ...]
    forgotten: tuple[Forgotten, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with what is there."""
        return self.log.whole and not self.unread

    def lines(self) -> Iterator[str]:
        """A line for each fault and for each beginning that is gone, and one for all."""
        yield from map(str, self.unread)
        yield from map(str, self.forgotten)
        *faults, summary = self.log.lines()
        yield from faults
        if self.unread:
            summary += f", {len(self.unread)} records that are no steps"
        if self.forgotten:
            summary += f", {len(self.forgotten)} cases without their beginning"
        yield summary

    def content(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            **self.log.content(),
            "unread": [{"at": one.at, "why": one.why} for one in self.unread],
            "forgotten": [{"case_id": one.case_id, "up_to": one.up_to} for one in self.forgotten],
        }


@dataclass(slots=True)
class StepsTaken:
    """Takes what is read of the topic: the steps, of one case or of all, and where they stood."""

    case_id: str | None = None
    steps: list[Step] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    partitions: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    first: dict[str, int] = field(default_factory=dict)

    def take(self, item: Item) -> None:
        """Take a record."""
        try:
            step = as_step(event_data(item, TOPIC))
        except ValueError as error:
            self.unread.append(Unread(item.position, str(error)))
            return
        case_id = step["case_id"]
        if self.case_id in (None, case_id):
            self.steps.append(step)
            self.partitions[case_id].add(item.partition)
            self.first[case_id] = min(step["step"], self.first.get(case_id, step["step"]))


def check_topic(settings: Settings, named: Iterable[NamedStep], *, case_id: str | None) -> TopicReport:
    """Look through the topic as it is now. Raises `TopicError`, and `NoSuchCaseError` for a case."""
    taken = StepsTaken(case_id)
    read = read_topics(settings, [TOPIC], taken.take)
    report = judged(taken, read, named)
    if case_id is not None and not report.log.cases:
        raise NoSuchCaseError(f"there is no case {case_id} in {TOPIC}")
    return report


def judged(taken: StepsTaken, read: Read, named: Iterable[NamedStep] = ()) -> TopicReport:
    """What is wrong with the steps that were taken, and what the topic has forgotten of them."""
    log = check_log(taken.steps, named, case_id=taken.case_id)
    forgotten = tuple(_forgotten(log, taken, read))
    gone = {(one.case_id, step) for one in forgotten for step in range(1, one.up_to + 1)}
    left = tuple(one for one in log.findings if (one.case_id, one.step) not in gone)
    return TopicReport(LogReport(left, log.cases, log.steps), tuple(taken.unread), forgotten)


def _forgotten(log: LogReport, taken: StepsTaken, read: Read) -> Iterator[Forgotten]:
    """The beginnings that are missing where the topic itself deletes what is old, and has done so."""
    missing: dict[str, set[int]] = defaultdict(set)
    for one in log.findings:
        if one.fault is Fault.MISSING:
            missing[one.case_id].add(one.step)
    for case_id, numbers in missing.items():
        before = set(range(1, taken.first.get(case_id, 1)))
        deleted = all(read.forgot(TOPIC, number) for number in taken.partitions.get(case_id, ()))
        if before and before <= numbers and deleted:
            yield Forgotten(case_id, len(before))
