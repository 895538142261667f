"""Keeps one bind: connects, binds, and binds again whenever the session has ended (SMPP 3.4, 2.2)."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from sms import metrics
from sms.backoff import backoff
from sms.smpp.account import Account
from sms.smpp.commands import Command
from sms.smpp.session import NoResponseError, NotSentError, RefusedError, Response, Session
from sms.smpp.status import Effect, Status, effect_of, meaning_of
from sms.smpp.turns import Turns

_log = structlog.get_logger(__name__)

_SECONDS_TO_CONNECT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SECONDS_OF_A_GOOD_SESSION = 30.0
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_UNTIL_A_TURN = 2.0
_PART_OF_THE_WAIT = 0.1
_ROUNDS_REFUSED = 4
_TAKEN = frozenset((Status.ESME_RALYBND, Status.ESME_RBINDFAIL))
"""What operators say where the account has all its binds."""
_KINDS = {
    Command.BIND_TRANSCEIVER: "transceiver",
    Command.BIND_TRANSMITTER: "transmitter",
    Command.BIND_RECEIVER: "receiver",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no bind. `ours`: because of our account or settings. `code` is the operator's status."""

    reason: str
    ours: bool = False
    code: int | None = None


Deliver = Callable[[bytes], Awaitable[int]]
"""Takes the body of a deliver_sm; the command_status to answer with. May raise `MalformedPduError`."""


