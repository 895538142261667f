"""Whatever an operator brings, the SMPP carrier tells of nobody: in no log, metric, key, header or file."""

import asyncio
import logging
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from sms.smpp import binding
from sms.smpp.commands import GENERIC_NACK, RECEIPT, Address, Command, ShortMessage, response_to
from sms.smpp.pdu import Pdu
from sms.smpp.status import Status
from tests.canaries import TEXT, WHO, found_in
from tests.unit.sms.smpp.raw_smsc import RawSmsc, deliver_sm, refusing, usual
from tests.unit.sms.smpp_world import SENDER, MemoryInbox, account, simulated_operator, smpp_carrier

THEM, US = Address(1, 1, WHO.phone[1:]), Address(3, 0, SENDER)
SAID = f"{TEXT} {WHO.iin} {WHO.iban} {WHO.phone}"
RECEIPTS = (
    (
        f"id:{WHO.iin} sub:001 dlvrd:001 submit date:2611240700 done date:2611240701 stat:DELIVRD err:000 "
        f"text:{SAID}"
    ),
    f"id:1 stat:{WHO.phone} err:{WHO.iin} text:{TEXT}",
    SAID,
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(binding, "_LONGEST_PAUSE", 0.2)


async def is_brought(smsc: RawSmsc) -> None:
    """All that an operator may bring, right and wrong, with the canaries wherever there is room for them."""
    said = SAID.encode()
    brought = [deliver_sm(ShortMessage(THEM, US, said), 1)]
    brought += [
        deliver_sm(ShortMessage(THEM, US, told.encode(), esm_class=RECEIPT), 10 + number)
        for number, told in enumerate(RECEIPTS)
    ]
    odd = Address(5, 0, TEXT[:20])
    brought += [
        deliver_sm(ShortMessage(odd, US, said), 20),
        deliver_sm(ShortMessage(THEM, Address(1, 1, WHO.iin), said), 21),
        Pdu(Command.DELIVER_SM, 0, 22, said).encode(),
        Pdu(Command.DATA_SM, 0, 23, said).encode(),
        Pdu(Command.ALERT_NOTIFICATION, 0, 24, said).encode(),
        Pdu(0x00000777, 0, 25, said).encode(),
        Pdu(response_to(Command.SUBMIT_SM), 0, 9_999, said).encode(),
        Pdu(GENERIC_NACK, 0x0000000B, 0, said).encode(),
    ]
    for octets in brought:
        smsc.write(octets)
    await asyncio.sleep(0.3)


def oddly(pdu: Pdu) -> bytes | None:
    """What an operator answers that repeats to us in its answer what we sent, and more."""
    if pdu.command == Command.SUBMIT_SM:
        return Pdu(response_to(pdu.command), 0, pdu.sequence, f"{WHO.phone}-{TEXT}".encode() + b"\0").encode()
    return usual(pdu)


async def test_the_carrier_of_an_operator_tells_of_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    inbox, file = MemoryInbox(), tmp_path / "repeats"
    with capture_logs() as logs:
        async with RawSmsc() as smsc, smpp_carrier(account(smsc.port), inbox, file=file) as carrier:
            for answer in (
                usual,
                refusing(Command.SUBMIT_SM, Status.ESME_RTHROTTLED),
                refusing(Command.SUBMIT_SM, 0x0000000B),
                oddly,
                lambda pdu: None if pdu.command == Command.SUBMIT_SM else usual(pdu),
            ):
                smsc.answer = answer
                await carrier.send(WHO.phone, f"{SAID} {'long ' * 60}")
            smsc.answer = usual
            await is_brought(smsc)
            inbox.away = True
            await is_brought(smsc)
            inbox.away = False
            smsc.write(b"\x00\x00\x00\x05" + SAID.encode())
            await asyncio.sleep(0.3)
            smsc.drop()
            await asyncio.sleep(0.3)
    said = {line["event"] for line in logs}
    assert {"bound", "a request can't be used", "a command came that is none for us"} <= said
    assert "the broker has not taken what an operator brought: it is asked to bring it again" in said
    assert [text.text for text in inbox.texts() if TEXT in text.text], "it came, and is where it belongs"
    assert found_in(logs, caplog.text, generate_latest(REGISTRY)) == []
    assert found_in(*(part for one in inbox.taken for part in (one.key, one.headers))) == []
    assert file.read_bytes()
    assert found_in(file.read_bytes()) == []


async def test_nor_does_it_with_the_simulated_operator(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    inbox = MemoryInbox()
    with capture_logs() as logs:
        async with simulated_operator() as simulator:
            assert simulator.smsc
            async with smpp_carrier(account(simulator.smsc.port), inbox) as carrier:
                await carrier.send(WHO.phone, SAID)
                async with asyncio.timeout(10):
                    while not any(status.status == "delivered" for status in inbox.statuses()):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
    assert logs
    assert found_in(logs, caplog.text, generate_latest(REGISTRY)) == []
