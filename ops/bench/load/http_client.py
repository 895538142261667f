"""A small HTTP/1.1 client on httptools, with as many connections to one address as calls are under way."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import httptools

_SUCCESS = range(200, 300)
_TRIES = 5
_PAUSE = 0.1


class CallFailedError(Exception):
    """A call was not taken, also when it was repeated; the message says with what it was answered."""


class _Connection(asyncio.Protocol):
    """One connection, on which one call is under way at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP client is given
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail(exc or ConnectionResetError("the other side closed the connection"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(OSError(f"no HTTP: {error}"))
            self.close()

    def on_message_complete(self) -> None:
        """httptools: the answer is complete."""
        status, keep = self._parser.get_status_code(), self._parser.should_keep_alive()
        self._parser = httptools.HttpResponseParser(self)
        if not keep:
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    def close(self) -> None:
        """Close it."""
        self.closed = True
        if self._transport is not None:
            self._transport.close()

    async def call(self, request: bytes) -> int:
        """The status with which the call was answered. Raises OSError."""
        if self._transport is None:
            raise ConnectionResetError("the connection is not open")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class HttpClient:
    """POSTs to one address; what is answered with an error, or not at all, is repeated a few times."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._head = f"POST {target or '/'} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
        self._idle: list[_Connection] = []

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Return when it was answered with success. Raises `CallFailedError`."""
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{self._head}{named}Content-Length: {len(body)}\r\n\r\n".encode() + body
        told = ""
        for number in range(_TRIES):
            try:
                status = await self._once(request)
            except OSError as error:
                told = str(error)
            else:
                if status in _SUCCESS:
                    return
                told = f"HTTP {status}"
            await asyncio.sleep(_PAUSE * 2**number)
        raise CallFailedError(told)

    async def _once(self, request: bytes) -> int:
        connection = None
        while self._idle and connection is None:
            found = self._idle.pop()
            connection = None if found.closed else found
        if connection is None:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(_Connection, self._host, self._port)
        status = await connection.call(request)
        if not connection.closed:
            self._idle.append(connection)
        return status

    def close(self) -> None:
        """Close all connections."""
        for connection in self._idle:
            connection.close()
