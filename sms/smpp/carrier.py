"""The carrier that speaks SMPP to an operator's SMSC."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Protocol, Self

import structlog

from schemas.ids import MessageId, Sid
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
from sms.smpp.session import NoResponseError, NotSentError, RefusedError, Session, accepts
from sms.smpp.status import Effect, effect_of, meaning_of
from sms.smpp.turns import Turns

_log = structlog.get_logger(__name__)

_SECONDS_TO_BIND = 5.0
_SECONDS_BETWEEN_TRIES = 1.0
_TRIES_OF_A_LATER_PART = 5
_NOT_OPEN = "not_open"
_SECONDS_TO_GO_ON = 60.0
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
        self._going_on: set[asyncio.Task[None]] = set()
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
                for task in self._going_on:
                    task.cancel()
                await asyncio.gather(*self._going_on, return_exceptions=True)
                await self._inbox.__aexit__(kind, error, trace)

    def meaning_of(self, code: int | None) -> str:
        """What a command_status says, or a receipt."""
        return meaning_of(code)

    def seconds_away(self, phone: Phone) -> float:
        """For how long other workers have the operator's binds."""
        del phone
        return self._bindings[0].seconds_away()

    async def send(self, phone: Phone, text: str, *, message_id: MessageId | None = None) -> Outcome:
        """Submit the message, once. Each of its parts waits for the response to the one before.

        Where the response to a part comes after this has returned `Uncertain`, the others may be submitted
        then. A message that is known by its id to have left so is not submitted again.
        """
        if (accepted := self._late.accepted(message_id)) is not None:
            return accepted
        if self._late.is_under_way(message_id):
            # No failure of anybody's: it is looked at again when that has ended.
            return NotNow("its other parts are under way", _SECONDS_BETWEEN_TRIES, others_turn=True)
        if not self._open:
            return NotNow(_NOT_OPEN, answered=False)
        session = await self._bindings[0].settled(self._seconds_to_bind)
        if session is None or not self._open:
            return self._not_bound()
        try:
            bodies = self._composer.bodies(phone, text)
        except ValueError:
            return NotNow("the text can't be sent by SMPP", ours=True, answered=False)
        return await self._submit_from(session, _Submission(message_id, bodies), 0)

    async def find(
        self,
        phone: Phone,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
        message_id: MessageId | None = None,
    ) -> Accepted | None:
        """The message, where the operator's response came late; also while this is not open.

        Raises `CannotBeAskedError` else: an operator has no list of what it took.
        """
        del phone, text, since, except_sids, moments_aside
        if (accepted := self._late.accepted(message_id)) is not None:
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

    async def _submit_from(self, session: Session, submission: "_Submission", first: int) -> Outcome:
        """Submit the parts from this one on."""
        number = first
        with session.held():
            while True:
                submit = self._submit_later_part if number else self._submit
                outcome = await submit(session, submission, number)
                number += 1
                if not isinstance(outcome, Accepted) or number == len(submission.bodies):
                    return outcome

    def _answered_late(self, session: Session, submission: "_Submission", number: int, response: Pdu) -> None:
        """Note a message whose last part was accepted late; after another part the rest of it follows.

        Not after a minute, or where the session is about to end: an operator may have decided meanwhile.
        """
        metrics.SMPP_LATE.labels(self.name).inc()
        if not accepts(response):
            self._judged(response.status)
            return
        outcome = self._taken(response)
        if not isinstance(outcome, Accepted) or submission.message_id is None:
            return
        if number == len(submission.bodies) - 1:
            self._late.note(submission.message_id, outcome)
            return
        rest = replace(submission, latest=submission.began + _SECONDS_TO_GO_ON)
        if rest.may_go_on(session):
            self._late.begin(submission.message_id)
            task = asyncio.create_task(self._go_on(session, rest, submission.message_id, number + 1))
            self._going_on.add(task)
            task.add_done_callback(self._going_on.discard)

    async def _go_on(
        self, session: Session, submission: "_Submission", message_id: MessageId, first: int
    ) -> None:
        try:
            outcome = await self._submit_from(session, submission, first)
            if isinstance(outcome, Accepted):
                self._late.note(message_id, outcome)
        finally:
            self._late.end(message_id)

    async def _submit(self, session: Session, submission: "_Submission", number: int) -> Outcome:
        """One submit_sm."""
        await self._pace.turn()
        if not self._open:
            return NotNow(_NOT_OPEN, answered=False)
        if not submission.may_go_on(session):
            return Uncertain("begun_long_ago", ended=True)
        try:
            response = await session.request(
                Command.SUBMIT_SM,
                submission.bodies[number],
                partial(self._answered_late, session, submission, number),
            )
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

    async def _submit_later_part(self, session: Session, submission: "_Submission", number: int) -> Outcome:
        """A part whose former ones the operator has: nothing may be sent again, so it is tried here alone."""
        outcome: Outcome = await self._submit(session, submission, number)
        for _ in range(_TRIES_OF_A_LATER_PART):
            if session.ended:
                break
            if not (isinstance(outcome, NotNow) and outcome.answered and outcome.retry_after is not None):
                break
            await asyncio.sleep(outcome.retry_after)
            outcome = await self._submit(session, submission, number)
        match outcome:
            case Accepted() | Uncertain():
                return outcome
            case _:
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
class _Submission:
    """A text as it is submitted, the bodies of its parts, and when that began, by the loop's clock.

    `latest` is until when a part of it may still be submitted, where nobody waits for it any more.
    """

    message_id: MessageId | None
    bodies: Sequence[bytes]
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    latest: float | None = None

    def may_go_on(self, session: Session) -> bool:
        """Whether another part of it may be submitted now."""
        if self.latest is None:
            return True
        return not session.parting and asyncio.get_running_loop().time() < self.latest


def _lost_by(kind: Command, inbound: Inbound) -> Callable[[], None]:
    """What the end of a session may have cost: a transmitter is brought nothing."""
    return inbound.session_lost if kind is not Command.BIND_TRANSMITTER else lambda: None
