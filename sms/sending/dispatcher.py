"""Takes batches of messages to the carrier, each message at most once, and reports what came of each.

Before any call the intent is written to the journal and acknowledged by the broker. A message found there
without an outcome is ambiguous: the SMS API is asked before anything is sent again. Nothing waits long here:
what can't be sent now goes back to the desk, which keeps the queue of each number.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from schemas.ids import Pseudonyms
from schemas.messages import MessageToSend
from schemas.stored import NewerValueError, UnreadableValueError
from sms import metrics
from sms.sending import journal
from sms.sending.journal import Entry, Journal, Page, Report
from sms.sending.sender import Attempt, Limits, Sender
from streams.clock import real_now

_log = structlog.get_logger(__name__)


def _always() -> bool:
    return True


@dataclass(slots=True)
class _Number:
    """One phone number's part of a batch. `page` is None where the journal can't be read."""

    key: bytes
    page: Page | None
    waiting: list[MessageToSend]
    reports: list[Report] = field(default_factory=list)
    blocked: bool = False


class Dispatcher:
    """Hands messages to the carrier: numbers side by side, each number's messages in their order.

    It keeps nothing from one batch to the next: that is the journal's, and the sender's, to whom all batches
    come.
    """

    def __init__(
        self,
        sender: Sender,
        journal_: Journal,
        pseudonyms: Pseudonyms,
        limits: Limits,
        *,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._journal = journal_
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._now = now
        self._sender = sender

    async def dispatch(
        self, messages: Sequence[MessageToSend], *, may_call: Callable[[], bool] = _always
    ) -> list[Report]:
        """Handle a batch. Every message gets one report, those of one number in their order.

        A repeated message gets the same report again, and a report bears the attempt that it answers.
        `may_call` is asked before every call; once it says no, another worker has the messages, and the batch
        is given up with `CancelledError`. Else raises only what the journal raises; then the batch has to be
        handed over once more.
        """
        ends = asyncio.get_running_loop().time() + self._limits.batch_seconds
        numbers = self._by_number(messages)
        while at_work := [number for number in numbers if number.waiting]:
            async with self._sender.intents.some(len(at_work)) as room:
                await self._round(at_work[:room], ends, may_call)
        reports = [report for number in numbers for report in number.reports]
        for report in reports:
            metrics.REPORTS.labels(report.name.removeprefix("message.")).inc()
        return reports

    def _by_number(self, messages: Sequence[MessageToSend]) -> list[_Number]:
        waiting: defaultdict[bytes, list[MessageToSend]] = defaultdict(list)
        for message in messages:
            waiting[self._pseudonyms.phone(message.phone).encode()].append(message)
        return [_Number(key, self._page(key), queue) for key, queue in waiting.items()]

    def _page(self, key: bytes) -> Page | None:
        try:
            return journal.load(self._journal.get(key))
        except NewerValueError:
            # No matter of this number's: this worker can read none of what the newer one has written.
            raise
        except UnreadableValueError:
            _log.error("the journal of a number can't be read", phone_id=key.decode())
            return None

    async def _round(self, numbers: list[_Number], ends: float, may_call: Callable[[], bool]) -> None:
        """Handle the next message of each number."""
        begun: list[tuple[_Number, Attempt]] = []
        touched: dict[bytes, Page] = {}
        for number in numbers:
            message = number.waiting.pop(0)
            next_ = self._decide(number, message, ends, may_call)
            if isinstance(next_, Attempt):
                begun.append((number, next_))
            elif next_ is not None:
                self._conclude(number, next_, touched)
        now = self._now()
        intents = {
            number.key: journal.dump(self._noted(number, attempt.entry.begun(attempt.message.attempt, now)))
            for number, attempt in begun
        }
        if intents:
            await self._journal.write(intents)
        entries = await asyncio.gather(*(self._sender.carry_out(attempt) for _, attempt in begun))
        for (number, _), entry in zip(begun, entries, strict=True):
            self._conclude(number, entry, touched)
        if touched:
            await self._journal.write({key: journal.dump(page) for key, page in touched.items()})

    def _decide(
        self, number: _Number, message: MessageToSend, ends: float, may_call: Callable[[], bool]
    ) -> Attempt | Entry | None:
        """Carry the message out, or be done with it; None: what was reported is reported again."""
        former = number.page.find(message.message_id) if number.page else None
        if former and former.report and (former.final or message.attempt <= former.attempt):
            number.reports.append(former.report.model_copy(update={"attempt": message.attempt}))
            return None
        now = self._now()
        entry = former or Entry(message_id=message.message_id, attempt=message.attempt, touched_at=now)
        if number.page is None:
            return self._sender.in_doubt(message, entry)
        if number.blocked:
            return self._sender.deferred(message, entry, "behind_another", open_=entry.open)
        if not entry.open and self._sender.is_stale(message):
            return self._sender.deferred(message, entry, "stale", 0.0, open_=False)
        others = number.page.sids()
        if entry.open:
            return Attempt(message, entry, ambiguous=True, others=others, ends=ends, may_call=may_call)
        intent = entry.model_copy(update={"called_at": now}).begun(message.attempt, now)
        return Attempt(message, intent, ambiguous=False, others=others, ends=ends, may_call=may_call)

    def _conclude(self, number: _Number, entry: Entry, touched: dict[bytes, Page]) -> None:
        if entry.report is not None:
            number.reports.append(entry.report)
        number.blocked = number.blocked or not entry.final
        if number.page is not None:
            number.page = self._noted(number, entry)
            touched[number.key] = number.page

    def _noted(self, number: _Number, entry: Entry) -> Page:
        return (number.page or Page()).noted(entry, self._limits.journal_age)
