"""Receipts in both forms, their ids and dates, and the table of codes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sms.smpp import receipts
from sms.smpp.commands import RECEIPT, Address, ShortMessage, Tag
from sms.smpp.pdu import MalformedPduError
from sms.smpp.receipts import IdForm, Receipt
from sms.smpp.status import (
    RECEIPTS,
    Effect,
    State,
    Status,
    effect_of,
    failure_of,
    is_known,
    meaning_of,
    receipt_code,
)

ALMATY = ZoneInfo("Asia/Almaty")
NOWHERE = Address(1, 1, "77015550101")
WHOLE = (
    "id:0123456789 sub:001 dlvrd:001 submit date:2111241059 done date:2111251100 "
    "stat:DELIVRD err:000 text:hello"
)


def read(text: str, parameters: dict[int, bytes] | None = None, **more: object) -> Receipt:
    message = ShortMessage(NOWHERE, NOWHERE, text.encode(), RECEIPT, parameters=parameters or {})
    return receipts.read(message, text, zone=ALMATY, **more)  # type: ignore[arg-type]


def test_a_text_as_the_specification_has_it() -> None:
    # Almaty was six hours ahead then.
    submitted = datetime(2021, 11, 24, 4, 59, tzinfo=UTC)
    assert read(WHOLE) == Receipt("0123456789", State.DELIVERED, None, submitted)


@pytest.mark.parametrize(
    ("text", "state", "submitted"),
    [
        ("id:1 stat:UNDELIV err:27", State.UNDELIVERABLE, None),
        ("ID:1 STAT:delivrd", State.DELIVERED, None),
        ("id:1 stat:EXPIRED submit date:211124105930", State.EXPIRED, (4, 59, 30)),
        ("id:1 stat:REJECTD submit date:20211124105930", State.REJECTED, (4, 59, 30)),
        ("id:1 stat:ACCEPTD submit date:2113991059", State.ACCEPTED, None),
        ("id:1 stat:ENROUTE submit date:21112410591", State.ENROUTE, None),
        ("id:1 stat:UNKNOWN done date:2111241059", State.UNKNOWN, None),
    ],
)
def test_texts_as_operators_write_them(
    text: str, state: State, submitted: tuple[int, int, int] | None
) -> None:
    at = datetime(2021, 11, 24, *submitted, tzinfo=UTC) if submitted else None
    assert read(text) == Receipt("1", state, None, at)


def test_parameters_go_before_the_text() -> None:
    parameters = {
        int(Tag.RECEIPTED_MESSAGE_ID): b"42\0",
        int(Tag.MESSAGE_STATE): b"\x05",
        int(Tag.NETWORK_ERROR_CODE): b"\x03\x00\x06",
    }
    assert read("id:1 stat:DELIVRD", parameters) == Receipt("42", State.UNDELIVERABLE, 6, None)


def test_an_error_is_gsms_only_where_that_is_sure() -> None:
    assert read("id:1 stat:UNDELIV err:001").error is None
    assert read("id:1 stat:UNDELIV err:001", gsm_errors=True).error == 1
    assert read("id:1 stat:UNDELIV err:0A1", gsm_errors=True).error is None
    assert read("id:1 stat:UNDELIV", {int(Tag.NETWORK_ERROR_CODE): b"\x02\x00\x01"}).error is None


@pytest.mark.parametrize(
    ("form", "answered", "told"),
    [
        ("same", "00a1", "00a1"),
        ("same", "A1", "A1"),
        ("hex_to_decimal", "A1", "0000000161"),
        ("hex_to_decimal", "000000a1", "161"),
        ("decimal_to_hex", "161", "A1"),
        ("decimal_to_hex", "0000161", "00a1"),
        ("hex_to_decimal", "7f-12", "7f-12"),
        ("decimal_to_hex", "x-1", "x-1"),
    ],
)
def test_an_id_is_the_same_however_responses_and_receipts_write_it(
    form: IdForm, answered: str, told: str
) -> None:
    named = receipts.canonical(answered, form)
    assert read(f"id:{told} stat:DELIVRD", form=form).message_id == named
    assert read("stat:DELIVRD", {0x1E: answered.encode() + b"\0"}, form=form).message_id == named


@pytest.mark.parametrize("text", ["", "stat:DELIVRD", "id: stat:", "id:1", "id:1 stat:PERHAPS", "\ufffd"])
def test_what_names_no_message_or_no_state_is_refused(text: str) -> None:
    with pytest.raises(MalformedPduError, match="a receipt"):
        read(text)


def test_every_status_of_the_specification_has_its_line() -> None:
    refusals = [status for status in Status if status is not Status.ESME_ROK]
    assert all(is_known(status) for status in refusals)
    assert all(effect_of(status) is not Effect.UNKNOWN for status in refusals)
    assert len({meaning_of(status) for status in refusals}) == len(refusals)
    assert [status for status in refusals if effect_of(status) is Effect.PERMANENT] == [
        Status.ESME_RINVDSTADR
    ]
    slower = {status for status in refusals if effect_of(status) is Effect.SLOWER}
    assert slower == {Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL}


@pytest.mark.parametrize("status", [0x09, 0x10, 0x100, 0x400, 0x4FF, 0xFFFFFFFF])
def test_a_status_that_an_operator_made_up_ends_nothing(status: int) -> None:
    assert effect_of(status) is Effect.UNKNOWN
    assert meaning_of(status)


def test_what_a_receipt_said_has_a_code_and_a_meaning_of_its_own() -> None:
    assert receipt_code(State.UNDELIVERABLE, 27) == 105_027
    assert meaning_of(105_027) == "the handset is off or out of reach"
    assert meaning_of(receipt_code(State.EXPIRED, None)) == "the validity period ended before delivery"
    assert meaning_of(receipt_code(State.REJECTED, 999_999)) == "the operator rejected the message"
    assert meaning_of(RECEIPTS + 99_000)
    assert {failure_of(error) for error in (None, 0, 27, 500)} == {"passing"}
    assert {failure_of(error) for error in (1, 9, 11)} == {"permanent"}
