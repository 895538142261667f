"""The carrier.

Hands messages to the SMS API, with a journal of what was attempted, and reports what came of each. Asks it
when it sent them, too, and holds them back where they fail for a cause of ours.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from agents.inbound_check import InboundCheck
from agents.long_texts import LongTextsTable
from agents.open_carrier import OpenCarrier
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
from sms.carrier import Carrier
from sms.sending.catch_up import CatchUp
from sms.sending.dispatcher import Dispatcher
from sms.sending.journal import Report
from sms.sending.sender import Limits, Sender
from sms.sending.sent_time_lookup import SentTimes
from streams.app import StreamApp
from streams.dead_letters import UnreadableRecordError, dead_letter
from streams.events import Cause, Effects, read
from streams.handlers import register_handler
from streams.records import Outgoing
from streams.topics import SMS_OUTBOX
from streams.transport.batch import Batch
from streams.transport.tables import BytesTable

# A call of a webhook ends within 15 s, its repeats included.
_LONGEST_LEFT = 30.0

_About = MessageId | Sid


class TableJournal:
    """The journal of the numbers of one batch: one partition of a table that has the outbox's partitions.

    It is made for each batch, so that nothing is kept of a number that is not at work.
    """

    def __init__(self, app: StreamApp, table: BytesTable, partition: int) -> None:
        self._app = app
        self._table = table
        self._partition = partition

    def get(self, key: bytes) -> bytes | None:
        """What was last written under this key."""
        return self._table.partition(self._partition).get(key)

    async def write(self, entries: Mapping[bytes, bytes]) -> None:
        """Write; returns when the broker has acknowledged all of it."""
        await self._app.send_table(self._table, self._partition, entries, [])


class CarrierAgent:
    """Takes batches of messages to the SMS API, and sends the reports to the SMS desk.

    The connections to the API are opened when it is first needed, inside the worker's loop, and live as long
    as it, or, where it `binds`, as long as this worker has a part of the outbox.
    """

    def __init__(
        self,
        app: StreamApp,
        carrier: Carrier,
        pseudonyms: Pseudonyms,
        limits: Limits | None = None,
        *,
        inbound_check: float | None = None,
        binds: bool = False,
    ) -> None:
        """Register the agent and its table. To be done before the app is started.

        `inbound_check` is every how many seconds of real time the API's list of texts is looked at, if at
        all.
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
        self._sent_times = SentTimes(carrier, app.clock, self._limits)
        self._sender: Sender | None = None
        self._open_carrier = OpenCarrier(app, carrier, as_long_as_held=binds)
        self._long_texts = LongTextsTable(app, table, pseudonyms)
        self._inbound: InboundCheck | None = None
        if inbound_check is not None:
            leave = timedelta(seconds=min(_LONGEST_LEFT, inbound_check / 2))
            catch_up = CatchUp(carrier, pseudonyms, app.clock, leave=leave)
            self._inbound = InboundCheck(app, table, catch_up, every=inbound_check, ready=self._open)
        app.on_before_shutdown.connect(self._close)
        register_handler(app, "carrier", [SMS_OUTBOX], self._work)

    async def _open(self) -> Sender:
        await self._open_carrier.opened()
        if self._sender is None:
            self._sender = Sender(self._carrier, self._limits, self._app.clock)
        return self._sender

    async def _close(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals
        if self._inbound is not None:
            await self._inbound.stop()
        await self._open_carrier.close()

    def _may_call(self, batch: Batch) -> bool:
        """Whether the messages are still ours: a worker that stood still may have lost them unawares."""
        return batch.still_owned() and self._app.lease.valid()

    async def _work(self, batch: Batch) -> None:
        """Hand over a batch; it is acknowledged when every message and every inquiry has its report."""
        outgoing: list[Outgoing] = []
        messages: list[MessageToSend] = []
        held: list[SenderHeld] = []
        wanted: list[SentTimeWanted] = []
        parts: list[TextPartReceived] = []
        traces: dict[_About, str | None] = {}
        for record in batch:
            try:
                _, received = read(record, catalogue.CARRIER_EVENTS)
            except UnreadableRecordError as error:
                outgoing.append(dead_letter(record, error.reason))
                continue
            data = received.data
            if isinstance(data, MessageToSend):
                messages.append(data)
                traces[data.message_id] = received.traceparent
            elif isinstance(data, SentTimeWanted):
                wanted.append(data)
                traces[data.sid] = received.traceparent
            elif isinstance(data, SenderHeld):
                held.append(data)
            elif isinstance(data, TextPartReceived):
                parts.append(data)
        await self._long_texts.take(batch.partition, parts)
        sender = await self._open()
        for each in held:
            sender.hold(each.code, self._carrier.meaning_of(each.code))
        journal = TableJournal(self._app, self._table, batch.partition)
        dispatcher = Dispatcher(sender, journal, self._pseudonyms, self._limits)
        async with self._silent.turn(batch.partition):
            reports = await dispatcher.dispatch(messages, may_call=lambda: self._may_call(batch))
        for report in reports:
            outgoing += self._report(report, report.message_id, traces)
        # An API that is slow to be asked holds up no report of what it took.
        await self._app.send_all(outgoing)
        if wanted:
            times = await self._sent_times.ask(wanted)
            await self._app.send_all(
                [sent for told in times for sent in self._report(told, told.sid, traces)]
            )

    def _report(
        self, report: Report | SentTimeTold, about: _About, traces: Mapping[_About, str | None]
    ) -> list[Outgoing]:
        """The same report of the same attempt has the same id, whichever record asked for it."""
        cause = Cause(derived_id(about, str(report.attempt)), traces.get(about))
        return self._effects.outgoing([report], cause, self._app.clock.now())
