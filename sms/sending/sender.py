"""What happens to one message at the carrier: the look-up where it is ambiguous, quick tries, the report."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import time_ns

import structlog

from schemas.ids import Sid
from schemas.messages import (
    DAILY_NUMBER,
    MessageAccepted,
    MessageDeferred,
    MessageInDoubt,
    MessageRejected,
    MessageToSend,
)
from sms import metrics
from sms.backoff import backoff
from sms.carrier import Accepted, CannotBeAskedError, Carrier, NotNow, Outcome, Refused, Uncertain
from sms.sending.circuit_breaker import CircuitBreaker
from sms.sending.intents import Intents
from sms.sending.journal import Entry
from sms.sending.rate_limit import TokenBucket, whole
from sms.sending.returns import Returns
from streams.clock import Clock, real_now

_log = structlog.get_logger(__name__)
# How far the API's clock may be behind ours. Texts are compared whole, so a wide window finds no stranger.
_CLOCKS_APART = timedelta(hours=1)
_FIRST_PAUSE = 0.25
_SOONEST = 1.0
_AT_ONCE = 0.1
_CARRIER_AWAY = "carrier_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The carrier's limits. All seconds are real time.

    `per_second` and `burst` are the sender's, and `share` tells which part of them is this worker's now.
    `in_flight`: how many calls at once, and `answers_in_flight` how many more for answers to texts alone.
    `intents`: how many messages at once there may be with an intent to call and without an outcome, in all
    batches, so that a crash leaves no more of them in doubt than that.
    `stale_seconds`: a request older than this, not yet tried, goes back to the desk, which decides again.
    `batch_seconds`: what a batch has not begun after this goes back to the desk; what answers no text goes
    back after `unasked_seconds` already, so that a batch of it keeps no answer waiting.
    `quick_seconds`: how long a message is tried at once, before it goes back.
    `settle_seconds`: how long the SMS API may still be at work on a call that was cut off.
    `doubt_seconds`: how long the SMS API may be unable to say what it has before an operator is called.
    `restored_from`: since when (real time) SMS may have left of which the journal knows nothing, because it
    was brought back from a backup.
    """

    per_second: float = 10.0
    burst: int = 10
    share: Callable[[], float] = whole
    in_flight: int = 32
    answers_in_flight: int = 8
    intents: int = 1000
    stale_seconds: float = 60.0
    batch_seconds: float = 5.0
    unasked_seconds: float = 0.5
    tries: int = 3
    quick_seconds: float = 4.0
    settle_seconds: float = 10.0
    doubt_seconds: float = 3600.0
    restored_from: datetime | None = None
    journal_age: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One message to be carried out, with what the journal knows of it.

    `ambiguous`: the API may have it already. `others`: the sids that belong to other messages of the number.
    `turn_by`: until when, on the loop's clock, it waits for its first turn, and `ends` for those of further
    tries. `may_call`: whether it is still ours to send.
    `held`: it is an offer for which the day has no place; if it is found not to have left, it is to come back
    after so many seconds.
    """

    message: MessageToSend
    entry: Entry
    ambiguous: bool
    others: frozenset[Sid]
    turn_by: float
    ends: float
    may_call: Callable[[], bool]
    held: float | None = None

    def may_have_left(self, entry: Entry) -> bool:
        """Whether this attempt may have brought the message to its number, by the entry that came of it."""
        called = not self.ambiguous or entry.called_at != self.entry.called_at
        return called and (entry.open or entry.accepted is not None)


def _nobody(message: MessageToSend, outcome: Outcome, began: int) -> None:
    """For whoever wants to hear of no call."""


class Sender:
    """Carries out single messages, as many at once as the limits allow.

    `clock` turns the virtual instants of the messages into the real ones of the SMS API and back. `called`
    hears of each call that creates a message: of which, what came of it, and when it began, in nanoseconds of
    Unix time.
    """

    def __init__(
        self,
        carrier: Carrier,
        limits: Limits,
        clock: Clock,
        *,
        chance: random.Random | None = None,
        now: Callable[[], datetime] = real_now,
        called: Callable[[MessageToSend, Outcome, int], None] = _nobody,
    ) -> None:
        self._carrier = carrier
        self._called = called
        self._limits = limits
        self._clock = clock
        self._chance = chance or random.SystemRandom()
        self._now = now
        self._bucket = TokenBucket(limits.per_second, limits.burst, limits.share)
        self._breaker = CircuitBreaker(self._chance)
        self._free = asyncio.Semaphore(limits.in_flight)
        self._free_for_answers = asyncio.Semaphore(limits.answers_in_flight)
        self._returns = Returns(limits.per_second, limits.share, _SOONEST)
        self.intents = Intents(limits.intents)

    def real(self, virtual: datetime) -> datetime:
        """The real instant of a virtual one, such as events bear."""
        return self._clock.real(virtual)

    def is_stale(self, message: MessageToSend) -> bool:
        """Whether the request is so old that the desk has to decide again."""
        age = self._now() - self._clock.real(message.requested_at)
        return age > timedelta(seconds=self._limits.stale_seconds)

    def deferred(
        self,
        message: MessageToSend,
        entry: Entry,
        reason: str,
        retry_after: float | None = None,
        *,
        open_: bool,
    ) -> Entry:
        """Give the message back to the desk. `open_`: the API may have it all the same."""
        metrics.DEFERRALS.labels(reason if reason in metrics.DEFERRED else "other").inc()
        now = self._now()
        report = MessageDeferred(
            message_id=message.message_id,
            phone=message.phone,
            attempt=message.attempt,
            reason=reason,
            retry_after_seconds=retry_after,
            may_have_left=open_,
            tried_at=self._tried_at(entry) if open_ else None,
            at=self._clock.virtual(now),
        )
        return entry.reported(report, now, open_=open_)

    def busy(self, message: MessageToSend, entry: Entry, ends: float, ahead: int) -> Entry | None:
        """Give the message back where it would not have its turn by `ends`, behind so many others.

        Or where the carrier surely takes nothing now.
        """
        away = self._carrier.seconds_away(message.phone)
        if away > 0:
            comes_back = away + self._chance.uniform(0, _AT_ONCE)
            if not message.answers:
                comes_back = max(comes_back, self._comes_back(message))
            return self.deferred(message, entry, _CARRIER_AWAY, comes_back, open_=False)
        if message.answers or self._bucket.has_room(ends, ahead):
            return None
        return self.deferred(message, entry, "busy", self._comes_back(message), open_=False)

    def _comes_back(self, message: MessageToSend) -> float:
        """After how many seconds a message that had no turn is to come again."""
        if message.answers:
            return self._chance.uniform(0, self._limits.unasked_seconds)
        return self._returns.seconds()

    def in_doubt(self, message: MessageToSend, entry: Entry) -> Entry:
        """Leave the message to an operator."""
        metrics.IN_DOUBT.inc()
        now = self._now()
        report = MessageInDoubt(
            message_id=message.message_id,
            phone=message.phone,
            attempt=message.attempt,
            tried_at=self._tried_at(entry),
            at=self._clock.virtual(now),
        )
        return entry.reported(report, now, open_=True)

    def _tried_at(self, entry: Entry) -> datetime | None:
        """The virtual instant since when the API may have the message."""
        return self._clock.virtual(entry.intended_at) if entry.intended_at else None

    def hold(self, code: int | None, reason: str) -> None:
        """Hold the queue, because a message that the API had taken has failed for a cause of ours.

        `code` is the API's own, and `reason` says it in words.
        """
        metrics.OURS.labels(metrics.code_label(code)).inc()
        _log.error("a message failed for a cause of ours: the queue is held", reason=reason, code=code)
        self._breaker.hold()
        self._show_pause()

    def _show_pause(self) -> None:
        metrics.PAUSED_UNTIL.set(real_now().timestamp() + self._breaker.seconds_left())

    async def carry_out(self, attempt: Attempt) -> Entry:
        """Look the message up if it is ambiguous, send it if need be, and return what became of it."""
        async with self._free_for_answers if attempt.message.answers else self._free:
            with self._breaker.turn() as may_begin:
                if not may_begin:
                    return self._later(attempt, "resting", self._breaker.spread(), open_=attempt.ambiguous)
                return await self._begin(attempt)

    async def _begin(self, attempt: Attempt) -> Entry:
        if attempt.ambiguous:
            entry = await self._look_up(attempt) or self._unsettled(attempt)
            if entry is not None:
                return entry
            if attempt.held is not None:
                return self._later(attempt, DAILY_NUMBER, attempt.held)
            attempt = replace(attempt, entry=self.calling(attempt.message, attempt.entry))
        return await self._send(attempt)

    def _later(
        self, attempt: Attempt, reason: str, retry_after: float | None = None, *, open_: bool = False
    ) -> Entry:
        return self.deferred(attempt.message, attempt.entry, reason, retry_after, open_=open_)

    def calling(self, message: MessageToSend, entry: Entry) -> Entry:
        """The entry of a call that is under way now.

        It comes after all of which an operator has said that it did not leave, whatever this worker's clock
        says beside the one that told the doubt: else their word would be taken for this call's as well.
        """
        now, unsent = self._now(), message.unsent_before
        at = now if unsent is None else max(now, self.real(unsent) + timedelta(microseconds=1))
        return entry.model_copy(update={"called_at": at})

    async def _look_up(self, attempt: Attempt) -> Entry | None:
        """The message as the API has it, or put off as the API can't be asked; None: the API has it not."""
        intended_at = attempt.entry.intended_at or attempt.entry.touched_at
        since = min(intended_at, self._limits.restored_from or intended_at)
        try:
            accepted = await self._carrier.find(
                attempt.message.phone,
                attempt.message.text,
                since=since - _CLOCKS_APART,
                except_sids=attempt.others,
                # A term that began at the API's whole second may end in the minute before.
                moments_aside=self._limits.restored_from is not None,
                message_id=attempt.message.message_id,
            )
        except CannotBeAskedError as problem:
            waited = self._now() - intended_at
            if problem.passing and waited < timedelta(seconds=self._limits.doubt_seconds):
                metrics.LOOKUPS.labels("not_now").inc()
                # A list that can't be read says nothing of why messages were refused: their count goes on.
                self._breaker.failed(None, answered=False)
                return self._later(attempt, "look_up_failed", open_=True)
            metrics.LOOKUPS.labels("impossible").inc()
            _log.error("a message is in doubt", message_id=attempt.message.message_id, reason=str(problem))
            return self.in_doubt(attempt.message, attempt.entry)
        if accepted is None:
            metrics.LOOKUPS.labels("not_found").inc()
            return None
        metrics.LOOKUPS.labels("adopted").inc()
        at = min(max(accepted.at, since), self._now())
        return self._accepted(attempt, replace(accepted, at=at))

    def _unsettled(self, attempt: Attempt) -> Entry | None:
        """Put the message off while the API may still be at work on the call that was cut off.

        Where nothing was reported of the attempt, its worker died or lost the number to us, nobody knows
        when: its call may have been cut off at this moment.
        """
        now = self._now()
        entry = attempt.entry
        cut_off_at = entry.called_at if entry.report and entry.called_at else now
        left = (cut_off_at - now).total_seconds() + self._limits.settle_seconds
        if left <= 0:
            return None
        cut_off = replace(attempt, entry=entry.model_copy(update={"called_at": cut_off_at}))
        return self._later(cut_off, "unsettled", left, open_=True)

    async def _send(self, attempt: Attempt) -> Entry:
        loop = asyncio.get_running_loop()
        gives_up = loop.time() + self._limits.quick_seconds
        # Whoever waited for a free call meanwhile, and not for the rate, is not sent back for that.
        turn_by = min(attempt.ends, max(attempt.turn_by, loop.time() + _AT_ONCE))
        for tries_left in reversed(range(self._limits.tries)):
            asked = loop.time()
            if not await self._bucket.take(turn_by, answers=attempt.message.answers):
                return self._later(attempt, "busy", self._comes_back(attempt.message))
            turn_by = attempt.ends
            metrics.RATE_WAIT.observe(loop.time() - asked)
            if self._breaker.seconds_left() > 0:
                return self._later(attempt, "resting", self._breaker.spread())
            if self.is_stale(attempt.message):
                return self._later(attempt, "stale", 0.0)
            if (away := self._carrier.seconds_away(attempt.message.phone)) > 0:
                return self._later(attempt, _CARRIER_AWAY, away)
            if not attempt.may_call():
                raise asyncio.CancelledError("the messages are another worker's now")
            failure = await self._call(attempt)
            if isinstance(failure, Entry):
                return failure
            doublings = self._limits.tries - 1 - tries_left
            pause = failure.retry_after or self._chance.uniform(0.5, 1) * backoff(_FIRST_PAUSE, doublings)
            hopeless = failure.ours or failure.unknown
            if tries_left == 0 or hopeless or loop.time() + pause > gives_up:
                return self._later(attempt, failure.reason, failure.retry_after)
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns")

    async def _call(self, attempt: Attempt) -> Entry | NotNow:
        """One call, and the look-up where it was cut off or failed inside the API."""
        began = time_ns()
        with metrics.CALL_SECONDS.time():
            message = attempt.message
            outcome = await self._carrier.send(message.phone, message.text, message_id=message.message_id)
        metrics.CALLS.labels(type(outcome).__name__.lower()).inc()
        self._called(attempt.message, outcome, began)
        try:
            return await self._note(attempt, outcome)
        finally:
            self._show_pause()

    async def _note(self, attempt: Attempt, outcome: Outcome) -> Entry | NotNow:
        """What the call's outcome means for the message, and for those behind it."""
        match outcome:
            case Accepted():
                self._breaker.accepted()
                return self._accepted(attempt, outcome)
            case Refused():
                self._breaker.succeeded()
                return self._rejected(attempt, outcome)
            case NotNow(others_turn=True):
                return self._later(attempt, _CARRIER_AWAY, outcome.retry_after)
            case NotNow():
                self._note_failure(attempt, outcome)
                return outcome
            case Uncertain():
                return await self._uncertain(attempt, outcome)

    async def _uncertain(self, attempt: Attempt, outcome: Uncertain) -> Entry | NotNow:
        """Look up a message that may have left; it is sent again only once it can't be under way any more."""
        failure = NotNow(outcome.reason, outcome.retry_after, answered=False)
        self._note_failure(attempt, failure)
        entry = await self._look_up(attempt)
        if entry is None and outcome.taken:
            return await self._shown(attempt)
        if entry is None and not outcome.ended:
            cut_off = replace(attempt, entry=self.calling(attempt.message, attempt.entry))
            settled = max(self._limits.settle_seconds, outcome.retry_after or 0.0)
            return self._later(cut_off, outcome.reason, settled, open_=True)
        return entry or failure

    async def _shown(self, attempt: Attempt) -> Entry:
        """The message that the API says it took, once its list shows it; it is never sent again for that."""
        waited = 0.0
        while waited < self._limits.settle_seconds:
            pause = min(max(waited, _FIRST_PAUSE), self._limits.settle_seconds - waited)
            await asyncio.sleep(pause)
            waited += pause
            if (entry := await self._look_up(attempt)) is not None:
                return entry
        _log.error("a message is in doubt: its list does not show what the SMS API says it took")
        return self.in_doubt(attempt.message, attempt.entry)

    def _note_failure(self, attempt: Attempt, failure: NotNow) -> None:
        if failure.unknown:
            metrics.UNKNOWN_CODES.labels(metrics.code_label(failure.code)).inc()
            _log.warning("the SMS API refused a message with a code that we do not know", code=failure.code)
            if self._breaker.refused(attempt.message.phone):
                _log.error("it refused number after number so: nobody sends for a while", code=failure.code)
            return
        self._breaker.failed(failure.retry_after, answered=failure.answered)
        if failure.ours:
            metrics.OURS.labels(metrics.code_label(failure.code)).inc()
            _log.error(
                "the SMS API refuses our account or settings", reason=failure.reason, code=failure.code
            )

    def _accepted(self, attempt: Attempt, outcome: Accepted) -> Entry:
        now = self._now()
        report = MessageAccepted(
            message_id=attempt.message.message_id,
            phone=attempt.message.phone,
            attempt=attempt.message.attempt,
            sid=outcome.sid,
            accepted_at=self._clock.virtual(outcome.at),
            sent_at=self._clock.virtual(min(outcome.sent_at, now)) if outcome.sent_at else None,
            carrier=outcome.carrier or self._carrier.name,
            sender=outcome.sender or self._carrier.sender,
        )
        return attempt.entry.reported(report, now, open_=False)

    def _rejected(self, attempt: Attempt, outcome: Refused) -> Entry:
        metrics.REFUSALS.labels(metrics.code_label(outcome.code)).inc()
        now = self._now()
        report = MessageRejected(
            message_id=attempt.message.message_id,
            phone=attempt.message.phone,
            attempt=attempt.message.attempt,
            code=outcome.code,
            reason=outcome.reason,
            opted_out=outcome.opted_out,
            at=self._clock.virtual(now),
        )
        return attempt.entry.reported(report, now, open_=False)
