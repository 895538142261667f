"""The two desks' bindings: what a desk sends is derived from its cause and keyed by pseudonyms."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from agents.desks import case_desk, sms_desk
from agents.event_desk import EventDesk
from rules.person import Person
from rules.policy import Policy
from schemas import catalogue
from schemas.base import Event
from schemas.cloudevents import decode, encode, wrap
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import SERVICE, MessageId, Pseudonyms, Sid
from schemas.messages import MessageAccepted
from schemas.operators import ActObject, OperatorActed
from schemas.portal import PhoneRegistered
from schemas.registry import EntitlementRevoked, TitleAwarded
from schemas.stored import UnreadableValueError
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.line import Line
from streams.dead_letters import UnreadableRecordError
from streams.events import Cause, Effects, read
from streams.records import Outgoing, Record

IIN, PHONE = "850101300015", "+77011234567"
NOW = datetime(2021, 7, 22, 6, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"key")
PERSON = PSEUDONYMS.person(IIN)


def record(event: Event, id_: str, key: str, topic: str) -> Record:
    extensions = {"traceparent": "00-a-b-01"}
    record_headers, value = encode(wrap(event, id_=id_, source="test", time=NOW, extensions=extensions))
    return Record(topic, 0, 0, NOW, key.encode(), value, record_headers)


def run(desk: EventDesk[Person], state: Person, *events: Event) -> tuple[Person, list[Outgoing]]:
    sent: list[Outgoing] = []
    for n, event in enumerate(events):
        _, received = desk.read(record(event, str(n), PERSON, desk.inbox))
        state, effects = desk.apply(state, received, NOW)
        sent += effects
    return state, sent


FACTS = (
    PhoneRegistered(iin=IIN, phone=PHONE, registered_at=NOW - timedelta(days=9)),
    TitleAwarded.model_validate(
        {"iin": IIN, "title": "peoples_hero", "award_id": "A", "awarded_on": "2021-07-20"}
    ),
)


def test_effects_are_keyed_by_pseudonyms_and_name_nobody_in_keys_and_headers() -> None:
    desk = case_desk(Policy(), PSEUDONYMS).desk
    _, sent = run(desk, desk.empty(PERSON.encode()), *FACTS)
    keys = {outgoing.topic: outgoing.key for outgoing in sent}
    assert keys == {
        "case.advanced.v1": PERSON.encode(),
        "sms.inbox.v1": PSEUDONYMS.phone(PHONE).encode(),
    }
    for outgoing in sent:
        visible = (outgoing.key or b"") + b"".join(content for _, content in outgoing.headers)
        assert IIN.encode() not in visible
        assert PHONE.encode() not in visible
        assert dict(outgoing.headers)["ce_traceparent"] == b"00-a-b-01"


def test_the_same_event_on_the_same_state_sends_the_same_records() -> None:
    desk = case_desk(Policy(), PSEUDONYMS).desk
    first = run(desk, desk.empty(PERSON.encode()), *FACTS)
    assert first == run(desk, desk.empty(PERSON.encode()), *FACTS)
    ids = [dict(outgoing.headers)["ce_id"] for outgoing in first[1]]
    assert len(set(ids)) == len(ids)


def test_what_an_event_does_that_comes_again_long_after_is_told_under_other_ids() -> None:
    desk = case_desk(Policy(), PSEUDONYMS).desk
    first = record(FACTS[0], "1", PERSON, desk.inbox)
    state, _ = run(desk, desk.empty(PERSON.encode()), *FACTS)
    revoked = record(EntitlementRevoked(iin=IIN, record_id="A"), "2", PERSON, desk.inbox)
    ids = []
    for offset in (7, 7, 9):
        _, received = desk.read(replace(revoked, offset=offset))
        _, effects = desk.apply(state, received, NOW)
        ids.append({dict(outgoing.headers)["ce_id"] for outgoing in effects})
    assert ids[0] == ids[1]
    assert ids[0].isdisjoint(ids[2])
    assert desk.read(first)[0] == desk.read(replace(first, offset=99))[0]


def test_both_states_survive_the_table() -> None:
    desk = case_desk(Policy(), PSEUDONYMS).desk
    person, sent = run(desk, desk.empty(PERSON.encode()), *FACTS)
    assert desk.shape.load(desk.dump(person)) == person
    lines = sms_desk(LinePolicy(load_texts()), PSEUDONYMS)
    (asked,) = [outgoing for outgoing in sent if outgoing.topic == "sms.inbox.v1"]
    _, received = lines.read(Record("sms.inbox.v1", 0, 0, NOW, asked.key, asked.value, asked.headers))
    line, messages = lines.apply(lines.empty(asked.key or b""), received, NOW)
    assert [outgoing.topic for outgoing in messages] == ["sms.outbox.v1"]
    assert lines.shape.load(lines.dump(line)) == line
    assert line != Line()


def test_an_elapsed_deadline_is_an_event_that_the_desk_reads_and_has_the_same_id_again() -> None:
    desk = case_desk(Policy(), PSEUDONYMS).desk
    deadline = Deadline(at=NOW, name="case/term", version=2)
    told = desk.elapsed(PERSON.encode(), deadline)
    assert told == desk.elapsed(PERSON.encode(), deadline)
    again = Record(told.topic, 0, 0, NOW, told.key, told.value, told.headers)
    id_, received = desk.read(again)
    assert received.data == DeadlineElapsed(deadline="case/term", version=2, due=NOW)
    assert id_ == desk.read(again)[0]
    later = desk.elapsed(PERSON.encode(), Deadline(at=NOW, name="case/term", version=3))
    assert dict(later.headers)["ce_id"] != dict(told.headers)["ce_id"]


@pytest.mark.parametrize("known", [catalogue.CASE_EVENTS, catalogue.LINE_EVENTS, catalogue.CARRIER_EVENTS])
def test_what_a_desk_does_not_know_is_unreadable(known: dict[str, type[Event]]) -> None:
    class Stranger(Event):
        name = "stranger"

    with pytest.raises(UnreadableRecordError, match="not one that is read here"):
        read(record(Stranger(), "1", "k", "t"), known)


def _events(base: type[Event]) -> Iterator[type[Event]]:
    for model in base.__subclasses__():
        if "name" in model.__dict__ and model.__module__.startswith("schemas."):
            yield model
        yield from _events(model)


def test_every_event_has_somebody_who_receives_it() -> None:
    """An event that bears no route is understood by nobody, and would be dead-lettered or not be sent."""
    received = {
        *catalogue.PUBLIC_IN.values(),
        *catalogue.PUBLIC_OUT.values(),
        *catalogue.CASE_EVENTS.values(),
        *catalogue.LINE_EVENTS.values(),
        *catalogue.CARRIER_EVENTS.values(),
    }
    assert set(_events(Event)) == received


def test_an_event_goes_to_who_understands_it() -> None:
    effects = Effects("s", PSEUDONYMS)
    accepted = MessageAccepted(
        message_id=MessageId("m"), phone=PHONE, attempt=1, sid=Sid("SM"), accepted_at=NOW
    )
    (sent,) = effects.outgoing([accepted], Cause("c"), NOW)
    assert (sent.topic, sent.key) == ("sms.inbox.v1", PSEUDONYMS.phone(PHONE).encode())
    assert decode(sent.value, sent.headers, timestamp=NOW).extensions == {}


def said(act: str, offset: int, **details: JsonValue) -> Record:
    acted = OperatorActed(
        act=act,
        object=ActObject(kind="offers", id="all"),
        details=details,
        reason="so it was said",
        operator="operator-3",
    )
    return replace(record(acted, f"act{offset}", SERVICE, "case.inbox.v1"), offset=offset)


def test_people_are_offered_as_the_service_stood_when_their_event_came() -> None:
    desk = case_desk(Policy(), PSEUDONYMS)
    service = desk.empty(SERVICE.encode())
    for act in (said("pause", 5), said("resume", 9)):
        service, effects = desk.apply(service, desk.read(act)[1], NOW)
        assert effects == []
    asked = []
    for offset in (4, 6, 10):
        person = desk.empty(PERSON.encode())
        sent: list[Outgoing] = []
        for number, fact in enumerate(FACTS):
            read_at = replace(record(fact, str(number), PERSON, desk.inbox), offset=offset)
            person, effects = desk.apply(person, desk.read(read_at)[1], NOW, service)
            sent += effects
        asked.append("sms.inbox.v1" in {outgoing.topic for outgoing in sent})
        waits = desk.shared.seen(person)
        assert waits == (5 if offset == 6 else None)
    assert asked == [True, False, True]


def test_the_service_has_a_shape_of_its_own_in_the_table_of_the_people() -> None:
    desk = case_desk(Policy(), PSEUDONYMS)
    key = SERVICE.encode()
    service, _ = desk.apply(desk.empty(key), desk.read(said("pilot", 5, share=20))[1], NOW)
    assert desk.load(key, desk.dump(service)) == service
    assert desk.deadlines(service) == ()
    assert desk.shared.revision(service) == Deadline(NOW, SERVICE, 5)
    assert desk.shared.revision(desk.empty(key)) is None
    assert desk.shared.seen(service) is None
    with pytest.raises(UnreadableValueError):
        desk.load(PERSON.encode(), desk.dump(service))
    with pytest.raises(TypeError, match="Person is not what is shared"):
        desk.shared.revision(desk.empty(PERSON.encode()))


def test_what_was_told_of_a_new_revision_is_read_by_the_person() -> None:
    desk = case_desk(Policy(), PSEUDONYMS)
    told = desk.elapsed(PERSON.encode(), Deadline(NOW, SERVICE, 9))
    _, received = desk.read(Record(told.topic, 0, 10, NOW, told.key, told.value, told.headers))
    _, effects = desk.apply(desk.empty(PERSON.encode()), received, NOW)
    assert effects == []
