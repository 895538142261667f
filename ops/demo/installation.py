"""A whole installation on this machine, beside a broker.

Topics, worker, webhooks, and a simulated SMS API.
"""

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ops.demo.answers import quick_answers
from ops.demo.processes import Service, run_command
from ops.reach import free_port
from sms.simulator import Simulator
from sms.smpp.commands import Bind
from streams.clock import Clock
from streams.webhook_urls import ASKED_FOR, INBOUND, webhook_url

SENDER = "+77000000000"
_ACCOUNT = "AC" + "0" * 32
_LONGEST_PASSWORD = 8


class Installation:
    """Use as a context manager: inside, everything is ready.

    `scale` is how fast time runs; virtual and real time are equal at the start. The worker and the webhooks
    are processes of their own, as in production; their logs and data are in `folder`. `grace` is the facts'
    grace and `hours` the sending hours, as in the settings; `asked` is what the webhooks' addresses ask of
    the SMS API. With `carrier` smpp an operator's SMSC takes its place, and there are no webhooks. With
    `console_port` the console runs too, for the users of the file `console_users`.
    """

    def __init__(  # noqa: PLR0913 - a place, a pace, a calendar
        self,
        kafka: str,
        folder: Path,
        *,
        scale: float = 1.0,
        grace: float = 1.0,
        hours: str = "09:00-21:00",
        page_port: int = 0,
        asked: str = ASKED_FOR,
        console_port: int | None = None,
        console_users: Path | None = None,
        more: Mapping[str, str] | None = None,
        carrier: Literal["twilio", "smpp"] = "twilio",
    ) -> None:
        self.kafka = kafka
        self.clock = Clock(scale, datetime.now(UTC))
        token = secrets.token_hex(16)
        webhooks, health = free_port(), free_port()
        public_url = f"http://127.0.0.1:{webhooks}"
        self.simulator = Simulator(
            account_sid=_ACCOUNT,
            auth_token=token,
            sender=SENDER,
            inbound_url=webhook_url(f"{public_url}#{asked}", INBOUND),
            port=page_port,
            clock=self.clock,
            smpp=Bind("jardem", token[:_LONGEST_PASSWORD]) if carrier == "smpp" else None,
            asked=quick_answers,
        )
        self.env = {
            "JARDEM_KAFKA": kafka,
            "JARDEM_PROFILE": "development",
            "JARDEM_DATA_DIR": str(folder),
            "JARDEM_TWILIO_ACCOUNT_SID": _ACCOUNT,
            "JARDEM_TWILIO_AUTH_TOKEN": token,
            "JARDEM_SMS_FROM": SENDER,
            "JARDEM_PUBLIC_URL": f"{public_url}#{asked}",
            "JARDEM_WEBHOOKS_BIND": f"127.0.0.1:{webhooks}",
            "JARDEM_HEALTH_BIND": f"127.0.0.1:{health}",
            "JARDEM_TIME_SCALE": str(scale),
            "JARDEM_TIME_ORIGIN": self.clock.origin.isoformat(),
            "JARDEM_FACTS_GRACE": str(grace),
            "JARDEM_QUIET_HOURS": hours,
            **_of_the_console(console_port, console_users),
            **(more or {}),
        }
        if carrier == "smpp":
            self.env |= {
                "JARDEM_CARRIER": "smpp",
                "JARDEM_SMPP_SYSTEM_ID": "jardem",
                "JARDEM_SMPP_PASSWORD": token[:_LONGEST_PASSWORD],
                "JARDEM_SMPP_RECEIPT_ZONE": "UTC",
            }
        self.worker = Service("worker", folder, self.env, f"http://127.0.0.1:{health}/readyz")
        self.webhooks = Service("webhooks", folder, self.env, f"{public_url}/readyz")
        self.console_url = f"http://127.0.0.1:{console_port}" if console_port else None
        self._services = [self.worker] if carrier == "smpp" else [self.webhooks, self.worker]
        if self.console_url:
            self._services.append(Service("console", folder, self.env, f"{self.console_url}/readyz"))
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything. Raises `DemoError`."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _start(self) -> None:
        await run_command(self.env, "topics", "apply")
        await self._stack.enter_async_context(self.simulator)
        self.env["JARDEM_TWILIO_API_URL"] = self.simulator.url
        if self.simulator.smsc is not None:
            self.env["JARDEM_SMPP_ADDRESS"] = f"127.0.0.1:{self.simulator.smsc.port}"
        for service in self._services:
            self._stack.push_async_callback(service.stop)
            await service.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything; nothing is left running."""
        await self._stack.aclose()

    def dead(self) -> Service | None:
        """A process that ended by itself, if one did."""
        return next((service for service in self._services if not service.alive()), None)


def _of_the_console(port: int | None, users: Path | None) -> Mapping[str, str]:
    address = {"JARDEM_CONSOLE_BIND": f"127.0.0.1:{port}"} if port else {}
    return address | ({"JARDEM_CONSOLE_USERS": str(users)} if users else {})
