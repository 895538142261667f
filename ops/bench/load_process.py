"""The load as a process of its own, as `ops.bench.load` describes it."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ops.bench.systems import Wired
from streams.errors import UserError

_CODE = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
_END_SECONDS = 10.0
_LONGEST_LINE = 1 << 20


class LoadError(UserError):
    """The load could not do what it was told."""


class LoadProcess:
    """Use as a context manager. `marked` hears of each mark, `progress` of how many of how many are done."""

    def __init__(self, progress: Callable[[int, int], None] = lambda *_: None) -> None:
        self._progress = progress
        self._process: asyncio.subprocess.Process | None = None
        self.marked: Callable[[str], None] = lambda _: None
        self.sms = self.decisions = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started.pid

    @property
    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the load is not started")
        return self._process

    async def __aenter__(self) -> Self:
        """Start it. Raises `LoadError`."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ops.bench.load",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd=_CODE,
            limit=_LONGEST_LINE,
        )
        async with asyncio.timeout(_START_SECONDS):
            listening = (await self._line())["listening"]
        self.sms, self.decisions = listening["sms"], listening["decisions"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        process = self._started
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def connect(self, wired: Wired) -> None:
        """Say where the system is."""
        await self._tell(
            do="connect",
            awards=wired.awards,
            facts=wired.facts,
            answers=wired.answers,
            decisions=wired.decisions,
        )

    async def facts(self, first: int, count: int) -> dict[str, Any]:
        """Publish the numbers of so many citizens."""
        return await self._tell(do="facts", first=first, count=count)

    async def cases(self, **plan: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a plan
        """Play a plan (`ops.bench.load.run.Plan`) to its end, and return its result."""
        return await self._tell(do="cases", **plan)

    async def _tell(self, **command: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        process = self._started
        if process.stdin is None:
            raise RuntimeError("the load has no input")
        process.stdin.write(json.dumps(command).encode() + b"\n")
        while True:
            said = await self._line()
            if "mark" in said:
                self.marked(said["mark"])
            elif "progress" in said:
                self._progress(said["progress"], said["of"])
            elif "error" in said:
                raise LoadError(f"the load could not {command['do']}: {said['error']}")
            else:
                done: dict[str, Any] = said["done"]
                return done

    async def _line(self) -> dict[str, Any]:
        process = self._started
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise LoadError(f"the load ended with {await process.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said
