"""A journal brought back from a backup: what left since then is not sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from schemas.ids import MessageId
from schemas.messages import MessageAccepted, MessageDeferred, MessageToSend
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi
from tests.unit.sms.dispatching import QUICK, MemoryJournal, new_dispatcher

PHONE = "+77015550101"
RESTORED = replace(QUICK, restored_from=datetime.now(UTC) - timedelta(hours=5))


def message(id_: str, text: str, attempt: int = 1) -> MessageToSend:
    return MessageToSend(
        message_id=MessageId(id_), phone=PHONE, text=text, attempt=attempt, requested_at=datetime.now(UTC)
    )


async def test_what_left_after_the_backup_is_found_and_not_sent_again(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    [sent] = await new_dispatcher(carrier, MemoryJournal(api)).dispatch([message("m1", "offer")])
    assert isinstance(sent, MessageAccepted)
    [found] = await new_dispatcher(carrier, MemoryJournal(api), RESTORED).dispatch([message("m1", "offer")])
    assert isinstance(found, MessageAccepted)
    assert found.sid == sent.sid
    assert len(api.messages) == 1


async def test_the_same_text_for_another_message_is_sent(api: BadApi, carrier: TwilioCarrier) -> None:
    kept = MemoryJournal(api)
    [first] = await new_dispatcher(carrier, kept).dispatch([message("m1", "explained")])
    dispatcher = new_dispatcher(carrier, kept, replace(RESTORED, settle_seconds=0.0))
    [second] = await dispatcher.dispatch([message("m2", "explained")])
    assert isinstance(first, MessageAccepted)
    assert isinstance(second, MessageAccepted)
    assert second.sid != first.sid
    assert len(api.messages) == 2


async def test_what_the_api_has_not_waits_for_calls_under_way_and_is_sent_once(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    kept = MemoryJournal(api)
    [later] = await new_dispatcher(carrier, kept, RESTORED).dispatch([message("m1", "offer")])
    assert isinstance(later, MessageDeferred)
    assert not api.messages
    settled = replace(RESTORED, settle_seconds=0.0)
    [sent] = await new_dispatcher(carrier, kept, settled).dispatch([message("m1", "offer", attempt=2)])
    assert isinstance(sent, MessageAccepted)
    assert len(api.messages) == 1


async def test_a_notice_that_names_another_minute_is_the_one_that_left(
    api: BadApi, carrier: TwilioCarrier
) -> None:
    left, again, other = (
        f"You can still say yes until {until}."
        for until in ("18:00 03.02.2027", "17:59 03.02.2027", "17:59 04.02.2027")
    )
    [sent] = await new_dispatcher(carrier, MemoryJournal(api)).dispatch([message("m1", left)])
    kept = MemoryJournal(api)
    dispatcher = new_dispatcher(carrier, kept, replace(RESTORED, settle_seconds=0.0))
    [found] = await dispatcher.dispatch([message("m1", again)])
    [next_] = await dispatcher.dispatch([message("m2", other)])
    assert isinstance(sent, MessageAccepted)
    assert isinstance(found, MessageAccepted)
    assert isinstance(next_, MessageAccepted)
    assert found.sid == sent.sid != next_.sid
    assert len(api.messages) == 2
