"""The carrier that speaks SMPP to an operator's SMSC."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Protocol, Self

import structlog

from schemas.ids import Sid
from schemas.messages import UNKNOWN_CODE
from schemas.values import Phone
from sms import metrics
from sms.carrier import Accepted, CannotBeAskedError, NotNow, Outcome, Refused, Texts, Uncertain
from sms.smpp import receipts
from sms.smpp.account import Account
from sms.smpp.binding import Binding
from sms.smpp.commands import Command, read_message_id
from sms.smpp.composer import Composer
from sms.smpp.inbound import Inbound, sid_of
from sms.smpp.late import LateResponses
from sms.smpp.pace import Pace
from sms.smpp.pdu import MalformedPduError, Pdu
from sms.smpp.session import Late, NoResponseError, NotSentError, RefusedError, Session
from sms.smpp.status import Effect, effect_of, meaning_of
from sms.smpp.turns import Turns

_log = structlog.get_logger(__name__)

_SECONDS_TO_BIND = 5.0
_SECONDS_BETWEEN_TRIES = 1.0
_TRIES_OF_A_LATER_PART = 5
_NOT_OPEN = "not_open"
_LATEST_TO_GO_ON = timedelta(minutes=1)
"""How long after a text was begun its other parts still follow one that is answered late."""


class Inbox(Protocol):
    """Where what operators bring goes, as long as it is open."""

    async def __aenter__(self) -> object:
        """Open it."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...


