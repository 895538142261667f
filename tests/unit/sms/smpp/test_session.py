"""A session with an operator that writes what it likes: it goes on, or is bound again, and says so."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from sms.carrier import Accepted, NotNow, Uncertain
from sms.smpp import binding
from sms.smpp.carrier import SmppCarrier
from sms.smpp.commands import GENERIC_NACK, Address, Command, ShortMessage, response_to
from sms.smpp.pdu import Pdu
from sms.smpp.status import Status, meaning_of
from tests.unit.sms.smpp.raw_smsc import BINDS, RawSmsc, deliver_sm, refusing, usual
from tests.unit.sms.smpp_world import CREDENTIALS, SENDER, MemoryInbox, account, smpp_carrier, until

PHONE = "+77015550101"
TEXT = ShortMessage(Address(1, 1, PHONE[1:]), Address(3, 0, SENDER), b"1")


@pytest.fixture
async def smsc() -> AsyncIterator[RawSmsc]:
    async with RawSmsc() as running:
        yield running


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(binding, "_LONGEST_PAUSE", 0.2)


@asynccontextmanager
async def bound(smsc: RawSmsc, inbox: MemoryInbox, **more: object) -> AsyncIterator[SmppCarrier]:
    async with smpp_carrier(account(smsc.port, **more), inbox) as carrier:
        assert carrier.bound
        yield carrier


def lines(logs: Iterable[Mapping[str, object]]) -> str:
    """All that was logged, for what must not stand in it."""
    return "\n".join(str(line) for line in logs)


async def answered(smsc: RawSmsc, octets: bytes, command: int) -> Pdu:
    """What the other side's PDU is answered with."""
    before = sum(pdu.command == command for pdu in smsc.heard)
    smsc.write(octets)
    return await smsc.until(command, before + 1)


async def still_works(carrier: SmppCarrier, smsc: RawSmsc, connections: int = 1) -> None:
    assert isinstance(await carrier.send(PHONE, "1"), Accepted)
    assert smsc.connections == connections


async def test_an_unknown_command_is_refused_and_the_session_goes_on(
    smsc: RawSmsc, inbox: MemoryInbox
) -> None:
    async with bound(smsc, inbox) as carrier:
        with capture_logs() as logs:
            nack = await answered(smsc, Pdu(0x00000777, 0, 9, PHONE.encode()).encode(), GENERIC_NACK)
        assert (nack.status, nack.sequence) == (Status.ESME_RINVCMDID, 9)
        await still_works(carrier, smsc)
    assert [line["event"] for line in logs] == ["a command came that is none for us"]
    assert PHONE not in lines(logs)


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
async def test_a_length_that_cannot_be_ends_the_session_which_is_bound_again(
    length: int, smsc: RawSmsc, inbox: MemoryInbox
) -> None:
    async with bound(smsc, inbox) as carrier:
        octets = length.to_bytes(4, "big") + Pdu(Command.DELIVER_SM, 0, 1).encode()[4:]
        with capture_logs() as logs:
            nack = await answered(smsc, octets, GENERIC_NACK)
            await until(lambda: smsc.connections == 2 and carrier.bound)
        assert nack.status == Status.ESME_RINVCMDLEN
        await still_works(carrier, smsc, connections=2)
    assert any("command_length" in str(line.get("reason")) for line in logs)


@pytest.mark.parametrize("cut", range(0, len(TEXT.encode()), 3))
async def test_a_body_that_is_cut_off_anywhere_is_refused_and_the_session_goes_on(
    cut: int, smsc: RawSmsc, inbox: MemoryInbox
) -> None:
    async with bound(smsc, inbox) as carrier:
        octets = Pdu(Command.DELIVER_SM, 0, 5, TEXT.encode()[:cut]).encode()
        with capture_logs() as logs:
            response = await answered(smsc, octets, response_to(Command.DELIVER_SM))
        assert (response.sequence, bool(response.status)) == (5, True)
        await still_works(carrier, smsc)
    assert [line["event"] for line in logs] == ["a request can't be used"]
    assert PHONE[1:] not in lines(logs)
    assert inbox.taken == []


