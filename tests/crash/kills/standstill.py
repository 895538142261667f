"""For how long events waited in the inboxes, and during which faults.

Every event that a desk or the carrier handles is followed by a write of its key's value to the changelog.
So the time from the event's own stamp, which the broker gave it, to the first write of its key after that is
how long the case stood still there.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

from schemas.cloudevents import TYPE_PREFIX
from schemas.messages import MessageToSend
from streams.records import Record
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX
from tests.crash.kills.evidence import Evidence
from tests.crash.kills.plan import Act, Kind
from tests.crash.kills.story import Hurt

_CHANGELOGS = {
    CASE_INBOX: "jardem-people-changelog",
    SMS_INBOX: "jardem-lines-changelog",
    SMS_OUTBOX: "jardem-attempts-changelog",
}
_ASIDE = "several at once, or within their aftermath"
_AFTERMATH = timedelta(seconds=3)
NOTHING = "nothing"
_REBALANCE = f"{Act.STOP} of {Kind.WORKER}"
MOST_SECONDS = 10.0
"""For longer than this no case may stand still because of a rebalance."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long an event waited: from when, until when, in which partition, and during what."""

    topic: str
    partition: int
    since: datetime
    until: datetime
    during: str
    excess: float

    @property
    def seconds(self) -> float:
        """From its stamp to the write."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Row:
    """The waits during faults of one kind. `excess`: the longest, less how long the fault itself lasted."""

    during: str
    faults: int
    waits: int
    median: float
    p99: float
    longest: float
    excess: float


def waits(evidence: Evidence, hurts: Sequence[Hurt]) -> tuple[list[Wait], int]:
    """The wait of each event that was handled, and how many have no write after them."""
    found, unmatched = [], 0
    for topic, changelog in _CHANGELOGS.items():
        writes: dict[bytes | None, list[datetime]] = defaultdict(list)
        for record in evidence.records[changelog]:
            if record.timestamp is not None:
                writes[record.key].append(record.timestamp)
        for times in writes.values():
            times.sort()
        for record in evidence.records[topic]:
            if record.timestamp is None or not _writes(record):
                continue
            times = writes[record.key]
            place = bisect_left(times, record.timestamp)
            if place == len(times):
                unmatched += 1
                continue
            during, frozen = _during(hurts, record.timestamp, times[place])
            seconds = (times[place] - record.timestamp).total_seconds()
            found.append(
                Wait(
                    topic,
                    record.partition,
                    record.timestamp,
                    times[place],
                    during,
                    max(0.0, seconds - frozen),
                )
            )
    return found, unmatched


def _writes(record: Record) -> bool:
    """Whether the event's handling writes its key: the carrier also gets what only reads."""
    return record.topic != SMS_OUTBOX or (
        dict(record.headers).get("ce_type") == (TYPE_PREFIX + MessageToSend.name).encode()
    )


def _during(hurts: Sequence[Hurt], since: datetime, until: datetime) -> tuple[str, float]:
    """What was hurt while an event waited, and for how long of that a fault itself lasted.

    A clean stop lasts no time: whoever is stopped hands over what it has.
    """
    touched = [hurt for hurt in hurts if hurt.began <= until and (hurt.ready or until) + _AFTERMATH >= since]
    kinds = {kind_of(hurt) for hurt in touched}
    if not kinds:
        return NOTHING, 0.0
    frozen = sum(
        max(0.0, (min(until, hurt.ended or until) - max(since, hurt.began)).total_seconds())
        for hurt in touched
        if hurt.fault.act is not Act.STOP
    )
    return kinds.pop() if len(kinds) == 1 else _ASIDE, frozen


def kind_of(hurt: Hurt) -> str:
    """A fault in the words of the table."""
    return f"{hurt.fault.act} of {hurt.fault.kind}"


def rows(found: Iterable[Wait], hurts: Sequence[Hurt]) -> list[Row]:
    """A row for each kind of fault, the longest wait first."""
    by_kind: dict[str, list[Wait]] = defaultdict(list)
    for wait in found:
        by_kind[wait.during].append(wait)
    table = []
    for during, some in by_kind.items():
        seconds = sorted(wait.seconds for wait in some)
        cuts = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
        faults = sum(kind_of(hurt) == during for hurt in hurts)
        worst = max(wait.excess for wait in some)
        table.append(Row(during, faults, len(some), cuts[49], cuts[98], seconds[-1], worst))
    return sorted(table, key=lambda row: -row.longest)


def longest(found: Iterable[Wait], most: int = 10) -> list[Wait]:
    """The longest waits, at most so many, each partition and moment once."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for wait in sorted(found, key=lambda each: -each.seconds):
        place = wait.topic, wait.partition, int(wait.until.timestamp()) // 5
        if place not in seen:
            seen.add(place)
            kept.append(wait)
        if len(kept) == most:
            break
    return kept


def stood_too_long(found: Iterable[Wait]) -> list[str]:
    """A line for each partition in which a case stood still too long in nothing but a rebalance."""
    worst: dict[tuple[str, int], Wait] = {}
    for wait in found:
        place = wait.topic, wait.partition
        if wait.during == _REBALANCE and wait.seconds > max(MOST_SECONDS, _seconds(worst.get(place))):
            worst[place] = wait
    return [
        f"{topic}[{partition}] stood still for {wait.seconds:.1f} s from {wait.since:%H:%M:%S} in a rebalance"
        for (topic, partition), wait in worst.items()
    ]


def _seconds(wait: Wait | None) -> float:
    return 0.0 if wait is None else wait.seconds