class Binding:
    """One bind of an account, of one kind, as long as it is started.

    It is bound again after a pause that grows up to a minute, and is jittered, so that the workers of an
    installation do not all come at once. Where there are fewer binds than workers they take `turns`.
    """

    def __init__(
        self, account: Account, command: Command, deliver: Deliver, lost: Callable[[], None], turns: Turns
    ) -> None:
        """`lost` is called whenever a session has ended, but when all was said and the other side agreed."""
        self._account = account
        self._command = command
        self._deliver = deliver
        self._lost = lost
        self._turns = turns
        self._keeping: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._settled = asyncio.Event()
        self._tries = 0
        self._leaving: Session | None = None
        self._turn_at: float | None = None
        self._refused_since: float | None = None
        self.problem: Problem | None = None

    @property
    def session(self) -> Session | None:
        """The session, where it is bound now."""
        return self._session if self._session and not self._session.ended else None

    @property
    def waits_for_its_turn(self) -> bool:
        """Whether other workers have the operator's binds."""
        return self._turn_at is not None

    def seconds_away(self) -> float:
        """How long it surely stays unbound, because other workers have the binds; else 0."""
        left = 0.0 if self._turn_at is None else self._turn_at - asyncio.get_running_loop().time()
        return max(0.0, left)

    def start(self) -> None:
        """Bind from now on, if that is not so already."""
        if self._keeping is None:
            self._settled.clear()
            # A bind that never comes about is to be seen as well.
            self._show(bound=False)
            self._keeping = asyncio.create_task(self._keep())

    async def settled(self, seconds: float) -> Session | None:
        """The session once it is bound, waited for so long; None where it is refused or takes longer."""
        if self.seconds_away() >= seconds:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        return self.session

    async def stop(self) -> None:
        """Give the bind up."""
        keeping, self._keeping = self._keeping, None
        if keeping is None:
            return
        for session in (self._session, self._leaving):
            if session is not None:
                await session.part()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        self._session = self._leaving = self._turn_at = self._refused_since = None
        self._settled.set()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._once()
            except _NotOurTurnError:
                await self._others_turn()
                continue
            except _UnboundError as unbound:
                self._note(unbound.problem)
            except Exception as error:  # noqa: BLE001 - whatever it is, the operator is tried again
                self._note(Problem(f"an error of ours: {type(error).__name__}", ours=True))
            if loop.time() - began > _SECONDS_OF_A_GOOD_SESSION:
                self._tries = 0
            pause = backoff(_FIRST_PAUSE, self._tries, _LONGEST_PAUSE)
            self._tries += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - a pause

    async def _once(self) -> None:
        """Connect, bind, and stay until the session or its turn ends.

        Raises `_UnboundError`, and `_NotOurTurnError`.
        """
        session = await self._connected()
        running = asyncio.create_task(session.run())
        try:
            await self._bind(session)
            self._bound(session)
            if await self._stay(running):
                await self._give_up(session)
                raise _NotOurTurnError
            await running
        finally:
            session.end("it was closed")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            if self._session is session:
                self._lost()
                self._show(bound=False)
        raise _UnboundError(Problem(f"the session ended: {session.end_reason}"))

    async def _stay(self, running: asyncio.Task[None]) -> bool:
        """Whether it is the turn that ended, and not the session."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not running.done():
            await asyncio.wait({running}, timeout=_SECONDS_BETWEEN_LOOKS)
            if not running.done() and self._turns.over(loop.time() - began):
                return True
        return False

    async def _give_up(self, session: Session) -> None:
        """Nobody is given the session any more; it ends when what is under way has ended."""
        away = self._turns.seconds_away()
        self._session, self._leaving = None, session
        self._leave_to_others(away)
        agreed = False
        try:
            agreed = await session.leave()
        finally:
            if not agreed:
                self._lost()
            self._leaving = None
            self._show(bound=False)
        self._tries = 0
        self._leave_to_others(away)

    async def _others_turn(self) -> None:
        """Until our next turn, or until there are binds for all."""
        while (left := self.seconds_away()) > 0 and self._turns.taken:  # noqa: ASYNC110 - it depends on numbers
            await asyncio.sleep(min(left, _SECONDS_BETWEEN_LOOKS))

    def _refused_for_others(self) -> bool:
        """Whether a bind was refused because others have their turn: not where that goes on and on."""
        now = asyncio.get_running_loop().time()
        self._refused_since = self._refused_since or now
        waited = now - self._refused_since
        if not self._turns.taken or waited > _ROUNDS_REFUSED * self._turns.seconds_between():
            return False
        pause = max(_SECONDS_UNTIL_A_TURN, waited * _PART_OF_THE_WAIT)
        self._leave_to_others(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a pause
        return True

    async def _connected(self) -> Session:
        account = self._account
        try:
            context = ssl_context(account) if account.tls else None
            async with asyncio.timeout(_SECONDS_TO_CONNECT):
                reader, writer = await asyncio.open_connection(account.host, account.port, ssl=context)
        except ssl.SSLCertVerificationError as error:
            # Its own message names the certificate's subject; the reason alone is what is to be mended.
            raise _UnboundError(
                Problem(f"the operator's certificate is not good: {error.verify_message}", ours=True)
            ) from None
        except ssl.SSLError:
            raise _UnboundError(
                Problem("TLS could not be agreed on: is TLS spoken at this port?", ours=True)
            ) from None
        except TimeoutError:
            raise _UnboundError(Problem("the operator did not answer in time")) from None
        except OSError as error:
            raise _UnboundError(
                Problem(f"the operator can't be reached: {error.strerror or type(error).__name__}")
            ) from None
        return Session(
            reader,
            writer,
            {Command.DELIVER_SM: self._serve},
            window=account.window,
            response_seconds=account.response_seconds,
            enquire_seconds=account.enquire_seconds,
        )

    async def _serve(self, body: bytes) -> Response:
        # The message_id of a deliver_sm_resp is empty.
        return Response(await self._deliver(body), b"\0")

    async def _bind(self, session: Session) -> None:
        try:
            await session.bind(self._command, self._account.credentials())
        except RefusedError as refused:
            if refused.status in _TAKEN and self._refused_for_others():
                raise _NotOurTurnError from None
            ours = effect_of(refused.status) is not Effect.PASSING
            problem = Problem(f"the bind was refused: {meaning_of(refused.status)}", ours, refused.status)
            raise _UnboundError(problem) from None
        except (NotSentError, NoResponseError):
            raise _UnboundError(Problem("the operator did not answer the bind")) from None
        except ValueError:
            told = "system_id, password or system_type is no ASCII, or longer than SMPP has room for"
            raise _UnboundError(Problem(told, ours=True)) from None

    def _leave_to_others(self, seconds: float) -> None:
        """Who wants to send waits for our next turn, in about so many seconds."""
        if self._turn_at is None:
            _log.info("others have the binds now", carrier=self._account.name, kind=_KINDS[self._command])
        self._turn_at = asyncio.get_running_loop().time() + seconds
        self.problem = None
        self._settled.clear()

    def _bound(self, session: Session) -> None:
        self._session, self.problem = session, None
        self._turn_at = self._refused_since = None
        self._settled.set()
        self._show(bound=True)
        _log.info("bound", carrier=self._account.name, kind=_KINDS[self._command])

    def _show(self, *, bound: bool) -> None:
        metrics.SMPP_BOUND.labels(self._account.name, _KINDS[self._command]).set(bound)

    def _note(self, problem: Problem) -> None:
        self.problem, self._turn_at = problem, None
        self._settled.set()
        log = _log.error if problem.ours else _log.warning
        code = None if problem.code is None else _name(problem.code)
        log(
            "not bound",
            carrier=self._account.name,
            kind=_KINDS[self._command],
            reason=problem.reason,
            status=code,
        )


class _UnboundError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class _NotOurTurnError(Exception):
    """Other workers have the binds."""


def ssl_context(account: Account) -> ssl.SSLContext:
    """TLS that checks the operator's certificate and name. Raises `OSError` for a file that is none."""
    context = ssl.create_default_context(cafile=account.tls_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _name(code: int) -> str:
    return Status(code).name if code in set(Status) else f"0x{code:08X}"
