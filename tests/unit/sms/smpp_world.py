"""An operator's SMSC in this process, an account there, and what a worker would do with what it brings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from schemas import catalogue
from schemas.base import Event
from schemas.cloudevents import decode
from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, MessageStatusReported, TextPartReceived
from schemas.received import received_event
from sms.inbox_producer import NotTakenError
from sms.simulator import Simulator
from sms.smpp.account import Account
from sms.smpp.carrier import SmppCarrier
from sms.smpp.commands import Bind
from sms.smpp.inbound import Inbound
from sms.smpp.repeats import Repeats
from streams.clock import Clock
from streams.records import Outgoing

SENDER = "1414"
CREDENTIALS = Bind("jardem", "secret")
PSEUDONYMS = Pseudonyms(b"a key of tests")
KNOWN = {**catalogue.LINE_EVENTS, **catalogue.CARRIER_EVENTS}


@dataclass
class MemoryInbox:
    """The broker's place: what it took, or nothing while it is `away`."""

    taken: list[Outgoing] = field(default_factory=list)
    away: bool = False
    opened: int = 0

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.opened -= 1

    async def send(self, outgoing: Outgoing) -> None:
        if self.away:
            raise NotTakenError("away")
        self.taken.append(outgoing)

    def events(self) -> list[Event]:
        now = datetime.now(UTC)
        found = [decode(each.value, each.headers, timestamp=now) for each in self.taken]
        return [received_event(event, KNOWN, number).data for number, event in enumerate(found)]

    def ids(self) -> list[str]:
        return [dict(each.headers)["ce_id"].decode() for each in self.taken]

    def texts(self) -> list[MessageReceived]:
        return [event for event in self.events() if isinstance(event, MessageReceived)]

    def parts(self) -> list[TextPartReceived]:
        return [event for event in self.events() if isinstance(event, TextPartReceived)]

    def statuses(self) -> list[MessageStatusReported]:
        return [event for event in self.events() if isinstance(event, MessageStatusReported)]


def account(port: int, **more: Any) -> Account:
    given: dict[str, Any] = {
        "name": "smpp",
        "host": "127.0.0.1",
        "port": port,
        "system_id": CREDENTIALS.system_id,
        "password": CREDENTIALS.password,
        "sender": SENDER,
        "response_seconds": 2.0,
        **more,
    }
    return Account(**given)


def smpp_carrier(
    account_: Account, inbox: MemoryInbox, *, file: Path | None = None, seconds_to_bind: float = 2.0
) -> SmppCarrier:
    inbound = Inbound(account_, PSEUDONYMS, Clock(), inbox, Repeats(file))
    return SmppCarrier(account_, inbound, inbox, seconds_to_bind=seconds_to_bind)


@asynccontextmanager
async def simulated_operator(delay: float = 0.05) -> AsyncIterator[Simulator]:
    """The simulated SMS API, of which only the SMSC is spoken to."""
    nowhere = "http://127.0.0.1:1/sms/inbound"
    async with Simulator(
        account_sid="AC0", auth_token="t", sender=SENDER, inbound_url=nowhere, delay=delay, smpp=CREDENTIALS
    ) as simulator:
        yield simulator


async def until(true: Callable[[], object]) -> None:
    """Wait for what the other side does."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(0.01)
