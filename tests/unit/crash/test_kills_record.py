"""The SMS API's record: what was answered with 201 outlives every kill."""

from datetime import UTC, datetime
from pathlib import Path

from sms.simulator.handsets import Message, new_sid
from tests.crash.kills.sms_api import RecordedHandsets
from tests.crash.kills.sms_record import Record, RecordReader

SENDER, PHONE = "+77000000000", "+77010000001"


def message(text: str, *, inbound: bool = False) -> Message:
    ends = (PHONE, SENDER) if inbound else (SENDER, PHONE)
    return Message(new_sid(), *ends, text, inbound, datetime.now(UTC), "queued")


def listed(handsets: RecordedHandsets, one: Message, cause: str | None = None) -> Message:
    if cause is not None:
        handsets.causes[one.sid] = cause
    handsets.add(one)
    handsets.listed(one)
    return one


def test_what_is_in_the_record_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    with Record(path) as record:
        handsets = RecordedHandsets(record, SENDER)
        ours, arrived = listed(handsets, message("one")), listed(handsets, message("two"))
        answer = listed(handsets, message("1", inbound=True), "to-SM1")
        record.write({"done": arrived.sid, "at": datetime.now(UTC).isoformat()})

    with Record(path) as record:
        again = RecordedHandsets(record, SENDER)
    assert [one.sid for one in again.newest_first()] == [answer.sid, arrived.sid, ours.sid]
    assert [one.sid for one in again.pending] == [ours.sid], "what has arrived is not delivered again"
    assert again.texts == {"to-SM1": answer.sid}
    restored = again.message(answer.sid)
    assert restored is not None
    assert (restored.listed_at, restored.sender, restored.inbound) == (answer.listed_at, PHONE, True)


def test_a_line_that_was_cut_off_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    with Record(path) as record:
        listed(RecordedHandsets(record, SENDER), message("one"))
    with path.open("ab") as file:
        file.write(b'{"sid": "SM')
    reader = RecordReader(path)
    assert len(reader.read()) == 1
    with Record(path) as record:
        listed(RecordedHandsets(record, SENDER), message("two"))
    assert [one.text for one in reader.read()] == ["two"]
