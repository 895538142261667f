"""The day's number of SMS: offers wait once it is reached, nothing else does, and no crash exceeds it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from structlog.testing import capture_logs

from schemas.ids import MessageId
from schemas.messages import MessageAccepted, MessageDeferred, MessageToSend
from schemas.operators import ActObject, OperatorActed
from schemas.stored import NewerValueError, UnreadableValueError
from sms import metrics
from sms.sending import daily_number, journal
from sms.sending.daily_number import KEY, Daily, DailyNumber, Places, Returns, number_said, share
from sms.sending.journal import Report
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from tests.unit.sms.bad_api import BadApi, reset, status, taken_then
from tests.unit.sms.dispatching import PSEUDONYMS, MemoryJournal, new_dispatcher

NOON = datetime(2021, 7, 15, 6, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moved(Clock):
    """A clock that runs fast, and is at another time."""

    by: timedelta = timedelta(0)

    def virtual(self, real: datetime) -> datetime:
        return Clock(self.scale, self.origin).virtual(real) + self.by


FROZEN = Clock(scale=1e-9, origin=NOON)
"""A clock that stands still at noon in Almaty, but for what is seen."""


@pytest.fixture
def kept(api: BadApi) -> MemoryJournal:
    return MemoryJournal(api)


def message(number: int, attempt: int = 1, *, offer: bool = True) -> MessageToSend:
    return MessageToSend(
        message_id=MessageId(f"m{number}"),
        phone=f"+77015550{number:03}",
        text=f"сәлем {number}",
        attempt=attempt,
        requested_at=datetime.now(UTC),
        offer=offer,
    )


def say(kept: MemoryJournal, number: int | None, at: datetime = NOON) -> None:
    known = daily_number.load(kept.values[KEY]) if KEY in kept.values else DailyNumber()
    kept.values[KEY] = daily_number.dump(known.with_(number=number, said_at=at))


def counted(kept: MemoryJournal) -> int:
    return daily_number.load(kept.values[KEY]).count


def reasons(reports: Sequence[Report]) -> list[str]:
    return [each.reason if isinstance(each, MessageDeferred) else each.name for each in reports]


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_the_shares_of_all_partitions_are_the_number_and_differ_by_one_at_most(number: int, of: int) -> None:
    shares = [share(number, partition, of) for partition in range(of)]
    assert sum(shares) == number
    assert max(shares) - min(shares) <= 1


async def test_offers_beyond_the_number_go_back_and_everything_else_goes_out(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    say(kept, 2)
    before = metrics.OFFERS_HELD._value.get()
    batch = [message(1), message(2), message(3), message(4, offer=False), message(5)]
    reports = await new_dispatcher(carrier, kept, daily=Daily(FROZEN)).dispatch(batch)
    held = ["daily_number"]
    assert reasons(reports) == ["message.accepted"] * 2 + held + ["message.accepted"] + held
    assert counted(kept) == 3
    assert len(api.messages) == 3
    for report in reports:
        if isinstance(report, MessageDeferred):
            assert not report.may_have_left
            assert report.retry_after_seconds
            assert 100 < report.retry_after_seconds < 200
    assert metrics.OFFERS_HELD._value.get() - before == 2
    again = await new_dispatcher(carrier, kept, daily=Daily(FROZEN)).dispatch([message(3, 2)])
    assert reasons(again) == held
    assert metrics.OFFERS_HELD._value.get() - before == 2
    say(kept, None)
    lifted = await new_dispatcher(carrier, kept, daily=Daily(FROZEN)).dispatch([message(3, 3), message(5, 2)])
    assert reasons(lifted) == ["message.accepted"] * 2
    assert len(api.messages) == 5


async def test_what_is_no_offer_counts_too(carrier: TwilioCarrier, kept: MemoryJournal) -> None:
    say(kept, 1)
    reports = await new_dispatcher(carrier, kept).dispatch([message(1, offer=False), message(2)])
    assert reasons(reports) == ["message.accepted", "daily_number"]


async def test_what_was_sent_before_a_number_was_said_counts(
    carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await new_dispatcher(carrier, kept).dispatch([message(1), message(2)])
    say(kept, 2)
    assert reasons(await new_dispatcher(carrier, kept).dispatch([message(3)])) == ["daily_number"]


async def test_an_offer_held_holds_up_nobody_behind_it(carrier: TwilioCarrier, kept: MemoryJournal) -> None:
    say(kept, 0)
    behind = message(2, offer=False).model_copy(update={"phone": message(1).phone})
    reports = await new_dispatcher(carrier, kept).dispatch([message(1), behind])
    assert reasons(reports) == ["daily_number", "message.accepted"]


async def test_the_next_local_day_has_places_again_and_what_waits_comes_back_by_then() -> None:
    real, local = datetime.now(UTC), ZoneInfo("Asia/Aqtobe")
    evening = datetime(2021, 7, 15, 18, 59, 30, tzinfo=UTC)
    # Half a minute before midnight, by a clock that runs a hundred times as fast.
    clock = Moved(100, real, evening - real)
    places = Places(daily_number.dump(DailyNumber(number=1, said_at=NOON)), Daily(clock, local), Returns(1))
    places.take()
    assert not places.free()
    assert 0 < places.seconds_held() <= 0.3
    await asyncio.sleep(0.35)
    assert places.free()
    places.take()
    assert daily_number.load(places.changed()[KEY]).count == 1


async def test_a_worker_whose_clock_is_behind_at_midnight_does_not_begin_the_day_anew() -> None:
    service = DailyNumber(number=1, said_at=NOON, day=datetime(2021, 7, 16, tzinfo=UTC).date(), count=1)
    behind = Clock(scale=1e-9, origin=datetime(2021, 7, 15, 17, 59, tzinfo=UTC))
    assert not Places(daily_number.dump(service), Daily(behind), Returns(1)).free()
    far = service.with_(day=datetime(2031, 7, 16, tzinfo=UTC).date())
    assert Places(daily_number.dump(far), Daily(behind), Returns(1)).free()


async def test_a_place_is_given_back_by_what_did_not_leave(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    say(kept, 1)
    api.always = status(429, 20429)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(1)])
    assert isinstance(report, MessageDeferred)
    assert counted(kept) == 0
    api.always = status(400, 21614)
    await new_dispatcher(carrier, kept).dispatch([message(2)])
    assert counted(kept) == 0
    api.always = None
    [report] = await new_dispatcher(carrier, kept).dispatch([message(1, 2)])
    assert isinstance(report, MessageAccepted)
    assert counted(kept) == 1


async def test_a_place_given_back_after_midnight_is_not_one_of_the_new_day() -> None:
    places = Places(None, Daily(FROZEN), Returns(1))
    places.take()
    places.give_back(NOON.date() - timedelta(days=1))
    assert daily_number.load(places.changed()[KEY]).count == 1


async def test_the_count_is_written_with_the_intent_before_the_call(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    await new_dispatcher(carrier, kept).dispatch([message(1)])
    written, calls = kept.writes[0]
    assert calls == 0
    assert set(written) == {KEY, PSEUDONYMS.phone(message(1).phone).encode()}
    assert daily_number.load(written[KEY]).count == 1
    assert len(kept.writes) == 2
    assert len(api.messages) == 1


async def test_a_worker_that_dies_wastes_a_place_and_never_exceeds_the_number(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    say(kept, 1)
    kept.fail_on = lambda write: write == 1
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message(1)])
    kept.fail_on = lambda _: False
    reports = await new_dispatcher(carrier, kept).dispatch([message(1), message(2)])
    # The first is found at the API, with the place that it took before.
    assert reasons(reports) == ["message.accepted", "daily_number"]
    assert len(api.messages) == 1
    assert counted(kept) == 1


async def test_an_offer_that_may_have_left_is_looked_up_although_there_is_no_place(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    say(kept, 1)
    kept.fail_on = lambda write: write == 1
    api.troubles.append(reset)
    with pytest.raises(ConnectionError):
        await new_dispatcher(carrier, kept).dispatch([message(1)])
    kept.fail_on = lambda _: False
    report: Report
    for attempt in (1, 2, 3):
        [report] = await new_dispatcher(carrier, kept).dispatch([message(1, attempt)])
        await asyncio.sleep(0.5)
        if reasons([report]) == ["daily_number"]:
            break
    assert isinstance(report, MessageDeferred)
    assert (report.reason, report.may_have_left) == ("daily_number", False)
    assert len(api.lists()) >= 1
    assert api.messages == []


async def test_in_doubt_and_cut_off_calls_keep_their_places(
    api: BadApi, carrier: TwilioCarrier, kept: MemoryJournal
) -> None:
    say(kept, 1)
    api.always = taken_then(reset)
    api.list_trouble = status(503)
    [report] = await new_dispatcher(carrier, kept).dispatch([message(1)])
    assert isinstance(report, MessageDeferred)
    assert report.may_have_left
    assert counted(kept) == 1
    await new_dispatcher(carrier, kept).dispatch([message(1, 2)])
    assert counted(kept) == 1


def test_what_was_said_before_is_known_no_more() -> None:
    places = Places(None, Daily(FROZEN), Returns(1))
    places.say(7, NOON)
    places.say(3, NOON - timedelta(minutes=1))
    assert daily_number.load(places.changed()[KEY]).number == 7
    assert places.changed() == {}
    places.say(None, NOON)
    assert daily_number.load(places.changed()[KEY]).number is None


async def test_many_that_wait_come_back_at_the_pace_at_which_they_could_be_sent() -> None:
    returns = Returns(2)
    seconds = [returns.seconds() for _ in range(1000)]
    assert 119 < seconds[0] < 121
    assert 615 < seconds[-1] < 625
    assert seconds == sorted(seconds)


def acted(number: JsonValue, kind: str = "offers", id_: str = "all") -> OperatorActed:
    about = ActObject.model_validate({"kind": kind, "id": id_})
    return OperatorActed(
        act="daily_sms", object=about, details={"number": number}, reason="a pilot", operator="operator-3"
    )


def test_a_number_or_none_is_said() -> None:
    assert [number_said(acted(number)) for number in (0, 5, None)] == [0, 5, None]


@pytest.mark.parametrize("number", [-1, 1.0, "5", True, [5]])
def test_what_is_no_number_is_none(number: JsonValue) -> None:
    with pytest.raises(ValueError, match=r"details\.number"):
        number_said(acted(number))
    with pytest.raises(ValueError, match=r"details\.number"):
        number_said(acted(0).model_copy(update={"details": {}}))
    with pytest.raises(ValueError, match="object"):
        number_said(acted(0, "ground", "4-2"))


def test_the_service_is_no_page_of_a_number_and_no_page_is_the_service() -> None:
    with pytest.raises(UnreadableValueError):
        journal.load(daily_number.dump(DailyNumber(number=3)))
    with pytest.raises(UnreadableValueError):
        journal.load(daily_number.dump(DailyNumber(day=NOON.date(), count=1)))


def test_what_cannot_be_read_holds_offers_and_is_said() -> None:
    with capture_logs() as logs:
        assert not Places(b"not it", Daily(FROZEN), Returns(1)).free()
    assert "offers wait" in logs[0]["event"]
    with pytest.raises(NewerValueError):
        Places(b'{"version":2}', Daily(FROZEN), Returns(1))
