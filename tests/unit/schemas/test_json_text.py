"""What may stand before JSON, what is refused in it, and that nothing but a refusal ever comes of bytes."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.catalogue import PUBLIC_IN
from schemas.cloudevents import NotACloudEventError, decode
from schemas.json_text import NotJSONError, bare, read_json, write_json
from schemas.received import UnknownEventError, received_event
from tests.unit.public_events import DATA

NOW = datetime(2021, 7, 15, tzinfo=UTC)
BOM = b"\xef\xbb\xbf"
TITLE = "registry.title-awarded.v1"

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)
before = st.sampled_from([b"", BOM]) | st.builds(
    lambda id_, bom: b"\0" + id_.to_bytes(4, "big") + bom,
    st.integers(0, 2**32 - 1),
    st.sampled_from([b"", BOM]),
)


@given(before, st.dictionaries(st.text(max_size=3).filter(str.isascii), values, max_size=3), st.booleans())
@example(b"\0\0\xfe\xff\0", {"iin": 1}, False)  # noqa: FBT003 - hypothesis takes them so
@example(b"\0{{{{", {"iin": 1}, False)  # noqa: FBT003
def test_what_serializers_put_before_an_object_is_taken_off(
    put_before: bytes,
    content: dict[str, object],
    spaced: bool,  # noqa: FBT001
) -> None:
    text = (b" \r\n\t" if spaced else b"") + json.dumps(content).encode()
    assert bare(put_before + text) == text
    assert read_json(bare(put_before + text)) == content


@given(values)
def test_what_is_written_is_read(content: object) -> None:
    assert read_json(write_json(content)) == content
    assert read_json(json.dumps(content).encode()) == content


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Expecting value at character 1"),
        (b"{", "at character 2"),
        (b'{"a": 1} {}', "Extra data"),
        (b'{"a": 1,}', "at character 9"),
        (b"{'a': 1}", "at character 2"),
        (b'{"a": "\n"}', "control character"),
        (b'{"a": 01}', "at character"),
        (b"\xef\xbb\xbf{}", "Expecting value"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\xc0\xaf"}', "not UTF-8"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "{}".encode("utf-16-be"), "UTF-16"),
        ("{}".encode("utf-32"), "UTF-32"),
        (b"\0\0\xfe\xff" + "{}".encode("utf-32-be"), "UTF-32"),
        ("{}".encode("utf-16-be"), "zero bytes"),
        ("{}".encode("utf-32-le"), "zero bytes"),
        (b"\0\0\0\0\x07\x02\x0eAvro", "zero bytes"),
        (b"\0\0\0\0\x07", "zero bytes"),
        (b"\0", "zero bytes"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"a": 1, "\\u0061": 2}', "twice"),
        (b'[{"b": {"a": null, "a": null}}]', "twice"),
        (b'{"a": NaN}', "NaN and Infinity"),
        (b'{"a": -Infinity}', "NaN and Infinity"),
        (b'{"a": 1e999}', "a double"),
        (b'{"a": -1e999}', "a double"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "surrogate"),
        (b'{"\\uDFFF": 1}', "surrogate"),
        (b'{"a": [{"b": "\\ud83d"}]}', "surrogate"),
        (b"[" * 101 + b"]" * 101, "too deeply"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "too deeply"),
        (b"[" * 3_000_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
    ],
)
def test_what_others_might_read_otherwise_is_refused_and_told_why(text: bytes, why: str) -> None:
    with pytest.raises(NotJSONError, match=why):
        read_json(text)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100 + b"1" + b"]" * 100,
        b"[" + b"[]," * 5000 + b"{}]",
        b'"' + b"[{" * 5000 + b'"',
        b'"\\ud83d\\ude4f \\\\ud800"',
        b"1e308",
        b"9" * 4000,
    ],
)
def test_what_is_long_or_odd_but_plain_is_read(text: bytes) -> None:
    assert read_json(text) == json.loads(text)


PARTS = (
    rb'''{ } [ ] " : , - 1 e999 \u d800 NaN null true "iin" "a":1 "data": "data_base64": "time": "data":{} {}
    "specversion":"1.0" "id":"1" "source":"s" "type":"kz.jardem.registry.title-awarded.v1"'''
).split()
parts = st.sampled_from([*PARTS, b" ", b"\0", b"\0\0\0\0\1", BOM, b"\xff\xfe", b"\xff"])
header_names = st.sampled_from(
    [
        "ce_specversion",
        "ce_id",
        "CE_ID",
        "ce_source",
        "ce_type",
        "ce_time",
        "content-type",
        "traceparent",
        "ce_x",
    ]
)
header_values = st.binary(max_size=8) | st.sampled_from(
    [
        b"1.0",
        b"1",
        b"kz.jardem.registry.title-awarded.v1",
        b"application/cloudevents+json",
        b"2021-07-01T09:00:00Z",
    ]
)


def fields_of(name: str) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(
        st.sampled_from(sorted(PUBLIC_IN[name].model_fields)), values, min_size=1, max_size=2
    )


@given(
    st.binary() | st.lists(parts).map(b"".join) | st.lists(parts).map(lambda p: b"{" + b",".join(p) + b"}"),
    st.lists(st.tuples(header_names, header_values), max_size=8)
    | st.just([("content-type", b"application/cloudevents+json")])
    | st.just(
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"1"),
            ("ce_source", b"s"),
            ("ce_type", b"kz.jardem." + TITLE.encode()),
        ]
    ),
)
def test_whatever_comes_is_an_event_or_is_refused(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    try:
        received_event(decode(value, headers, timestamp=NOW), PUBLIC_IN)
    except (NotACloudEventError, UnknownEventError) as error:
        assert str(error).isprintable()  # noqa: PT017 - most of what comes is refused


@given(st.sampled_from(sorted(DATA)).flatmap(lambda name: st.tuples(st.just(name), fields_of(name))))
def test_whatever_the_fields_hold_is_an_event_or_is_refused(given_: tuple[str, dict[str, object]]) -> None:
    name, changed = given_
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"1"),
        ("ce_source", b"s"),
        ("ce_type", f"kz.jardem.{name}".encode()),
    ]
    try:
        received_event(decode(write_json(DATA[name] | changed), headers, timestamp=NOW), PUBLIC_IN)
    except UnknownEventError as error:
        told = str(error).partition(":")[0].partition(".")[0]
        assert told in (*DATA[name], *changed, "the data")
