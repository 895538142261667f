"""Intake: what is taken, how it is re-keyed, and what becomes a dead letter and why."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from agents.desks import case_desk
from agents.intake import Intake
from rules.policy import Policy
from schemas import catalogue
from schemas.catalogue import ABOUT_PERSONS, PUBLIC_IN
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from schemas.operators import OperatorActed
from schemas.received import SOURCE_DIGEST
from streams.clock import Clock
from streams.dead_letters import REASON
from streams.events import read
from streams.records import Outgoing, Record
from streams.topics import CASE_INBOX, COMPACTED_IN, SMS_OUTBOX
from streams.transport.batch import AssignedPartition, Batch
from tests.unit.public_events import DATA, IBAN, IIN, OF_PERSONS, PHONE, PSEUDONYMS
from tests.unit.spellings import spellings

TOPIC = "registry.title-awarded.v1"
NOW = datetime(2021, 7, 15, 4, tzinfo=UTC)
TITLE = DATA[TOPIC]


def headers(topic: str = TOPIC, **changed: str) -> tuple[tuple[str, bytes], ...]:
    attributes = {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{topic}", **changed}
    return tuple((f"ce_{name}", value.encode()) for name, value in attributes.items() if value)


PARTITIONS = 3


async def partitions_of(topic: str) -> int:
    assert topic in (CASE_INBOX, SMS_OUTBOX)
    return PARTITIONS


async def take(value: bytes, record_headers: tuple[tuple[str, bytes], ...], topic: str = TOPIC) -> Outgoing:
    clock = Clock(scale=1e-9, origin=NOW)
    record = Record(topic, 0, 7, NOW, b"anything", value, record_headers)
    batch = Batch([record], AssignedPartition(topic, 0, None))
    (outgoing,) = await Intake(PSEUDONYMS, clock, partitions_of).handle(batch)
    return outgoing


def inbox_record(taken: Outgoing) -> Record:
    return Record(taken.topic, 0, 0, NOW, taken.key, taken.value, taken.headers)


async def test_re_keys_by_person_and_keeps_the_event_as_it_came() -> None:
    value = json.dumps(TITLE).encode()
    taken = await take(value, headers(time="2021-07-14T10:00:00+06:00", traceparent="00-a-b-01"))
    assert taken.topic == "case.inbox.v1"
    assert taken.key == PSEUDONYMS.person(IIN).encode()
    event = decode(taken.value, taken.headers, timestamp=NOW)
    assert (event.source, event.id, event.data) == ("s", "1", value)
    assert event.time == datetime(2021, 7, 14, 4, tzinfo=UTC)
    assert event.extensions[SOURCE_DIGEST] == hashlib.sha256(value).hexdigest()
    assert event.extensions["traceparent"] == "00-a-b-01"
    assert IIN.encode() not in b"".join(content for _, content in taken.headers)


async def test_takes_structured_mode() -> None:
    value = json.dumps(
        {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{TOPIC}", "data": TITLE}
    ).encode()
    taken = await take(value, (("content-type", b"application/cloudevents+json; charset=utf-8"),))
    assert taken.topic == "case.inbox.v1"
    event = decode(taken.value, taken.headers, timestamp=NOW)
    assert json.loads(event.data) == TITLE
    assert event.extensions[SOURCE_DIGEST] == hashlib.sha256(value).hexdigest()


@pytest.mark.parametrize(
    ("value", "record_headers", "reason"),
    [
        (b"{", headers(), b"Invalid JSON"),
        (json.dumps(TITLE).encode(), (), b"ce_id"),
        (json.dumps(TITLE).encode(), headers(type="kz.jardem.registry.death-registered.v1"), b"type"),
        (json.dumps(TITLE).encode(), headers(type=TOPIC), b"type"),
        (json.dumps({**TITLE, "iin": "850101300016"}).encode(), headers(), b"check digit"),
        (json.dumps({**TITLE, "title": "earl"}).encode(), headers(), b"title"),
        (json.dumps({**TITLE, "awarded_on": "2021-07-17"}).encode(), headers(), b"more than a day ahead"),
        (json.dumps({**TITLE, "awarded_on": None}).encode(), headers(), b"awarded_on"),
        (b"\xff\xfe", headers(), b"Invalid JSON"),
        (b"[]", headers(), b"the data"),
        (json.dumps({**TITLE, "awarded_on": 0}).encode(), headers(), b"a day is written"),
        (json.dumps({**TITLE, "posthumous": "no"}).encode(), headers(), b"posthumous"),
        (json.dumps(TITLE).encode(), headers(time="1626325200"), b"RFC 3339"),
        (b"{" * 100_000, headers(), b"Invalid JSON"),
    ],
)
async def test_what_cannot_be_read_is_a_dead_letter_byte_for_byte(
    value: bytes, record_headers: tuple[tuple[str, bytes], ...], reason: bytes
) -> None:
    dead = await take(value, record_headers)
    assert dead.topic == "dead-letter.v1"
    assert (dead.key, dead.value) == (b"anything", value)
    told = dict(dead.headers)
    assert reason in told["jardem_reason"]
    assert IIN.encode() not in told["jardem_reason"]
    assert (told["jardem_topic"], told["jardem_offset"]) == (TOPIC.encode(), b"7")


@pytest.mark.parametrize("put_before", [b"\xef\xbb\xbf", b"\0\0\0\1\2", b"\0\0\0\1\2\xef\xbb\xbf"])
@pytest.mark.parametrize("name", OF_PERSONS)
async def test_the_desk_reads_what_serializers_have_put_something_before(
    put_before: bytes, name: str
) -> None:
    data = json.dumps(DATA[name]).encode()
    taken = await take(put_before + data, headers(name), name)
    _, received = read(inbox_record(taken), catalogue.CASE_EVENTS)
    assert received.data == PUBLIC_IN[name].model_validate(DATA[name])
    assert received.sha256 == hashlib.sha256(put_before + data).hexdigest()


@pytest.mark.parametrize("name", OF_PERSONS)
@given(
    st.sampled_from([IIN, PHONE, IBAN, "+77472345678"]).flatmap(spellings),
    st.sampled_from(["traceparent", "ce_traceparent"]),
)
async def test_no_id_source_or_trace_names_a_person_in_whatever_spelling(
    name: str, spelt: str, trace: str
) -> None:
    """The event's own numbers, and those that only the sender knows."""
    value = json.dumps(DATA[name]).encode()
    named = headers(name, id=spelt, source=spelt, subject=spelt, tracestate=f"a={spelt}")
    named += ((trace, spelt.encode()),)
    taken = await take(value, named, name)
    assert taken == await take(value, named, name)
    event = decode(taken.value, taken.headers, timestamp=NOW)
    assert event.id == event.source == PSEUDONYMS.id(spelt)
    assert event.id != Pseudonyms(b"another key").id(spelt)
    assert set(event.extensions) == {SOURCE_DIGEST}
    visible = b"".join([taken.key or b"", *(content for _, content in taken.headers)])
    assert spelt.encode() not in visible
    assert hashlib.sha256(spelt.encode()).hexdigest().encode() not in visible


