"""Processes that a supervisor starts again, as systemd or Kubernetes would, and that may be hurt."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

import aiohttp

from ops.brokers.child import Child
from tests.crash.kills.story import Story

_LOOK = 0.1
_BACK_OFF = (0.5, 1.0, 2.0, 4.0)
_LONG_ENOUGH = 20.0
_READY_SECONDS = 120.0
_STOP_SECONDS = 15.0


class Supervised:
    """A process that is started again whenever it has ended, until `stop`.

    `ready_url` answers 200 once it does its work.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        ready_url: str,
        story: Story,
    ) -> None:
        self.name = name
        self._ready_url = ready_url
        self._story = story
        base = {key: value for key, value in os.environ.items() if not key.startswith("JARDEM_")}
        self._child = Child(command, log=folder / f"{name}.log", env=base | dict(env))
        self._wanted = False
        self._hurting = False
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid

    async def start(self) -> None:
        """Start it, and go on starting it."""
        self._wanted = True
        self._child.start()
        self._task = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        began, failures = monotonic(), 0
        while True:
            await asyncio.sleep(_LOOK)
            if self._hurting or self._child.alive():
                continue
            self._story.exited(self.name, self._child.exit_code() or 0, self._child.tail())
            failures = 0 if monotonic() - began > _LONG_ENOUGH else failures + 1
            await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
            if not self._hurting:
                self._child.start()
                began = monotonic()

    async def kill(self, down: float) -> None:
        """Kill it as a crash would; it is started again after so many seconds."""
        self._hurting = True
        try:
            self._child.kill()
            await asyncio.sleep(down)
            self._child.start()
        finally:
            self._hurting = False

    async def lose(self) -> None:
        """Kill it, and never start it again."""
        if self._task is not None:
            self._task.cancel()
        self._child.kill()

    async def restart(self, down: float) -> int:
        """Stop it in order (SIGTERM), and start it again after so many seconds; its exit code."""
        self._hurting = True
        try:
            code = await self._end()
            await asyncio.sleep(down)
            self._child.start()
        finally:
            self._hurting = False
        return code

    async def freeze(self, seconds: float) -> None:
        """Let it stand still (SIGSTOP), then go on."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            # It may be gone by then, and a test that ends early must not leave it standing.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def ready(self, patience: float = _READY_SECONDS) -> bool:
        """Wait until it does its work; whether it does within the patience."""
        deadline = monotonic() + patience
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while monotonic() < deadline:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with session.get(self._ready_url) as response:
                        if response.ok:
                            return True
                await asyncio.sleep(_LOOK)
        return False

    async def stop(self) -> int | None:
        """Start it no more, and stop it in order; its exit code, None where it did not run."""
        if self._task is not None:
            self._task.cancel()
        if self._child.alive():
            return await self._end()
        return None

    async def _end(self) -> int:
        await asyncio.to_thread(self._child.stop, _STOP_SECONDS)
        return self._child.exit_code() or 0

    def tail(self) -> str:
        """The end of its log."""
        return self._child.tail()


class Balancer:
    """What stands before the webhooks: connections go to them in turn, and past those that do not listen."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.ports = list(ports)
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, port: int) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, family=socket.AF_INET)

    async def stop(self) -> None:
        """Listen no more, and cut what is open."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        behind = None
        for number in range(len(self.ports)):
            port = self.ports[(self._turn + number) % len(self.ports)]
            try:
                behind = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                continue
        if behind is None:
            writer.close()
            return
        self._open |= {writer, behind[1]}
        try:
            await asyncio.gather(_copy(reader, behind[1]), _copy(behind[0], writer))
        finally:
            self._open -= {writer, behind[1]}
            writer.close()
            behind[1].close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65_536):
            target.write(chunk)
            await target.drain()
    target.close()
