"""The carrier under the lease: a batch that it was unsure of is taken up again, and no SMS is lost."""

import asyncio
import gc
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from agents.carrier import CarrierAgent
from schemas.base import Event
from schemas.cloudevents import decode, encode, wrap
from schemas.ids import MessageId, Pseudonyms, Sid
from schemas.messages import (
    MessageToSend,
    SenderHeld,
    SentTimeTold,
    SentTimeWanted,
)
from schemas.operators import ActObject, OperatorActed
from sms.sending import daily_number
from sms.sending.sender import Limits
from streams.clock import Clock
from streams.encryption.vault import Vault
from streams.events import Cause, Effects
from streams.packing.packed import unpack
from streams.records import Outgoing, Record
from streams.transport.batch import AssignedPartition, Batch
from tests.unit.sms.memory_carrier import MemoryCarrier, Sms

OUTBOX = "sms.outbox.v1"
PHONE = "+77011234567"
SENT = datetime(2021, 7, 15, 6, tzinfo=UTC)


class Rows(dict[bytes, bytes]):
    name = "attempts"
    changelog_topic_name = "changelog"

    def partition(self, number: int) -> "Rows":
        del number
        return self


class App:
    """As much of the application as an agent sees, with a lease that a test holds in its hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.handlers: dict[str, Any] = {}
        self.tables_of_inboxes: dict[str, str] = {}
        self.batches_handled = self.records_handled = 0
        self.sure = True
        self.vault = Vault()
        self.lease = SimpleNamespace(valid=lambda: self.sure, lost=False)
        self.on_before_shutdown = SimpleNamespace(connect=lambda _: None)
        self.consumer = SimpleNamespace(release=self._release)
        self.sent: list[Outgoing] = []

    def _release(self, assigned: AssignedPartition) -> None:
        assigned.busy = False

    def share_of(self, topic: str) -> float:
        assert topic == OUTBOX
        return 1.0

    def Table(self, *_: Any, **__: Any) -> Rows:  # noqa: N802 - Faust's name
        return Rows()

    def task(self, function: Any) -> None:
        """Looking through the journal is no part of these tests."""

    def topic(self, *names: str, **_: Any) -> Sequence[str]:
        return names

    def agent(self, *_: Any, **__: Any) -> Any:
        return lambda function: function

    def begin(self, batch: Batch) -> None:
        """Start the work, as the consumer does."""
        batch.assigned.task = asyncio.create_task(self.handlers[OUTBOX](batch))

    async def send_table(
        self, table: Rows, partition: int, values: Mapping[bytes, bytes], outgoing: Sequence[Outgoing]
    ) -> None:
        del partition, outgoing
        table.update(values)

    async def send_all(self, outgoing: Sequence[Outgoing]) -> None:
        self.sent += outgoing


def record(event: Event, offset: int, **extensions: str) -> Record:
    now = datetime.now(UTC)
    headers, value = encode(wrap(event, id_=str(offset), source="s", time=now, extensions=extensions))
    return Record(OUTBOX, 0, offset, now, b"k", value, headers)


def message(text: str) -> MessageToSend:
    return MessageToSend(
        message_id=MessageId(text), phone=PHONE, text=text, attempt=1, requested_at=datetime.now(UTC)
    )


def batch(assigned: AssignedPartition, offset: int, text: str) -> Batch:
    return Batch([record(message(text), offset)], assigned)


def agent(app: App, api: MemoryCarrier) -> CarrierAgent:
    limits = Limits(settle_seconds=0, batch_seconds=0.5)
    return CarrierAgent(app, api, Pseudonyms(b"k"), limits)  # type: ignore[arg-type]


def carrier() -> tuple[App, MemoryCarrier]:
    app, api = App(), MemoryCarrier()
    agent(app, api)
    return app, api


ELSEWHERE = (App, MemoryCarrier, Rows, type, FunctionType, ModuleType)


def keeps(holder: object, wanted: object) -> bool:
    """Whether an object holds a value, itself or through others; the application and its table aside."""
    seen: dict[int, object] = {}
    waiting = [holder]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(
            each, App | MemoryCarrier | Rows | type | FunctionType | ModuleType
        ):
            continue
        if each == wanted:
            return True
        seen[id(each)] = each
        waiting += gc.get_referents(each)
    return False


async def test_a_batch_that_the_carrier_was_unsure_of_is_taken_up_again() -> None:
    app, api = carrier()
    assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
    app.sure = False
    app.begin(batch(assigned, 0, "first"))
    await asyncio.sleep(0.3)
    assert (api.taken, assigned.acknowledged, assigned.busy) == ([], None, True)
    app.sure = True
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    assert len(api.taken) <= 1
    assert (assigned.acknowledged, assigned.busy) == (1, False)
    assert [outgoing.topic for outgoing in app.sent] == ["sms.inbox.v1"]


async def test_after_a_batch_the_agent_keeps_nothing_of_its_numbers() -> None:
    app, api = App(), MemoryCarrier()
    ours = agent(app, api)
    assigned = AssignedPartition(OUTBOX, 0, 0, 0, busy=True)
    app.begin(batch(assigned, 0, "first"))
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    assigned.task = None
    key = app.sent[0].key
    assert api.taken
    assert keeps({"a": [key]}, key)
    assert not keeps(ours, key)


async def test_nothing_is_handed_over_while_the_journal_is_looked_through() -> None:
    app, api = App(), MemoryCarrier()
    ours = agent(app, api)
    assigned = AssignedPartition(OUTBOX, 0, 0, 0, busy=True)
    async with ours._silent.turn(0):
        app.begin(batch(assigned, 0, "first"))
        await asyncio.sleep(0.1)
        assert api.taken == []
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    assert len(api.taken) == 1
    assert not ours._silent.turn(0).locked()


async def test_a_partition_that_is_given_away_is_not_freed_for_what_comes_after() -> None:
    app, api = carrier()
    assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
    app.sure = False
    app.begin(batch(assigned, 0, "first"))
    await asyncio.sleep(0.2)
    app.lease.lost = True
    assert assigned.task
    await asyncio.wait_for(asyncio.gather(assigned.task, return_exceptions=True), 5)
    assert (api.taken, assigned.acknowledged, assigned.busy) == ([], None, True)


async def test_a_sent_time_is_asked_for_and_told_to_the_desk_under_one_id_per_attempt() -> None:
    app, api = carrier()
    api.taken.append(Sms(Sid("SM7"), PHONE, "before", SENT, SENT))
    asked = [SentTimeWanted(sid=Sid("SM7"), phone=PHONE, attempt=attempt) for attempt in (1, 1, 2)]
    records = [
        record(message("first"), 0),
        *(record(each, n + 1, traceparent="t") for n, each in enumerate(asked)),
    ]
    assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
    app.begin(Batch(records, assigned))
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    assert assigned.acknowledged == 4
    assert ([sms.text for sms in api.taken], api.asked) == (["before", "first"], ["SM7"] * 3)
    assert {outgoing.topic for outgoing in app.sent} == {"sms.inbox.v1"}
    assert {outgoing.key for outgoing in app.sent} == {Pseudonyms(b"k").phone(PHONE).encode()}
    events = [decode(outgoing.value, outgoing.headers, timestamp=SENT) for outgoing in app.sent]
    assert [event.name for event in events] == ["message.accepted", *["message.sent-time-told"] * 3]
    told = [SentTimeTold.model_validate_json(event.data) for event in events[1:]]
    assert [(each.sid, each.attempt, each.sent_at) for each in told] == [
        ("SM7", 1, SENT),
        ("SM7", 1, SENT),
        ("SM7", 2, SENT),
    ]
    assert events[1].id == events[2].id != events[3].id
    assert events[1].extensions == {"traceparent": "t"}


async def test_a_failure_that_is_ours_holds_what_stands_behind_it() -> None:
    app, api = carrier()
    held = SenderHeld(phone=PHONE, code=30034, at=SENT)
    assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
    app.begin(Batch([record(held, 0), record(message("first"), 1)], assigned))
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    assert (api.taken, assigned.acknowledged) == ([], 2)
    [outgoing] = app.sent
    event = decode(outgoing.value, outgoing.headers, timestamp=SENT)
    assert event.name == "message.deferred"


def test_the_desk_tells_the_carrier_of_it_over_the_outbox() -> None:
    held = SenderHeld(phone=PHONE, code=30034, at=SENT)
    pseudonyms = Pseudonyms(b"k")
    [outgoing] = Effects("s", pseudonyms).outgoing([held], Cause("cause"), SENT)
    assert (outgoing.topic, outgoing.key) == (OUTBOX, pseudonyms.phone(PHONE).encode())
    assert b"+7701" not in repr((outgoing.key, outgoing.headers)).encode()


def daily(number: object) -> OperatorActed:
    return OperatorActed.model_validate(
        {
            "act": "daily_sms",
            "object": ActObject(kind="offers", id="all"),
            "details": {"number": number},
            "reason": "a pilot",
            "operator": "operator-3",
        }
    )


async def test_a_daily_number_that_is_said_holds_offers_from_then_on_and_after_a_restart() -> None:
    rows = Rows()
    offers = [message(text).model_copy(update={"offer": True}) for text in ("first", "second")]
    for events, names in (
        ([daily(1), *offers], ["message.accepted", "message.deferred"]),
        ([message("third"), message("fourth").model_copy(update={"offer": True})], None),
    ):
        app, api = App(), MemoryCarrier()
        app.Table = lambda *_, **__: rows  # type: ignore[method-assign]
        agent(app, api)
        assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
        app.begin(Batch([record(event, n) for n, event in enumerate(events)], assigned))
        assert assigned.task
        await asyncio.wait_for(assigned.task, 10)
        told = [decode(sent.value, sent.headers, timestamp=SENT).name for sent in app.sent]
        assert told == (names or ["message.accepted", "message.deferred"])
    service = daily_number.load(unpack(rows[daily_number.KEY]))
    assert (service.number, service.count) == (1, 2)


async def test_an_act_that_says_no_number_is_a_dead_letter_and_others_are_passed_over() -> None:
    app, _ = carrier()
    other = daily(1).model_copy(update={"act": "pause"})
    assigned = AssignedPartition(OUTBOX, 0, 0, busy=True)
    app.begin(
        Batch(
            [record(daily(1).model_copy(update={"details": {"number": "many"}}), 0), record(other, 1)],
            assigned,
        )
    )
    assert assigned.task
    await asyncio.wait_for(assigned.task, 10)
    [dead] = app.sent
    assert dead.topic == "dead-letter.v1"
    assert b"details.number" in dict(dead.headers)["jardem_reason"]
