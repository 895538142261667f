"""The carrier.

Hands messages to the SMS API, with a journal of what was attempted, and reports what came of each. Asks it
when it sent them, too, and holds them back where they fail for a cause of ours.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import time_ns
from typing import Any, cast

from agents.inbound_check import InboundCheck
from agents.long_texts import LongTextsTable
from agents.open_carrier import OpenCarrier
from agents.rows import opened_rows
from agents.silent_numbers import SilentNumbers
from schemas import catalogue
from schemas.ids import MessageId, Pseudonyms, Sid, derived_id
from schemas.messages import (
    MessageToSend,
    SenderHeld,
    SentTimeTold,
    SentTimeWanted,
    TextPartReceived,
)
from schemas.operators import OperatorActed
from schemas.received import ReceivedEvent
from sms.carrier import Accepted, Carrier, Outcome
from sms.sending import daily_number
from sms.sending.catch_up import CatchUp
from sms.sending.daily_number import Daily, Places, Returns
from sms.sending.dispatcher import Dispatcher
from sms.sending.journal import Report
from sms.sending.sender import Limits, Sender
from sms.sending.sent_time_lookup import SentTimes
from streams import metrics
from streams.app import StreamApp
from streams.dead_letters import UnreadableRecordError, Why, dead_letter
from streams.events import Cause, Effects, read
from streams.handlers import register_handler
from streams.packing.packed import pack, unpack
from streams.records import Outgoing, Record
from streams.topics import SMS_OUTBOX
from streams.tracing import Place, Span, Tracer, read_trace
from streams.transport.batch import Batch
from streams.transport.tables import BytesTable

# A call of a webhook ends within 15 s, its repeats included.
_LONGEST_LEFT = 30.0

_About = MessageId | Sid


class TableJournal:
    """The journal of the numbers of one batch: one partition of a table that has the outbox's partitions.

    It is made for each batch, so that nothing is kept of a number that is not at work, and opened for its
    keys: the page of another is given as it stands, and where that is sealed nobody can read it.
    """

    def __init__(self, app: StreamApp, table: BytesTable, partition: int) -> None:
        self._app = app
        self._table = table
        self._partition = partition
        self._pages: dict[bytes, bytes | None] = {}

    async def open(self, keys: Iterable[bytes]) -> None:
        """Have at hand what was last written under these keys. Ends the process where that can't be read."""
        stored = self._table.partition(self._partition).get
        self._pages = await opened_rows(self._app, self._table, {key: stored(key) for key in keys})

    def get(self, key: bytes) -> bytes | None:
        """What was last written under this key."""
        there = key in self._pages
        value = self._pages[key] if there else self._table.partition(self._partition).get(key)
        return None if value is None else unpack(value)

    async def write(self, entries: Mapping[bytes, bytes]) -> None:
        """Write; returns when the broker has acknowledged all of it."""
        packed = {key: pack(value) for key, value in entries.items()}
        await self._app.send_table(self._table, self._partition, packed, [])
        self._pages |= packed


@dataclass(slots=True)
class _Asked:
    """What a batch asks of the carrier, by kind; `refused` are dead letters.

    `numbers` are the daily numbers of SMS that operators said, each with the instant at which they did.
    """

    messages: list[MessageToSend] = field(default_factory=list)
    held: list[SenderHeld] = field(default_factory=list)
    wanted: list[SentTimeWanted] = field(default_factory=list)
    parts: list[TextPartReceived] = field(default_factory=list)
    numbers: list[tuple[int | None, datetime]] = field(default_factory=list)
    traces: dict[_About, str | None] = field(default_factory=dict)
    refused: list[Outgoing] = field(default_factory=list)

    def take(self, received: ReceivedEvent) -> None:
        """Take an event. Raises `ValueError` where an operator says no number."""
        match received.data:
            case MessageToSend() as message:
                self.messages.append(message)
                self.traces[message.message_id] = received.traceparent
            case SentTimeWanted() as wanted:
                self.wanted.append(wanted)
                self.traces[wanted.sid] = received.traceparent
            case SenderHeld() as held:
                self.held.append(held)
            case TextPartReceived() as part:
                self.parts.append(part)
            case OperatorActed(act=daily_number.ACT) as acted:
                self.numbers.append((daily_number.number_said(acted), received.time))

    def refuse(self, record: Record, error: UnreadableRecordError) -> None:
        """Take a record that can't be carried out: it becomes a dead letter."""
        metrics.DEAD_LETTERS.labels(record.topic, error.why).inc()
        self.refused.append(dead_letter(record, error.reason))


def _asked(batch: Batch) -> _Asked:
    asked = _Asked()
    for record in batch:
        try:
            asked.take(read(record, catalogue.CARRIER_EVENTS)[1])
        except UnreadableRecordError as error:
            asked.refuse(record, error)
        except ValueError as error:
            asked.refuse(record, UnreadableRecordError(str(error), Why.REFUSED))
    return asked


