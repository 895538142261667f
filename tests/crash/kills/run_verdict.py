"""What came of a run, as figures and in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.crash.kills.invariants import Judged
from tests.crash.kills.plan import Plan
from tests.crash.kills.standstill import Row, Wait
from tests.crash.kills.story import Hurt


@dataclass
class Verdict:
    """What came of a run."""

    plan: Plan
    folder: Path
    began: datetime
    ended: datetime
    judged: Judged
    hurts: list[Hurt]
    exits: Counter[str]
    skipped: list[str]
    table: list[Row]
    longest: list[Wait]
    unmatched: int
    republished: int
    answers: int
    log: str
    breaches: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many of the faults count as kills."""
        return sum(hurt.fault.counts for hurt in self.hurts)

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong."""
        return not self.breaches


def told(verdict: Verdict) -> str:
    """The verdict in lines, for a terminal and for a failing test."""
    return "\n".join(
        [*_counted(verdict), *_waited(verdict), *(f"BREACH: {each}" for each in verdict.breaches)]
    )


def _counted(verdict: Verdict) -> Iterator[str]:
    judged, others = verdict.judged, len(verdict.hurts) - verdict.kills
    minutes = (verdict.ended - verdict.began).total_seconds() / 60
    yield f"seed {verdict.plan.seed}: {verdict.kills} kills, {others} other faults, {minutes:.1f} minutes"
    yield f"logs in {verdict.folder}"
    yield f"{judged.entitlements} entitlements, {judged.lost} lost, {judged.doubled} doubled"
    yield f"{judged.sms} SMS, {judged.sms_twice} sent twice, {judged.in_doubt} in doubt"
    yield f"outcomes: {dict(judged.outcomes)}; {judged.late} answered too late"
    yield f"told again, alike: {judged.repeats}; audit log: {verdict.log}"
    yield f"ended by themselves: {dict(verdict.exits) or 'none'}; left out: {verdict.skipped or 'nothing'}"
    yield f"published again: {verdict.republished}; answers: {verdict.answers}; no write: {verdict.unmatched}"


def _waited(verdict: Verdict) -> Iterator[str]:
    yield "waited, by what was done meanwhile (faults, events, median, p99, longest, beyond the fault):"
    for row in verdict.table:
        seconds = ", ".join(f"{each:.2f}" for each in (row.median, row.p99, row.longest, row.excess))
        yield f"  {row.during}: {row.faults}, {row.waits}, {seconds}"
    yield "the longest:"
    for wait in verdict.longest:
        place, when = f"{wait.topic}[{wait.partition}]", f"{wait.since:%H:%M:%S} to {wait.until:%H:%M:%S}"
        yield f"  {place} {when}, {wait.seconds:.1f} s, during {wait.during}"