class SmppCarrier:
    """Sends to an operator, and takes what it brings to the broker through `inbound`, as long as it is open.

    SMPP can't be asked what it has: a message that may have left and has no response is in doubt, until the
    response comes after all.
    `seconds_to_bind` is how long a message waits for a bind before it is given back. Without `turns` a bind
    is held as long as the carrier is open.
    """

    def __init__(
        self,
        account: Account,
        inbound: Inbound,
        inbox: Inbox,
        *,
        turns: Turns | None = None,
        seconds_to_bind: float = _SECONDS_TO_BIND,
    ) -> None:
        self._account = account
        self._inbox = inbox
        self._seconds_to_bind = seconds_to_bind
        kinds = (
            [Command.BIND_TRANSCEIVER]
            if account.bind == "transceiver"
            else [Command.BIND_TRANSMITTER, Command.BIND_RECEIVER]
        )
        turns = turns or Turns(None, account.binds_of_a_worker, float)
        self._bindings = [
            Binding(account, kind, inbound.deliver, _lost_by(kind, inbound), turns) for kind in kinds
        ]
        self._pace = Pace(account.per_second)
        self._late = LateResponses()
        self._finishing: set[asyncio.Task[None]] = set()
        self._composer = Composer(account)
        self._changing = asyncio.Lock()
        self._open = False

    @property
    def name(self) -> str:
        """What evidence calls it: the operator's name in our settings."""
        return self._account.name

    @property
    def sender(self) -> str:
        """The number or short code."""
        return self._account.sender

    @property
    def bound(self) -> bool:
        """Whether a message could leave now."""
        return self._open and self._bindings[0].session is not None

    async def __aenter__(self) -> Self:
        """Bind, and wait a moment for it; where the operator is away it is tried again and again."""
        async with self._changing:
            if not self._open:
                await self._inbox.__aenter__()
                self._open = True
                for binding in self._bindings:
                    binding.start()
        binding_now = (binding for binding in self._bindings if not binding.waits_for_its_turn)
        await asyncio.gather(*(binding.settled(self._seconds_to_bind) for binding in binding_now))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the bind up. What awaits its response gets a second for it."""
        async with self._changing:
            if self._open:
                self._open = False
                await asyncio.gather(*(binding.stop() for binding in self._bindings))
                for task in self._finishing:
                    task.cancel()
                await asyncio.gather(*self._finishing, return_exceptions=True)
                await self._inbox.__aexit__(kind, error, trace)

    def meaning_of(self, code: int | None) -> str:
        """What a command_status says, or a receipt."""
        return meaning_of(code)

    def seconds_away(self, phone: Phone) -> float:
        """For how long other workers have the operator's binds."""
        del phone
        return self._bindings[0].seconds_away()

    async def send(self, phone: Phone, text: str) -> Outcome:
        """Submit the message, once. Each of its parts waits for the response to the one before."""
        if not self._open:
            return NotNow(_NOT_OPEN, answered=False)
        session = await self._bindings[0].settled(self._seconds_to_bind)
        if session is None or not self._open:
            return self._not_bound()
        try:
            bodies = self._composer.bodies(phone, text)
        except ValueError:
            return NotNow("the text can't be sent by SMPP", ours=True, answered=False)
        message = _Parts(phone, text, bodies, datetime.now(UTC))
        return await self._submit_from(session, message, 0)

    async def find(
        self,
        phone: Phone,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
    ) -> Accepted | None:
        """The message, where the operator's response came late.

        Raises `CannotBeAskedError` else: an operator has no list of what it took.
        """
        del moments_aside
        if (accepted := self._late.find(phone, text, since=since, except_sids=except_sids)) is not None:
            return accepted
        raise self._cannot_be_asked()

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        """Raise `CannotBeAskedError`: an operator brings texts, again and again until they are answered."""
        del since, following
        raise self._cannot_be_asked()

    async def sent_at(self, sid: Sid) -> datetime | None:
        """Nothing: a receipt's submit date comes with what it reports. Raises `CannotBeAskedError`."""
        del sid
        if not self._open:
            raise self._cannot_be_asked()
        return None

    def _cannot_be_asked(self) -> CannotBeAskedError:
        """That nobody can ask is so for ever, but who is not open does not say what it would."""
        return CannotBeAskedError("smpp_has_no_list" if self._open else _NOT_OPEN, passing=not self._open)

    def _not_bound(self) -> NotNow:
        problem = self._bindings[0].problem
        if self._open and self._bindings[0].waits_for_its_turn:
            # The operator is there: no other one should get the message for that.
            return NotNow(
                "other workers have the operator's binds",
                max(self._bindings[0].seconds_away(), _SECONDS_BETWEEN_TRIES),
                others_turn=True,
            )
        if problem is None or not self._open:
            return NotNow("not_bound" if self._open else _NOT_OPEN, answered=False)
        return NotNow(problem.reason, ours=problem.ours, code=problem.code, answered=False)

    async def _submit_from(self, session: Session, message: "_Parts", first: int) -> Outcome:
        """Submit the parts from this one on."""
        number = first
        with session.held():
            while True:
                late = partial(self._go_on, session, message, number)
                submit = self._submit_later_part if number else self._submit
                outcome = await submit(session, message.bodies[number], late)
                number += 1
                if not isinstance(outcome, Accepted) or number == len(message.bodies):
                    return outcome

    def _go_on(self, session: Session, message: "_Parts", number: int, response: Pdu) -> None:
        """The operator took this part, but late: the others follow, unless it is long ago."""
        outcome = self._taken(response)
        if not isinstance(outcome, Accepted):
            return
        if number == len(message.bodies) - 1:
            self._late.note(message.phone, message.text, message.submitted_at, outcome)
        elif outcome.at - message.submitted_at < _LATEST_TO_GO_ON:
            task = asyncio.create_task(self._finish(session, message, number + 1))
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)

    async def _finish(self, session: Session, message: "_Parts", first: int) -> None:
        outcome = await self._submit_from(session, message, first)
        if isinstance(outcome, Accepted):
            self._late.note(message.phone, message.text, message.submitted_at, outcome)

    async def _submit(self, session: Session, body: bytes, late: Late) -> Outcome:
        """One submit_sm."""
        await self._pace.turn()
        if not self._open:
            return NotNow(_NOT_OPEN, answered=False)
        try:
            response = await session.request(Command.SUBMIT_SM, body, late)
        except NotSentError:
            return self._not_bound()
        except NoResponseError:
            return Uncertain("no_response", ended=False)
        except RefusedError as refused:
            return self._judged(refused.status)
        self._pace.taken()
        return self._taken(response)

    def _taken(self, response: Pdu) -> Outcome:
        """What it means that the operator took a message."""
        try:
            message_id = read_message_id(response.body)
        except MalformedPduError:
            message_id = ""
        if not message_id:
            # Nothing will be heard of it, but the operator has it.
            return Uncertain("no_message_id", ended=True)
        named = receipts.canonical(message_id, self._account.receipt_ids)
        return Accepted(sid_of(self.name, named), datetime.now(UTC))

    async def _submit_later_part(self, session: Session, body: bytes, late: Late) -> Outcome:
        """A part whose former ones the operator has: nothing may be sent again, so it is tried here alone."""
        outcome: Outcome = await self._submit(session, body, late)
        for _ in range(_TRIES_OF_A_LATER_PART):
            if session.ended:
                break
            if not (isinstance(outcome, NotNow) and outcome.answered and outcome.retry_after is not None):
                break
            await asyncio.sleep(outcome.retry_after)
            outcome = await self._submit(session, body, late)
        if isinstance(outcome, Accepted):
            return outcome
        _log.error("an operator took a part of a text and not the next", carrier=self.name)
        return Uncertain("partly_taken", ended=True)

    def _judged(self, status: int) -> Outcome:
        effect, reason = effect_of(status), meaning_of(status)
        match effect:
            case Effect.PERMANENT:
                return Refused(status, reason)
            case Effect.SLOWER:
                metrics.SMPP_THROTTLED.labels(self.name).inc()
                return NotNow("throttled", self._pace.slower(), code=status)
            case Effect.PASSING:
                return NotNow(reason, code=status)
            case Effect.OURS:
                return NotNow(reason, ours=True, code=status)
            case Effect.UNKNOWN:
                return NotNow(UNKNOWN_CODE, unknown=True, code=status)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A text as it is submitted, and since when (real time)."""

    phone: Phone
    text: str
    bodies: Sequence[bytes]
    submitted_at: datetime


def _lost_by(kind: Command, inbound: Inbound) -> Callable[[], None]:
    """What the end of a session may have cost: a transmitter is brought nothing."""
    return inbound.session_lost if kind is not Command.BIND_TRANSMITTER else lambda: None