async def test_a_text_from_no_number_is_refused_without_a_word_of_it(
    smsc: RawSmsc, inbox: MemoryInbox
) -> None:
    named = ShortMessage(Address(5, 0, "KASPI"), Address(3, 0, SENDER), b"secret")
    async with bound(smsc, inbox) as carrier:
        with capture_logs() as logs:
            response = await answered(smsc, deliver_sm(named), response_to(Command.DELIVER_SM))
        assert response.status == Status.ESME_RINVSRCADR
        await still_works(carrier, smsc)
    assert logs[0]["reason"] == "a text comes from no phone number"
    assert "KASPI" not in lines(logs)
    assert "secret" not in lines(logs)


async def test_a_response_to_nothing_is_told_and_changes_nothing(smsc: RawSmsc, inbox: MemoryInbox) -> None:
    async with bound(smsc, inbox) as carrier:
        with capture_logs() as logs:
            smsc.write(Pdu(response_to(Command.SUBMIT_SM), 0, 777, b"id\0").encode())
            await until(lambda: logs)
        assert logs[0]["event"] == "a response came to no request that waits"
        await still_works(carrier, smsc)


async def test_an_operator_that_never_gives_a_bind_is_seen_to_have_none(inbox: MemoryInbox) -> None:
    labels = {"carrier": "never", "kind": "transceiver"}
    refusal = refusing(BINDS[0], Status.ESME_RINVPASWD)
    async with RawSmsc(refusal) as smsc, smpp_carrier(account(smsc.port, name="never"), inbox) as carrier:
        assert not carrier.bound
        assert REGISTRY.get_sample_value("jardem_sms_smpp_bound", labels) == 0
        smsc.answer = usual
        await until(lambda: carrier.bound)
        assert REGISTRY.get_sample_value("jardem_sms_smpp_bound", labels) == 1
    assert REGISTRY.get_sample_value("jardem_sms_smpp_bound", labels) == 0


async def test_a_response_of_the_wrong_kind_answers_nothing(inbox: MemoryInbox) -> None:
    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command == Command.SUBMIT_SM:
            return Pdu(response_to(Command.ENQUIRE_LINK), 0, pdu.sequence).encode()
        return usual(pdu)

    async with RawSmsc(answer) as smsc, bound(smsc, inbox, response_seconds=0.3) as carrier:
        assert await carrier.send(PHONE, "1") == Uncertain("no_response", ended=False)


async def test_a_generic_nack_refuses_the_request_that_it_names(inbox: MemoryInbox) -> None:
    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command == Command.SUBMIT_SM:
            return Pdu(GENERIC_NACK, Status.ESME_RINVCMDLEN, pdu.sequence).encode()
        return usual(pdu)

    async with RawSmsc(answer) as smsc, bound(smsc, inbox) as carrier:
        outcome = await carrier.send(PHONE, "1")
    assert outcome == NotNow(meaning_of(Status.ESME_RINVCMDLEN), ours=True)


async def test_a_message_without_a_response_is_in_doubt_and_not_sent_again(inbox: MemoryInbox) -> None:
    def answer(pdu: Pdu) -> bytes | None:
        return None if pdu.command == Command.SUBMIT_SM else usual(pdu)

    async with RawSmsc(answer) as smsc, bound(smsc, inbox, response_seconds=0.3) as carrier:
        assert await carrier.send(PHONE, "1") == Uncertain("no_response", ended=False)
        assert sum(pdu.command == Command.SUBMIT_SM for pdu in smsc.heard) == 1


async def test_a_message_without_an_id_is_in_doubt(inbox: MemoryInbox) -> None:
    def answer(pdu: Pdu) -> bytes | None:
        if pdu.command == Command.SUBMIT_SM:
            return Pdu(response_to(Command.SUBMIT_SM), 0, pdu.sequence, b"\0").encode()
        return usual(pdu)

    async with RawSmsc(answer) as smsc, bound(smsc, inbox) as carrier:
        assert await carrier.send(PHONE, "1") == Uncertain("no_message_id", ended=True)


