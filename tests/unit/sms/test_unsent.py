"""A message in doubt that an operator says was not sent: it is sent, once, and looked up no more."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from schemas.ids import MessageId
from schemas.messages import MessageAccepted, MessageDeferred, MessageInDoubt, MessageToSend
from sms.sending import journal
from sms.sending.sender import Limits
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import BadApi, reset, status, taken_then
from tests.unit.sms.dispatching import PSEUDONYMS, QUICK, MemoryJournal, new_dispatcher

PHONE = "+77015550101"
KEY = PSEUDONYMS.phone(PHONE).encode()


@pytest.fixture
def kept(api: BadApi) -> MemoryJournal:
    return MemoryJournal(api)


def message(id_: str = "m1", attempt: int = 1, unsent_before: datetime | None = None) -> MessageToSend:
    return MessageToSend(
        message_id=MessageId(id_),
        phone=PHONE,
        text="сәлем",
        attempt=attempt,
        requested_at=datetime.now(UTC),
        unsent_before=unsent_before,
    )


async def doubted(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal, attempt: int = 1
) -> MessageInDoubt:
    """A worker died before it could say what came of its call, and the API cannot be asked."""
    kept.fail_on = lambda write: write == 1
    api.troubles.append(reset)
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message(attempt=attempt)])
    kept.fail_on = lambda _: False
    api.list_trouble = status(401, 20003)
    [doubt] = await new_dispatcher(carrier, kept).dispatch([message(attempt=attempt)])
    assert isinstance(doubt, MessageInDoubt)
    return doubt


async def test_it_is_sent_without_another_look_and_not_reported_in_doubt_again(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    doubt = await doubted(api, carrier, kept)
    looks = len(api.lists())
    said = message(attempt=2, unsent_before=doubt.at)
    [report] = await new_dispatcher(carrier, kept).dispatch([said])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1
    assert len(api.lists()) == looks
    [entry] = journal.load(kept.values[KEY]).entries
    assert not entry.open
    assert [report] == await new_dispatcher(carrier, kept).dispatch([said])
    assert len(api.messages) == 1


async def test_without_an_operators_word_it_stays_in_doubt(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await doubted(api, carrier, kept)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=2)])
    assert isinstance(report, MessageInDoubt)


async def test_a_worker_that_dies_over_it_leaves_no_second_sms(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    doubt = await doubted(api, carrier, kept)
    kept.fail_on = lambda write: write == len(kept.writes) and api.creates() != [] and len(api.messages) == 1
    said = message(attempt=2, unsent_before=doubt.at)
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([said])
    assert len(api.messages) == 1
    kept.fail_on = lambda _: False
    # What was begun after the operator's word is looked up as ever; the API still cannot be asked.
    [report] = await new_dispatcher(carrier, kept).dispatch([said])
    assert isinstance(report, MessageInDoubt)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=3, unsent_before=doubt.at)])
    assert isinstance(report, MessageInDoubt)
    api.list_trouble = None
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=4, unsent_before=doubt.at)])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_a_call_after_the_word_that_was_cut_off_is_looked_up(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    doubt = await doubted(api, carrier, kept)
    api.always = taken_then(reset)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=2, unsent_before=doubt.at)])
    assert isinstance(report, MessageInDoubt)
    api.always = None
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=3, unsent_before=doubt.at)])
    assert isinstance(report, MessageInDoubt)
    assert len(api.messages) == 1


async def test_a_call_after_the_word_is_looked_up_though_the_clock_of_its_worker_is_behind(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    doubt = await doubted(api, carrier, kept)
    of_another_clock = doubt.at + timedelta(seconds=5)
    api.always = taken_then(reset)
    for attempt in (2, 3, 4):
        said = message(attempt=attempt, unsent_before=of_another_clock)
        [report] = await new_dispatcher(carrier, kept).dispatch([said])
        assert isinstance(report, MessageInDoubt)
    assert len(api.messages) == 1
    api.always = api.list_trouble = None
    await asyncio.sleep(QUICK.settle_seconds)
    [report] = await new_dispatcher(carrier, kept).dispatch(
        [message(attempt=5, unsent_before=of_another_clock)]
    )
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1


async def test_an_attempt_after_a_look_that_found_nothing_is_looked_up_too(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    """The word came while the carrier looked once more, found nothing, and called; that call was cut off."""
    doubt = await doubted(api, carrier, kept)
    api.list_trouble = None
    quick = Limits(per_second=1000, burst=100, settle_seconds=0)
    looks = len(api.lists())

    async def cut_off(server: BadApi, request: object, form: dict[str, str]) -> object:
        server.list_trouble = status(401, 20003)
        return await taken_then(reset)(server, request, form)  # type: ignore[arg-type]

    api.always = cut_off  # type: ignore[assignment]
    [report] = await new_dispatcher(carrier, kept, quick).dispatch([message(attempt=2)])
    assert isinstance(report, MessageInDoubt)
    assert len(api.lists()) > looks
    api.always = None
    assert len(api.messages) == 1
    said = message(attempt=3, unsent_before=doubt.at)
    [report] = await new_dispatcher(carrier, kept, quick).dispatch([said])
    assert isinstance(report, MessageInDoubt)
    assert len(api.messages) == 1


async def test_behind_another_message_it_goes_back_as_surely_unsent(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    doubt = await doubted(api, carrier, kept)
    api.always = status(429, 20429)
    said = message(attempt=2, unsent_before=doubt.at)
    _, report = await new_dispatcher(carrier, kept, QUICK).dispatch([message("m2"), said])
    assert isinstance(report, MessageDeferred)
    assert (report.reason, report.may_have_left) == ("behind_another", False)
    api.always = None
    [report] = await new_dispatcher(carrier, kept).dispatch([message(attempt=3)])
    assert isinstance(report, MessageAccepted)
    assert len(api.messages) == 1
