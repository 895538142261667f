"""The calls of webhooks, and their repeats."""

import asyncio
import re

import pytest

from ops.reach import free_port
from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, MessageStatusReported
from sms.simulator import Simulator
from sms.simulator.webhook import WebhookCaller
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.simulator.hooks import PHONE, Hooks
from tests.unit.sms.webhook_calls import MemoryInbox


@pytest.mark.parametrize(
    ("fragment", "status", "calls"),
    [
        ("", 503, 1),
        ("rc=5", 503, 1),
        ("rp=5xx", 503, 2),
        ("rc=2&rp=5xx", 503, 3),
        ("rc=2&rp=ct,rt", 503, 1),
        ("rc=2&rp=4xx", 503, 1),
        ("rc=2&rp=4xx", 404, 3),
        ("rc=2&rp=5xx", 404, 1),
        ("rc=2&rp=all", 404, 3),
        ("rc=5&rp=5xx,ct,rt&tt=500", 503, 2),
        ("rc=0&rp=all", 503, 1),
        ("rc=6&rp=all", 503, 0),
    ],
)
async def test_a_webhook_that_fails_is_called_again_as_its_address_asks_for_it(
    hooks: Hooks, fragment: str, status: int, calls: int
) -> None:
    hooks.failures, hooks.failure = 100, status
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert not await caller.call(f"{hooks.url}/sms/inbound#{fragment}", {"Body": "1"})
    finally:
        await caller.close()
    assert 100 - hooks.failures == calls


@pytest.mark.parametrize(("fragment", "calls"), [("", 2), ("rc=2&rp=5xx", 1), ("rc=2&rp=ct", 3)])
async def test_a_webhook_that_nobody_answers_at_is_called_again_too(
    fragment: str, calls: int, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert not await caller.call(f"http://127.0.0.1:{free_port()}/sms/inbound#{fragment}", {"Body": "1"})
    finally:
        await caller.close()
    assert re.search(rf"calls.{{0,9}}={calls}\b", re.sub("\x1b[^m]*m", "", "".join(capsys.readouterr())))


async def test_a_webhook_that_does_not_answer_in_time_is_called_again_if_it_wants_that(
    hooks: Hooks,
) -> None:
    caller = WebhookCaller(TOKEN)
    await caller.open()
    hooks.slow = 0.5
    try:
        assert not await caller.call(f"{hooks.url}/sms/inbound#rc=1&rp=rt&rt=100", {"Body": "1"})
        assert not await caller.call(f"{hooks.url}/sms/inbound#rc=1&rp=5xx&rt=100", {"Body": "1"})
    finally:
        await caller.close()
    assert hooks.begun == 3


async def test_a_call_that_is_repeated_has_one_idempotency_token(hooks: Hooks) -> None:
    hooks.failures = 2
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert await caller.call(f"{hooks.url}/sms/inbound#rc=2&rp=5xx", {"Body": "1"})
        assert await caller.call(f"{hooks.url}/sms/inbound", {"Body": "2"})
    finally:
        await caller.close()
    assert len(hooks.tokens) == 4
    assert len(set(hooks.tokens)) == 2


async def test_the_webhooks_understand_the_simulator() -> None:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    inbox = MemoryInbox()
    webhooks = Webhooks(inbox, Account(TOKEN, own), Pseudonyms(b"key"), Clock())
    async with (
        WebhookServer(webhooks, "127.0.0.1", port),
        Simulator(
            account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, inbound_url=f"{own}/sms/inbound", delay=0.01
        ) as simulator,
        twilio_carrier(simulator.url, status_callback=f"{own}/sms/status") as carrier,
    ):
        await carrier.send(PHONE, "сәлем")
        await simulator.answer(PHONE, "Иә, рахмет! 🙏")
        async with asyncio.timeout(5):
            while len(inbox.records) < 3:  # noqa: ASYNC110 - the simulator's calls
                await asyncio.sleep(0.01)
    events = inbox.events()
    [received] = [event for event in events if event.name == MessageReceived.name]
    assert MessageReceived.model_validate_json(received.data).text == "Иә, рахмет! 🙏"
    statuses = [event for event in events if event.name == MessageStatusReported.name]
    told = [MessageStatusReported.model_validate_json(event.data).status for event in statuses]
    assert told == ["sent", "delivered"]