@given(spellings(PHONE))
@example("portal-77011234567-1")
async def test_the_same_id_is_the_same_whatever_the_event_says(spelt: str) -> None:
    name = "portal.phone-registered.v1"
    ids = set()
    for phone in (PHONE, None):
        value = json.dumps(DATA[name] | {"phone": phone}).encode()
        taken = await take(value, headers(name, id=spelt), name)
        ids.add(read(inbox_record(taken), catalogue.CASE_EVENTS)[0])
    assert len(ids) == 1


async def test_the_audit_log_names_nobody_whose_number_was_an_id() -> None:
    desk = case_desk(Policy(), PSEUDONYMS)
    for spelt in (
        "850101-300015",
        "portal-87011234567-1",
        "award/8 701 123 45 67",
        "KZ86 125K ZT50 0410 0100",
    ):
        taken = await take(json.dumps(TITLE).encode(), headers(id=spelt, source=spelt))
        _, received = desk.read(inbox_record(taken))
        _, sent = desk.apply(desk.empty(taken.key or b""), received, NOW)
        steps = [outgoing for outgoing in sent if outgoing.topic == "case.advanced.v1"]
        assert steps
        for step in steps:
            assert json.loads(step.value or b"")["cause"]["id"] == PSEUDONYMS.id(spelt)
            assert spelt.encode() not in (step.value or b"") + b"".join(text for _, text in step.headers)


@pytest.mark.parametrize("id_", ["1", "A-2021-17", "award/17", "c9bf9e57-1685-4c89-bafb-ff5af830be8a"])
async def test_an_id_that_cannot_name_anybody_stays_as_it_is(id_: str) -> None:
    taken = await take(json.dumps(TITLE).encode(), headers(id=id_, source="urn:registry:awards"))
    event = decode(taken.value, taken.headers, timestamp=NOW)
    assert (event.id, event.source) == (id_, "urn:registry:awards")


