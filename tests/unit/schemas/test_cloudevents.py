import base64
import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import NotACloudEventError, decode, encode, explain, wrap
from schemas.ids import derived_id
from schemas.plausible import check_not_ahead
from schemas.portal import PhoneRegistered
from schemas.received import SOURCE_DIGEST, UnknownEventError, received_event
from schemas.registry import TitleAwarded

NOW = datetime(2021, 7, 15, 4, tzinfo=UTC)
BOM = b"\xef\xbb\xbf"
REGISTRY = b"\0\0\0\1\x2a"
DATA = b'{"iin": "850101300015",  "title": "peoples_hero", "award_id": "A", "awarded_on": "2021-07-12"}'
BINARY = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"urn:registry"),
    ("ce_type", b"kz.jardem.registry.title-awarded.v1"),
    ("ce_time", b"2021-07-12T10:00:00+06:00"),
    ("content-type", b"application/json"),
)
STRUCTURED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "urn:registry",
    "type": "kz.jardem.registry.title-awarded.v1",
    "time": "2021-07-12T04:00:00Z",
    "data": json.loads(DATA),
}
IS_STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)


def without(name: str) -> tuple[tuple[str, bytes], ...]:
    return tuple(header for header in BINARY if header[0] != name)


def structured(**changes: Any) -> bytes:
    content = {name: value for name, value in (STRUCTURED | changes).items() if value is not ...}
    return json.dumps(content).encode()


def test_binary_mode_keeps_the_data_byte_for_byte() -> None:
    event = decode(DATA, BINARY, timestamp=NOW)
    assert (event.id, event.source, event.name) == ("e-1", "urn:registry", "registry.title-awarded.v1")
    assert event.time == datetime(2021, 7, 12, 4, tzinfo=UTC)
    assert event.time.tzinfo is UTC
    assert event.data == DATA
    assert event.sha256 == hashlib.sha256(DATA).hexdigest()
    assert event.extensions == {}


@pytest.mark.parametrize("id_", ["a%20b", "%FF", "100%", '"e-1"', r'"a\"b"', "aт b"])
@pytest.mark.parametrize("more", [(), (("ce_subject", b"any"),)])
def test_a_header_of_kafka_is_its_text_in_utf_8_and_nothing_in_it_is_decoded(
    id_: str, more: tuple[tuple[str, bytes], ...]
) -> None:
    """Its binding has neither quotes nor per cent; that of HTTP has."""
    assert decode(DATA, (*without("ce_id"), ("ce_id", id_.encode()), *more), timestamp=NOW).id == id_


@pytest.mark.parametrize("octets", [b"\xff", b"\xfe", b"\xc0\xa0", b"\xed\xa0\x80"])
def test_a_header_of_kafka_that_is_not_utf_8_is_refused(octets: bytes) -> None:
    with pytest.raises(NotACloudEventError, match="not UTF-8"):
        decode(DATA, (*without("ce_id"), ("ce_id", octets)), timestamp=NOW)


def test_structured_mode_gives_the_same_event() -> None:
    event = decode(structured(), IS_STRUCTURED, timestamp=NOW)
    assert (event.id, event.source, event.name) == ("e-1", "urn:registry", "registry.title-awarded.v1")
    assert event.time == datetime(2021, 7, 12, 4, tzinfo=UTC)
    assert json.loads(event.data) == json.loads(DATA)


def test_structured_mode_reads_base64_data_and_extensions_of_any_kind() -> None:
    encoded = base64.b64encode(DATA).decode()
    event = decode(
        structured(data=..., data_base64=encoded, priority=7, empty=None, datacontenttype="application/json"),
        IS_STRUCTURED,
        timestamp=NOW,
    )
    assert event.data == DATA
    assert event.extensions == {"priority": "7"}


def test_kazakh_letters_stay_letters_in_the_data() -> None:
    event = decode(structured(data={"reason": "қате"}), IS_STRUCTURED, timestamp=NOW)
    assert event.data == '{"reason":"қате"}'.encode()


