"""A simulated SMS API with real webhooks, and a real browser before its page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.reach import free_port
from schemas.ids import Pseudonyms
from sms.simulator import Simulator
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.browser.browser import Tab, browsing
from tests.browser.handset_page import asked
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.webhook_calls import MemoryInbox


@pytest.fixture
async def inbox() -> MemoryInbox:
    return MemoryInbox()


@pytest.fixture
async def simulator(inbox: MemoryInbox) -> AsyncIterator[Simulator]:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    webhooks = Webhooks(inbox, Account(TOKEN, own), Pseudonyms(b"key"), Clock())
    async with (
        WebhookServer(webhooks, "127.0.0.1", port),
        Simulator(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            sender=SENDER,
            inbound_url=f"{own}/sms/inbound",
            asked=asked,
        ) as running,
    ):
        yield running


@pytest.fixture
async def tab(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path) as tab:
        await tab.open(f"{simulator.url}/")
        await tab.until("document.getElementById('state')?.textContent", "live")
        yield tab
