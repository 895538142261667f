"""What operators send back from the dead letters is taken as if it had come where it came first."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agents.desks import sms_desk
from agents.intake import Intake
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import decode
from schemas.ids import MessageId, Pseudonyms, QuestionId, Sid, message_id_of
from schemas.messages import MessageInDoubt, MessageReceived
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from streams import envelope
from streams.clock import Clock
from streams.dead_letters import DEAD_LETTERS, OURS, REDRIVEN_LETTERS, dead_letter
from streams.events import Cause, Effects, inbox_record
from streams.fold import Fold, FoldLimits
from streams.records import Outgoing, Record
from streams.transport.batch import AssignedPartition, Batch
from tests.unit.public_events import DATA, PHONE, PSEUDONYMS
from tests.unit.sms.number import asked as number_asked

TOPIC = "registry.title-awarded.v1"
NOW = datetime(2021, 7, 15, 4, tzinfo=UTC)
THEN = NOW - timedelta(days=3)
CLOCK = Clock(scale=1e-9, origin=NOW)


def headers(topic: str, **more: str) -> tuple[tuple[str, bytes], ...]:
    attributes = {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{topic}", **more}
    return tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())


def refused(topic: str = TOPIC, value: bytes = b"{", key: bytes | None = b"key") -> Record:
    """A record of a topic that became a dead letter."""
    return Record(topic, 4, 77, THEN, key, value, (("n", b""), *headers(topic)), null_headers=frozenset({0}))


def redriven(letter: Outgoing) -> Record:
    """The dead letter as it is sent back: with its place, without the rest of our headers."""
    kept = [n for n, (name, _) in enumerate(letter.headers) if name not in OURS or name in _PLACE]
    nulls = frozenset(place for place, n in enumerate(kept) if n in letter.null_headers)
    kept_headers = tuple(letter.headers[n] for n in kept)
    return Record(REDRIVEN_LETTERS, 1, 9, NOW, letter.key, letter.value, kept_headers, null_headers=nulls)


_PLACE = ("jardem_topic", "jardem_partition", "jardem_offset", "jardem_timestamp")


async def taken(*records: Record, partitions: int = 2) -> Sequence[Outgoing]:
    async def partitions_of(_: str) -> int:
        return partitions

    intake = Intake(PSEUDONYMS, CLOCK, partitions_of)
    return await intake.handle(Batch(list(records), AssignedPartition(records[0].topic, 0, None)))


@pytest.mark.parametrize("topic", PUBLIC_IN)
async def test_a_public_record_is_taken_as_if_it_had_come_in_its_topic(topic: str) -> None:
    record = refused(topic, json.dumps(DATA[topic]).encode())
    assert await taken(redriven(dead_letter(record, "a fault of ours"))) == await taken(record)


async def test_an_event_without_a_time_happened_when_it_came_first() -> None:
    (sent,) = await taken(redriven(dead_letter(refused(value=json.dumps(DATA[TOPIC]).encode()), "why")))
    assert decode(sent.value, sent.headers, timestamp=NOW).time == THEN


async def test_what_still_cannot_be_read_is_a_dead_letter_that_can_be_redriven_again() -> None:
    first = dead_letter(refused(), "why")
    (again,) = await taken(redriven(first))
    told = dict(again.headers)
    assert told.pop("jardem_redriven") == b"intake.redriven.v1[1]@9"
    assert b"Invalid JSON" in told.pop("jardem_reason")
    before = dict(first.headers)
    before.pop("jardem_reason")
    assert told == before
    assert (again.key, again.value, again.null_headers) == (first.key, first.value, first.null_headers)
    (third,) = await taken(redriven(again))
    assert dict(third.headers)["jardem_topic"] == TOPIC.encode()
    assert sorted(name for name, _ in third.headers) == sorted(name for name, _ in again.headers)


@pytest.mark.parametrize("topic", ["case.inbox.v1", "sms.inbox.v1", "sms.outbox.v1"])
@pytest.mark.parametrize("value", [b"\xff", None])
async def test_a_record_of_an_inbox_is_put_back_byte_for_byte(topic: str, value: bytes | None) -> None:
    record = Record(topic, 4, 77, THEN, b"\xffkey", value, (("n", b""), ("n", b"\xff")), None, frozenset({0}))
    (back,) = await taken(redriven(dead_letter(record, "why")))
    assert back == Outgoing(topic, record.key, value, record.headers, null_headers=record.null_headers)


async def test_what_was_said_to_each_partition_is_put_back_into_its_own() -> None:
    letter = dead_letter(refused("sms.outbox.v1", key=b"service"), "why")
    (back,) = await taken(redriven(letter), partitions=5)
    assert back.partition == 4


@pytest.mark.parametrize("number", [b"5", b"-1", b"9" * 40])
async def test_a_partition_that_there_is_not_is_a_dead_letter_and_no_end_of_the_worker(number: bytes) -> None:
    told = (("jardem_topic", b"case.inbox.v1"), ("jardem_partition", number))
    (dead,) = await taken(Record(REDRIVEN_LETTERS, 1, 9, NOW, b"service", b"v", told), partitions=5)
    assert dead.topic == DEAD_LETTERS
    assert b"no such partition" in dict(dead.headers)["jardem_reason"]


async def test_a_record_without_key_and_value_can_be_sent() -> None:
    told = (("jardem_topic", b"case.inbox.v1"),)
    (back,) = await taken(Record(REDRIVEN_LETTERS, 1, 9, NOW, None, None, told))
    assert (back.topic, back.key, back.value) == ("case.inbox.v1", None, b"")


@pytest.mark.parametrize("topic", ["benefit.decided.v1", "jardem-people-changelog", "dead-letter.v1", "?"])
async def test_of_other_topics_nothing_is_taken_back(topic: str) -> None:
    (dead,) = await taken(redriven(dead_letter(refused(topic), "why")))
    assert dead.topic == DEAD_LETTERS
    told = dict(dead.headers)
    assert told["jardem_topic"] == topic.encode()
    assert b"nothing is taken back from this topic" in told["jardem_reason"]


async def test_what_does_not_say_where_it_came_from_is_a_dead_letter() -> None:
    record = Record(REDRIVEN_LETTERS, 1, 9, NOW, b"k", b"v", (("jardem_topic", b""),))
    (dead,) = await taken(record)
    assert b"says which topic it came from" in dict(dead.headers)["jardem_reason"]


async def test_a_place_that_is_none_is_that_of_the_redriven_record() -> None:
    told = (("jardem_topic", TOPIC.encode()), ("jardem_partition", b"x"))
    (dead,) = await taken(Record(REDRIVEN_LETTERS, 1, 9, NOW, b"k", b"v", told))
    found = dict(dead.headers)
    assert (found["jardem_offset"], found["jardem_timestamp"]) == (
        b"9",
        str(int(NOW.timestamp() * 1000)).encode(),
    )


async def test_a_tombstone_sent_back_is_passed_over_as_it_was_before() -> None:
    record = Record("statecorp.account-known.v1", 4, 77, THEN, b"key", None)
    assert await taken(redriven(dead_letter(record, "why"))) == []


def test_a_desk_does_not_remember_what_it_refused_and_takes_it_when_it_comes_again() -> None:
    """An operator's word that came before the doubt: redriven afterwards it counts, and then no more."""
    desk = sms_desk(LinePolicy(load_texts()), PSEUDONYMS, CLOCK)
    limits = FoldLimits(timedelta(days=1), 100, 10**6, 10**5)
    table: dict[bytes, bytes] = {}
    key = PSEUDONYMS.phone(PHONE).encode()

    def folded(offset: int, sent: Outgoing) -> Fold[object, object]:
        fold: Fold[object, object] = Fold(desk, limits, table.get, {}, committed=0, wall=0)  # type: ignore[arg-type]
        fold.take(Record("sms.inbox.v1", 0, offset, NOW, key, sent.value, sent.headers), NOW)
        table.update(fold.values())
        return fold

    effects = Effects("urn:test", PSEUDONYMS)
    asked = DATA["operator.acted.v1"] | {
        "act": "not_sent",
        "object": {"kind": "message", "id": MESSAGE},
        "person_id": None,
        "phone_id": key.decode(),
    }
    act = Outgoing(
        "sms.inbox.v1",
        key,
        json.dumps(asked).encode(),
        headers("operator.acted.v1", time="2021-07-15T04:00:00Z"),
    )
    assert [each.reason.partition(":")[0] for each in folded(0, act).refused] == ["object"]
    [question] = effects.outgoing([QUESTION], Cause("asked"), NOW)
    folded(1, question)
    doubt = MessageInDoubt(message_id=MESSAGE, phone=PHONE, attempt=1, tried_at=NOW, at=NOW)
    [told] = effects.outgoing([doubt], Cause("doubt"), NOW)
    folded(2, told)
    again = folded(3, act)
    assert again.refused == []
    assert [effect.topic for effect in again.effects] == ["sms.outbox.v1"]
    before = desk.load(key, _state(table[key]))
    third = folded(4, act)
    assert third.refused == []
    assert desk.load(key, _state(table[key])) == before


def _state(value: bytes) -> bytes:
    return envelope.load(value).state


MESSAGE: MessageId = message_id_of(QuestionId("q"))
QUESTION = number_asked("q")


async def test_what_came_under_another_key_is_a_dead_letter_and_comes_to_its_number_when_redriven() -> None:
    told = MessageReceived(phone=PHONE, text="1", sid=Sid("SM1"), received_at=THEN)
    sent = inbox_record(told, Pseudonyms(b"another key"))
    record = Record(sent.topic, 0, 0, THEN, sent.key, sent.value, sent.headers)
    desk = sms_desk(LinePolicy(load_texts()), PSEUDONYMS, CLOCK)
    limits = FoldLimits(timedelta(days=1), 100, 10**6, 10**5)
    fold = Fold(desk, limits, lambda _: None, {}, committed=0, wall=0)
    fold.take(record, NOW)
    [refusal] = fold.refused
    assert refusal.why == "key"
    assert "other keys of pseudonyms" in refusal.reason
    (back,) = await taken(redriven(dead_letter(record, refusal.reason)))
    assert back == inbox_record(told, PSEUDONYMS)
    assert desk.read(replace(record, key=back.key))
