"""The page of handsets in a real browser. `JARDEM_PICTURES=folder` keeps what it looks like."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.reach import free_port
from schemas.ids import Pseudonyms
from sms.carrier import Accepted
from sms.simulator import Simulator
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.browser.browser import Tab, browsing
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.webhook_calls import MemoryInbox

PHONE, OTHER = "+77015550101", "+77015550102"
OFFER = (
    "Е-макет: Сізге жәрдемақы тағайындалуы мүмкін. 1 - иә, 0 - жоқ.\n\nВам положено пособие. 2 - да, 0 - нет."
)


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
            account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, inbound_url=f"{own}/sms/inbound"
        ) as running,
    ):
        yield running


@pytest.fixture
async def tab(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path) as tab:
        await tab.open(f"{simulator.url}/")
        await tab.until("document.getElementById('state')?.textContent", "live")
        yield tab


async def send(simulator: Simulator, phone: str, text: str) -> None:
    async with twilio_carrier(simulator.url, status_callback="") as carrier:
        assert isinstance(await carrier.send(phone, text), Accepted)


def on(phone: str, selector: str) -> str:
    """An element of a handset, as an expression."""
    handset = json.dumps(f'[aria-label="Handset {phone}"]')
    return f"document.querySelector({handset}).querySelector({json.dumps(selector)})"


def quick_answer(digit: int) -> str:
    """Pressing the button of a quick answer."""
    return on(PHONE, f'[data-answer="{digit}"]') + ".click()"


async def test_a_person_reads_and_answers(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.title", "(1) Handsets")
    assert await tab.run(f"{on(PHONE, '.bubble')}.textContent") == OFFER
    assert await tab.run(f"{on(PHONE, '.unread')}.textContent") == "1"
    await tab.run(quick_answer(1))
    await tab.until(f"{on(PHONE, 'li.written .note')}?.textContent.endsWith('sent')")
    await tab.until("document.title", "Handsets")
    await tab.run(f"{on(PHONE, '.write input')}.value = '<b>кз86</b>'")
    await tab.run(f"{on(PHONE, '.write')}.requestSubmit()")
    await tab.until(f"{on(PHONE, 'li:last-child .bubble')}.textContent", "<b>кз86</b>")
    assert [message.text for message in simulator.handsets.at(PHONE).messages[1:]] == ["1", "<b>кз86</b>"]
    assert tab.problems == []


async def test_switches(simulator: Simulator, tab: Tab) -> None:
    await tab.run("document.querySelector('#add input').value = '+77015550102'")
    await tab.run("document.getElementById('add').requestSubmit()")
    await tab.until("document.querySelectorAll('.phone').length", 1)
    await tab.run(f"{on(OTHER, '[data-switch=off]')}.click()")
    await tab.until(f"{on(OTHER, '.condition')}.textContent", "switched off")
    assert simulator.handsets.at(OTHER).switches.off
    await send(simulator, OTHER, OFFER)
    await tab.until(f"{on(OTHER, 'li')}?.className", "waits")
    await tab.run(f"{on(OTHER, '[data-switch=off]')}.click()")
    await tab.until(f"{on(OTHER, 'li')}.classList.contains('waits')", wanted=False)
    await tab.run(f"{on(OTHER, '[data-switch=wrong_number]')}.click()")
    await tab.until(f"{on(OTHER, '.condition')}.textContent", "wrong number")
    await send(simulator, OTHER, "another")
    await tab.until(f"{on(OTHER, 'li.lost .note')}?.textContent.includes('30005')")
    assert tab.problems == []


async def test_the_carrier_down(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.title", "(1) Handsets")
    await tab.run("document.getElementById('down').click()")
    await tab.until("document.getElementById('outage').hidden", wanted=False)
    assert simulator.down
    await tab.run(quick_answer(0))
    await tab.until(f"{on(PHONE, 'li.written .note')}?.textContent.endsWith('sending…')")
    await tab.run("document.getElementById('down').click()")
    await tab.until(f"{on(PHONE, 'li.written .note')}.textContent.endsWith('sent')")
    assert tab.problems == []


async def test_what_is_typed_stays_while_messages_arrive_elsewhere(simulator: Simulator, tab: Tab) -> None:
    await send(simulator, PHONE, OFFER)
    await tab.until("document.querySelectorAll('.phone').length", 1)
    await tab.run(f"{on(PHONE, '.write input')}.focus()")
    await tab.run(f"{on(PHONE, '.write input')}.value = 'кз86 125к'")
    for number in range(3):
        await send(simulator, f"+7701555020{number}", OFFER)
        await send(simulator, PHONE, f"another {number}")
    await tab.until("document.querySelectorAll('.phone').length", 4)
    await tab.until(f"{on(PHONE, 'li:last-child .bubble')}.textContent", "another 2")
    assert await tab.run(f"{on(PHONE, '.write input')}.value") == "кз86 125к"
    assert await tab.run(f"document.activeElement === {on(PHONE, '.write input')}")


async def test_many_handsets_do_not_fill_the_page(simulator: Simulator, tab: Tab) -> None:
    for number in range(250):
        simulator.handsets.changed(simulator.handsets.at(f"+77015{number:06}"))
        if number % 50 == 0:
            await asyncio.sleep(0.1)
    await tab.until("document.querySelectorAll('.phone').length", 200)


async def test_what_it_looks_like(simulator: Simulator, tab: Tab, tmp_path: Path) -> None:
    folder = Path(os.environ.get("JARDEM_PICTURES", tmp_path))
    for number in range(4):
        await send(simulator, f"+7701555010{number}", OFFER)
    await simulator.answer(PHONE, "1")
    await tab.until("document.querySelectorAll('li').length", 5)
    for name, width, dark in (("light", 1400, False), ("dark", 1400, True), ("narrow", 390, False)):
        await tab.look(folder / f"handsets-{name}.png", width=width, dark=dark)
        assert await tab.run("document.documentElement.scrollWidth <= innerWidth"), name