@pytest.mark.parametrize("put_before", [b"", BOM, REGISTRY, REGISTRY + BOM])
def test_what_serializers_put_before_the_json_is_taken_off_in_every_mode(put_before: bytes) -> None:
    assert decode(put_before + DATA, BINARY, timestamp=NOW).data == DATA
    event = decode(put_before + structured(), IS_STRUCTURED, timestamp=NOW)
    assert json.loads(event.data) == json.loads(DATA)
    encoded = base64.b64encode(put_before + DATA).decode()
    assert decode(structured(data=..., data_base64=encoded), IS_STRUCTURED, timestamp=NOW).data == DATA


@pytest.mark.parametrize(
    "text",
    [
        DATA.replace(b"{", b'{"iin": "850101300015",'),
        DATA.replace(b"{", b'{"more": {"a": 1, "a": 1},'),
        DATA.replace(b"{", b'{"more": NaN,'),
        DATA.replace(b"{", b'{"more": 1e999,'),
        DATA.replace(b"{", b'{"more": "\\ud800",'),
        DATA.replace(b"{", b'{"more": ' + b"[" * 101 + b"]" * 101 + b","),
        DATA.replace(b"{", b'{"more": ' + b"1" * 5000 + b","),
        DATA.replace(b"{", b'{"more": "\xff",'),
        DATA.decode().encode("utf-16"),
        b"\0\0\0\0\7\x18850101300015",
    ],
)
def test_json_that_others_may_read_otherwise_is_refused_in_every_mode(text: bytes) -> None:
    with pytest.raises(UnknownEventError, match="the data: Invalid JSON"):
        received_event(decode(text, BINARY, timestamp=NOW), PUBLIC_IN)
    encoded = base64.b64encode(text).decode()
    with pytest.raises(UnknownEventError, match="the data: Invalid JSON"):
        received_event(
            decode(structured(data=..., data_base64=encoded), IS_STRUCTURED, timestamp=NOW), PUBLIC_IN
        )
    whole = structured(data="here").replace(b'"here"', text)
    with pytest.raises(NotACloudEventError, match="the value is not JSON"):
        decode(whole, IS_STRUCTURED, timestamp=NOW)


def test_an_attribute_that_stands_twice_in_a_structured_event_is_refused() -> None:
    with pytest.raises(NotACloudEventError, match="twice"):
        decode(structured().replace(b"{", b'{"id": "e-2",', 1), IS_STRUCTURED, timestamp=NOW)


@pytest.mark.parametrize("name", ["ce_id", "CE_ID", "ce_time", "ce_note", "Content-Type"])
def test_a_header_of_the_event_that_stands_twice_says_one_thing(name: str) -> None:
    headers = (*BINARY, ("ce_note", b"first"))
    said = {key.lower(): content for key, content in headers}[name.lower()]
    assert decode(DATA, (*headers, (name, said)), timestamp=NOW).id == "e-1"
    with pytest.raises(NotACloudEventError, match="stands twice") as problem:
        decode(DATA, (*headers, (name, b"850101300015")), timestamp=NOW)
    assert "850101300015" not in str(problem.value)


def test_a_header_that_says_nothing_of_the_event_may_stand_twice() -> None:
    assert decode(DATA, (*BINARY, ("hop", b"1"), ("hop", b"2")), timestamp=NOW).data == DATA


def test_a_trace_that_cannot_be_read_costs_no_event() -> None:
    assert decode(DATA, (*BINARY, ("traceparent", b"\xff")), timestamp=NOW).extensions == {}


@pytest.mark.parametrize(
    "media",
    [
        "application/cloudevents+json",
        "Application/CloudEvents+JSON",
        "application/cloudevents+json;charset=UTF-8",
        "application/cloudevents+json ; charset=utf-8; x=y",
    ],
)
def test_structured_mode_is_told_by_its_content_type_however_written(media: str) -> None:
    assert decode(structured(), (("Content-Type", media.encode()),), timestamp=NOW).id == "e-1"


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "text/plain", "application/octet-stream", "", "TEXT/JSON"]
)
def test_the_content_type_of_data_is_not_looked_at(media: str) -> None:
    headers = (*without("content-type"), ("content-type", media.encode()))
    assert decode(DATA, headers, timestamp=NOW).data == DATA
    event = decode(structured(datacontenttype=media), IS_STRUCTURED, timestamp=NOW)
    assert json.loads(event.data) == json.loads(DATA)


