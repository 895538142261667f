"""Takes batches of messages to the carrier, each message at most once, and reports what came of each.

Before any call the intent is written to the journal and acknowledged by the broker. A message found there
without an outcome is ambiguous: the SMS API is asked before anything is sent again. Nothing waits long here:
what can't be sent now goes back to the desk, which keeps the queue of each number.

An offer for which the day has no place left goes back likewise. And where an operator has said that a message
in doubt was not sent, it is begun anew.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog

from schemas.ids import Pseudonyms
from schemas.messages import DAILY_NUMBER, MessageToSend
from schemas.stored import NewerValueError, UnreadableValueError
from sms import metrics
from sms.sending import journal
from sms.sending.daily_number import Places
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


@dataclass(frozen=True, slots=True)
class _Ends:
    """Until when, on the loop's clock, a batch waits for turns: answers to texts, and all others."""

    answers: float
    others: float


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
        places: Places,
        *,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._journal = journal_
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._places = places
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
        now = asyncio.get_running_loop().time()
        ends = _Ends(now + self._limits.batch_seconds, now + self._limits.unasked_seconds)
        numbers = self._by_number(messages)
        # Those who wait for an answer first. A number's own messages keep their order.
        numbers.sort(key=lambda number: not any(message.answers for message in number.waiting))
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

    async def _round(self, numbers: list[_Number], ends: _Ends, may_call: Callable[[], bool]) -> None:
        """Handle the next message of each number."""
        begun: list[tuple[_Number, Attempt, date | None]] = []
        touched: dict[bytes, Page] = {}
        for number in numbers:
            message = number.waiting.pop(0)
            next_ = self._decide(number, message, ends, len(begun), may_call)
            if isinstance(next_, Attempt):
                begun.append((number, next_, None if next_.held is not None else self._places.take()))
            elif next_ is not None:
                self._conclude(number, next_, touched)
        now = self._now()
        intents = {
            number.key: journal.dump(self._noted(number, attempt.entry.begun(attempt.message.attempt, now)))
            for number, attempt, _ in begun
        }
        if intents:
            await self._journal.write(intents | self._places.changed())
        entries = await asyncio.gather(*(self._sender.carry_out(attempt) for _, attempt, _ in begun))
        for (number, attempt, place), entry in zip(begun, entries, strict=True):
            if not attempt.may_have_left(entry):
                self._places.give_back(place)
            self._conclude(number, entry, touched)
        if touched:
            pages = {key: journal.dump(page) for key, page in touched.items()}
            await self._journal.write(pages | self._places.changed())

    def _decide(
        self,
        number: _Number,
        message: MessageToSend,
        ends: _Ends,
        begun: int,
        may_call: Callable[[], bool],
    ) -> Attempt | Entry | None:
        """Carry the message out, or be done with it; None: what was reported is reported again.

        `begun` others of the batch are carried out before it.
        """
        former = number.page.find(message.message_id) if number.page else None
        if former and former.report and (former.final or message.attempt <= former.attempt):
            number.reports.append(former.report.model_copy(update={"attempt": message.attempt}))
            return None
        now = self._now()
        entry = former or self._unheard_of(message, now)
        if number.page is None:
            return self._sender.in_doubt(message, entry)
        if self._is_unsent(message, entry):
            entry = Entry(message_id=message.message_id, attempt=message.attempt, touched_at=now)
        if number.blocked or (not entry.open and self._sender.is_stale(message)):
            reason, after = ("behind_another", None) if number.blocked else ("stale", 0.0)
            return self._sender.deferred(message, entry, reason, after, open_=entry.open)
        held = self._places.seconds_held() if message.offer and not self._places.free() else None
        if held is not None and not entry.open:
            return self._held(message, former, entry, held)
        turn_by = ends.answers if message.answers else ends.others
        busy = None if entry.open else self._sender.busy(message, entry, turn_by, begun)
        if busy is not None:
            return busy
        ambiguous = entry.open
        return Attempt(
            message,
            entry if ambiguous else self._sender.calling(message, entry).begun(message.attempt, now),
            ambiguous=ambiguous,
            others=number.page.sids(),
            turn_by=turn_by,
            ends=ends.answers,
            may_call=may_call,
            held=held,
        )

    def _unheard_of(self, message: MessageToSend, now: datetime) -> Entry:
        """A message that the journal does not know: one of a backup does not say whether it left since."""
        entry = Entry(message_id=message.message_id, attempt=message.attempt, touched_at=now)
        return entry if self._limits.restored_from is None else entry.begun(message.attempt, now)

    def _is_unsent(self, message: MessageToSend, entry: Entry) -> bool:
        """Whether an operator has said of all that was tried that it did not leave.

        They speak of what was in doubt when they said so. What a worker has begun since, be it one that died
        over it, has to be looked up as ever.
        """
        if message.unsent_before is None or not entry.open or entry.report is None:
            return False
        last = entry.called_at or entry.intended_at
        return last is None or last <= self._sender.real(message.unsent_before)

    def _held(self, message: MessageToSend, former: Entry | None, entry: Entry, seconds: float) -> Entry:
        """Give an offer back for which the day has no place. Each is counted once for as long as it waits."""
        if former is None or former.deferred is None or former.deferred.reason != DAILY_NUMBER:
            metrics.OFFERS_HELD.inc()
        return self._sender.deferred(message, entry, DAILY_NUMBER, seconds, open_=False)

    def _conclude(self, number: _Number, entry: Entry, touched: dict[bytes, Page]) -> None:
        if entry.report is not None:
            number.reports.append(entry.report)
        # What waits for another day holds up nobody: the desk lets others pass it.
        waits = entry.deferred is not None and entry.deferred.reason == DAILY_NUMBER
        number.blocked = number.blocked or not (entry.final or waits)
        if number.page is not None:
            number.page = self._noted(number, entry)
            touched[number.key] = number.page

    def _noted(self, number: _Number, entry: Entry) -> Page:
        return (number.page or Page()).noted(entry, self._limits.journal_age)
