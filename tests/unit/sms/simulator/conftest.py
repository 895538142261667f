import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from sms.simulator import Simulator
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.simulator.hooks import Hooks


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks().run() as running:
        yield running


@pytest.fixture
async def simulator(hooks: Hooks) -> AsyncIterator[Simulator]:
    async with Simulator(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender=SENDER,
        inbound_url=f"{hooks.url}/sms/inbound",
        delay=0.01,
    ) as running:
        yield running


@pytest.fixture
async def carrier(simulator: Simulator, hooks: Hooks) -> AsyncIterator[TwilioCarrier]:
    async with twilio_carrier(simulator.url, status_callback=f"{hooks.url}/sms/status") as ready:
        yield ready


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    secret = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    async with ClientSession(headers=headers) as ready:
        yield ready