@pytest.mark.parametrize("media", ["application/cloudevents-batch+json", "application/cloudevents+avro"])
def test_another_format_of_cloud_events_is_named_as_what_is_wrong(media: str) -> None:
    with pytest.raises(NotACloudEventError, match=r"only application/cloudevents\+json is read"):
        decode(structured(), (("content-type", media.encode()),), timestamp=NOW)


def test_an_event_without_a_time_happened_when_its_record_was_made() -> None:
    assert decode(DATA, without("ce_time"), timestamp=NOW).time == NOW


@pytest.mark.parametrize("name", ["CE_TRACEPARENT", "traceparent"])
def test_the_trace_is_passed_on(name: str) -> None:
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event = decode(DATA, (*BINARY, (name, trace)), timestamp=NOW)
    assert event.extensions == {"traceparent": trace.decode()}
    headers = dict(encode(event)[0])
    assert headers["ce_traceparent"] == headers["traceparent"] == trace


def test_the_extension_stands_where_both_traces_are_given() -> None:
    event = decode(DATA, (*BINARY, ("traceparent", b"header"), ("ce_traceparent", b"mine")), timestamp=NOW)
    assert event.extensions == {"traceparent": "mine"}


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type"])
def test_a_binary_record_without_a_required_header_is_none(name: str) -> None:
    with pytest.raises(NotACloudEventError, match=f"the header {name} is missing"):
        decode(DATA, without(name), timestamp=NOW)
    with pytest.raises(NotACloudEventError, match=f"the header {name} is missing"):
        decode(DATA, (*without(name), (name, b"")), timestamp=NOW)


@pytest.mark.parametrize("name", ["id", "source", "type"])
def test_a_structured_record_without_a_required_attribute_is_none(name: str) -> None:
    with pytest.raises(NotACloudEventError, match=f"the attribute {name} is missing"):
        decode(structured(**{name: ...}), IS_STRUCTURED, timestamp=NOW)


@pytest.mark.parametrize(
    ("value", "headers", "why"),
    [
        (None, BINARY, "no value"),
        (DATA, without("ce_specversion"), "specversion"),
        (DATA, (*without("ce_specversion"), ("ce_specversion", b"0.3")), "specversion"),
        (DATA, (*BINARY, ("ce_note", b"\xff")), "UTF-8"),
        (DATA, (*without("ce_time"), ("ce_time", b"yesterday")), "RFC 3339"),
        (DATA, (*without("ce_time"), ("ce_time", b"2021-07-12T10:00:00")), "RFC 3339"),
        (DATA, (*without("ce_time"), ("ce_time", b"0001-01-01T00:00:00+14:00")), "RFC 3339"),
        (b"{", IS_STRUCTURED, "not JSON"),
        (b"\xff", IS_STRUCTURED, "not JSON"),
        (b"[" * 100_000, IS_STRUCTURED, "not JSON"),
        (b"[]", IS_STRUCTURED, "JSON object"),
        (structured(data=...), IS_STRUCTURED, "no data"),
        (structured(data_base64="%%"), IS_STRUCTURED, "not base64"),
        (structured(data_base64=7), IS_STRUCTURED, "not base64"),
        (structured(data_base64=1234), IS_STRUCTURED, "not base64"),
        (structured(data_base64="e30="), IS_STRUCTURED, "both data and data_base64"),
        (structured(specversion="2.0"), IS_STRUCTURED, "specversion"),
    ],
)
def test_what_is_no_cloud_event_says_why(
    value: bytes | None, headers: tuple[tuple[str, bytes], ...], why: str
) -> None:
    with pytest.raises(NotACloudEventError, match=why):
        decode(value, headers, timestamp=NOW)


def test_what_is_encoded_is_decoded_to_the_same() -> None:
    fact = PhoneRegistered(iin="850101300015", phone="+77011234567", registered_at=NOW)
    event = wrap(
        fact,
        id_="i",
        source="urn:x",
        time=NOW.astimezone(timezone(timedelta(hours=6))),
        extensions={"a": "b"},
    )
    headers, value = encode(event)
    assert dict(headers)["ce_time"] == b"2021-07-15T04:00:00Z"
    assert dict(headers)["content-type"] == b"application/json"
    assert dict(headers)["ce_specversion"] == b"1.0"
    again = decode(value, headers, timestamp=NOW + timedelta(days=1))
    assert again == event
    assert received_event(again, PUBLIC_IN).data == fact


