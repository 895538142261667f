"""A record's own time stands in for an event's, where it is a time."""

import json
from datetime import UTC, datetime

import pytest

from agents.intake import Intake
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from streams.clock import Clock
from streams.records import Outgoing, Record, instant
from streams.transport.batch import AssignedPartition, Batch

TOPIC = "registry.death-registered.v1"
DATA = {"iin": "850101300015", "died_on": "2021-07-12"}
DAY = datetime(2021, 7, 15, tzinfo=UTC)
ABSURD = [None, 0, -1, 1_626_300_000, 1_626_300_000_000_000]


def as_record(timestamp: int | None, *, binary: bool, time: datetime | None) -> Record:
    attributes = {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{TOPIC}"}
    if time:
        attributes["time"] = time.isoformat()
    value, headers = json.dumps(DATA), [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    if not binary:
        value = json.dumps({**attributes, "data": DATA})
        headers = [("content-type", b"application/cloudevents+json")]
    when = instant(timestamp)
    bare = None if when else timestamp
    return Record(TOPIC, 0, 7, when, b"key", value.encode(), tuple(headers), bare_timestamp=bare)


async def take(record: Record) -> Outgoing:
    async def no_partitions(_: str) -> int:
        raise AssertionError("nothing is for everybody here")

    intake = Intake(Pseudonyms(b"key"), Clock(scale=1e-9, origin=DAY), no_partitions)
    (outgoing,) = await intake.handle(Batch([record], AssignedPartition(TOPIC, 0, None)))
    return outgoing


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("timestamp", ABSURD)
async def test_an_event_that_says_its_time_needs_none_of_the_record(
    timestamp: int | None, *, binary: bool
) -> None:
    taken = await take(as_record(timestamp, binary=binary, time=DAY))
    assert taken.topic == "case.inbox.v1"
    assert decode(taken.value, taken.headers, timestamp=None).time == DAY


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("timestamp", ABSURD)
async def test_an_event_of_which_nobody_knows_when_it_happened_is_a_dead_letter(
    timestamp: int | None, *, binary: bool
) -> None:
    taken = await take(as_record(timestamp, binary=binary, time=None))
    assert taken.topic == "dead-letter.v1"
    headers = dict(taken.headers)
    assert headers["jardem_reason"] == b"the event has no time, and the record's own timestamp is none"
    assert headers["jardem_timestamp"] == str(-1 if timestamp is None else timestamp).encode()


@pytest.mark.parametrize("binary", [True, False])
async def test_the_records_time_stands_in_where_the_event_says_none(*, binary: bool) -> None:
    taken = await take(as_record(int(DAY.timestamp() * 1000), binary=binary, time=None))
    assert decode(taken.value, taken.headers, timestamp=None).time == DAY
