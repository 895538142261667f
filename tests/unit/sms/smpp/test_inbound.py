"""What an operator brings: numbers as operators write them, statuses that climb, texts that come again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from schemas.messages import MessageStatusReported
from sms.smpp.commands import INTERMEDIATE, RECEIPT, Address, ShortMessage
from sms.smpp.inbound import Inbound
from sms.smpp.pdu import MalformedPduError
from sms.smpp.repeats import Repeats
from sms.smpp.status import Status
from streams.clock import Clock
from tests.unit.sms.smpp_world import PSEUDONYMS, MemoryInbox, account

PHONE = "+77015550101"
US = Address(3, 0, "1414")
NOON = datetime(2026, 11, 24, 7, tzinfo=UTC)


class Times:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def made(inbox: MemoryInbox, now: Callable[[], datetime] | None = None, file: Path | None = None) -> Inbound:
    return Inbound(account(1), PSEUDONYMS, Clock(), inbox, Repeats(file), now=now or Times())


def text(source: str = PHONE[1:], octets: bytes = b"1") -> bytes:
    return ShortMessage(Address(1, 1, source), US, octets).encode()


def receipt(
    said: str, *, source: str = PHONE[1:], destination: str = "1414", esm_class: int = RECEIPT
) -> bytes:
    return ShortMessage(
        Address(1, 1, source), Address(1, 1, destination), said.encode(), esm_class=esm_class
    ).encode()


async def told(said: str) -> MessageStatusReported:
    inbox = MemoryInbox()
    assert await made(inbox).deliver(receipt(said)) == 0
    [status] = inbox.statuses()
    return status


@pytest.mark.parametrize(
    "written", ["77015550101", "+77015550101", "0077015550101", "87015550101", "7015550101", " 77015550101 "]
)
async def test_a_number_is_the_same_however_an_operator_writes_it(written: str) -> None:
    inbox = MemoryInbox()
    await made(inbox).deliver(text(written))
    assert [received.phone for received in inbox.texts()] == [PHONE]


@pytest.mark.parametrize("written", ["", "1414", "KASPI", "7701555010x", "77015550101777777"])
async def test_what_is_no_number_is_refused(written: str) -> None:
    inbox = MemoryInbox()
    with pytest.raises(MalformedPduError, match="no phone number"):
        await made(inbox).deliver(text(written))
    assert inbox.taken == []


@pytest.mark.parametrize(
    ("word", "status", "failure"),
    [
        ("ENROUTE", "sending", None),
        ("DELIVRD", "delivered", None),
        ("ACCEPTD", "sent", None),
        ("EXPIRED", "undelivered", "passing"),
        ("DELETED", "undelivered", "passing"),
        ("UNDELIV", "undelivered", "passing"),
        ("REJECTD", "undelivered", "passing"),
        ("UNKNOWN", "unknown", None),
    ],
)
async def test_each_state_climbs_the_same_ladder_of_statuses(
    word: str, status: str, failure: str | None
) -> None:
    report = await told(f"id:7 stat:{word} err:001")
    assert (report.sid, report.status, report.failure) == ("smpp-7", status, failure)
    assert report.undeliverable is False
    assert (report.error_code is None) == (failure is None)


async def test_a_number_is_only_given_up_for_an_error_that_is_surely_the_networks_own() -> None:
    inbox = MemoryInbox()
    own = Inbound(account(1, gsm_errors=True), PSEUDONYMS, Clock(), inbox, Repeats())
    await own.deliver(receipt("id:7 stat:UNDELIV err:001"))
    [report] = inbox.statuses()
    assert (report.failure, report.undeliverable, report.error_code) == ("permanent", True, 105_001)


async def test_a_submit_date_is_told_and_a_done_date_is_not() -> None:
    report = await told("id:7 submit date:2611241155 done date:2611241159 stat:DELIVRD")
    assert report.sent_at == datetime(2026, 11, 24, 6, 55, tzinfo=UTC)
    report = await told("id:7 done date:2611241159 stat:DELIVRD")
    assert report.sent_at is None


async def test_what_is_to_come_was_not_submitted() -> None:
    report = await told("id:7 submit date:2711241155 stat:DELIVRD")
    assert report.sent_at == report.at == NOON + timedelta(seconds=1)


async def test_a_receipt_is_read_whatever_its_data_coding_says() -> None:
    inbox = MemoryInbox()
    marked = ShortMessage(Address(1, 1, PHONE[1:]), US, b"id:7 stat:DELIVRD", RECEIPT, data_coding=4)
    await made(inbox).deliver(marked.encode())
    assert inbox.statuses()[0].sid == "smpp-7"


async def test_the_number_of_a_receipt_is_the_citizens_whichever_end_it_stands_at() -> None:
    inbox = MemoryInbox()
    await made(inbox).deliver(receipt("id:7 stat:DELIVRD", source="1414", destination=PHONE[1:]))
    assert inbox.statuses()[0].phone == PHONE


async def test_a_receipt_for_an_unknown_id_goes_to_the_desk_which_alone_knows_ids() -> None:
    assert (await told("id:nobody's stat:DELIVRD")).sid == "smpp-nobody's"


async def test_an_intermediate_notification_is_a_receipt_and_acknowledgements_are_ignored() -> None:
    inbox = MemoryInbox()
    inbound = made(inbox)
    await inbound.deliver(receipt("id:7 stat:ENROUTE", esm_class=INTERMEDIATE))
    assert len(inbox.statuses()) == 1
    for esm_class in (0x08, 0x10, 0x18):
        assert await inbound.deliver(receipt("", esm_class=esm_class)) == 0
    assert len(inbox.taken) == 1


async def test_the_same_receipt_again_is_the_same_event() -> None:
    inbox = MemoryInbox()
    for _ in range(2):
        await made(inbox).deliver(receipt("id:7 stat:DELIVRD"))
    assert len(set(inbox.ids())) == 1


async def test_the_same_text_is_another_one_once_it_was_answered() -> None:
    inbox = MemoryInbox()
    inbound = made(inbox)
    for _ in range(2):
        await inbound.deliver(text())
    assert len({received.sid for received in inbox.texts()}) == 2


async def test_a_text_that_was_not_taken_comes_again_as_the_same_and_as_early() -> None:
    inbox = MemoryInbox(away=True)
    inbound = made(inbox)
    assert await inbound.deliver(text()) == Status.ESME_RX_T_APPN
    inbox.away = False
    for _ in range(3):
        await inbound.deliver(text())
    first, second, third = inbox.texts()
    assert first.received_at == NOON + timedelta(seconds=1)
    assert len({first.sid, second.sid, third.sid}) == 3


async def test_a_text_whose_answer_may_have_been_lost_with_the_session_comes_again_as_the_same() -> None:
    inbox, times = MemoryInbox(), Times()
    inbound = made(inbox, times)
    await inbound.deliver(text())
    inbound.session_lost()
    await inbound.deliver(text())
    assert len(set(inbox.ids())) == 1
    await inbound.deliver(text())
    assert len(set(inbox.ids())) == 2
    inbound.session_lost()
    times.now += timedelta(minutes=3)
    await inbound.deliver(text())
    assert len(set(inbox.ids())) == 3


async def test_a_text_is_the_same_to_the_next_process_on_the_machine(tmp_path: Path) -> None:
    """The process is killed after the broker has the text, before it is answered, and after."""
    file, inbox, times = tmp_path / "repeats", MemoryInbox(), Times()
    for _ in range(3):
        # Nothing is closed: what a killed process has written is the system's.
        await made(inbox, times, file).deliver(text())
    assert len(set(inbox.ids())) == 1
    times.now += timedelta(minutes=3)
    await made(inbox, times, file).deliver(text())
    assert len(set(inbox.ids())) == 2
    away = MemoryInbox(away=True)
    await made(away, times, file).deliver(text(octets=b"0"))
    times.now += timedelta(hours=5)
    await made(inbox, times, file).deliver(text(octets=b"0"))
    assert inbox.texts()[-1].received_at < times.now - timedelta(hours=5)
    assert file.stat().st_mode & 0o077 == 0


async def test_what_is_kept_of_texts_and_their_sids_name_nobody(tmp_path: Path) -> None:
    file, inbox = tmp_path / "repeats", MemoryInbox()
    await made(inbox, file=file).deliver(text())
    kept = file.read_text()
    other = Inbound(account(1), type(PSEUDONYMS)(b"another key"), Clock(), inbox, Repeats(), now=Times())
    await other.deliver(text())
    assert PHONE[1:] not in kept
    assert len(set(inbox.ids())) == 2


async def test_a_file_that_was_cut_off_or_spoilt_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    file, inbox, times = tmp_path / "repeats", MemoryInbox(), Times()
    await made(inbox, times, file).deliver(text())
    file.write_text("nonsense\n" + file.read_text() + "hmac-sha256:12 2026-11-2")
    await made(inbox, times, file).deliver(text())
    assert len(set(inbox.ids())) == 1


async def test_a_part_goes_where_its_number_is_kept() -> None:
    inbox = MemoryInbox()
    part = ShortMessage(
        Address(1, 1, PHONE[1:]), US, b"\x05\x00\x03\x07\x02\x01" + b"1", esm_class=0x40
    ).encode()
    await made(inbox).deliver(part)
    await made(inbox).deliver(text())
    assert [sent.topic for sent in inbox.taken] == ["sms.outbox.v1", "sms.inbox.v1"]
    assert inbox.taken[0].key == inbox.taken[1].key


async def test_a_text_longer_than_any_answer_is_taken_as_one_that_nobody_understands() -> None:
    inbox = MemoryInbox()
    inbound = made(inbox)
    for number in (1, 2, 200):
        octets = bytes((5, 0, 3, 7, 200, number)) + b"1"
        await inbound.deliver(ShortMessage(Address(1, 1, PHONE[1:]), US, octets, esm_class=0x40).encode())
    assert [received.text for received in inbox.texts()] == ["1\ufffd"]
    assert inbox.parts() == []


async def test_texts_are_taken_where_nothing_can_be_kept_of_them(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    with capture_logs() as logs:
        await made(inbox, file=tmp_path / "no such folder" / "repeats").deliver(text())
    assert len(inbox.texts()) == 1
    assert [line["log_level"] for line in logs] == ["error", "error"]
