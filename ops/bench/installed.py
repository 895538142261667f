"""jardem as the system under test: webhooks and workers as processes, of this code or of another checkout."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from ops.bench.load.events import AWARD, FACT
from ops.bench.load.sms_api import ACCOUNT, SENDER, TOKEN
from ops.bench.measured import commit_of
from ops.bench.offsets import lag
from ops.bench.systems import Beside, Wired
from ops.brokers.child import Child
from ops.reach import free_port
from streams.errors import UserError

OUR_CODE = Path(__file__).resolve().parents[2]
PSEUDONYM_KEY = "a-key-for-the-pseudonyms-of-a-benchmark"
DECIDED = "benefit.decided.v1"

_GROUP = "jardem"
_TOPICS = (AWARD, FACT, "case.inbox.v1", "sms.inbox.v1", "sms.outbox.v1")
_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0


class CannotStartError(UserError):
    """A process of the system did not get ready; the message has the end of its log."""


class Jardem:
    """jardem of a checkout, with its data and logs in `folder`.

    `more` are further settings; `recovery_seconds` is how long a worker may take until it is ready.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        code: Path = OUR_CODE,
        workers: int = 1,
        more: Mapping[str, str] | None = None,
        recovery_seconds: float = _READY_SECONDS,
    ) -> None:
        self.name = name
        self.title = f"jardem {commit_of(code)}"
        self._folder = folder
        self._code = code
        self._count = workers
        self._more = dict(more or {})
        self._recovery_seconds = recovery_seconds
        self._env: dict[str, str] = {}
        self._kafka = ""
        self._workers: list[Child] = []
        self._webhooks: Child | None = None
        self._public_url = ""
        self.ready_seconds = 0.0

    async def prepare(self, kafka: str) -> None:
        """Make the topics. Raises `CannotStartError`."""
        self._kafka = kafka
        self._env = _environment({"JARDEM_KAFKA": kafka, **self._more})
        process = await asyncio.create_subprocess_exec(
            *self._command("topics", "apply"),
            env=self._env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise CannotStartError(f"`jardem topics apply` failed:\n{output.decode(errors='replace')}")

    async def start(self, beside: Beside) -> Wired:
        """Topics, webhooks, workers. Raises `CannotStartError`."""
        await self.prepare(beside.kafka)
        await self.start_webhooks(beside)
        await asyncio.gather(*(self.start_worker(beside, number) for number in range(self._count)))
        return self.wired(beside)

    def wired(self, beside: Beside) -> Wired:
        """Where it is reached, and its processes."""
        workers = [child.pid for child in self._workers if child.pid]
        webhooks = [self._webhooks.pid] if self._webhooks and self._webhooks.pid else []
        return Wired(
            awards=f"kafka://{beside.kafka}/{AWARD}",
            facts=f"kafka://{beside.kafka}/{FACT}",
            answers=f"{self._public_url}/sms/inbound",
            decisions=f"kafka://{beside.kafka}/{DECIDED}",
            processes={"worker": workers, "webhooks": webhooks},
        )

    async def start_webhooks(self, beside: Beside) -> None:
        """The webhooks alone."""
        port = free_port()
        self._public_url = f"http://127.0.0.1:{port}"
        env = self._settings(beside) | {"JARDEM_DATA_DIR": str(self._folder / "webhooks")}
        self._webhooks = Child(self._command("webhooks"), log=self._folder / "webhooks.log", env=env)
        await _ready(self._webhooks, f"{self._public_url}/readyz", _READY_SECONDS)

    async def start_worker(self, beside: Beside, number: int = 0, *, patience: float | None = None) -> Child:
        """One worker with a data folder of its own; returns when it is ready, or idle beside others."""
        port = free_port()
        env = self._settings(beside) | {
            "JARDEM_DATA_DIR": str(self._folder / f"worker-{number}"),
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{port}",
        }
        child = Child(self._command("worker"), log=self._folder / f"worker-{number}.log", env=env)
        self._workers.append(child)
        seconds = await _ready(child, f"http://127.0.0.1:{port}/readyz", patience or self._recovery_seconds)
        self.ready_seconds = seconds
        return child

    async def stop_worker(self, child: Child) -> None:
        """Stop a worker in order."""
        self._workers.remove(child)
        await asyncio.to_thread(child.stop, _STOP_SECONDS)

    def kill_worker(self, child: Child) -> None:
        """Kill a worker as a crash would."""
        child.kill()
        self._workers.remove(child)

    async def settled(self) -> bool:
        """Whether the group has committed all that stands in its topics."""
        return await lag(self._kafka, _GROUP, _TOPICS) == 0

    async def stop(self) -> None:
        """Stop all processes in order."""
        children = [*self._workers, *([self._webhooks] if self._webhooks else [])]
        self._workers, self._webhooks = [], None
        await asyncio.gather(*(asyncio.to_thread(child.stop, _STOP_SECONDS) for child in children))

    def tail(self) -> str:
        """The end of the workers' logs."""
        return "\n".join(child.tail() for child in self._workers)

    def _command(self, *arguments: str) -> list[str]:
        # A script's own folder comes first where Python looks for packages, so that its checkout's code runs.
        return [sys.executable, str(self._code / "jardem.py"), *arguments]

    def _settings(self, beside: Beside) -> dict[str, str]:
        return _environment(
            {
                "JARDEM_KAFKA": beside.kafka,
                "JARDEM_PROFILE": "development",
                "JARDEM_PSEUDONYM_KEY": PSEUDONYM_KEY,
                "JARDEM_TWILIO_API_URL": beside.sms,
                "JARDEM_TWILIO_ACCOUNT_SID": ACCOUNT,
                "JARDEM_TWILIO_AUTH_TOKEN": TOKEN,
                "JARDEM_SMS_FROM": SENDER,
                "JARDEM_SMS_PER_SECOND": "10000",
                "JARDEM_PUBLIC_URL": self._public_url,
                "JARDEM_WEBHOOKS_BIND": self._public_url.removeprefix("http://"),
                "JARDEM_FACTS_GRACE": "0",
                "JARDEM_QUIET_HOURS": "off",
                **self._more,
            }
        )


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings of jardem and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JARDEM_")}
    return kept | dict(settings)


async def _ready(child: Child, url: str, patience: float) -> float:
    """Start a process, and wait until it says that it is ready: after how many seconds that was."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    child.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while child.alive():
            if await _answers(session, url):
                return loop.time() - began
            if loop.time() - began > patience:
                raise CannotStartError(f"a process did not get ready in {patience:g} s:\n{child.tail()}")
            await asyncio.sleep(0.05)
    raise CannotStartError(f"a process ended with {child.exit_code()}:\n{child.tail()}")


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200 or "idle" in await response.text()  # noqa: PLR2004 - HTTP
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
