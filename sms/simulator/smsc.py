"""A simulated SMSC: an operator's side of SMPP 3.4, with the same handsets as the simulated SMS API."""

import asyncio
import hmac
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from schemas.values import check_phone
from sms.backoff import backoff
from sms.simulator.handsets import UNKNOWN_HANDSET, Handsets, Message, new_sid
from sms.smpp import encoding, user_data
from sms.smpp.commands import RECEIPT, UDHI, Address, Bind, Command, ShortMessage, Tag, write_message_id
from sms.smpp.pdu import MalformedPduError
from sms.smpp.session import NoResponseError, NotSentError, RefusedError, Response, Serve, Session
from sms.smpp.status import State, Status

_BRINGS = 40
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_WINDOW = 10
_STATES = {
    "delivered": (State.DELIVERED, "DELIVRD", 0),
    "undelivered": (State.UNDELIVERABLE, "UNDELIV", 27),
}
_UNKNOWN_SUBSCRIBER = 1
_GSM = 3
_DATE = "%y%m%d%H%M"
_MOST_WAITING = 1000


class Smsc:
    """Use as a context manager; then it listens at `host` and `port` (0 takes a free one).

    `accepted` is called with each message taken, which is answered after `answers_after` seconds. What the
    SMSC brings it brings again until it is answered with ESME_ROK, by whichever bind there is, and gives up
    after some minutes. It refuses more than `most_binds` binds at once.
    """

    def __init__(  # noqa: PLR0913 - an account, a place, what it is part of
        self,
        handsets: Handsets,
        *,
        system_id: str,
        password: str,
        sender: str,
        is_down: Callable[[], bool],
        accepted: Callable[[Message], None],
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._handsets = handsets
        self._system_id = system_id
        self._password = password
        self._sender = sender
        self._is_down = is_down
        self._accepted = accepted
        self._host = host
        self.port = port
        self.answers_after = 0.0
        self.most_binds: int | None = None
        self._server: asyncio.Server | None = None
        self._sessions: set[_Served] = set()
        self._turn = itertools.count()
        self._references = itertools.count()
        self._waiting: dict[tuple[str, int, int], dict[int, str]] = {}

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more, and end all sessions."""
        if self._server is not None:
            self._server.close()
        for served in list(self._sessions):
            served.session.end("the SMSC stops")
        if self._server is not None:
            await self._server.wait_closed()

    @property
    def binds(self) -> int:
        """How many binds there are now."""
        return sum(served.bound is not None for served in self._sessions)

    async def bring(self, message: Message) -> bool:
        """Bring a citizen's text; whether it was taken."""
        encoded = encoding.encode(message.text)
        parts = user_data.split(encoded)
        reference = next(self._references) % 256
        for number, octets in enumerate(parts, 1):
            header = b""
            if len(parts) > 1:
                header = user_data.header(user_data.Part(reference, len(parts), number))
            text = ShortMessage(
                source=_number(message.sender),
                destination=_number(message.to),
                octets=header + octets,
                esm_class=UDHI if header else 0,
                data_coding=encoded.coding,
                # As a handset numbers what it sends.
                parameters={Tag.USER_MESSAGE_REFERENCE: next(self._references).to_bytes(4, "big")[2:]},
            )
            if not await self._deliver(text):
                return False
        return True

    async def report(self, message: Message, status: str) -> None:
        """Bring the receipt for a message, where its state is a final one."""
        if status not in _STATES:
            return
        state, word, error = _STATES[status]
        error = _UNKNOWN_SUBSCRIBER if message.error_code == UNKNOWN_HANDSET else error
        submitted, done = message.listed_at or message.created_at, message.updated_at or datetime.now(UTC)
        text = (
            f"id:{message.sid} sub:001 dlvrd:{int(state is State.DELIVERED):03} "
            f"submit date:{submitted:{_DATE}} done date:{done:{_DATE}} stat:{word} err:{error:03} text:"
        )
        parameters: dict[int, bytes] = {
            Tag.RECEIPTED_MESSAGE_ID: message.sid.encode() + b"\0",
            Tag.MESSAGE_STATE: bytes((state,)),
        }
        if error:
            parameters[Tag.NETWORK_ERROR_CODE] = bytes((_GSM, 0, error))
        receipt = ShortMessage(
            source=_number(message.to),
            destination=_number(self._sender),
            octets=text.encode("ascii"),
            esm_class=RECEIPT,
            parameters=parameters,
        )
        await self._deliver(receipt)

    async def _deliver(self, message: ShortMessage) -> bool:
        for number in range(_BRINGS):
            receiving = [served for served in self._sessions if served.receives]
            if receiving and not self._is_down():
                served = receiving[next(self._turn) % len(receiving)]
                try:
                    await served.session.request(Command.DELIVER_SM, message.encode())
                except (RefusedError, NotSentError, NoResponseError):
                    pass
                else:
                    return True
            await asyncio.sleep(backoff(_FIRST_PAUSE, number, _LONGEST_PAUSE))
        return False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = _Served(self, reader, writer)
        self._sessions.add(served)
        try:
            await served.session.run()
        finally:
            self._sessions.discard(served)

    def admit(self, credentials: Bind) -> Status:
        """What a bind with these is answered with."""
        if credentials.system_id != self._system_id:
            return Status.ESME_RINVSYSID
        if not hmac.compare_digest(credentials.password.encode(), self._password.encode()):
            return Status.ESME_RINVPASWD
        if self.most_binds is not None and self.binds >= self.most_binds:
            return Status.ESME_RALYBND
        return Status.ESME_ROK

    def submit(self, submitted: ShortMessage) -> Response:
        """Take a submit_sm; the message is taken with its last part."""
        if self._is_down():
            return Response(Status.ESME_RSYSERR)
        try:
            phone = check_phone("+" + submitted.destination.text.removeprefix("+"))
        except ValueError:
            return Response(Status.ESME_RINVDSTADR)
        if submitted.source.text != self._sender.removeprefix("+"):
            return Response(Status.ESME_RINVSRCADR)
        message_id = new_sid()
        text = self._joined(phone, user_data.read(submitted))
        if text is not None:
            self._take(message_id, phone, text)
        return Response(Status.ESME_ROK, write_message_id(message_id))

    def _joined(self, phone: str, read: user_data.UserData) -> str | None:
        """The text, where it is whole."""
        if read.part is None:
            return read.text
        key = phone, read.part.reference, read.part.count
        parts = self._waiting.setdefault(key, {})
        parts[read.part.number] = read.text
        if len(parts) < read.part.count:
            while len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
            return None
        del self._waiting[key]
        return "".join(parts[number] for number in sorted(parts))

    def _take(self, message_id: str, phone: str, text: str) -> None:
        message = Message(
            sid=message_id,
            sender=self._sender,
            to=phone,
            text=text,
            inbound=False,
            created_at=datetime.now(UTC),
            status="queued",
        )
        handset = self._handsets.add(message)
        self._handsets.listed(message)
        self._handsets.changed(handset)
        self._accepted(message)


class _Served:
    """A session, and as what it is bound."""

    def __init__(self, smsc: Smsc, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._smsc = smsc
        self.bound: Command | None = None
        binds: dict[int, Serve] = {
            command: self._binding(command)
            for command in (Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)
        }
        self.session = Session(reader, writer, {**binds, Command.SUBMIT_SM: self._submit}, window=_WINDOW)

    @property
    def receives(self) -> bool:
        """Whether texts and receipts can be brought to it."""
        return self.bound in (Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER) and not self.session.ended

    def _binding(self, command: Command) -> Serve:
        async def bind(body: bytes) -> Response:
            credentials = Bind.read(body)
            status = Status.ESME_RALYBND if self.bound else self._smsc.admit(credentials)
            if status != Status.ESME_ROK:
                return Response(status)
            self.bound = command
            return Response(status, b"simulated\0")

        return bind

    async def _submit(self, body: bytes) -> Response:
        if self.bound not in (Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER):
            return Response(Status.ESME_RINVBNDSTS)
        try:
            response = self._smsc.submit(ShortMessage.read(body))
        except MalformedPduError as problem:
            return Response(problem.status)
        await asyncio.sleep(self._smsc.answers_after)
        return response


def _number(text: str) -> Address:
    digits = text.removeprefix("+")
    return Address(1, 1, digits) if text.startswith("+") else Address(3, 0, digits)
