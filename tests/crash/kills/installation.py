"""The whole system as processes on this machine: brokers, workers, webhooks, SMS API."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.brokers.cluster import KafkaCluster
from ops.demo.processes import run_command
from ops.reach import free_port
from streams.clock import Clock
from streams.webhook_urls import INBOUND, webhook_url
from tests.crash.kills.disk import SmallDisk
from tests.crash.kills.plan import Plan
from tests.crash.kills.processes import Balancer, Supervised
from tests.crash.kills.story import Story

SENDER = "+77000000000"
_ACCOUNT = "AC" + "0" * 32
_DAY = 86_400
_STORES = ("rocksdb", "memory", "rocksdb")
_WEBHOOKS = 2


class Installation:
    """Use as a context manager: inside, all of it is ready. Logs, data and the SMS record are in `folder`."""

    def __init__(self, plan: Plan, folder: Path, story: Story) -> None:
        self.folder, self._story = folder, story
        self.clock = Clock(_DAY / plan.day, datetime.now(UTC))
        self.brokers = KafkaCluster(folder / "kafka", [free_port() for _ in range(6)])
        self.disk = SmallDisk(folder / "worker-0")
        self.record = folder / "sms.jsonl"
        self._proxy = Balancer([free_port() for _ in range(_WEBHOOKS)])
        self._proxy_port, api_port = free_port(), free_port()
        self.api_url = f"http://127.0.0.1:{api_port}"
        public_url = f"http://127.0.0.1:{self._proxy_port}"
        self.env = {
            "JARDEM_KAFKA": self.brokers.address,
            "JARDEM_KAFKA_REPLICATION": "3",
            "JARDEM_INBOX_PARTITIONS": str(plan.partitions),
            "JARDEM_PROFILE": "development",
            "JARDEM_DATA_DIR": str(folder / "commands"),
            "JARDEM_TWILIO_ACCOUNT_SID": _ACCOUNT,
            "JARDEM_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "JARDEM_TWILIO_API_URL": self.api_url,
            "JARDEM_SMS_FROM": SENDER,
            "JARDEM_SMS_PER_SECOND": "100",
            "JARDEM_PUBLIC_URL": public_url,
            "JARDEM_INBOUND_CHECK": "5",
            "JARDEM_TERM_POLICY": "hours_72",
            "JARDEM_QUIET_HOURS": "off",
            "JARDEM_TIME_SCALE": str(_DAY / plan.day),
            "JARDEM_TIME_ORIGIN": self.clock.origin.isoformat(),
        }
        self.workers = [self._worker(number, store) for number, store in enumerate(_STORES)]
        self.webhooks = [self._webhook(number, port) for number, port in enumerate(self._proxy.ports)]
        command = ["--port", str(api_port), "--record", str(self.record), "--sender", SENDER]
        command += ["--inbound-url", webhook_url(public_url, INBOUND), "--account-sid", _ACCOUNT]
        api = [sys.executable, "-m", "tests.crash.kills.sms_api", *command]
        self.sms_api = Supervised("sms-api", api, self.env, folder, f"{self.api_url}/readyz", story)
        self._stack = AsyncExitStack()

    def _worker(self, number: int, store: str) -> Supervised:
        port = free_port()
        env = {
            "JARDEM_DATA_DIR": str(self.folder / f"worker-{number}"),
            "JARDEM_STORE": store,
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{port}",
        }
        return self._jardem(f"worker-{number}", "worker", env, port)

    def _webhook(self, number: int, port: int) -> Supervised:
        env = {"JARDEM_WEBHOOKS_BIND": f"127.0.0.1:{port}"}
        return self._jardem(f"webhooks-{number}", "webhooks", env, port)

    def _jardem(self, name: str, command: str, env: Mapping[str, str], port: int) -> Supervised:
        program = [sys.executable, "-m", "jardem", command]
        url = f"http://127.0.0.1:{port}/readyz"
        return Supervised(name, program, self.env | dict(env), self.folder, url, self._story)

    @property
    def processes(self) -> list[Supervised]:
        """All but the brokers."""
        return [self.sms_api, *self.webhooks, *self.workers]

    async def __aenter__(self) -> Self:
        """Start everything."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _start(self) -> None:
        self._story.tell("three brokers start")
        self._stack.callback(self.brokers.kill)
        await asyncio.to_thread(self.brokers.__enter__)
        await run_command(self.env, "topics", "apply")
        self.disk.mount()
        self._stack.callback(self.disk.unmount)
        await self._proxy.start(self._proxy_port)
        self._stack.push_async_callback(self._proxy.stop)
        self._story.tell("workers, webhooks and the SMS API start")
        for process in self.processes:
            self._stack.push_async_callback(process.stop)
            await process.start()
        for process in self.processes:
            if not await process.ready():
                raise TimeoutError(f"{process.name} did not get ready:\n{process.tail()}")
        self._story.tell("all of it is ready")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything; nothing is left running."""
        await self._stack.aclose()
