"""An SMSC that writes whatever octets a test wants, and keeps what it was sent."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Self

from sms.smpp.commands import Command, ShortMessage, response_to
from sms.smpp.pdu import HEADER, Pdu, length_of, read_header

BINDS = (Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)

Answer = Callable[[Pdu], bytes | None]


def usual(pdu: Pdu) -> bytes | None:
    """What an operator answers that agrees with everything."""
    if pdu.is_response:
        return None
    body = b"smsc\0" if pdu.command in BINDS else b"id1\0" if pdu.command == Command.SUBMIT_SM else b""
    return Pdu(response_to(pdu.command), 0, pdu.sequence, body).encode()


def refusing(command: int, status: int) -> Answer:
    """The same, but it refuses one command."""

    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command == command:
            return Pdu(response_to(command), status, pdu.sequence).encode()
        return usual(pdu)

    return answer


class RawSmsc(AbstractAsyncContextManager["RawSmsc"]):
    """Use as a context manager; then it listens at `port`."""

    def __init__(self, answer: Answer = usual, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.heard: list[Pdu] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._changed = asyncio.Condition()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.drop()
        await self._server.wait_closed()

    def drop(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def write(self, octets: bytes) -> None:
        """Write to the newest connection."""
        self._writers[-1].write(octets)

    async def until(self, command: int, count: int = 1) -> Pdu:
        """The last of so many PDUs with this command."""

        def found() -> list[Pdu]:
            return [pdu for pdu in self.heard if pdu.command == command]

        async with asyncio.timeout(20), self._changed:
            while len(found()) < count:
                await self._changed.wait()
        return found()[count - 1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                header = await reader.readexactly(HEADER)
                pdu = read_header(header, await reader.readexactly(length_of(header)))
                async with self._changed:
                    self.heard.append(pdu)
                    self._changed.notify_all()
                if (octets := self.answer(pdu)) is not None:
                    writer.write(octets)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


def deliver_sm(message: ShortMessage, sequence: int = 1) -> bytes:
    return Pdu(Command.DELIVER_SM, 0, sequence, message.encode()).encode()
