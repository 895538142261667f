"""`jardem case list`: every case by where it stands."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.topic_records import Item, event_data, read_topics
from ops.verify.chain import Step
from ops.verify.log import as_step
from ops.verify.topic import TOPIC
from streams.settings.settings import Settings

ENDED = "ended"


@dataclass(slots=True)
class Standing:
    """Where a case stands after the last of its steps that is known.

    `reason` is why it ended, where it has: the note of the step that ended it.
    """

    case_id: str
    step: int = 0
    state: str = ""
    reason: str | None = None
    ground: str = ""
    at: str = ""

    def advance(self, step: Step) -> None:
        """Take the next step; one that was told before changes nothing."""
        if step["step"] <= self.step:
            return
        self.step, self.state, self.at = step["step"], str(step.get("to")), str(step.get("at"))
        self.ground = str(step.get("ground"))
        if self.state != ENDED:
            self.reason = None
        elif step.get("from") != ENDED:
            self.reason = None if step.get("note") is None else str(step["note"])

    @property
    def outcome(self) -> str:
        """State and outcome in one: `granted`, `ended: no_reply`."""
        return f"{self.state}: {self.reason}" if self.reason else self.state


@dataclass(frozen=True, slots=True)
class Listing:
    """The cases to be shown, how many more there are, and what is to be told beside them."""

    cases: tuple[Standing, ...]
    more: int
    notes: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """A line for each case."""
        for one in self.cases:
            at = one.at[:19].replace("T", " ")
            yield f"{one.case_id}  {at} UTC  ground {one.ground:3}  step {one.step:<3}  {one.outcome}"
        if self.more:
            yield f"and {self.more} more: --limit"

    def json(self) -> str:
        """The same as one JSON object."""
        cases = [
            {
                "case_id": one.case_id,
                "ground": one.ground,
                "state": one.state,
                "reason": one.reason,
                "step": one.step,
                "at": one.at,
            }
            for one in self.cases
        ]
        return json.dumps({"cases": cases, "more": self.more}, ensure_ascii=False)


@dataclass(slots=True)
class StandingsTaken:
    """Takes the log's steps, and keeps of each case where it stands."""

    cases: dict[str, Standing] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, item: Item) -> None:
        """Take a record."""
        try:
            step = as_step(event_data(item, TOPIC))
        except ValueError as error:
            self.notes.append(f"{item.position} is no step of a case: {error}")
            return
        self.cases.setdefault(step["case_id"], Standing(step["case_id"])).advance(step)


def list_cases(settings: Settings, *, state: str | None, limit: int) -> Listing:
    """The cases, of one state or of all, those that moved last first. Raises `TopicError`."""
    taken = StandingsTaken()
    read_topics(settings, [TOPIC], taken.take)
    return listing_of(taken, state=state, limit=limit)


def listing_of(taken: StandingsTaken, *, state: str | None, limit: int) -> Listing:
    """What is to be shown of the cases that were taken."""
    found = [one for one in taken.cases.values() if state in (None, one.state)]
    found.sort(key=lambda one: (one.at, one.case_id), reverse=True)
    notes = list(taken.notes)
    if not found:
        states = Counter(one.state for one in taken.cases.values())
        there = ", ".join(f"{name} {count}" for name, count in sorted(states.items()))
        notes.append(f"no case is in that state; there are: {there}" if there else "there are no cases")
    return Listing(tuple(found[:limit]), max(0, len(found) - limit), tuple(notes))
