import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.publish.lines import SOURCE, LineRefusedError, Prepared, prepare
from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import decode
from tests.unit.public_events import DATA, IIN, OF_PERSONS, PERSON, PSEUDONYMS

NOW = datetime(2021, 7, 15, 5, tzinfo=UTC)
AWARD = DATA["registry.title-awarded.v1"]
PHONE, ACCOUNT = "portal.phone-registered.v1", "statecorp.account-known.v1"


def line(**fields: Any) -> bytes:
    return json.dumps({"type": "registry.title-awarded.v1", "data": AWARD} | fields).encode()


def ready(text: bytes) -> Prepared:
    return prepare(1, text, PSEUDONYMS, NOW)


def refusal(text: bytes) -> str:
    with pytest.raises(LineRefusedError) as caught:
        ready(text)
    message = str(caught.value)
    assert IIN not in message
    return message


def test_every_public_event_is_tried_here() -> None:
    assert set(DATA) == set(PUBLIC_IN)


@pytest.mark.parametrize("name", OF_PERSONS)
def test_a_line_becomes_a_record_in_binary_mode_keyed_by_its_person(name: str) -> None:
    record = ready(line(type=name, data=DATA[name])).record
    assert record.topic == name
    assert record.key == PERSON.encode()
    headers = dict(record.headers)
    assert headers["ce_type"] == b"kz.jardem." + name.encode()
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"] == SOURCE.encode()
    assert headers["ce_time"] == b"2021-07-15T05:00:00Z"
    assert headers["content-type"] == b"application/json"
    assert record.value is not None
    assert json.loads(record.value) == DATA[name]
    for field in ("iin", "phone", "iban"):
        value = DATA[name].get(field)
        if value:
            assert value.encode() not in b" ".join([record.key, *headers.values()])


def test_a_days_total_is_keyed_by_what_it_totals() -> None:
    record = ready(line(type="registry.day-totalled.v1", data=DATA["registry.day-totalled.v1"])).record
    assert (record.topic, record.key) == ("registry.day-totalled.v1", b"registry.title-awarded.v1")
    assert refusal(
        line(type=record.topic, data=DATA[record.topic] | {"topic": "portal.phone-registered.v1"})
    ).startswith("data: topic")


def test_what_the_line_names_is_kept() -> None:
    record = ready(
        line(
            type="kz.jardem.registry.title-awarded.v1",
            id="award/17",
            source="urn:registry:awards",
            time="2021-07-14T10:00:00+06:00",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            data=AWARD | {"added_by_the_registry": "жаңа"},
        )
    ).record
    event = decode(record.value, record.headers, timestamp=NOW)
    assert (event.id, event.source) == ("award/17", "urn:registry:awards")
    assert event.time == datetime(2021, 7, 14, 4, tzinfo=UTC)
    assert event.extensions["traceparent"].startswith("00-0af7")
    assert json.loads(event.data)["added_by_the_registry"] == "жаңа"


def test_without_an_id_each_line_is_an_event_of_its_own() -> None:
    first, second = ready(line()), ready(line())
    assert first.identity != second.identity
    assert not first.given_id
    assert ready(line(id="mine")).identity == (SOURCE, "mine")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[]", "must be an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"type":"a","type":"b"}', "stands twice"),
        (b'{"type":NaN}', "not JSON"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (line(type="registry.unknown.v1"), "no such event"),
        (line(type="case.inbox.v1"), "no such event"),
        (line(type=""), "type: it must be a text"),
        (line(type=7), "type: it must be a text"),
        (b'{"data":{}}', "type: it must be a text"),
        (line(data=None), "data: it must be an object"),
        (line(data=[AWARD]), "data: it must be an object"),
        (line(data=AWARD | {"iin": "850101300018"}), "check digit"),
        (line(data=AWARD | {"title": "knight"}), "title"),
        (line(data=AWARD | {"awarded_on": "12.07.2021"}), "awarded_on"),
        (line(data=AWARD | {"awarded_on": "2031-07-12"}), "awarded_on: the date is more than a day ahead"),
        (line(data={key: value for key, value in AWARD.items() if key != "award_id"}), "award_id"),
        (line(id=17), "id: it must be a text"),
        (line(id="two\nlines"), "id: it must not hold control characters"),
        (line(id=f"award-{IIN}"), "holds the iin"),
        (line(id="850101-300015"), "holds the iin"),
        (line(traceparent="00-85010130001500000000000000000000-b7ad6b7169203331-01"), "holds the iin"),
        (line(id="8 (701) 123-45-67", type=PHONE, data=DATA[PHONE]), "holds the phone"),
        (line(id="kz86 125k zt50 0410 0100", type=ACCOUNT, data=DATA[ACCOUNT]), "holds the iban"),
        (line(source=f"urn:person:{IIN}"), "holds the iin"),
        (line(time="2021-07-15T10:00:00"), "time"),
        (line(time="yesterday"), "time"),
        (line(specversion="0.3"), "specversion"),
        (line(datacontenttype="text/xml"), "datacontenttype"),
        (line(**{f"person {IIN}": 1}), "not known here"),
    ],
)
def test_what_cannot_be_published_is_refused_with_what_to_mend(text: bytes, why: str) -> None:
    assert why in refusal(text)


def test_what_no_broker_or_reader_takes_is_refused_before_anything_is_sent() -> None:
    half = line(data=AWARD | {"award_id": "\ud800"})
    assert "surrogate" in refusal(half)
    assert "too many digits" in refusal(line(data="x").replace(b'"x"', b"1" * 5000))
    assert "larger than" in refusal(line(data=AWARD | {"more": "y" * 1_000_000}))
