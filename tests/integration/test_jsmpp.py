"""Our carrier at an SMSC that nobody here wrote: binds, messages, receipts, answers, refusals."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sms.carrier import Accepted, NotNow, Outcome
from sms.segments import count_segments
from sms.smpp import user_data
from sms.smpp.account import Account
from sms.smpp.carrier import SmppCarrier
from sms.smpp.commands import Tag
from sms.smpp.user_data import Part
from tests.integration.jsmpp_smsc import PASSWORD, Jsmpp, Submitted, obstacle
from tests.unit.sms.smpp_world import MemoryInbox, account, smpp_carrier

if problem := obstacle():
    pytest.skip(problem, allow_module_level=True)

PHONE = "+77015550101"
LATIN = "Sauap: 1 - ia, 0 - joq. {1414} [test] ~ 100 €"
CYRILLIC = "Е-макет: сізге арнаулы мемлекеттік жәрдемақы тиесілі. Келісу үшін 1 деп жауап беріңіз. "
LONG = CYRILLIC * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jsmpp")


@pytest.fixture
async def smsc(folder: Path) -> AsyncIterator[Jsmpp]:
    async with Jsmpp(folder) as running:
        yield running


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


def at(smsc: Jsmpp, **more: Any) -> Account:
    given: dict[str, Any] = {"password": PASSWORD, "response_seconds": 10.0, **more}
    return account(smsc.port, **given)


def carrier(smsc: Jsmpp, inbox: MemoryInbox, **more: Any) -> SmppCarrier:
    return smpp_carrier(at(smsc, **more), inbox, seconds_to_bind=10)


async def submitted(smsc: Jsmpp, count: int) -> list[Submitted]:
    def enough(_: list[str]) -> list[Submitted] | None:
        found = smsc.submitted()
        return found if len(found) >= count else None

    return await smsc.until(enough)


async def until_bound(carrier: SmppCarrier) -> None:
    async with asyncio.timeout(30):
        while not carrier.bound:  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.05)


def said_in(messages: list[Submitted]) -> str:
    """The text of some submit_sm, read as a handset would."""
    found = []
    for number, message in enumerate(messages, 1):
        octets = message.payload or message.short_message
        if message.esm_class & 0x40:
            assert octets[:3] == b"\x05\x00\x03"
            assert octets[4:6] == bytes((len(messages), number))
            octets = octets[6:]
        elif message.sar != "-":
            assert message.sar == f"{number}/{len(messages)}"
        found.append(octets)
    assert {message.data_coding for message in messages} == {8}
    return b"".join(found).decode("utf-16-be")


def accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def test_it_binds_both_ways_and_gives_the_binds_up(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox):
        await smsc.until(lambda said: "bound BIND_TRX jardem IF_34" in said or None)
    await smsc.until(lambda said: said.count("closed") == 1 or None)
    async with carrier(smsc, inbox, bind="pair"):
        await smsc.until(lambda said: "bound BIND_TX jardem IF_34" in said or None)
        await smsc.until(lambda said: "bound BIND_RX jardem IF_34" in said or None)
    await smsc.until(lambda said: said.count("closed") == 3 or None)


async def test_a_wrong_password_is_told_in_plain_words(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox, password="wrong") as refused:
        outcome = await refused.send(PHONE, "1")
    assert outcome == NotNow("the bind was refused: the password is wrong", ours=True)
    assert outcome.code == 0x0E


async def test_short_texts_leave_in_the_alphabet_that_they_need(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox) as sending:
        first = accepted(await sending.send(PHONE, LATIN))
        second = accepted(await sending.send(PHONE, "Сәлем"))
    latin, cyrillic = await submitted(smsc, 2)
    assert (first.sid, second.sid) == (f"smpp-{latin.message_id}", f"smpp-{cyrillic.message_id}")
    assert (latin.source, latin.destination) == ("3/0/1414", "1/1/77015550101")
    assert (latin.esm_class, latin.data_coding, latin.registered_delivery) == (0, 0, 1)
    assert latin.short_message == b"Sauap: 1 - ia, 0 - joq. \x1b(1414\x1b) \x1b<test\x1b> \x1b= 100 \x1be"
    assert (cyrillic.data_coding, cyrillic.short_message) == (8, "Сәлем".encode("utf-16-be"))


@pytest.mark.parametrize("form", ["udh", "sar", "payload"])
async def test_long_texts_leave_in_the_form_that_is_agreed(
    form: str, smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    count = 1 if form == "payload" else count_segments(LONG)
    async with carrier(smsc, inbox, long_texts=form) as sending:
        outcome = accepted(await sending.send(PHONE, LONG))
    messages = await submitted(smsc, count)
    assert len(messages) == count
    assert said_in(messages) == LONG
    assert [message.registered_delivery for message in messages] == [0] * (count - 1) + [1]
    assert outcome.sid == f"smpp-{messages[-1].message_id}"
    assert bool(messages[0].payload) == (form == "payload")


async def test_a_receipt_in_a_text_names_the_message_and_its_submit_date(
    smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox, receipt_ids="hex_to_decimal") as sending:
        sid = accepted(await sending.send(PHONE, "1")).sid
        [message] = await submitted(smsc, 1)
        text = (
            f"id:{int(message.message_id, 16):010} sub:001 dlvrd:001 submit date:2611240930 "
            "done date:2611241130 stat:DELIVRD err:000 text:"
        )
        assert await smsc.deliver(text.encode(), esm_class=4) == "0"
    [status] = inbox.statuses()
    assert (status.sid, status.status, status.phone) == (sid, "delivered", PHONE)
    assert status.failure is None
    # Almaty's time, five hours ahead.
    assert status.sent_at == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


async def test_a_receipt_in_parameters_tells_what_the_network_says(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox) as sending:
        sid = accepted(await sending.send(PHONE, "1")).sid
        [message] = await submitted(smsc, 1)
        parameters: dict[int, bytes] = {
            Tag.RECEIPTED_MESSAGE_ID: message.message_id.encode() + b"\0",
            Tag.MESSAGE_STATE: b"\x05",
            Tag.NETWORK_ERROR_CODE: b"\x03\x00\x01",
        }
        assert await smsc.deliver(b"", esm_class=4, parameters=parameters) == "0"
    [status] = inbox.statuses()
    assert (status.sid, status.status, status.failure) == (sid, "undelivered", "permanent")
    assert sending.meaning_of(status.error_code) == "the number does not exist"


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        ("иә".encode("utf-16-be"), 8, "иә"),
        (b"KZ86125KZT5004100100", 0, "KZ86125KZT5004100100"),
        (b"\x1be\x00", 0, "€@"),
        ("já".encode("latin-1"), 3, "já"),
        (b"1", 0xF1, "1"),
        ("Да 😀".encode("utf-16-be"), 0x18, "Да 😀"),
    ],
)
async def test_an_answer_is_read_in_its_alphabet(
    octets: bytes, coding: int, text: str, smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    before = datetime.now(UTC)
    async with carrier(smsc, inbox):
        assert await smsc.deliver(octets, data_coding=coding) == "0"
    [received] = inbox.texts()
    assert (received.phone, received.text) == (PHONE, text)
    assert timedelta() <= received.received_at - before < timedelta(minutes=1)


async def test_parts_of_an_answer_are_each_acknowledged_once_they_are_safe(
    smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox):
        for number, text in ((2, "керек"), (1, "маған ")):
            octets = user_data.header(Part(7, 2, number)) + text.encode("utf-16-be")
            assert await smsc.deliver(octets, esm_class=0x40, data_coding=8) == "0"
    assert [(part.reference, part.count, part.number, part.text) for part in inbox.parts()] == [
        (7, 2, 2, "керек"),
        (7, 2, 1, "маған "),
    ]


async def test_an_answer_that_the_broker_could_not_take_is_the_same_when_it_comes_again(
    smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox):
        inbox.away = True
        assert await smsc.deliver(b"1") == str(0x64)
        inbox.away = False
        assert await smsc.deliver(b"1") == "0"
        # The same answer to another question is another one.
        assert await smsc.deliver(b"1") == "0"
    first, second = inbox.texts()
    assert first.sid != second.sid
    assert first.received_at < second.received_at


async def test_refusals_for_speed_slow_the_bind_down_and_end_nothing(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox) as sending:
        for status in (0x58, 0x14):
            await smsc.tell("refuse", hex(status), "1")
            outcome = await sending.send(PHONE, "1")
            assert isinstance(outcome, NotNow)
            assert (outcome.reason, outcome.code, outcome.ours) == ("throttled", status, False)
            assert outcome.retry_after
        accepted(await sending.send(PHONE, "1"))


async def test_a_part_that_is_refused_for_speed_is_sent_once_more_and_its_former_ones_are_not(
    smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox, long_texts="udh", window=1, per_second=2) as sending:
        pending = asyncio.create_task(sending.send(PHONE, LONG))
        await submitted(smsc, 1)
        await smsc.tell("refuse", "0x58", "1")
        accepted(await pending)
    assert said_in(smsc.submitted()) == LONG
    assert "refused submit" in smsc.said


async def test_a_refusal_of_the_number_is_for_good_and_one_that_nobody_knows_is_not(
    smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox) as sending:
        told = {}
        for status in (0x0B, 0x0A, 0x08, 0x555):
            await smsc.tell("refuse", hex(status), "1")
            outcome = await sending.send(PHONE, "1")
            told[status] = type(outcome).__name__, getattr(outcome, "ours", None), getattr(outcome, "code", 0)
    assert told == {
        0x0B: ("Refused", None, 0x0B),
        0x0A: ("NotNow", True, 0x0A),
        0x08: ("NotNow", False, 0x08),
        0x555: ("NotNow", False, 0x555),
    }


@pytest.mark.parametrize("how", ["drop", "unbind"])
async def test_it_is_bound_again_after_the_operator_has_gone(
    how: str, smsc: Jsmpp, inbox: MemoryInbox
) -> None:
    async with carrier(smsc, inbox) as sending:
        accepted(await sending.send(PHONE, "1"))
        await smsc.tell(how)
        await smsc.until(lambda said: "closed" in said or None)
        await until_bound(sending)
        await smsc.until(lambda said: said.count("bound BIND_TRX jardem IF_34") == 2 or None)
        await until_bound(sending)
        accepted(await sending.send(PHONE, "2"))


async def test_silence_is_broken_by_enquire_link(smsc: Jsmpp, inbox: MemoryInbox) -> None:
    async with carrier(smsc, inbox, enquire_seconds=0.2) as sending:
        await asyncio.sleep(1.5)
        accepted(await sending.send(PHONE, "1"))
    assert smsc.said.count("bound BIND_TRX jardem IF_34") == 1