async def test_a_tombstone_is_counted_and_neither_an_event_nor_a_dead_letter() -> None:
    intake = Intake(PSEUDONYMS, Clock(), partitions_of)

    def counted(topic: str) -> float:
        return REGISTRY.get_sample_value("jardem_tombstones_total", {"topic": topic}) or 0

    for topic in PUBLIC_IN:
        before, compacted = counted(topic), topic in COMPACTED_IN
        records = [Record(topic, 0, offset, NOW, b"key", None, ()) for offset in (7, 8)]
        taken = await intake.handle(Batch(records, AssignedPartition(topic, 0, None)))
        assert [outgoing.topic for outgoing in taken] == ([] if compacted else ["dead-letter.v1"] * 2)
        assert counted(topic) - before == (2 if compacted else 0)


async def test_an_empty_value_is_no_tombstone() -> None:
    for topic in COMPACTED_IN:
        assert (await take(b"", headers(topic), topic)).topic == "dead-letter.v1"


async def test_a_day_ahead_is_no_error() -> None:
    taken = await take(json.dumps({**TITLE, "awarded_on": "2021-07-16"}).encode(), headers())
    assert taken.topic == "case.inbox.v1"


@pytest.mark.parametrize(("time", "taken"), [("2021-07-16T03:00:00Z", True), ("2999-07-15T06:00:00Z", False)])
async def test_an_event_of_the_far_future_is_a_dead_letter(time: str, taken: bool) -> None:  # noqa: FBT001
    """Of two words about a record the later one holds: one of the far future would hold for ever."""
    sent = await take(json.dumps(TITLE).encode(), headers(time=time))
    assert (sent.topic == CASE_INBOX) is taken
    reason = dict(sent.headers).get(REASON, b"")
    assert (b"the time of the event is more than a day ahead" in reason) is not taken


async def test_a_signature_finds_its_person_by_the_decision_id() -> None:
    topic = "emaket.decision-signed.v1"
    person = PSEUDONYMS.person(IIN)
    data = {"outcome": "granted", "officer": "o", "signed_at": "2021-07-15T00:00:00Z"}
    known = json.dumps({**data, "decision_id": f"{person}.x"}).encode()
    taken = await take(known, headers(topic), topic)
    assert (taken.topic, taken.key) == ("case.inbox.v1", person.encode())
    foreign = await take(json.dumps({**data, "decision_id": "x"}).encode(), headers(topic), topic)
    assert foreign.topic == "dead-letter.v1"


TOTALS = "registry.day-totalled.v1"
TOTAL = DATA[TOTALS]


async def handled(topic: str, data: dict[str, Any]) -> Sequence[Outgoing]:
    record = Record(topic, 0, 7, NOW, b"anything", json.dumps(data).encode(), headers(topic))
    intake = Intake(PSEUDONYMS, Clock(scale=1e-9, origin=NOW), partitions_of)
    return await intake.handle(Batch([record], AssignedPartition(topic, 0, None)))


@pytest.mark.parametrize("topic", [name for name in ABOUT_PERSONS if name.startswith("registry.")])
@pytest.mark.parametrize("count", [0, 1, 10**12])
async def test_a_days_total_is_checked_and_counted_and_reaches_no_desk(topic: str, count: int) -> None:
    before = REGISTRY.get_sample_value("jardem_kept_total", {"topic": TOTALS}) or 0
    assert await handled(TOTALS, TOTAL | {"topic": topic, "count": count}) == []
    assert REGISTRY.get_sample_value("jardem_kept_total", {"topic": TOTALS}) == before + 1
    assert TOTALS not in catalogue.CASE_EVENTS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic", "portal.phone-registered.v1"),
        ("topic", "registry.married.v1"),
        ("topic", "kz.jardem.registry.title-awarded.v1"),
        ("topic", TOTALS),
        ("source", ""),
        ("source", 5),
        ("day", "2021-07-12T00:00:00Z"),
        ("day", "2021-07-17"),
        ("count", -1),
        ("count", True),
        ("count", 1.0),
        ("count", "1"),
        ("digest", "5C" * 32),
        ("digest", "5c" * 31),
        ("digest", "5c" * 32 + "\n"),
    ],
)
async def test_a_days_total_that_is_none_is_a_dead_letter(field: str, value: object) -> None:
    (dead,) = await handled(TOTALS, TOTAL | {field: value})
    assert dead.topic == "dead-letter.v1"
    assert dict(dead.headers)[REASON].startswith(field.encode())


ACTS = "operator.acted.v1"