def test_a_happening_has_an_id_from_source_and_id_and_the_digest_of_the_source() -> None:
    event = decode(DATA, BINARY, timestamp=NOW)
    found = received_event(event, PUBLIC_IN)
    assert found.id == derived_id("urn:registry", "e-1")
    assert (found.source, found.source_id, found.time) == ("urn:registry", "e-1", event.time)
    assert found.sha256 == hashlib.sha256(DATA).hexdigest()
    assert isinstance(found.data, TitleAwarded)
    assert found.name == "registry.title-awarded.v1"
    passed_on = decode(DATA, (*BINARY, (f"ce_{SOURCE_DIGEST}", b"ab" * 32)), timestamp=NOW)
    assert received_event(passed_on, PUBLIC_IN).sha256 == "ab" * 32


@pytest.mark.parametrize(
    "type_",
    [b"registry.title-awarded.v1", b"kz.jardem.registry.title-awarded.v2", b"kz.jardem.question.sent"],
)
def test_an_event_of_another_type_is_not_read(type_: bytes) -> None:
    event = decode(DATA, (*without("ce_type"), ("ce_type", type_)), timestamp=NOW)
    with pytest.raises(UnknownEventError, match="type"):
        received_event(event, PUBLIC_IN)


def test_wrong_data_is_explained_field_by_field_without_repeating_it() -> None:
    wrong = b'{"iin": "850101300016", "title": "tsar", "awarded_on": "2021-07-12"}'
    with pytest.raises(UnknownEventError) as problem:
        received_event(decode(wrong, BINARY, timestamp=NOW), PUBLIC_IN)
    said = str(problem.value)
    assert "iin: the check digit of the IIN is wrong" in said
    assert "title: " in said
    assert "award_id: Field required" in said
    assert said.count("; ") == 2
    assert "850101300016" not in said
    assert "tsar" not in said


def test_data_that_is_no_object_is_explained() -> None:
    with pytest.raises(ValidationError) as problem:
        TitleAwarded.model_validate_json("7")
    assert explain(problem.value).startswith("the data: ")


def test_derived_ids_follow_from_their_parts() -> None:
    assert derived_id("a", "b") == derived_id("a", "b")
    assert len({derived_id("a", "b"), derived_id("b", "a"), derived_id("a"), derived_id("ab")}) == 4
    assert derived_id("a", "b\nc") != derived_id("a\nb", "c")
    assert derived_id("a") == "8da1bfce-45ff-5d77-9f20-beedb2f1d8c5"


@pytest.mark.parametrize(
    ("awarded_on", "possible"),
    [(date(2021, 7, 15), True), (date(2021, 7, 16), True), (date(2021, 7, 17), False)],
)
def test_a_date_may_be_a_day_ahead_and_no_more(awarded_on: date, possible: bool) -> None:  # noqa: FBT001
    award = TitleAwarded(iin="850101300015", title="peoples_hero", award_id="A", awarded_on=awarded_on)
    if possible:
        check_not_ahead(award, NOW)
    else:
        with pytest.raises(ValueError, match="awarded_on"):
            check_not_ahead(award, NOW)


@pytest.mark.parametrize(
    ("ahead", "possible"),
    [(timedelta(0), True), (timedelta(days=1), True), (timedelta(days=1, microseconds=1), False)],
)
def test_an_instant_may_be_a_day_ahead_and_no_more(ahead: timedelta, possible: bool) -> None:  # noqa: FBT001
    fact = PhoneRegistered(iin="850101300015", phone=None, registered_at=NOW + ahead)
    if possible:
        check_not_ahead(fact, NOW)
    else:
        with pytest.raises(ValueError, match="registered_at"):
            check_not_ahead(fact, NOW)


def test_the_day_compared_is_the_one_in_almaty() -> None:
    award = TitleAwarded(iin="850101300015", title="peoples_hero", award_id="A", awarded_on=date(2021, 7, 17))
    check_not_ahead(award, datetime(2021, 7, 15, 18, tzinfo=UTC))
