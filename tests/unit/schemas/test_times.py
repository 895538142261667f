"""What is a time and what is a day, in every field of every public event and in `ce_time`."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import NotACloudEventError, decode
from schemas.deadlines import DeadlineElapsed
from schemas.portal import PhoneRegistered
from schemas.received import ReceivedEvent, UnknownEventError, received_event
from schemas.times import read_day, read_instant
from tests.unit.public_events import DATA, IIN

NOW = datetime(2021, 7, 15, 4, tzinfo=UTC)

NO_INSTANTS = [
    "20210701",
    "1626084000",
    "1626084000.5",
    "0",
    "",
    "2021-07-01",
    "20210701T090000Z",
    "20210701T090000+0600",
    "2021-07-01T09Z",
    "2021-07-01T09:00Z",
    "2021-07-01T09:00+06:00",
    "2021-07-01T09:00:00",
    "2021-07-01T09:00:00.5",
    "2021-07-01T09:00:00+06",
    "2021-07-01T09:00:00+0600",
    "2021-07-01T09:00:00+6:00",
    "2021-07-01T09:00:00+24:00",
    "2021-07-01T09:00:00+06:60",
    "2021-07-01T09:00:00+06:00:00",
    "2021-07-01T09:00:00 +06:00",
    "2021-07-01T09:00:00 Z",
    "2021-07-01T09:00:00Z+06:00",
    "2021-07-01T09:00:00\u221206:00",
    "2021-07-01T09:00:00 UTC",
    "2021-07-01T09:00:00[Asia/Almaty]",
    "2021-07-01T09:00:00+06:00[Asia/Almaty]",
    "2021-07-01T09:00:00.Z",
    "2021-07-01T09:00:00,5Z",
    "2021-07-01 09:00:00Z",
    "2021-07-01_09:00:00Z",
    "2021-07-01t09:00:00",
    "2021-7-1T09:00:00Z",
    "2021-07-01T9:00:00Z",
    "21-07-01T09:00:00Z",
    "02021-07-01T09:00:00Z",
    "+2021-07-01T09:00:00Z",
    "-2021-07-01T09:00:00Z",
    "2021-W26-4T09:00:00Z",
    "2021-182T09:00:00Z",
    "2021/07/01T09:00:00Z",
    "01.07.2021 09:00",
    "2021-07-01T24:00:00Z",
    "2021-07-01T25:00:00Z",
    "2021-07-01T09:60:00Z",
    "2021-07-01T09:00:61Z",
    "2021-07-01T09:00:60Z",
    "2021-06-30T23:59:60+06:00",
    "2021-02-30T09:00:00Z",
    "2021-13-01T09:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-01:00",
    "9999-12-31T23:59:60Z",
    " 2021-07-01T09:00:00Z",
    "2021-07-01T09:00:00Z ",
    "2021-07-01T09:00:00Z\n",
    "\ufeff2021-07-01T09:00:00Z",
    "٢٠٢١-٠٧-٠١T09:00:00Z",
    "２０２１-07-01T09:00:00Z",
    "Thu, 01 Jul 2021 09:00:00 GMT",
    "2021-07-01T09:00:00Z/P1D",
    "now",
    "today",
]
NO_DAYS = [
    "20210701",
    "0",
    "18809",
    "1625097600",
    "1625097600.0",
    "",
    "2021-7-1",
    "21-07-01",
    "2021-07",
    "2021-W26-4",
    "2021-182",
    "2021-07-01T00:00:00Z",
    "2021-07-01T00:00:00",
    "2021-07-01 00:00:00",
    "2021-07-01Z",
    "2021-07-01+06:00",
    "2021/07/01",
    "2021.07.01",
    "01.07.2021",
    "01-07-2021",
    "2021-02-30",
    "2021-13-01",
    "2021-00-01",
    "0000-01-01",
    "02021-07-01",
    "+2021-07-01",
    " 2021-07-01",
    "2021-07-01 ",
    "2021-07-01\n",
    "٢٠٢١-٠٧-٠١",
    "２０２１-07-01",
    "2021\u201007\u201001",
    "today",
]
NO_TEXTS: list[Any] = [0, 20210701, 1626084000, 1626084000.5, -1, True, [], {}, ["2021-07-01"]]


def fields(form: str) -> Iterator[tuple[str, str]]:
    """Every field of every public event that takes a day, or an instant."""
    for name, model in PUBLIC_IN.items():
        for field, schema in model.model_json_schema()["properties"].items():
            if any(kind.get("format") == form for kind in (schema, *schema.get("anyOf", ()))):
                yield name, field


DAYS, INSTANTS = list(fields("date")), list(fields("date-time"))


def binary(name: str, **attributes: str) -> tuple[tuple[str, bytes], ...]:
    given_ = {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{name}", **attributes}
    return tuple((f"ce_{key}", value.encode()) for key, value in given_.items())


def read_binary(name: str, data: dict[str, Any]) -> ReceivedEvent:
    event = decode(json.dumps(data).encode(), binary(name), timestamp=NOW)
    return received_event(event, PUBLIC_IN)


def read_structured(name: str, data: dict[str, Any], **attributes: Any) -> ReceivedEvent:
    content = {"specversion": "1.0", "id": "1", "source": "s", "type": f"kz.jardem.{name}", "data": data}
    value = json.dumps(content | attributes).encode()
    event = decode(value, (("content-type", b"application/cloudevents+json"),), timestamp=NOW)
    return received_event(event, PUBLIC_IN)


def test_the_fields_with_days_and_times_are_found() -> None:
    assert {field for _, field in DAYS} == {
        *("awarded_on", "established_on", "died_on", "recorded_on", "day", "held_on", "until"),
    }
    assert {field for _, field in INSTANTS} == {"registered_at", "signed_at"}


@pytest.mark.parametrize("read", [read_binary, read_structured])
@pytest.mark.parametrize(("name", "field"), INSTANTS)
@pytest.mark.parametrize("written", [*NO_INSTANTS, *NO_TEXTS, None])
def test_nothing_but_rfc_3339_is_a_time_in_any_event(
    written: object, name: str, field: str, read: Any
) -> None:
    with pytest.raises(UnknownEventError, match=f"^{field}: ") as problem:
        read(name, DATA[name] | {field: written})
    assert len(str(written)) < 5 or str(written) not in str(problem.value)


@pytest.mark.parametrize("read", [read_binary, read_structured])
@pytest.mark.parametrize(("name", "field"), DAYS)
@pytest.mark.parametrize("written", [*NO_DAYS, *NO_TEXTS, None])
def test_nothing_but_year_month_and_day_is_a_day_in_any_event(
    written: object, name: str, field: str, read: Any
) -> None:
    with pytest.raises(UnknownEventError, match=f"^{field}: "):
        read(name, DATA[name] | {field: written})


@pytest.mark.parametrize("written", NO_INSTANTS)
def test_nothing_but_rfc_3339_is_the_time_of_an_event(written: str) -> None:
    name = "registry.death-registered.v1"
    data = json.dumps(DATA[name]).encode()
    with pytest.raises(NotACloudEventError, match="RFC 3339"):
        decode(data, binary(name, time=written), timestamp=NOW)
    with pytest.raises(NotACloudEventError, match="RFC 3339"):
        read_structured(name, DATA[name], time=written)


@pytest.mark.parametrize("written", NO_TEXTS)
def test_the_time_of_a_structured_event_is_a_text(written: object) -> None:
    name = "registry.death-registered.v1"
    with pytest.raises(NotACloudEventError, match="RFC 3339"):
        read_structured(name, DATA[name], time=written)
    assert read_structured(name, DATA[name], time=None).time == NOW


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2021-07-01T09:00:00+06:00", datetime(2021, 7, 1, 3, tzinfo=UTC)),
        ("2021-07-01T09:00:00Z", datetime(2021, 7, 1, 9, tzinfo=UTC)),
        ("2021-07-01t09:00:00z", datetime(2021, 7, 1, 9, tzinfo=UTC)),
        ("2021-07-01T09:00:00-00:00", datetime(2021, 7, 1, 9, tzinfo=UTC)),
        ("2021-07-01T09:00:00.1Z", datetime(2021, 7, 1, 9, 0, 0, 100_000, tzinfo=UTC)),
        ("2021-07-01T09:00:00.123456789Z", datetime(2021, 7, 1, 9, 0, 0, 123_456, tzinfo=UTC)),
        ("2021-07-01T09:00:00.999999999Z", datetime(2021, 7, 1, 9, 0, 0, 999_999, tzinfo=UTC)),
        ("2021-07-01T00:00:00+23:59", datetime(2021, 6, 30, 0, 1, tzinfo=UTC)),
        ("2020-02-29T00:00:00Z", datetime(2020, 2, 29, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T05:59:60.25+06:00", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_all_of_rfc_3339_is_read_everywhere(written: str, instant: datetime) -> None:
    assert read_instant(written) == instant
    phone = "portal.phone-registered.v1"
    for read in (read_binary, read_structured):
        fact = read(phone, DATA[phone] | {"registered_at": written}).data
        assert isinstance(fact, PhoneRegistered)
        assert fact.registered_at == instant
    assert read_structured(phone, DATA[phone], time=written).time == instant
    assert decode(b"{}", binary(phone, time=written), timestamp=NOW).time == instant


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - the offset comes beside it
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_a_time_is_read_with_whatever_offset_it_is_written(moment: datetime, minutes: int) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = read_instant(local.isoformat())
    assert (found, found.utcoffset()) == (local, timedelta(0))


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_we_have_written_ourselves_is_read(moment: datetime) -> None:
    fact = PhoneRegistered(iin=IIN, phone=None, registered_at=moment)
    assert PhoneRegistered.model_validate_json(fact.model_dump_json()) == fact
    elapsed = DeadlineElapsed(deadline="d", version=1, due=moment)
    assert DeadlineElapsed.model_validate(elapsed.model_dump(mode="json")) == elapsed


@given(st.dates())
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    assert read_day(day.isoformat()) == day


@given(
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=6))])),
    st.integers(0, 31),
    st.text("0123456789-+.,:TtZzWtz \n٠", max_size=2),
)
def test_what_is_almost_a_time_is_what_it_says_or_nothing(moment: datetime, at: int, other: str) -> None:
    right = moment.isoformat()
    written = right[:at] + other + right[at + 1 :]
    try:
        instant = read_instant(written)
    except ValueError:
        return
    assert written.isascii()
    assert len(written) >= len("2021-07-01T09:00:00Z")
    assert instant == datetime.fromisoformat(written.upper())


@given(st.dates(), st.integers(0, 9), st.text("0123456789-+.:TtZzW \n٠", max_size=2))
def test_what_is_almost_a_day_is_what_it_says_or_nothing(day: date, at: int, other: str) -> None:
    written = day.isoformat()[:at] + other + day.isoformat()[at + 1 :]
    try:
        assert read_day(written).isoformat() == written
    except ValueError:
        return
