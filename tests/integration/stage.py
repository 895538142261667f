"""The whole system under load on a given broker, with parts that may be of another release."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.demo.processes import run_command
from ops.reach import free_port
from schemas.ids import Pseudonyms
from streams.clock import Clock
from streams.settings.settings import DEMO_PSEUDONYM_KEY
from streams.webhook_urls import INBOUND, webhook_url
from tests.crash.kills import evidence as evidence_of
from tests.crash.kills.invariants import Invariants, Judged
from tests.crash.kills.load import Citizens, Registries
from tests.crash.kills.people import Person, people
from tests.crash.kills.processes import Supervised
from tests.crash.kills.settling import Settling
from tests.crash.kills.story import Story

ROOT = Path(__file__).resolve().parents[2]
_ACCOUNT = "AC" + "0" * 32
_SENDER = "+77000000000"
_DAY = 86_400
_AGAIN_PER_SECOND = 20.0


class Stage:
    """Settings, an SMS API and citizens; workers and webhooks are started by the test.

    Use as a context manager: inside the SMS API answers, and citizens read their SMS. `day` is how many
    seconds a day of the law lasts.
    """

    def __init__(self, kafka: str, folder: Path, *, day: float, partitions: int, seed: int = 1) -> None:
        self.folder, self._day = folder, day
        self.story = Story(folder / "story.log", quiet=True)
        self.clock = Clock(_DAY / day, datetime.now(UTC))
        self.record = folder / "sms.jsonl"
        api_port, self._webhooks_port = free_port(), free_port()
        self._api_url = f"http://127.0.0.1:{api_port}"
        public_url = f"http://127.0.0.1:{self._webhooks_port}"
        self.env = {
            "JARDEM_KAFKA": kafka,
            "JARDEM_INBOX_PARTITIONS": str(partitions),
            "JARDEM_DATA_DIR": str(folder / "commands"),
            "JARDEM_TWILIO_ACCOUNT_SID": _ACCOUNT,
            "JARDEM_TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "JARDEM_TWILIO_API_URL": self._api_url,
            "JARDEM_SMS_FROM": _SENDER,
            "JARDEM_SMS_PER_SECOND": "100",
            "JARDEM_PUBLIC_URL": public_url,
            "JARDEM_INBOUND_CHECK": "5",
            "JARDEM_TERM_POLICY": "hours_72",
            "JARDEM_QUIET_HOURS": "off",
            "JARDEM_TIME_SCALE": str(_DAY / day),
            "JARDEM_TIME_ORIGIN": self.clock.origin.isoformat(),
        }
        command = ["--port", str(api_port), "--record", str(self.record), "--sender", _SENDER]
        command += ["--inbound-url", webhook_url(public_url, INBOUND), "--account-sid", _ACCOUNT]
        api = [sys.executable, "-m", "tests.crash.kills.sms_api", *command]
        self._sms_api = Supervised("sms-api", api, self.env, folder, f"{self._api_url}/readyz", self.story)
        self.pseudonyms = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
        self._people = iter(people(seed))
        self._by_phone: dict[str, Person] = {}
        self.published: list[Person] = []
        self.published_at: dict[str, datetime] = {}
        self.citizens = Citizens(self._api_url, self.record, self._by_phone)
        self._stack = AsyncExitStack()

    @property
    def kafka(self) -> str:
        """The broker's address; another one may be set for what is started afterwards."""
        return self.env["JARDEM_KAFKA"]

    @kafka.setter
    def kafka(self, address: str) -> None:
        self.env["JARDEM_KAFKA"] = address

    async def __aenter__(self) -> Self:
        try:
            self._stack.push_async_callback(self._sms_api.stop)
            await self._sms_api.start()
            assert await self._sms_api.ready(), self._sms_api.tail()
            answering = asyncio.create_task(self.citizens.run())
            self._stack.callback(answering.cancel)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def apply_topics(self) -> None:
        """`jardem topics apply` of this code."""
        await run_command(self.env, "topics", "apply")

    async def worker(self, name: str, code: Path = ROOT, **more: str) -> Supervised:
        """Start a worker of the code in a folder; it is started again whenever it ends."""
        return await self._start(name, "worker", code, {"JARDEM_STORE": "memory"} | more)

    async def webhooks(self, name: str, code: Path = ROOT) -> Supervised:
        """Start the webhooks; there may be one at a time."""
        return await self._start(name, "webhooks", code, {})

    async def _start(self, name: str, command: str, code: Path, more: Mapping[str, str]) -> Supervised:
        port = self._webhooks_port if command == "webhooks" else free_port()
        bind = {"worker": "JARDEM_HEALTH_BIND", "webhooks": "JARDEM_WEBHOOKS_BIND"}[command]
        env = self.env | {"JARDEM_DATA_DIR": str(self.folder / name), bind: f"127.0.0.1:{port}"} | dict(more)
        # A script's own folder comes first, so that all of what runs is of that folder.
        program = [sys.executable, str(code / "jardem.py"), command]
        process = Supervised(name, program, env, self.folder, f"http://127.0.0.1:{port}/readyz", self.story)
        self._stack.push_async_callback(process.stop)
        await process.start()
        return process

    async def publish(self, number: int, rate: float) -> None:
        """Publish the next people, so many a second; returns when all of it is acknowledged."""
        chosen = [next(self._people) for _ in range(number)]
        self._by_phone.update({person.phone: person for person in chosen})
        registries = Registries(self.kafka, self.pseudonyms, self.clock)
        found = await registries.run(chosen, rate, asyncio.Event())
        self.published += found
        times = registries.published
        self.published_at |= {person.phone: self.clock.real(times[person.number]) for person in found}

    async def publish_again(self) -> None:
        """Publish everybody once more, as registries do that do not know what arrived."""
        registries = Registries(self.kafka, self.pseudonyms, self.clock)
        await registries.run(self.published, _AGAIN_PER_SECOND, asyncio.Event())

    async def waiting(self) -> list[Person]:
        """Whose entitlement has not the expected outcome yet."""
        return await self._settling().waiting(self.published)

    async def settle(self, patience: float) -> Judged:
        """Wait until everybody has the expected outcome and nothing is under way; then judge all of it."""
        await self._settling().settle(self.published, patience)
        return await self.judge()

    def _settling(self) -> Settling:
        return Settling(self.kafka, self.record, self.pseudonyms, self.citizens, self.story)

    async def judge(self) -> Judged:
        """Hold what the topics and the SMS API's record say against what must be."""
        found = await evidence_of.gather(self.kafka, evidence_of.ALL, self.record)
        return Invariants(found, self.published, self.pseudonyms, self.clock).judge()

    def exits(self, name: str) -> list[int]:
        """With which codes a process ended by itself, in their order."""
        return [each.code for each in self.story.exits if each.name == name]
