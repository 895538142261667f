import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from ops.reach import free_port
from schemas.ids import Pseudonyms
from sms.simulator import About, Simulator
from sms.simulator.terminal import HandsetTerminal, NoSimulatorError, WrongNumberError
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.webhook_calls import MemoryInbox

PHONE = "+77015550101"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    webhooks = Webhooks(MemoryInbox(), Account(TOKEN, own), Pseudonyms(b"key"), Clock())
    async with (
        WebhookServer(webhooks, "127.0.0.1", port),
        Simulator(
            account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, inbound_url=f"{own}/sms/inbound"
        ) as running,
    ):
        yield running


@pytest.fixture
def printed() -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=False)


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def said(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        await asyncio.sleep(0.1)
        yield line + "\n"


async def test_a_conversation_in_the_terminal(simulator: Simulator, printed: Console) -> None:
    heard: list[str] = []
    simulator.on_message(lambda _, text: heard.append(text))
    await simulator.answer(PHONE, "Кто [bold]это?")
    terminal = HandsetTerminal(simulator.url, printed)
    await terminal.converse(PHONE, said("1", "/off", "/nonsense", "", "/quit", "2"))
    handset = simulator.handsets.at(PHONE)
    assert [message.text for message in handset.messages] == ["Кто [bold]это?", "1"]
    assert handset.switches.off
    text = output(printed)
    assert text.count("Кто [bold]это?") == 1
    assert "│ 1  " in text


async def test_the_carrier_down_and_up(simulator: Simulator, printed: Console) -> None:
    terminal = HandsetTerminal(simulator.url, printed)
    await terminal.converse(PHONE, said("/down"))
    assert simulator.down
    await terminal.converse(PHONE, said("/up", "/on"))
    assert not simulator.down


async def test_an_answer_waits_for_the_carrier_and_holds_up_nothing(
    simulator: Simulator, printed: Console
) -> None:
    await HandsetTerminal(simulator.url, printed).converse(PHONE, said("/down", "1", "/up"))
    assert [message.status for message in simulator.handsets.at(PHONE).messages] == ["received"]


async def test_the_list_of_handsets(simulator: Simulator, printed: Console) -> None:
    await simulator.answer(PHONE, "1\n" + "да " * 40)
    simulator.handsets.at("+77015550102").switches.slow = True
    await HandsetTerminal(simulator.url, printed).list()
    text = output(printed)
    assert PHONE in text
    assert "slow" in text


async def test_captions_are_shown(simulator: Simulator, printed: Console) -> None:
    simulator.describe(PHONE, [About(caption="the [bold]mother"), About(caption="the son")])
    terminal = HandsetTerminal(simulator.url, printed)
    await terminal.list()
    assert "the [bold]mother; the son" in output(printed)
    await terminal.converse(PHONE, said())
    assert "the [bold]mother\nthe son\n" in output(printed)


async def test_nothing_listens_there(printed: Console) -> None:
    with pytest.raises(NoSimulatorError, match="no simulated SMS API answers"):
        await HandsetTerminal("http://127.0.0.1:1", printed).list()


async def test_what_is_no_number(simulator: Simulator, printed: Console) -> None:
    with pytest.raises(WrongNumberError, match=r"E\.164"):
        await HandsetTerminal(simulator.url, printed).converse("8701", said())
