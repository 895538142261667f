"""A real browser without a window, driven over its own debugging protocol."""

import asyncio
import base64
import itertools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class RefusedError(Exception):
    """The browser refused a command, like one that was under way when the page went away."""


class Tab:
    """One page. `problems` are what its console complained of."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.problems: list[str] = []

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RefusedError(answer["error"])
                return dict(answer["result"])
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.problems.append(str(answer["params"]))

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, wanted: Any = True) -> None:  # noqa: FBT002
        """Wait until an expression has this value."""
        seen = None
        try:
            async with asyncio.timeout(20):
                while (seen := await self._seen(script)) != wanted:  # noqa: ASYNC110 - the page's own events
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{script} is {seen!r}, not {wanted!r}") from None

    async def _seen(self, script: str) -> Any:
        """The value, or the error where the page is going away just now."""
        try:
            return await self.run(script)
        except RefusedError as refused:
            return refused

    async def open(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.command(f"{domain}.enable")
        # Without a window nothing has the focus, and no event of it is sent.
        await self.command("Emulation.setFocusEmulationEnabled", enabled=True)
        await self.command("Page.navigate", url=url)

    async def resize(self, width: int, height: int = 900) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def look(self, file: Path, *, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """Take a picture, for people."""
        await self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[scheme])
        picture = await self._picture()
        await asyncio.to_thread(file.write_bytes, base64.b64decode(picture["data"]))

    async def _picture(self) -> dict[str, Any]:
        """On a busy machine there is at times no frame to take, and there is one soon."""
        for tries_left in reversed(range(5)):
            try:
                return await self.command("Page.captureScreenshot", format="png")
            except RefusedError:
                if not tries_left:
                    raise
                await asyncio.sleep(1)
        raise AssertionError("the last try returns or raises")


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Tab]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser is on this machine: none of {', '.join(NAMES)}")
    browser = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        port = await _port(browser)
        async with ClientSession() as session:
            tab = await _first_tab(session, port)
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Tab(socket)
    finally:
        browser.terminate()
        await browser.wait()


async def _first_tab(session: ClientSession, port: str) -> dict[str, Any]:
    """It may come a moment after the port."""
    async with asyncio.timeout(20):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json") as response:
                for tab in await response.json():
                    if tab["type"] == "page":
                        return dict(tab)
            await asyncio.sleep(0.05)


async def _port(browser: asyncio.subprocess.Process) -> str:
    assert browser.stderr is not None
    async with asyncio.timeout(30):
        async for line in browser.stderr:
            if b"DevTools listening on" in line:
                address = line.decode().rpartition("ws://")[2].partition("/")[0]
                return address.rpartition(":")[2]
    raise AssertionError("the browser ended at once")
