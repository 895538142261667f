"""One trace from the registry's event to the SMS and from the answer to the decision, from ids alone."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from agents.desks import case_desk, sms_desk
from agents.event_desk import EventDesk
from agents.intake import Intake
from agents.traces import DeskTraces, case_of, case_of_message
from rules.person import Person
from rules.policy import Policy
from schemas.cloudevents import decode
from schemas.deadlines import DeadlineElapsed
from schemas.ids import MessageId, Sid, case_id_of
from schemas.messages import MessageAccepted, MessageReceived
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.hours import SendingHours
from sms.conversation.line import Line
from streams import deadlines
from streams.clock import Clock
from streams.events import Cause, Effects, inbox_record
from streams.records import Outgoing, Record
from streams.settings.values import DayHours
from streams.topics import CASE_INBOX, SMS_INBOX, SMS_OUTBOX
from streams.tracing import Place, Span, read_trace, trace_of_case
from streams.transport.batch import AssignedPartition, Batch
from tests.unit.public_events import DATA, IIN, PHONE, PSEUDONYMS
from tests.unit.rules.case_desk import NOON

TITLE, REGISTERED = "registry.title-awarded.v1", "portal.phone-registered.v1"
PERSON = PSEUDONYMS.person(IIN)
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
POLICY = Policy(facts_grace=timedelta(seconds=3))


class Spans(list[Span]):
    """Takes spans, as a tracer does."""

    def record(self, span: Span) -> None:
        self.append(span)

    def close(self) -> None:
        """Nothing is sent."""

    def named(self, name: str) -> Span:
        (found,) = [span for span in self if span.name == name]
        return found


def case_side(spans: Spans | None) -> EventDesk[Person]:
    desk = case_desk(POLICY, PSEUDONYMS).desk
    return replace(desk, traces=DeskTraces(spans, desk.name, case_of) if spans is not None else None)


def line_side(spans: Spans, hours: str | None = None) -> EventDesk[Line]:
    between = DayHours.parse(hours) if hours else None
    policy = LinePolicy(
        texts=load_texts(None), hours=SendingHours(between.begins, between.ends) if between else None
    )
    desk = sms_desk(policy, PSEUDONYMS)
    return replace(desk, traces=DeskTraces(spans, desk.name, case_of_message))


async def partitions_of(_: str) -> int:
    return 2


async def taken(spans: Spans | None, topic: str, traceparent: str | None = None) -> Outgoing:
    headers = {"specversion": "1.0", "id": topic, "source": "s", "type": f"kz.jardem.{topic}"}
    written = [(f"ce_{name}", content.encode()) for name, content in headers.items()]
    written += [("traceparent", traceparent.encode())] if traceparent else []
    record = Record(topic, 0, 7, NOON, b"k", json.dumps(DATA[topic]).encode(), tuple(written))
    intake = Intake(PSEUDONYMS, Clock(scale=1e-9, origin=NOON), partitions_of, spans)
    (outgoing,) = await intake.handle(Batch([record], AssignedPartition(topic, 0, None)))
    assert outgoing.topic == CASE_INBOX
    return outgoing


def handle(
    desk: EventDesk[Any], state: Any, *records: Outgoing, offset: int = 0
) -> tuple[Any, list[Outgoing]]:
    sent: list[Outgoing] = []
    for number, outgoing in enumerate(records):
        record = Record(
            outgoing.topic, 0, offset + number, NOON, outgoing.key, outgoing.value, outgoing.headers
        )
        _, received = desk.read(record)
        state, effects = desk.apply(state, received, NOON)
        sent += effects
    return state, sent


def trace(outgoing: Outgoing) -> Place | None:
    return read_trace(decode(outgoing.value, outgoing.headers, timestamp=NOON).extensions.get("traceparent"))


def sent_to(topic: str, records: Sequence[Outgoing]) -> list[Outgoing]:
    return [record for record in records if record.topic == topic]


def elapsed(desk: EventDesk[Any], state: Any, name: str) -> Outgoing:
    (due,) = [each for each in desk.deadlines(state) if each.name.endswith(name)]
    return desk.elapsed(PERSON.encode(), due)


async def test_an_entitlement_s_trace_goes_over_the_grace_and_the_night_to_the_outbox() -> None:
    spans = Spans()
    case_id = case_id_of(PERSON, "award", DATA[TITLE]["award_id"])
    people, lines = case_side(spans), line_side(spans, "03:00-04:00")
    facts = [await taken(spans, REGISTERED), await taken(spans, TITLE)]
    person, _ = handle(people, people.empty(PERSON.encode()), *facts)
    _, asked = handle(people, person, elapsed(people, person, "/grace"), offset=9)
    (question,) = sent_to(SMS_INBOX, asked)
    line, _ = handle(lines, Line(), question)
    assert line.wake_at
    wake = deadlines.elapsed(SMS_INBOX, b"line", lines.deadlines(line)[0])
    _, received = lines.read(Record(SMS_INBOX, 0, 9, NOON, b"line", wake.value, wake.headers))
    _, handed = lines.apply(line, received, line.wake_at)
    (message,) = sent_to(SMS_OUTBOX, handed)
    root = trace_of_case(case_id)
    places = [trace(facts[1]), trace(question), trace(message)]
    assert [place and place.trace_id for place in places] == [root.trace_id] * 3
    assert spans.named(f"intake {TITLE}").place == root
    woken = spans.named("lines deadline.elapsed")
    assert (woken.place, woken.parent) == (trace(message), root)
    of_case = {span.name for span in spans if span.place.trace_id == root.trace_id}
    assert {f"people {TITLE}", "people deadline.elapsed", "lines question.asked"} <= of_case


async def test_the_same_event_on_the_same_state_has_the_same_bytes_with_traces_too() -> None:
    first, again = (await taken(Spans(), TITLE) for _ in range(2)), (await taken(Spans(), TITLE),)
    assert [each async for each in first] == [*again, *again]
    untraced = await taken(None, TITLE)
    assert trace(untraced) is None
    people = case_side(None)
    person, _ = handle(people, people.empty(PERSON.encode()), await taken(None, REGISTERED), untraced)
    grace = elapsed(people, person, "/grace")
    once, twice = (handle(case_side(Spans()), person, grace)[1] for _ in range(2))
    assert once == twice
    plain = handle(people, person, grace)[1]
    assert [(record.key, record.value) for record in once] == [(record.key, record.value) for record in plain]


async def test_a_registry_s_own_trace_is_carried_on_and_linked_with_the_case_s() -> None:
    spans = Spans()
    outgoing = await taken(spans, TITLE, GIVEN)
    in_its_trace, of_the_case = spans
    given = read_trace(GIVEN)
    assert given
    assert in_its_trace.parent == given
    assert trace(outgoing) == in_its_trace.place
    assert in_its_trace.place.trace_id == given.trace_id
    assert of_the_case.place == trace_of_case(case_id_of(PERSON, "award", DATA[TITLE]["award_id"]))
    assert (list(in_its_trace.links), list(of_the_case.links)) == ([of_the_case.place], [in_its_trace.place])


async def test_a_trace_that_is_not_sampled_or_none_at_all_is_passed_on_and_not_recorded() -> None:
    for given in (GIVEN[:-2] + "00", "of their own making"):
        spans = Spans()
        outgoing = await taken(spans, TITLE, given)
        event = decode(outgoing.value, outgoing.headers, timestamp=NOON)
        assert event.extensions["traceparent"] == given
        people = case_side(spans)
        _, steps = handle(people, people.empty(PERSON.encode()), outgoing)
        for step in steps:
            assert decode(step.value, step.headers, timestamp=NOON).extensions["traceparent"] == given
        assert list(spans) == []


async def test_an_answer_begins_a_trace_that_reaches_the_decision_s_desk() -> None:
    spans = Spans()
    people, lines = case_side(spans), line_side(spans)
    facts = [await taken(spans, REGISTERED), await taken(spans, TITLE)]
    person, _ = handle(people, people.empty(PERSON.encode()), *facts)
    person, asked = handle(people, person, elapsed(people, person, "/grace"), offset=9)
    line, handed = handle(lines, Line(), *sent_to(SMS_INBOX, asked))
    accepted = MessageAccepted(
        message_id=MessageId(line.messages[0].message_id),
        phone=PHONE,
        attempt=1,
        sid=Sid("SM1"),
        accepted_at=NOON,
    )
    cause = Cause("accepted", str(trace(sent_to(SMS_OUTBOX, handed)[0])))
    report = Effects("urn:jardem:carrier", PSEUDONYMS).outgoing([accepted], cause, NOON)
    line, told = handle(lines, line, *report, offset=9)
    person, _ = handle(people, person, *sent_to(CASE_INBOX, told), offset=19)
    text = MessageReceived(phone=PHONE, text="1", sid=Sid("SM2"), received_at=NOON + timedelta(minutes=5))
    came = inbox_record(text, PSEUDONYMS, traced=True)
    line, answered = handle(lines, line, came, offset=19)
    _, steps = handle(people, person, *sent_to(CASE_INBOX, answered), offset=29)
    begun = trace(came)
    assert begun
    advanced = sent_to("case.advanced.v1", steps)
    assert advanced
    assert {place and place.trace_id for place in map(trace, advanced)} == {begun.trace_id}
    case = trace_of_case(case_id_of(PERSON, "award", DATA[TITLE]["award_id"]))
    assert list(spans.named("people question.answered").links) == [case]


async def test_spans_name_nobody() -> None:
    spans = Spans()
    await taken(spans, TITLE, GIVEN)
    people = case_side(spans)
    person, _ = handle(people, people.empty(PERSON.encode()), *[await taken(spans, REGISTERED)])
    wait = DeadlineElapsed(deadline="wake", version=1, due=NOON)
    assert (person.phone, wait.name) == (PHONE, "deadline.elapsed")
    told = repr(list(spans))
    assert IIN not in told
    assert PHONE[1:] not in told
