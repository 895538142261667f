from collections.abc import AsyncIterator

import pytest

from sms.sending.dispatcher import Dispatcher
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.dispatching import MemoryJournal, new_dispatcher
from tests.unit.sms.number import Number
from tests.unit.sms.published import Published
from tests.unit.sms.webhook_calls import Caller, calling


@pytest.fixture
async def api() -> AsyncIterator[BadApi]:
    async with BadApi().run() as running:
        yield running


@pytest.fixture
async def carrier(api: BadApi) -> AsyncIterator[TwilioCarrier]:
    async with twilio_carrier(api.url, timeout=0.5) as ready:
        yield ready


@pytest.fixture
def kept(api: BadApi) -> MemoryJournal:
    return MemoryJournal(api)


@pytest.fixture
def dispatcher(carrier: TwilioCarrier, kept: MemoryJournal) -> Dispatcher:
    return new_dispatcher(carrier, kept)


@pytest.fixture(scope="session")
def published() -> Published:
    return Published.beside_the_checkout()


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with calling() as ready:
        yield ready


@pytest.fixture
def number() -> Number:
    return Number()


@pytest.fixture
def put(number: Number) -> Number:
    """A number with an offer that the carrier accepted at noon."""
    number.asks()
    number.takes()
    return number
