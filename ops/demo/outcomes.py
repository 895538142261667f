"""Follows what comes out, and holds it against what the sample expects."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer

from ops.demo.sample import Citizen
from schemas.ids import CaseId, PersonId
from streams.records import Record
from streams.transport.fetching import Fetching

DECIDED = "benefit.decided.v1"
ENDED = "benefit.process-ended.v1"
ADVANCED = "case.advanced.v1"
DEAD = "dead-letter.v1"


@dataclass
class Outcomes:
    """What came of each citizen's entitlement so far, in order, by IIN."""

    citizens: Sequence[Citizen]
    seen: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    steps: int = 0
    dead_letters: int = 0

    def note(self, topic: str, data: dict[str, Any]) -> str | None:
        """Take an event; returns the outcome that it is, if it is one."""
        if topic == ADVANCED:
            self.steps += 1
            return None
        if topic == DEAD:
            self.dead_letters += 1
            return None
        outcome = describe(topic, data)
        self.seen[data["iin"]].append(outcome)
        return outcome

    def complete(self) -> bool:
        """Whether every entitlement has as many outcomes as are expected."""
        return all(len(self.seen[citizen.iin]) >= len(citizen.expected) for citizen in self.citizens)

    def as_expected(self, citizen: Citizen) -> bool:
        """Whether the outcomes are exactly the expected ones."""
        return self.seen[citizen.iin] == list(citizen.expected)


def describe(topic: str, data: dict[str, Any]) -> str:
    """An outcome in a few words: `granted kk standalone`, `refused 4`, `ended no_reply`."""
    if topic == ENDED:
        return f"ended {data['reason']}"
    if data["outcome"] == "refused":
        return f"refused {data['refusal_ground']}"
    return f"granted {data['language']} {data['scheme']}"


async def follow(
    kafka: str,
    take: Callable[[str, dict[str, Any]], None],
    stepped: Callable[[PersonId, CaseId], None] | None = None,
) -> None:
    """Read the public topics that come out, from their beginning, until cancelled.

    After a crash events may come again, with the same source and id; they are taken once. `stepped` is told
    whose case each step was of.
    """
    consumer = AIOKafkaConsumer(
        DECIDED,
        ENDED,
        ADVANCED,
        DEAD,
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        group_id=None,
        isolation_level="read_committed",
    )
    await consumer.start()
    Fetching(consumer)
    try:
        known: set[tuple[bytes | None, bytes | None]] = set()
        async for record in consumer:
            if not isinstance(record, Record):
                continue
            headers = dict(record.headers)
            event = headers.get("ce_source"), headers.get("ce_id")
            if record.topic != DEAD and event in known:
                continue
            known.add(event)
            data = json.loads(record.value) if record.topic != DEAD and record.value else {}
            take(record.topic, data)
            if stepped and record.topic == ADVANCED and record.key:
                stepped(PersonId(record.key.decode()), CaseId(data["case_id"]))
    finally:
        await consumer.stop()
