"""Waits until a run is over: everybody has the expected outcome, and nothing is under way any more."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from schemas.ids import Pseudonyms
from streams.topics import SMS_INBOX, SMS_OUTBOX
from tests.crash.kills import evidence as evidence_of
from tests.crash.kills.invariants import unfinished
from tests.crash.kills.load import Citizens
from tests.crash.kills.people import Person
from tests.crash.kills.story import Story

GROUP = "jardem"
_LOOK = 3.0
_AFTERMATH = 8.0
"""Whatever comes within so many seconds of the last thing would be one outcome or one SMS too many."""
_DROPPED = 30.0
"""A message that is not wanted any more may end without a word: no longer than this is waited for one."""
_SMS_TOPICS = (SMS_INBOX, SMS_OUTBOX)


@dataclass(frozen=True, slots=True)
class Settling:
    """What is looked at: the brokers, the SMS API's record, the citizens who may still be answering."""

    kafka: str
    record: Path
    pseudonyms: Pseudonyms
    citizens: Citizens
    story: Story

    async def waiting(self, published: Sequence[Person]) -> list[Person]:
        """Whose entitlement has not the expected outcome yet."""
        found = await evidence_of.gather(self.kafka, evidence_of.OUTCOMES, self.record)
        return unfinished(found, published, self.pseudonyms)

    async def settle(self, published: Sequence[Person], patience: float) -> list[str]:
        """Wait, at most so many seconds, until all is over and quiet; what is still behind, in the end.

        An outcome's own SMS leaves after it. Under a carrier that is slow, or asked first whether it has the
        message, seconds pass in which no partition is behind and nothing moves: so what was handed to the
        carrier is looked at, too.
        """
        deadline = monotonic() + patience
        moved, seen = monotonic(), (-1, -1)
        while True:
            waiting, lag = await self.waiting(published), await evidence_of.lag(self.kafka, GROUP)
            self.story.tell(f"{len(waiting)} of {len(published)} wait; behind: {lag or 'nothing'}")
            if waiting or lag or self.citizens.busy():
                moved = monotonic()
            else:
                found = await evidence_of.gather(self.kafka, _SMS_TOPICS, self.record)
                now_seen = (sum(map(len, found.records.values())), len(found.sms))
                if now_seen != seen:
                    moved, seen = monotonic(), now_seen
                on_their_way = found.on_their_way()
                if on_their_way:
                    self.story.tell(f"{len(on_their_way)} messages are with the carrier")
                if monotonic() - moved >= (_DROPPED if on_their_way else _AFTERMATH):
                    return []
            if monotonic() > deadline:
                return [f"{partition} is {count} behind" for partition, count in lag.items()]
            await asyncio.sleep(_LOOK)
