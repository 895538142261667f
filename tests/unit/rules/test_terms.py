from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.policy import TermPolicy
from rules.terms import at_local, is_working_day, local_day, reminder_at, term_end
from schemas.times import ALMATY

EXCLUSIVE, INCLUSIVE = TermPolicy.EXCLUSIVE, TermPolicy.INCLUSIVE
ROLL, HOURS = TermPolicy.EXCLUSIVE_ROLL, TermPolicy.HOURS_72


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("policy", "ends"),
    [
        (INCLUSIVE, "2021-07-18 00:00"),
        (EXCLUSIVE, "2021-07-19 00:00"),
        (ROLL, "2021-07-20 00:00"),
        (HOURS, "2021-07-18 10:00"),
    ],
)
def test_the_vector_of_the_notes(policy: TermPolicy, ends: str) -> None:
    assert term_end(local("2021-07-15 10:00"), policy) == local(ends)


@pytest.mark.parametrize(
    ("sent", "policy", "ends"),
    [
        # The first and the last millisecond of a day are the same day.
        ("2021-07-15 00:00:00.000", EXCLUSIVE, "2021-07-19 00:00"),
        ("2021-07-15 23:59:59.999", EXCLUSIVE, "2021-07-19 00:00"),
        ("2021-07-16 00:00:00.000", EXCLUSIVE, "2021-07-20 00:00"),
        ("2021-07-15 23:59:59.999", INCLUSIVE, "2021-07-18 00:00"),
        ("2021-07-15 23:59:59.999", HOURS, "2021-07-18 23:59:59.999"),
        # A Friday as the last day does not roll; a Saturday rolls over to Monday's end.
        ("2021-07-13 12:00", ROLL, "2021-07-17 00:00"),
        ("2021-07-14 12:00", ROLL, "2021-07-20 00:00"),
        # Kurban Ait on Tuesday 2021-07-20: Saturday the 17th rolls to Monday, the 20th to Wednesday.
        ("2021-07-17 12:00", ROLL, "2021-07-22 00:00"),
        # Nauryz: 21 to 23 March, and what was transferred.
        ("2021-03-18 12:00", ROLL, "2021-03-26 00:00"),
        # Over the end of a year and of a leap February.
        ("2021-12-30 12:00", EXCLUSIVE, "2022-01-03 00:00"),
        ("2024-02-26 12:00", EXCLUSIVE, "2024-03-01 00:00"),
    ],
)
def test_terms_end_at_the_local_midnight_after_their_last_day(
    sent: str, policy: TermPolicy, ends: str
) -> None:
    assert term_end(local(sent), policy) == local(ends)


@pytest.mark.parametrize(
    ("sent", "policy", "ends"),
    [
        # Midnight of 2024-03-01 came an hour late: the clocks went back from 24:00 to 23:00.
        ("2024-02-26T06:00:00Z", EXCLUSIVE, "2024-02-29T19:00:00Z"),
        ("2024-02-27T06:00:00Z", EXCLUSIVE, "2024-03-01T19:00:00Z"),
        ("2024-02-27T06:00:00Z", INCLUSIVE, "2024-02-29T19:00:00Z"),
        ("2024-02-25T06:00:00Z", EXCLUSIVE, "2024-02-28T18:00:00Z"),
        # 72 hours are hours, whatever the clocks do.
        ("2024-02-28T06:00:00Z", HOURS, "2024-03-02T06:00:00Z"),
        # Sent in the hour that came twice: still the 29th both times.
        ("2024-02-29T17:30:00Z", EXCLUSIVE, "2024-03-03T19:00:00Z"),
        ("2024-02-29T18:30:00Z", EXCLUSIVE, "2024-03-03T19:00:00Z"),
        ("2024-02-29T19:00:00Z", EXCLUSIVE, "2024-03-04T19:00:00Z"),
    ],
)
def test_terms_are_exact_over_the_change_of_zone(sent: str, policy: TermPolicy, ends: str) -> None:
    found = term_end(datetime.fromisoformat(sent), policy)
    assert found == datetime.fromisoformat(ends)
    assert found.tzinfo is UTC


@given(
    st.datetimes(datetime(2021, 7, 9), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(TermPolicy),
)
def test_every_term_is_three_days_or_what_rolled(sent: datetime, policy: TermPolicy) -> None:
    ends = term_end(sent, policy)
    lasted = ends - sent
    if policy is HOURS:
        assert lasted == timedelta(days=3)
        return
    assert ends.astimezone(ALMATY).time() == time(0)
    days = (local_day(ends) - local_day(sent)).days
    assert {INCLUSIVE: days == 3, EXCLUSIVE: days == 4, ROLL: 4 <= days <= 12}[policy]
    if policy is ROLL:
        assert is_working_day(local_day(ends) - timedelta(days=1))


@pytest.mark.parametrize(
    ("sent", "ends", "reminds"),
    [
        ("2021-07-15 10:00", "2021-07-19 00:00", "2021-07-18 10:00"),
        ("2021-07-15 10:00", "2021-07-18 10:00", "2021-07-17 10:00"),
        ("2021-07-15 00:00", "2021-07-18 00:00", "2021-07-17 10:00"),
        ("2021-07-15 10:00", "2021-07-17 00:00", "2021-07-16 10:00"),
        ("2021-07-15 10:00", "2021-07-16 00:00", None),
        ("2021-07-15 10:00", "2021-07-16 23:00", None),
    ],
)
def test_the_reminder_is_at_ten_on_the_last_full_day(sent: str, ends: str, reminds: str | None) -> None:
    assert reminder_at(local(sent), local(ends)) == (local(reminds) if reminds else None)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2021, 7, 16), True),
        (date(2021, 7, 17), False),
        (date(2021, 7, 18), False),
        (date(2021, 7, 20), False),
        (date(2021, 8, 30), False),
        (date(2021, 12, 16), False),
    ],
)
def test_working_days_are_those_of_the_five_day_week(day: date, works: bool) -> None:  # noqa: FBT001
    assert is_working_day(day) is works


def test_local_days_and_instants() -> None:
    assert local_day(datetime(2021, 7, 15, 17, 59, 59, tzinfo=UTC)) == date(2021, 7, 15)
    assert local_day(datetime(2021, 7, 15, 18, tzinfo=UTC)) == date(2021, 7, 16)
    assert local_day(datetime(2024, 3, 15, 18, 59, 59, tzinfo=UTC)) == date(2024, 3, 15)
    assert at_local(date(2021, 7, 16)) == datetime(2021, 7, 15, 18, tzinfo=UTC)
    assert at_local(date(2024, 7, 16), time(10)) == datetime(2024, 7, 16, 5, tzinfo=UTC)