def act(name: str, kind: str, id_: str, **more: Any) -> dict[str, Any]:
    reason = {"reason": "so it was said", "operator": "operator-3"}
    return {"act": name, "object": {"kind": kind, "id": id_}, "details": {}, **reason, **more}


@pytest.mark.parametrize(
    "data", [act("pause", "offers", "all"), act("resume", "ground", "4-2"), act("praise", "offers", "all")]
)
async def test_an_act_on_the_whole_service_has_a_place_in_every_partition(data: dict[str, Any]) -> None:
    taken = await handled(ACTS, data)
    assert [(each.topic, each.partition, each.key) for each in taken] == [
        (CASE_INBOX, number, b"service") for number in range(PARTITIONS)
    ]
    assert len({(each.value, each.headers) for each in taken}) == 1
    _, received = read(inbox_record(taken[0]), catalogue.CASE_EVENTS)
    assert received.data == PUBLIC_IN[ACTS].model_validate(data)


async def test_acts_keep_their_order_among_those_on_cases() -> None:
    contents = [
        act("pause", "offers", "all"),
        act("hold", "case", "c", person_id=PSEUDONYMS.person(IIN)),
        act("resume", "offers", "all"),
    ]
    records = [
        Record(ACTS, 0, number, NOW, b"any", json.dumps(data).encode(), headers(ACTS, id=str(number)))
        for number, data in enumerate(contents)
    ]
    intake = Intake(PSEUDONYMS, Clock(scale=1e-9, origin=NOW), partitions_of)
    taken = await intake.handle(Batch(records, AssignedPartition(ACTS, 0, None)))
    told = [(dict(each.headers)["ce_id"], each.partition) for each in taken]
    assert told == [(b"0", 0), (b"0", 1), (b"0", 2), (b"1", None), (b"2", 0), (b"2", 1), (b"2", 2)]


async def test_a_pilot_that_says_nobody_is_a_dead_letter() -> None:
    (dead,) = await handled(ACTS, act("pilot", "offers", "all"))
    assert dead.topic == "dead-letter.v1"
    assert b"say a share in percent, or persons" in dict(dead.headers)[REASON]


ACTED = DATA["operator.acted.v1"]
PHONE_ID = PSEUDONYMS.phone(PHONE)
OF_A_MESSAGE = {
    **ACTED,
    "act": "not_sent",
    "object": {"kind": "message", "id": "m-1"},
    "person_id": None,
    "phone_id": PHONE_ID,
}
DAILY = {
    **ACTED,
    "act": "daily_sms",
    "object": {"kind": "offers", "id": "all"},
    "person_id": None,
    "details": {"number": 7},
}


async def test_an_act_on_a_message_goes_to_the_sms_desk_under_the_number_s_pseudonym() -> None:
    (taken,) = await handled(ACTS, OF_A_MESSAGE)
    assert (taken.topic, taken.key) == ("sms.inbox.v1", PHONE_ID.encode())
    _, received = read(inbox_record(taken), catalogue.LINE_EVENTS)
    assert received.data == OperatorActed.model_validate(OF_A_MESSAGE)
    (dead,) = await handled(ACTS, OF_A_MESSAGE | {"phone_id": None})
    assert dead.topic == "dead-letter.v1"
    assert b"phone_id" in dict(dead.headers)[REASON]


async def test_the_daily_number_is_told_to_every_partition_of_the_outbox_as_one_event() -> None:
    record = Record(ACTS, 0, 7, NOW, b"all", json.dumps(DAILY).encode(), headers(ACTS))
    intake = Intake(PSEUDONYMS, Clock(scale=1e-9, origin=NOW), partitions_of)
    sent = await intake.handle(Batch([record], AssignedPartition(ACTS, 0, None)))
    assert [(each.topic, each.key, each.partition) for each in sent] == [
        ("sms.outbox.v1", b"service", partition) for partition in range(PARTITIONS)
    ]
    ids = {read(inbox_record(each), catalogue.CARRIER_EVENTS)[0] for each in sent}
    assert len(ids) == 1


@pytest.mark.parametrize("changed", [{"details": {"number": -1}}, {"details": {}}])
async def test_a_daily_number_that_is_none_is_one_dead_letter(changed: dict[str, Any]) -> None:
    (dead,) = await handled(ACTS, DAILY | changed)
    assert dead.topic == "dead-letter.v1"
    assert b"details.number" in dict(dead.headers)[REASON]


async def test_an_act_on_a_dead_letter_stays_in_its_topic() -> None:
    assert await handled(ACTS, act("redrive", "dead_letter", "dead-letter.v1/0/1")) == []
