"""What is written before and after the calls, and to whom nobody is called at all."""

import asyncio
import logging

import pytest

from schemas.ids import MessageId
from schemas.messages import MessageAccepted, MessageDeferred
from schemas.stored import NewerValueError
from sms.sending import journal
from sms.sending.dispatcher import Dispatcher
from tests.unit.sms.bad_api import SENDER, BadApi, reset, status, taken_then
from tests.unit.sms.dispatching import PHONE, PSEUDONYMS, MemoryJournal, message, new_dispatcher
from tests.unit.sms.memory_carrier import MemoryCarrier


async def test_the_intent_is_written_before_the_call_and_the_outcome_after(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    [report] = await dispatcher.dispatch([message()])
    assert isinstance(report, MessageAccepted)
    assert report.sid == api.messages[0]["sid"]
    assert (report.carrier, report.sender) == ("twilio", SENDER)
    (intent, calls_before), (outcome, calls_after) = kept.writes
    assert (calls_before, calls_after) == (0, 1)
    key = PSEUDONYMS.phone(PHONE).encode()
    [entry] = journal.load(intent[key]).entries
    assert entry.open
    assert entry.report is None
    [entry] = journal.load(outcome[key]).entries
    assert not entry.open
    assert entry.report == report


async def test_the_intents_of_a_batch_are_one_write(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    batch = [message(f"m{n}", f"+770155501{n:02}") for n in range(50)]
    reports = await dispatcher.dispatch(batch)
    assert [report.message_id for report in reports] == [f"m{n}" for n in range(50)]
    assert len(kept.writes) == 2
    # The fifty intents, and the count of the day.
    assert len(kept.writes[0][0]) == 51
    assert kept.writes[0][1] == 0
    assert len(api.messages) == 50


async def test_a_repeat_reports_the_same_and_calls_nobody(api: BadApi, dispatcher: Dispatcher) -> None:
    first = await dispatcher.dispatch([message()])
    again = await dispatcher.dispatch([message(), message()])
    assert [*first, *first] == again
    assert len(api.creates()) == 1
    assert not api.lists()


async def test_a_number_in_order_even_within_a_batch(api: BadApi, dispatcher: Dispatcher) -> None:
    await dispatcher.dispatch([message(f"m{n}", text=f"text {n}") for n in range(5)])
    assert [sent["body"] for sent in api.sent()] == [f"text {n}" for n in range(5)]


async def test_what_stands_behind_a_message_that_was_put_off_waits(
    api: BadApi, dispatcher: Dispatcher
) -> None:
    api.troubles.append(status(401, 20003))
    first, second, other = await dispatcher.dispatch(
        [message("m1"), message("m2"), message("m3", "+77015550102")]
    )
    assert isinstance(first, MessageDeferred)
    assert isinstance(second, MessageDeferred)
    assert second.reason == "behind_another"
    assert isinstance(other, MessageAccepted)
    assert [sent["sid"] for sent in api.messages] == [other.sid]


async def test_a_worker_that_has_lost_the_partition_calls_nobody(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    with pytest.raises(asyncio.CancelledError):
        await dispatcher.dispatch([message()], may_call=lambda: False)
    assert not api.creates()
    [entry] = journal.load(kept.values[PSEUDONYMS.phone(PHONE).encode()]).entries
    assert entry.open


async def test_an_intent_that_is_not_acknowledged_is_no_call(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    kept.fail_on = lambda write: write == 0
    with pytest.raises(ConnectionError):
        await dispatcher.dispatch([message()])
    assert not api.calls


async def test_a_journal_that_a_newer_release_has_written_gives_the_batch_up(
    api: BadApi, dispatcher: Dispatcher, kept: MemoryJournal
) -> None:
    kept.values[PSEUDONYMS.phone(PHONE).encode()] = b'{"version":3}'
    with pytest.raises(NewerValueError):
        await dispatcher.dispatch([message("m2", "+77015550102"), message()])
    assert not api.calls
    assert not kept.writes


async def test_neither_number_nor_text_is_logged(
    api: BadApi, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    api.troubles.extend([status(401, 20003), taken_then(reset)])
    with caplog.at_level(logging.DEBUG):
        await dispatcher.dispatch([message("m1")])
        await dispatcher.dispatch([message("m2")])
    out = caplog.text + "".join(capsys.readouterr())
    assert "refuses our account" in out
    assert PHONE[1:] not in out
    assert "сәлем" not in out


async def test_while_the_carrier_is_surely_away_nothing_is_tried_and_no_intent_is_written() -> None:
    """A crash would leave in doubt what has an intent; and it is no failure, so that nobody rests for it."""
    carrier, kept = MemoryCarrier(), MemoryJournal()
    async with carrier:
        carrier.away = 12.5
        dispatcher = new_dispatcher(carrier, kept)
        for attempt in range(1, 8):
            [report] = await dispatcher.dispatch([message(attempt=attempt)])
            assert isinstance(report, MessageDeferred)
            assert report.reason == "carrier_away"
            assert report.retry_after_seconds == pytest.approx(12.5, abs=0.2)
        [value] = kept.values.values()
        entry = journal.load(value).find(MessageId("m1"))
        assert entry
        assert not entry.open

        carrier.away = 0.0
        [report] = await dispatcher.dispatch([message(attempt=8)])
        assert isinstance(report, MessageAccepted)
    assert len(carrier.taken) == 1
