"""The carriers keep what a carrier promises: ours at two servers that play the API, and the tests' own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from schemas.ids import Sid
from sms.carrier import Carrier
from sms.simulator import Simulator
from sms.simulator.handsets import Message
from sms.smpp.account import BindKind
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN, BadApi, status
from tests.unit.sms.carrier_contract import AskedCarrierContract, UnaskedCarrierContract, World
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.memory_carrier import MemoryCarrier
from tests.unit.sms.smpp_world import MemoryInbox, account, simulated_operator, smpp_carrier


class BadApiWorld(World):
    def __init__(self, api: BadApi, carrier: TwilioCarrier) -> None:
        self.api = api
        self.carrier = carrier

    def another(self) -> Carrier:
        return twilio_carrier(self.api.url)

    def taken(self) -> list[tuple[str, str]]:
        ours = [message for message in self.api.sent() if message["direction"] != "inbound"]
        return [(message["to"], message["body"]) for message in ours]

    async def writes(self, phone: str, text: str) -> None:
        self.api.receive(text, datetime.now(UTC), phone)

    async def leaves(self, sid: Sid) -> None:
        self.api.sends(sid, datetime.now(UTC))

    def goes_down(self) -> None:
        self.api.always = self.api.list_trouble = self.api.fetch_trouble = status(503)


class TestTwilioCarrierAtAnApiThatFailsOnPurpose(AskedCarrierContract):
    @pytest.fixture
    async def world(self, api: BadApi) -> AsyncIterator[World]:
        async with twilio_carrier(api.url) as carrier:
            yield BadApiWorld(api, carrier)


class SimulatedWorld(World):
    def __init__(self, simulator: Simulator, carrier: TwilioCarrier) -> None:
        self.simulator = simulator
        self.carrier: Carrier = carrier

    def another(self) -> Carrier:
        return twilio_carrier(self.simulator.url, status_callback="")

    def _messages(self) -> list[Message]:
        found = [message for handset in self.simulator.handsets for message in handset.messages]
        return sorted(found, key=lambda message: message.created_at)

    def taken(self) -> list[tuple[str, str]]:
        return [(message.to, message.text) for message in self._messages() if not message.inbound]

    async def writes(self, phone: str, text: str) -> None:
        await self.simulator.answer(phone, text)

    async def leaves(self, sid: Sid) -> None:
        async with asyncio.timeout(5):
            while not any(message.sid == sid and message.sent_at for message in self._messages()):  # noqa: ASYNC110 - the simulator's own task
                await asyncio.sleep(0.01)

    def goes_down(self) -> None:
        self.simulator.down = True


class TestTwilioCarrierAtTheSimulatedApi(AskedCarrierContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        nowhere = "http://127.0.0.1:1/sms/inbound"
        async with (
            Simulator(
                account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, inbound_url=nowhere, delay=0.3
            ) as simulator,
            twilio_carrier(simulator.url, status_callback="") as carrier,
        ):
            yield SimulatedWorld(simulator, carrier)


class MemoryWorld(World):
    def __init__(self, carrier: MemoryCarrier) -> None:
        self.carrier: Carrier = carrier
        self.memory = carrier

    def another(self) -> Carrier:
        self.memory = MemoryCarrier()
        return self.memory

    def taken(self) -> list[tuple[str, str]]:
        return [(sms.phone, sms.text) for sms in self.memory.taken]

    async def writes(self, phone: str, text: str) -> None:
        self.memory.receive(phone, text, datetime.now(UTC))

    async def leaves(self, sid: Sid) -> None:
        self.memory.sends(sid, datetime.now(UTC))

    def goes_down(self) -> None:
        self.memory.down = True


class TestMemoryCarrier(AskedCarrierContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        async with MemoryCarrier() as carrier:
            yield MemoryWorld(carrier)


class OperatorsWorld(SimulatedWorld):
    def __init__(self, simulator: Simulator, carrier: Carrier, bind: BindKind) -> None:
        self.simulator = simulator
        self.carrier = carrier
        self.bind = bind

    def another(self) -> Carrier:
        assert self.simulator.smsc
        return smpp_carrier(account(self.simulator.smsc.port, bind=self.bind), MemoryInbox())


class OperatorContract(UnaskedCarrierContract):
    bind: BindKind

    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        async with simulated_operator(delay=0.3) as simulator:
            assert simulator.smsc
            carrier = smpp_carrier(account(simulator.smsc.port, bind=self.bind), MemoryInbox())
            async with carrier:
                yield OperatorsWorld(simulator, carrier, self.bind)


class TestSmppCarrierAsATransceiver(OperatorContract):
    bind = "transceiver"


class TestSmppCarrierAsAPair(OperatorContract):
    bind = "pair"
