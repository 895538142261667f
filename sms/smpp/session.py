"""One SMPP session: requests and their responses over one connection, both ways (SMPP 3.4, 2.2 to 2.9)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from sms.smpp.commands import GENERIC_NACK, Bind, Command, response_to
from sms.smpp.pdu import (
    HEADER,
    LAST_SEQUENCE,
    MalformedPduError,
    Pdu,
    UnframedError,
    length_of,
    named,
    read_header,
)
from sms.smpp.status import Status

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """What a request is answered with, once it may be answered."""

    status: int
    body: bytes = field(default=b"", repr=False)


Serve = Callable[[bytes], Awaitable[Response]]
"""Takes the body of a request. May raise `MalformedPduError`."""

Late = Callable[[Pdu], None]
"""Takes the response to a request for which nobody waits any more."""

_MOST_AT_WORK = 100
_MOST_LATE = 1000
_SECONDS_TO_PART = 1.0
_UNANSWERED = frozenset((Command.ALERT_NOTIFICATION,))


class NotSentError(Exception):
    """The request did not leave: the session had ended before."""


class NoResponseError(Exception):
    """The request left, and no response came: nobody knows what became of it."""


class RefusedError(Exception):
    """The other side answered with this `status`, which is not ESME_ROK."""

    def __init__(self, status: int) -> None:
        super().__init__(f"0x{status:08X}")
        self.status = status


def accepts(response: Pdu) -> bool:
    """Whether a response says that what was asked for is done."""
    return response.status == Status.ESME_ROK and response.command != GENERIC_NACK


class Session:
    """Speaks on a connection that is open. `serves` has what the other side may ask, by command_id.

    `window` is how many requests may await their responses, `response_seconds` how long each does, and
    `enquire_seconds` after how long a silence the other side is asked whether it is there.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        serves: Mapping[int, Serve],
        *,
        window: int = 10,
        response_seconds: float = 10.0,
        enquire_seconds: float = 30.0,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._serves = serves
        self._window = asyncio.Semaphore(window)
        self._response_seconds = response_seconds
        self._enquire_seconds = enquire_seconds
        self._pending: dict[int, tuple[int, asyncio.Future[Pdu]]] = {}
        self._overdue: dict[int, tuple[int, Late]] = {}
        self._sequence = 0
        self._heard_at = 0.0
        self._at_work: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_MOST_AT_WORK)
        self._leaving = False
        self._parting = False
        self._held = 0
        self._free = asyncio.Event()
        self._free.set()
        self._ended = asyncio.Event()
        self.end_reason = ""

    @property
    def ended(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._ended.is_set()

    @property
    def parting(self) -> bool:
        """Whether it is to end as soon as what is under way has ended: nothing new belongs there."""
        return self._parting or self.ended

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """For as long as requests belong together: who leaves in order waits for the last of them."""
        self._held += 1
        self._free.clear()
        try:
            yield
        finally:
            self._held -= 1
            if self._held == 0:
                self._free.set()

    async def bind(self, command: Command, credentials: Bind) -> None:
        """Ask for the bind. Raises `RefusedError`, `NotSentError` and `NoResponseError`."""
        await self.request(command, credentials.encode())

    async def request(self, command: int, body: bytes = b"", late: Late | None = None) -> Pdu:
        """Send a request when the window has room for it, and wait for its response.

        Raises `NotSentError` where it surely did not leave, `NoResponseError` where it may have been obeyed,
        and `RefusedError`. Where the response does not come in time but before the session ends, `late` is
        called with it.
        """
        async with self._window:
            return await self._exchange(command, body, late)

    async def _exchange(self, command: int, body: bytes, late: Late | None = None) -> Pdu:
        if self.ended or self._writer.is_closing():
            raise NotSentError
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        sequence = self._sequence
        self._overdue.pop(sequence, None)
        answered: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._pending[sequence] = command, answered
        try:
            self._writer.write(Pdu(command, Status.ESME_ROK, sequence, body).encode())
            async with asyncio.timeout(self._response_seconds):
                await self._writer.drain()
                await asyncio.shield(answered)
        except (TimeoutError, OSError):
            # A process that stood still finds the response and the end of its patience at once.
            if not answered.done():
                if late is not None:
                    self._expect_late(sequence, command, late)
                raise NoResponseError from None
        finally:
            self._pending.pop(sequence, None)
        response = answered.result()
        if not accepts(response):
            raise RefusedError(response.status)
        return response

    async def run(self) -> None:
        """Read until the session ends; `end_reason` says then why it did. Never raises but when cancelled."""
        self._heard_at = asyncio.get_running_loop().time()
        enquiring = asyncio.create_task(self._enquire())
        try:
            while not self.ended:
                header = await self._reader.readexactly(HEADER)
                body = await self._reader.readexactly(length_of(header))
                self._heard_at = asyncio.get_running_loop().time()
                await self._take(read_header(header, body))
        except UnframedError as problem:
            self._answer(Pdu(GENERIC_NACK, problem.status))
            self.end(str(problem))
        except (asyncio.IncompleteReadError, OSError):
            self.end("the connection was lost")
        finally:
            self.end("it was closed")
            enquiring.cancel()
            for task in self._at_work:
                task.cancel()
            await asyncio.gather(enquiring, *self._at_work, return_exceptions=True)
            with contextlib.suppress(OSError):
                self._writer.close()

    async def leave(self) -> bool:
        """Give the bind up once nothing is under way, either way; nobody may hold the session from now on.

        What the other side asks from then on is refused for the moment: it asks another bind. Whether it
        agreed to the end, so that it has all our responses.
        """
        self._parting = True
        await self._free.wait()
        await self._until_served()
        self._leaving = True
        await self._until_served()
        try:
            await self._exchange(Command.UNBIND, b"")
        except (NotSentError, NoResponseError, RefusedError):
            return False
        else:
            return not self._at_work
        finally:
            self.end("its turn was over")

    async def _until_served(self) -> None:
        """Until what the other side has asked so far is answered, as long as a response may take."""
        if self._at_work:
            await asyncio.wait(set(self._at_work), timeout=self._response_seconds)

    async def part(self) -> None:
        """End in order: what awaits its response gets a second for it, and then the bind is given up."""
        if self.ended:
            return
        self._parting = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_PART):
                waiting = [answered for _, answered in self._pending.values()]
                if waiting:
                    await asyncio.wait(waiting)
                with contextlib.suppress(NotSentError, NoResponseError, RefusedError):
                    await self._exchange(Command.UNBIND, b"")
        self.end("it was given up")

    def end(self, reason: str) -> None:
        """Ask nothing more; what awaits a response learns that none will come. The first reason stands."""
        if self.ended:
            return
        self.end_reason = reason
        self._ended.set()
        # Whoever waits until nobody holds the session has nothing to wait for any more.
        self._free.set()
        for _, answered in self._pending.values():
            if not answered.done():
                answered.set_exception(NoResponseError())
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()

    async def _enquire(self) -> None:
        """Ask whether the other side is there, after each silence."""
        loop = asyncio.get_running_loop()
        while not self.ended:
            silent = loop.time() - self._heard_at
            if silent < self._enquire_seconds:
                await asyncio.sleep(self._enquire_seconds - silent)
                continue
            try:
                await self._exchange(Command.ENQUIRE_LINK, b"")
            except RefusedError:
                # Whoever refuses it is there.
                self._heard_at = loop.time()
            except (NotSentError, NoResponseError):
                self.end("the other side does not answer whether it is there")

    async def _take(self, pdu: Pdu) -> None:
        if pdu.is_response:
            self._respond(pdu)
            return
        match pdu.command:
            case Command.ENQUIRE_LINK:
                self._answer(Pdu(response_to(pdu.command), Status.ESME_ROK, pdu.sequence))
            case Command.UNBIND:
                self._answer(Pdu(response_to(pdu.command), Status.ESME_ROK, pdu.sequence))
                self.end("the other side ended it")
            case command if command in self._serves and self._leaving:
                self._answer(Pdu(response_to(command), Status.ESME_RX_T_APPN, pdu.sequence, b"\0"))
            case command if command in self._serves:
                # Where too much is at work nothing more is read: the other side's window fills up then.
                await self._room.acquire()
                self._spawn(self._serve(pdu, self._serves[command]))
            case command if command not in _UNANSWERED:
                _log.warning("a command came that is none for us", command=named(command))
                self._answer(Pdu(GENERIC_NACK, Status.ESME_RINVCMDID, pdu.sequence))

    def _expect_late(self, sequence: int, command: int, late: Late) -> None:
        self._overdue[sequence] = command, late
        if len(self._overdue) > _MOST_LATE:
            del self._overdue[next(iter(self._overdue))]

    def _respond(self, pdu: Pdu) -> None:
        if pdu.sequence in self._overdue:
            self._respond_late(pdu, *self._overdue.pop(pdu.sequence))
            return
        command, answered = self._pending.get(pdu.sequence, (None, None))
        if command is None or answered is None or answered.done():
            _log.warning("a response came to no request that waits", command=named(pdu.command))
        elif pdu.command not in (response_to(command), GENERIC_NACK):
            _log.warning("a response came to another request", command=named(pdu.command))
        else:
            answered.set_result(pdu)

    def _respond_late(self, pdu: Pdu, command: int, late: Late) -> None:
        if pdu.command not in (response_to(command), GENERIC_NACK):
            _log.warning("a response came to another request", command=named(pdu.command))
            return
        _log.warning("a response came too late", command=named(pdu.command), taken=accepts(pdu))
        late(pdu)

    async def _serve(self, pdu: Pdu, serve: Serve) -> None:
        try:
            response = await serve(pdu.body)
        except MalformedPduError as problem:
            _log.warning("a request can't be used", command=named(pdu.command), reason=str(problem))
            response = Response(problem.status, b"\0")
        except Exception as error:  # noqa: BLE001 - it ends no session; its message may hold a text
            _log.error(
                "a request could not be handled", command=named(pdu.command), error=type(error).__name__
            )
            response = Response(Status.ESME_RX_T_APPN, b"\0")
        finally:
            self._room.release()
        self._answer(Pdu(response_to(pdu.command), response.status, pdu.sequence, response.body))

    def _answer(self, pdu: Pdu) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write(pdu.encode())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
