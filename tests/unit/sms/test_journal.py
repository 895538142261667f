from datetime import UTC, datetime, timedelta

import pytest

from schemas.ids import MessageId, Sid
from schemas.messages import MessageAccepted, MessageDeferred
from schemas.stored import UnreadableValueError
from sms.sending import journal
from sms.sending.journal import Entry, Page

NOW = datetime(2026, 7, 15, 10, tzinfo=UTC)
AGE = timedelta(days=14)
PHONE = "+77015550101"


def entry(id_: str, *, at: datetime = NOW, open_: bool = False) -> Entry:
    return Entry(
        message_id=MessageId(id_), attempt=1, intended_at=at, called_at=at, touched_at=at, open=open_
    )


def accepted(id_: str, at: datetime = NOW) -> Entry:
    report = MessageAccepted(
        message_id=MessageId(id_), phone=PHONE, attempt=1, sid=Sid(f"SM{id_}"), accepted_at=at
    )
    return entry(id_, at=at).reported(report, at, open_=False)


def test_what_was_written_is_read_again() -> None:
    deferred = MessageDeferred(
        message_id=MessageId("b"), phone=PHONE, attempt=2, reason="busy", retry_after_seconds=None, at=NOW
    )
    page = Page().noted(accepted("a"), AGE).noted(entry("b").reported(deferred, NOW, open_=True), AGE)
    assert journal.load(journal.dump(page)) == page
    assert page.sids() == {"SMa"}
    assert page.find(MessageId("a")) == accepted("a")
    assert page.find(MessageId("c")) is None


def test_a_page_is_written_as_it_will_be_read_for_ever() -> None:
    page = Page().noted(entry("a", open_=True), AGE)
    golden = (
        b'{"version":2,"entries":[{"message_id":"a","attempt":1,"intended_at":"2026-07-15T10:00:00Z",'
        b'"called_at":"2026-07-15T10:00:00Z","touched_at":"2026-07-15T10:00:00Z","open":true}]}'
    )
    assert journal.dump(page) == golden
    assert journal.load(golden) == page
    # As it was before the reports named the carrier.
    assert journal.load(golden.replace(b'"version":2', b'"version":1')) == page


def test_nothing_is_an_empty_page() -> None:
    assert journal.load(None) == Page()


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_journal_is_not_taken_for_an_empty_one(value: bytes) -> None:
    with pytest.raises(UnreadableValueError):
        journal.load(value)


def test_the_last_twenty_are_kept_and_the_old_ones_are_not() -> None:
    page = Page()
    for number in range(30):
        page = page.noted(accepted(str(number)), AGE)
    assert [kept.message_id for kept in page.entries] == [str(number) for number in range(10, 30)]
    page = page.noted(accepted("late", NOW + timedelta(days=15)), AGE)
    assert [kept.message_id for kept in page.entries] == ["late"]


def test_what_is_open_is_kept_whatever_its_age() -> None:
    page = Page().noted(entry("open", open_=True), AGE)
    for number in range(30):
        page = page.noted(accepted(str(number), NOW + timedelta(days=30)), AGE)
    assert page.find(MessageId("open")) is not None
    assert len(page.entries) == 21


def test_a_message_has_one_entry() -> None:
    page = Page().noted(entry("a", open_=True), AGE).noted(accepted("a"), AGE)
    assert [kept.final for kept in page.entries] == [True]


def test_a_report_takes_the_place_of_the_former() -> None:
    deferred = MessageDeferred(
        message_id=MessageId("a"), phone=PHONE, attempt=2, reason="busy", retry_after_seconds=1.5, at=NOW
    )
    after = entry("a").reported(deferred, NOW, open_=False)
    assert after.report == deferred
    assert after.attempt == 2
    assert not after.final
    again = after.reported(
        MessageAccepted(message_id=MessageId("a"), phone=PHONE, attempt=3, sid=Sid("SM"), accepted_at=NOW),
        NOW,
        open_=False,
    )
    assert again.final
    assert again.deferred is None