async def test_no_more_requests_wait_than_the_window_has_room_for(inbox: MemoryInbox) -> None:
    def answer(pdu: Pdu) -> bytes | None:
        return None if pdu.command == Command.SUBMIT_SM else usual(pdu)

    async with RawSmsc(answer) as smsc, bound(smsc, inbox, window=3) as carrier:
        sending = [asyncio.create_task(carrier.send(PHONE, str(n))) for n in range(8)]
        await smsc.until(Command.SUBMIT_SM, 3)
        await asyncio.sleep(0.1)
        waiting = [pdu for pdu in smsc.heard if pdu.command == Command.SUBMIT_SM]
        assert len(waiting) == 3
        smsc.write(Pdu(response_to(Command.SUBMIT_SM), 0, waiting[1].sequence, b"x\0").encode())
        await smsc.until(Command.SUBMIT_SM, 4)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def test_an_operator_that_does_not_answer_enquire_link_is_left_and_bound_again(
    inbox: MemoryInbox,
) -> None:
    silent = [True]

    def answer(pdu: Pdu) -> bytes | None:
        return None if silent[0] and pdu.command == Command.ENQUIRE_LINK else usual(pdu)

    async with (
        RawSmsc(answer) as smsc,
        bound(smsc, inbox, enquire_seconds=0.1, response_seconds=0.2) as carrier,
    ):
        await until(lambda: smsc.connections >= 2)
        silent[0] = False
        await until(lambda: carrier.bound)
        assert isinstance(await carrier.send(PHONE, "1"), Accepted)


async def test_the_operators_enquire_link_and_unbind_are_answered(smsc: RawSmsc, inbox: MemoryInbox) -> None:
    async with bound(smsc, inbox) as carrier:
        there = await answered(
            smsc, Pdu(Command.ENQUIRE_LINK, 0, 3).encode(), response_to(Command.ENQUIRE_LINK)
        )
        assert (there.status, there.sequence) == (0, 3)
        parted = await answered(smsc, Pdu(Command.UNBIND, 0, 4).encode(), response_to(Command.UNBIND))
        assert (parted.status, parted.sequence) == (0, 4)
        await until(lambda: smsc.connections == 2 and carrier.bound)


async def test_a_bind_is_given_up_with_unbind(smsc: RawSmsc, inbox: MemoryInbox) -> None:
    async with bound(smsc, inbox):
        assert inbox.opened == 1
    await smsc.until(Command.UNBIND)
    assert inbox.opened == 0


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ESME_ROK])
async def test_a_refused_bind_is_told_by_its_status_in_plain_words(
    status: Status, inbox: MemoryInbox
) -> None:
    async with RawSmsc(refusing(BINDS[0], status)) as smsc:
        with capture_logs() as logs:
            async with smpp_carrier(account(smsc.port), inbox) as carrier:
                assert not carrier.bound
                outcome = await carrier.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert not outcome.answered
    first = logs[0]
    assert (first["event"], first["status"]) == ("not bound", status.name)
    assert first["reason"] == outcome.reason == f"the bind was refused: {meaning_of(status)}"
    assert CREDENTIALS.password not in lines(logs)


async def test_an_operator_that_is_away_is_tried_again_and_the_message_surely_did_not_leave(
    inbox: MemoryInbox,
) -> None:
    async with RawSmsc() as smsc:
        port = smsc.port
    async with smpp_carrier(account(port), inbox) as carrier:
        outcome = await carrier.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert (outcome.answered, outcome.ours) == (False, False)
    assert outcome.reason.startswith("the operator can't be reached")


@pytest.mark.parametrize(
    "wrong", [{"password": "123456789"}, {"system_id": "пароль"}, {"system_type": "x" * 13}]
)
async def test_what_smpp_has_no_room_for_is_told_and_nothing_else_of_it(
    wrong: dict[str, str], smsc: RawSmsc, inbox: MemoryInbox
) -> None:
    with capture_logs() as logs:
        async with smpp_carrier(account(smsc.port, **wrong), inbox) as carrier:
            outcome = await carrier.send(PHONE, "1")
    assert isinstance(outcome, NotNow)
    assert outcome.ours
    assert "longer than SMPP has room for" in outcome.reason
    assert next(iter(wrong.values())) not in lines(logs)


async def test_a_fault_of_ours_is_told_without_what_it_says_and_the_text_is_brought_again(
    smsc: RawSmsc, inbox: MemoryInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError(f"{PHONE} wrote a secret")

    monkeypatch.setattr(inbox, "send", fail)
    async with bound(smsc, inbox) as carrier:
        with capture_logs() as logs:
            response = await answered(smsc, deliver_sm(TEXT), response_to(Command.DELIVER_SM))
        assert response.status == Status.ESME_RX_T_APPN
        await still_works(carrier, smsc)
    assert [line["error"] for line in logs] == ["RuntimeError"]
    assert "secret" not in lines(logs)
