"""Whatever registries, citizens and strangers write, no span names anybody, as the octets that leave show."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from agents.desks import case_desk, sms_desk
from agents.intake import Intake
from agents.traces import DeskTraces, case_of, case_of_message
from schemas.ids import Sid
from schemas.messages import MessageReceived
from sms.catalogues import load_texts
from sms.conversation.converse import LinePolicy
from sms.conversation.line import Line
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from streams.events import inbox_record
from streams.records import Outgoing, Record
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, SMS_INBOX
from streams.tracer import start_tracing
from streams.tracing import Span, Tracer, trace_of_event
from streams.transport.batch import AssignedPartition, Batch
from tests.canaries import TEXT, WHO, found_in
from tests.deploy.collector import Collector, collecting
from tests.unit.agents.test_traces import GIVEN, POLICY, elapsed, handle, partitions_of, sent_to
from tests.unit.public_events import DATA, IBAN, IIN, PERSON, PHONE, PSEUDONYMS
from tests.unit.rules.case_desk import NOON
from tests.unit.sms.webhook_calls import INBOUND, PUBLIC, TOKEN, Caller, MemoryInbox

TITLE, REGISTERED = "registry.title-awarded.v1", "portal.phone-registered.v1"
THEIRS = PSEUDONYMS.person(WHO.iin)


def records() -> Iterator[Record]:
    """Every public event about the canary, with an id and a source that name them, and what is no event."""
    told = {IIN: WHO.iin, PHONE: WHO.phone, IBAN: WHO.iban, PERSON: THEIRS}
    traces = (None, GIVEN, None, f"00-{WHO.iin}", GIVEN, TEXT)
    for number, (topic, data) in enumerate(DATA.items()):
        value = json.dumps(data)
        for known, theirs in told.items():
            value = value.replace(known, theirs)
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"{number} of {WHO.iin}",
            "ce_source": f"urn:{WHO.phone}:{TEXT}",
            "ce_type": f"kz.jardem.{topic}",
        }
        given = traces[number % len(traces)]
        written = [*headers.items(), *([("traceparent", given)] if given else [])]
        bytes_ = tuple((name, content.encode()) for name, content in written)
        record = Record(topic, 0, number, NOON, WHO.iin.encode(), value.encode(), bytes_)
        yield record
        yield replace(record, offset=100 + number, value=f'{{"iin": "{WHO.iin}", "said": "{TEXT}"}}'.encode())
        yield replace(record, offset=200 + number, value=f"{WHO.iban} {TEXT}".encode())


async def plays(tracer: Tracer) -> None:
    """The canary's way through the intake, both desks and a call of the SMS API."""
    intake = Intake(PSEUDONYMS, Clock(scale=1e-9, origin=NOON), partitions_of, tracer)
    taken: dict[str, Outgoing] = {}
    for record in records():
        sent = await intake.handle(Batch([record], AssignedPartition(record.topic, 0, None)))
        for one in sent:
            if one.topic == CASE_INBOX:
                taken[record.topic] = one
    people = case_desk(POLICY, PSEUDONYMS).desk
    people = replace(people, traces=DeskTraces(tracer, people.name, case_of))
    lines = sms_desk(LinePolicy(texts=load_texts(None)), PSEUDONYMS)
    lines = replace(lines, traces=DeskTraces(tracer, lines.name, case_of_message))
    person, _ = handle(people, people.empty(THEIRS.encode()), taken[REGISTERED], taken[TITLE])
    _, asked = handle(people, person, elapsed(people, person, "/grace"), offset=9)
    line, _ = handle(lines, Line(), *sent_to(SMS_INBOX, asked))
    said = MessageReceived(
        phone=WHO.phone, text=f"{TEXT} {WHO.iban}", sid=Sid("SM2"), received_at=NOON + timedelta(minutes=5)
    )
    came = inbox_record(said, PSEUDONYMS, traced=True)
    handle(lines, line, came, offset=19)
    _, received = lines.read(Record(SMS_INBOX, 0, 30, NOON, came.key, came.value, came.headers))
    assert lines.traces is not None
    lines.traces.refused(received, time.time_ns(), time.time_ns())
    inbox = MemoryInbox()
    hooks = Webhooks(inbox, Account(TOKEN, PUBLIC), PSEUDONYMS, Clock(), tracer=tracer)
    async with WebhookServer(hooks, "127.0.0.1", 0) as server, ClientSession() as session:
        caller = Caller(session, f"http://127.0.0.1:{server.port}", inbox, PUBLIC)
        form = INBOUND | {"From": WHO.phone, "Body": f"{TEXT} {WHO.iin}", "MessageSid": "SM" + "7" * 32}
        assert (await caller.form("/sms/inbound", form))[0] == 200
        assert (await caller.form("/sms/inbound", form, signature=TEXT))[0] == 403


@pytest.fixture
async def posted() -> Collector:
    async with collecting() as collector:
        tracer = start_tracing(Settings(traces=collector.url), "worker")
        assert tracer is not None
        await plays(tracer)
        await asyncio.to_thread(tracer.close)
    return collector


async def test_no_span_that_leaves_names_anybody(posted: Collector) -> None:
    names = {span.name for span in posted.spans}
    assert {f"intake {TITLE}", f"intake {REGISTERED}", f"people {TITLE}", "people deadline.elapsed"} <= names
    assert {"lines question.asked", "lines message.received", "webhooks inbound"} <= names
    assert found_in(*posted.raw) == []


async def test_one_that_did_would_be_seen() -> None:
    async with collecting() as collector:
        tracer = start_tracing(Settings(traces=collector.url), "worker")
        assert tracer is not None
        now = time.time_ns()
        span = Span(trace_of_event("a"), "intake", "consumer", now, now, None, {"jardem.event_id": WHO.iin})
        tracer.record(span)
        await asyncio.to_thread(tracer.close)
    assert found_in(*collector.raw) == [WHO.iin]
