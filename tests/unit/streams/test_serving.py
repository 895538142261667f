"""What our HTTP servers say of what is no HTTP: nothing of it."""

import asyncio
import logging

import pytest
from aiohttp import web

from streams.serving import add_health, listen
from streams.settings.values import Address

IIN = "850101300015"
PHONE = "+7 (701) 123-45-67"


async def _ready() -> None:
    return None


async def answered(request: bytes) -> bytes:
    """The whole answer to these bytes."""
    app = web.Application()
    add_health(app, _ready)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    where = await listen(runner, Address("127.0.0.1", 0), "JARDEM_ANY")
    try:
        reader, writer = await asyncio.open_connection(where.host, where.port)
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
        writer.close()
    finally:
        await runner.cleanup()
    return answer


@pytest.mark.parametrize(
    "line",
    [
        f"ce id: {IIN}",
        f"ce-id: {PHONE}\0",
        f"Content-Length: {IIN}x",
        f"ce-id: {PHONE * 1000}",
        f"{PHONE} ce-id",
    ],
)
async def test_a_line_that_cannot_be_read_is_repeated_neither_in_the_answer_nor_in_the_log(
    line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await answered(f"GET /healthz HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nit is no HTTP that is read here")
    said = answer.decode() + caplog.text
    assert "Error handling request" in caplog.text
    assert IIN not in said
    assert PHONE not in said


async def test_a_request_that_cannot_be_read_is_not_repeated_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await answered(f"G\0T /{IIN} HTTP/1.1\r\n\r\n".encode())
    assert b" 400 " in answer
    assert IIN not in answer.decode() + caplog.text


async def test_what_can_be_read_is_answered_as_ever() -> None:
    answer = await answered(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b'{"status": "alive"}')
