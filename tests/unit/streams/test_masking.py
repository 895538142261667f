"""What a log does not show."""

import json
import logging
from datetime import UTC, datetime

import pytest
import structlog

from schemas.ids import Sid
from schemas.messages import MessageReceived
from schemas.personal import PERSONAL
from streams.logs import configure_logging
from streams.masking import masked_text, personal_names

IIN, PHONE, IBAN = "850101300015", "+77015550101", "KZ86125KZT5004100100"


@pytest.fixture(autouse=True)
def as_it_was() -> object:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def test_whatever_names_a_person_is_marked() -> None:
    assert personal_names() >= {*PERSONAL, "text", "iin_tail", "account"}
    assert personal_names().isdisjoint({"id", "case_id", "reason", "at", "person_id", "phone_id", "sid"})


def test_a_line_shows_no_marked_field_and_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    came = MessageReceived(phone=PHONE, text=f"my {IBAN}", sid=Sid("SM1"), received_at=datetime.now(UTC))
    log = structlog.get_logger()
    log.warning(
        "said", event_data=came, text="secret", iin=IIN, reason=f"of {IIN}, to {PHONE}", n=3, none=None
    )
    try:
        raise ValueError(f"{IIN} {IBAN}")  # noqa: TRY301 - it is what is logged
    except ValueError:
        log.exception("failed", given=[{"phone": PHONE, "sid": "SM1"}])
    logging.getLogger("aiokafka").warning("key %s", PHONE)
    said = capsys.readouterr().err
    for number in (IIN, PHONE, PHONE[1:], IBAN, "secret"):
        assert number not in said
    first, second, third = (json.loads(line) for line in said.splitlines())
    assert (first["event_data"]["sid"], first["n"], first["none"], first["text"]) == ("SM1", 3, None, "*")
    assert second["given"] == [{"phone": "*", "sid": "SM1"}]
    assert "ValueError" in second["exception"]
    assert third["event"] == "key *"


@pytest.mark.parametrize(
    "harmless",
    [
        "sms.inbox.v1[3]@123456789",
        "2a196669-a159-5f20-b17f-435745888438",
        "1f0c" * 16,
        "2026-11-26T12:00:00.123456Z",
        "1732622400000",
    ],
)
def test_what_names_nobody_stays(harmless: str) -> None:
    assert masked_text(harmless) == harmless