class CarrierAgent:
    """Takes batches of messages to the SMS API, and sends the reports to the SMS desk.

    The connections to the API are opened when it is first needed, inside the worker's loop, and live as long
    as it, or, where it `binds`, as long as this worker has a part of the outbox.
    """

    def __init__(  # noqa: PLR0913 - a carrier, how it is used, who looks on
        self,
        app: StreamApp,
        carrier: Carrier,
        pseudonyms: Pseudonyms,
        limits: Limits | None = None,
        *,
        daily: Daily | None = None,
        inbound_check: float | None = None,
        binds: bool = False,
        tracer: Tracer | None = None,
    ) -> None:
        """Register the agent and its table. To be done before the app is started.

        `daily` says whose days count for the daily number of SMS, and how many partitions share it.
        `inbound_check` is every how many seconds of real time the API's list of texts is looked at, if at
        all. With a `tracer` every call that creates a message has its span.
        """
        self._app = app
        self._carrier = carrier
        self._pseudonyms = pseudonyms
        # The SMS API knows one sender, however many workers there are: each has the part of its partitions.
        self._limits = replace(limits or Limits(), share=lambda: app.share_of(SMS_OUTBOX))
        self._effects = Effects("urn:jardem:carrier", pseudonyms)
        table = cast("BytesTable", app.Table("attempts", key_type=bytes, value_type=bytes))
        app.tables_of_inboxes[SMS_OUTBOX] = table.changelog_topic_name
        self._table = table
        self._silent = SilentNumbers(app, table)
        self._daily = daily or Daily(app.clock)
        self._returns: defaultdict[int, Returns] = defaultdict(self._new_returns)
        self._sent_times = SentTimes(carrier, app.clock, self._limits)
        self._sender: Sender | None = None
        self._open_carrier = OpenCarrier(app, carrier, as_long_as_held=binds)
        self._long_texts = LongTextsTable(app, table, pseudonyms)
        self._tracer = tracer
        self._at_work: dict[MessageId, Place] = {}
        self._inbound: InboundCheck | None = None
        if inbound_check is not None:
            leave = timedelta(seconds=min(_LONGEST_LEFT, inbound_check / 2))
            catch_up = CatchUp(carrier, pseudonyms, app.clock, leave=leave, traced=tracer is not None)
            self._inbound = InboundCheck(app, table, catch_up, every=inbound_check, ready=self._open)
        app.on_before_shutdown.connect(self._close)
        register_handler(app, "carrier", [SMS_OUTBOX], self._work)

    async def _open(self) -> Sender:
        await self._open_carrier.opened()
        if self._sender is None:
            self._sender = Sender(self._carrier, self._limits, self._app.clock, called=self._note_call)
        return self._sender

    async def _close(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals
        if self._inbound is not None:
            await self._inbound.stop()
        await self._open_carrier.close()

    def _note_call(self, message: MessageToSend, outcome: Outcome, began: int) -> None:
        """Record a call that creates a message, in the message's trace."""
        parent = self._at_work.get(message.message_id) if self._tracer is not None else None
        if self._tracer is None or parent is None:
            return
        place = parent.child("carrier", message.message_id, str(message.attempt), str(began))
        attributes: dict[str, str | int] = {
            "jardem.carrier": self._carrier.name,
            "jardem.message_id": message.message_id,
            "jardem.attempt": message.attempt,
            "jardem.outcome": type(outcome).__name__.lower(),
        }
        failed = not isinstance(outcome, Accepted)
        self._tracer.record(
            Span(place, "carrier sms", "client", began, time_ns(), parent, attributes, failed=failed)
        )

    def _may_call(self, batch: Batch) -> bool:
        """Whether the messages are still ours: a worker that stood still may have lost them unawares."""
        return batch.still_owned() and self._app.lease.valid()

    async def _work(self, batch: Batch) -> None:
        """Hand over a batch; it is acknowledged when every message and every inquiry has its report."""
        asked = _asked(batch)
        await self._long_texts.take(batch.partition, asked.parts)
        sender = await self._open()
        for each in asked.held:
            sender.hold(each.code, self._carrier.meaning_of(each.code))
        traces = asked.traces
        placed = self._place(asked.messages, traces)
        self._at_work.update(placed)
        try:
            reports = await self._dispatched(sender, asked, batch)
        finally:
            for message_id in placed:
                self._at_work.pop(message_id, None)
        told = [sent for report in reports for sent in self._report(report, report.message_id, traces)]
        # An API that is slow to be asked holds up no report of what it took.
        await self._app.send_all([*asked.refused, *told])
        if asked.wanted:
            times = await self._sent_times.ask(asked.wanted)
            await self._app.send_all(
                [sent for told in times for sent in self._report(told, told.sid, traces)]
            )

    async def _dispatched(self, sender: Sender, asked: _Asked, batch: Batch) -> list[Report]:
        """Hand over the messages of a batch, within what operators said of the day."""
        journal = TableJournal(self._app, self._table, batch.partition)
        numbers = {self._pseudonyms.phone(message.phone).encode() for message in asked.messages}
        async with self._silent.turn(batch.partition):
            await journal.open({*numbers, daily_number.KEY})
            places = self._places(journal, batch.partition)
            for number, at in asked.numbers:
                places.say(number, at)
            if changed := places.changed():
                await journal.write(changed)
            dispatcher = Dispatcher(sender, journal, self._pseudonyms, self._limits, places)
            return await dispatcher.dispatch(asked.messages, may_call=lambda: self._may_call(batch))

    def _new_returns(self) -> Returns:
        return Returns(self._limits.per_second / self._daily.partitions())

    def _places(self, journal: TableJournal, partition: int) -> Places:
        daily = replace(self._daily, partition=partition)
        return Places(journal.get(daily_number.KEY), daily, self._returns[partition])

    def _place(
        self, messages: Sequence[MessageToSend], traces: Mapping[_About, str | None]
    ) -> dict[MessageId, Place]:
        """The spans that calls for these messages belong under, where traces are wanted."""
        if self._tracer is None:
            return {}
        found = {message.message_id: read_trace(traces[message.message_id]) for message in messages}
        return {message_id: place for message_id, place in found.items() if place}

    def _report(
        self, report: Report | SentTimeTold, about: _About, traces: Mapping[_About, str | None]
    ) -> list[Outgoing]:
        """The same report of the same attempt has the same id, whichever record asked for it."""
        cause = Cause(derived_id(about, str(report.attempt)), traces.get(about))
        return self._effects.outgoing([report], cause, self._app.clock.now())
