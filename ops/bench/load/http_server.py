"""A small HTTP/1.1 server on httptools: the load shares the machine with what is measured, and costs little.

A handler answers at once, so that calls on one connection are answered in their order.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httptools

_REASONS = {200: b"OK", 201: b"Created", 204: b"No Content", 400: b"Bad Request", 404: b"Not Found"}
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A call: its method, its target with the query, and its body."""

    method: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; a body is JSON."""

    status: int
    body: bytes = b""


Handler = Callable[[Request], Response]


class _Connection(asyncio.Protocol):
    """One connection: what httptools calls back, and what is answered."""

    def __init__(self, handler: Handler, open_connections: "set[_Connection]") -> None:
        self._handler = handler
        self._open = open_connections
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._body = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server is given
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._write(_BAD_REQUEST)
            self.close()

    def on_message_begin(self) -> None:
        """httptools: a call begins."""
        self._target, self._body = b"", bytearray()

    def on_url(self, url: bytes) -> None:
        """httptools: a part of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a header; a client that waits to be told to go on is told so."""
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """httptools: the call is complete."""
        method = self._parser.get_method().decode()
        answer = self._handler(Request(method, self._target.decode("latin-1"), bytes(self._body)))
        keep = self._parser.should_keep_alive()
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n" % (
            answer.status,
            _REASONS.get(answer.status, b""),
            len(answer.body),
            b"" if keep else b"Connection: close\r\n",
        )
        self._write(head + answer.body)
        if not keep and self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class HttpServer:
    """Listens on 127.0.0.1 while the context lasts; port 0 takes a free one."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self.port = port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._handler, self._open), "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more, and drop what is open."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.close()
