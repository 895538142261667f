from collections.abc import AsyncIterator

import pytest

from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN, BadApi
from tests.unit.sms.published import Published


@pytest.fixture
async def api() -> AsyncIterator[BadApi]:
    async with BadApi().run() as running:
        yield running


@pytest.fixture
async def carrier(api: BadApi) -> AsyncIterator[TwilioCarrier]:
    async with TwilioCarrier(
        api_url=api.url,
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender=SENDER,
        status_callback="https://jardem.example/sms/status",
        timeout=0.5,
    ) as ready:
        yield ready


@pytest.fixture(scope="session")
def published() -> Published:
    return Published.beside_the_checkout()
