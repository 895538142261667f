"""What the topics and the SMS API's own record say of a run. Nothing else is believed."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.cloudevents import TYPE_PREFIX
from schemas.messages import (
    MessageAccepted,
    MessageGivenUp,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
)
from schemas.outcomes import BenefitDecided, CaseAdvanced, ProcessEnded
from streams.dead_letters import DEAD_LETTERS
from streams.records import NotUnpacked, Record
from streams.topics import CASE_INBOX, CHANGELOGS, SMS_INBOX, SMS_OUTBOX
from streams.transport.fetching import Fetching
from tests.crash.kills.sms_record import Recorded, RecordReader

OUTCOMES = (BenefitDecided.name, ProcessEnded.name)
ALL = (*OUTCOMES, CaseAdvanced.name, CASE_INBOX, SMS_INBOX, SMS_OUTBOX, *CHANGELOGS, DEAD_LETTERS)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it stands in a topic."""

    id: tuple[str, str]
    name: str
    data: dict[str, Any]
    value: bytes


@dataclass
class Evidence:
    """Everything that was read. `sms` is the SMS API's record by sid."""

    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    strange: list[str] = field(default_factory=list)
    sms: dict[str, Recorded] = field(default_factory=dict)

    def told(self, topic: str, *names: str) -> list[Told]:
        """The events of a topic, or those of these names."""
        found = map(_told, self.records[topic])
        return [event for event in found if not names or event.name in names]

    def accepted(self) -> list[Told]:
        """What the carrier has told of SMS that the API has taken."""
        return self.told(SMS_INBOX, MessageAccepted.name)

    def in_doubt(self) -> set[str]:
        """The ids of messages that were in doubt at some time, whatever became of them."""
        names = (MessageInDoubt.name, MessageGivenUp.name)
        return {event.data["message_id"] for event in self.told(SMS_INBOX, *names)}

    def to_send(self) -> list[Told]:
        """What was handed to the carrier."""
        return self.told(SMS_OUTBOX, MessageToSend.name)

    def on_their_way(self) -> set[str]:
        """The ids of messages that were handed to the carrier, and of which it is not known what became."""
        names = (MessageAccepted.name, MessageRejected.name, MessageInDoubt.name, MessageGivenUp.name)
        known = {event.data["message_id"] for event in self.told(SMS_INBOX, *names)}
        return {event.data["message_id"] for event in self.to_send()} - known


def _told(record: Record) -> Told:
    headers = {name: value.decode() for name, value in record.headers}
    value = record.value or b""
    return Told(
        (headers["ce_source"], headers["ce_id"]),
        headers["ce_type"].removeprefix(TYPE_PREFIX),
        json.loads(value),
        value,
    )


async def gather(kafka: str, topics: Collection[str], record: Path) -> Evidence:
    """Read these topics, as far as they go now, and the SMS API's record."""
    evidence = Evidence()
    for item in await _everything_in(kafka, topics):
        if isinstance(item, NotUnpacked):
            evidence.strange.append(f"{item.position}: {item.reason}")
        else:
            # Of the tables only when they were written is asked, and their values are large.
            kept = replace(item, value=None) if item.topic in CHANGELOGS else item
            evidence.records[item.topic].append(kept)
    reader = RecordReader(record)
    reader.read()
    evidence.sms = reader.messages
    return evidence


async def lag(kafka: str, group: str) -> dict[str, int]:
    """How far the group has not come in each partition that it reads."""
    topics = (CASE_INBOX, SMS_INBOX, SMS_OUTBOX)
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka,
        group_id=group,
        enable_auto_commit=False,
        isolation_level="read_uncommitted",  # the lag is counted to the end of the log
    ) as consumer:
        partitions = await _partitions(consumer, topics)
        ends = await consumer.end_offsets(partitions)
        behind = {each: ends[each] - (await consumer.committed(each) or 0) for each in partitions}
    return {f"{each.topic}[{each.partition}]": count for each, count in behind.items() if count}


async def _everything_in(kafka: str, topics: Iterable[str]) -> list[Record | NotUnpacked]:
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        Fetching(consumer)
        partitions = await _partitions(consumer, topics)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Record | NotUnpacked] = []
        for each in partitions:
            while await consumer.position(each) < ends[each]:
                for items in (await consumer.getmany(timeout_ms=300)).values():
                    found += items
    return found


async def _partitions(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    found = []
    for topic in topics:
        numbers = await consumer._client._wait_on_metadata(topic)
        found += [TopicPartition(topic, number) for number in sorted(numbers)]
    return found
