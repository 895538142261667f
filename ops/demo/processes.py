"""The processes of the demo.

The worker and the webhooks as an installation runs them, and the commands around them.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from ops.brokers.child import Child
from streams.errors import UserError

_READY_SECONDS = 60.0
_STOP_SECONDS = 12.0


class DemoError(UserError):
    """The demo can't go on; the message says why and what to do."""


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "jardem", *arguments]


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings of jardem and no others."""
    return {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")} | dict(env)


async def run_command(env: Mapping[str, str], *arguments: str, given: str | None = None) -> str:
    """Run a command of jardem to its end and return what it printed.

    Raises `DemoError` with that if it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *_command(*arguments),
        env=_environment(env),
        stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output, _ = await process.communicate(given.encode() if given is not None else None)
    text = output.decode(errors="replace")
    if process.returncode:
        raise DemoError(f"`jardem {' '.join(arguments)}` failed:\n{text}")
    return text


class Service:
    """A jardem process in the background with a health port."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str], ready_url: str) -> None:
        self.name = name
        self._ready_url = ready_url
        self._log = folder / f"{name}.log"
        self._env = env
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises `DemoError` with the end of its log."""
        child = self._child = Child(_command(self.name), log=self._log, env=_environment(self._env))
        child.start()
        async with aiohttp.ClientSession() as session:
            for _ in range(round(_READY_SECONDS / 0.2)):
                if not child.alive():
                    raise DemoError(f"`jardem {self.name}` ended:\n{child.tail()}")
                if await _answers(session, self._ready_url):
                    return
                await asyncio.sleep(0.2)
        raise DemoError(f"`jardem {self.name}` did not get ready:\n{child.tail()}")

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        return self._child.pid if self._child else None

    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.alive()

    def tail(self) -> str:
        """The end of its log."""
        return self._child.tail() if self._child else ""

    async def stop(self) -> None:
        """Stop it in order."""
        if self._child:
            await asyncio.to_thread(self._child.stop, _STOP_SECONDS)

    def kill(self) -> None:
        """Kill it as a crash would (SIGKILL)."""
        if self._child:
            self._child.kill()


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as response:
            return response.status == 200  # noqa: PLR2004 - HTTP
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
