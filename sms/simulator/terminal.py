"""A handset of the simulated SMS API in the terminal: its conversation as it goes, and a line to write on."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout
from rich.align import Align
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.times import ALMATY
from schemas.values import check_phone
from streams.errors import UserError

_WIDEST, _NARROWEST = 46, 18
_LONGEST_EXCERPT = 30
_SECONDS_FOR_A_LINE = 0.5
_WITHOUT_LIMIT = ClientTimeout(total=None, sock_connect=5)
_SWITCHES = {
    "/off": {"off": True},
    "/far": {"out_of_reach": True},
    "/wrong": {"wrong_number": True},
    "/slow": {"slow": True},
    "/twice": {"callbacks_twice": True},
    "/shuffled": {"callbacks_shuffled": True},
    "/on": dict.fromkeys(
        ("off", "out_of_reach", "wrong_number", "slow", "callbacks_twice", "callbacks_shuffled"), False
    ),
}
_FIELDS = {"phone", "messages", "switches", "unread", "about"}
_HELP = (
    "Write an answer and press Enter. /off /far /wrong /slow /twice /shuffled switch something wrong, /on all"
    " right again; /down and /up the carrier for everybody; /quit leaves."
)


class NoSimulatorError(UserError):
    """No simulated SMS API answers at the address; the message says which."""


class WrongNumberError(UserError):
    """What was given is no phone number."""

    exit_code = 2


class HandsetTerminal:
    """Shows one handset and writes on it. `url` is where the simulated SMS API listens."""

    def __init__(self, url: str, console: Console) -> None:
        self._url = url.rstrip("/")
        self._console = console
        self._drawn: dict[str, str] = {}
        self._down: bool | None = None

    async def list(self) -> None:
        """Print all handsets, the most recently used first."""
        async with ClientSession(timeout=_WITHOUT_LIMIT) as session:
            found = await self._call(session, "GET", "/handsets")
        handsets = (
            [self._handset(each) for each in found] if isinstance(found, list) else [self._handset(found)]
        )
        table = Table("number", "stands for", "unread", "last message", "condition", box=None, pad_edge=False)
        for handset in handsets:
            last = handset["messages"][-1]["text"].replace("\n", " ") if handset["messages"] else ""
            on = [name.replace("_", " ") for name, value in handset["switches"].items() if value]
            shown = last if len(last) <= _LONGEST_EXCERPT else last[:_LONGEST_EXCERPT] + "…"
            table.add_row(
                handset["phone"],
                escape("; ".join(_captions(handset))),
                str(handset["unread"] or ""),
                escape(shown),
                ", ".join(on) or "on",
            )
        self._console.print(table)

    async def converse(self, phone: str, lines: AsyncIterator[str]) -> None:
        """Show the conversation of a number live and send the lines, until they end or say `/quit`.

        Raises `NoSimulatorError`, and `WrongNumberError` where `phone` is no number in E.164.
        """
        path = f"/handsets/{quote(_number(phone))}"
        async with ClientSession(timeout=_WITHOUT_LIMIT) as session:
            handset = self._handset(await self._call(session, "PUT", path, {}))
            for caption in _captions(handset):
                self._console.print(Text(caption, style="italic"))
            self._draw(handset, None)
            self._console.print(Text(_HELP, style="dim"))
            at_work = [asyncio.create_task(self._watch(session, phone))]
            try:
                async for line in lines:
                    if line.strip() == "/quit":
                        break
                    # An answer waits while the carrier is down; the next line may be what puts it up again.
                    at_work.append(asyncio.create_task(self._obey(session, path, line.strip())))
                    await asyncio.wait(at_work[-1:], timeout=_SECONDS_FOR_A_LINE)
                await asyncio.wait(at_work[1:] or at_work, timeout=_SECONDS_FOR_A_LINE)
            finally:
                for task in at_work:
                    task.cancel()
                await asyncio.gather(*at_work, return_exceptions=True)
            self._draw(await self._call(session, "GET", path), None)

    async def _obey(self, session: ClientSession, path: str, line: str) -> None:
        if line in _SWITCHES:
            await self._call(session, "PATCH", path, _SWITCHES[line])
        elif line in ("/down", "/up"):
            await self._call(session, "PATCH", "/carrier", {"down": line == "/down"})
        elif line.startswith("/"):
            self._console.print(Text(_HELP, style="dim"))
        elif line:
            await self._call(session, "POST", f"{path}/answers", {"text": line})

    async def _watch(self, session: ClientSession, phone: str) -> None:
        async with session.get(f"{self._url}/control/events") as response:
            async for line in response.content:
                if not line.startswith(b"data: "):
                    continue
                state = json.loads(line.removeprefix(b"data: "))
                for handset in state["handsets"]:
                    if handset["phone"] == phone:
                        self._draw(handset, state["down"])

    async def _call(
        self, session: ClientSession, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        try:
            async with session.request(method, f"{self._url}/control{path}", json=body) as response:
                response.raise_for_status()
                return await response.json()
        except (ClientError, OSError, ValueError) as error:
            raise NoSimulatorError(
                f"no simulated SMS API answers at {self._url} ({error}): "
                "give with --url where jardem demo shows its handsets"
            ) from None

    def _handset(self, told: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """What was told, if it is a handset: any service may listen there. Raises `NoSimulatorError`."""
        if not isinstance(told, dict) or not told.keys() >= _FIELDS:
            raise NoSimulatorError(f"no simulated SMS API answers at {self._url}: another service does")
        return told

    def _draw(self, handset: dict[str, Any], down: bool | None) -> None:  # noqa: FBT001
        """Print what is new: each message when it is on the handset, or is known to be lost."""
        if down is not None and down != self._down:
            if down or self._down is not None:
                self._console.print(Text(f"the carrier is {'down' if down else 'up'}", style="bold red"))
            self._down = down
        for message in handset["messages"]:
            state = message["status"]
            settled = state in ("delivered", "undelivered", "received", "failed")
            if not settled or self._drawn.get(message["sid"]) == state:
                continue
            self._drawn[message["sid"]] = state
            self._console.print(_bubble(message))


def _number(phone: str) -> str:
    try:
        return check_phone(phone)
    except ValueError as error:
        raise WrongNumberError(str(error)) from None


def _captions(handset: dict[str, Any]) -> list[str]:
    return [each["caption"] for each in handset["about"]]


def _bubble(message: dict[str, Any]) -> Align:
    at = datetime.fromisoformat(message["at"]).astimezone(ALMATY).strftime("%d.%m %H:%M")
    here = message["written_here"]
    notes = {"undelivered": f"did not arrive: {message['why']}", "failed": "not taken"}
    note = notes.get(message["status"], at)
    lost = message["status"] in notes
    style = "red" if lost else "blue" if here else "white"
    width = min(_WIDEST, max(_NARROWEST, len(message["text"]) + 4))
    panel = Panel(
        Text(message["text"]), subtitle=escape(note), subtitle_align="left", border_style=style, width=width
    )
    return Align.right(panel) if here else Align.left(panel)


async def _typed() -> AsyncIterator[str]:
    """The lines of the standard input; read in a thread of its own, which ends with the process."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


async def run(url: str, phone: str | None) -> None:
    """What `jardem handset` does: list the handsets, or hold one number's conversation in this terminal.

    Raises `NoSimulatorError`, and `WrongNumberError` where `phone` is no number in E.164.
    """
    terminal = HandsetTerminal(url, Console())
    if phone is None:
        await terminal.list()
    else:
        await terminal.converse(phone, _typed())
