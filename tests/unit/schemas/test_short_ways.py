"""What is read or written in a short way comes to the same as in the long one."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import cloudevents, json_text
from schemas.canonical import canonical
from schemas.cloudevents import CloudEvent, NotACloudEventError, decode, encode
from schemas.json_text import NotJSONError, read_json

_LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
_NAMES = st.text(st.characters(max_codepoint=0x7F), max_size=6)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)
_HEADERS = {
    "ce_specversion": [b"1.0", b"1.1"],
    "ce_id": [b"an id", b"", b"\xff"],
    "ce_source": [b"/registry", "реестр".encode()],
    "ce_type": [b"kz.jardem.x"],
    "ce_time": [b"2026-11-26T12:00:00.123456Z", b"2026-11-26T12:00:00+05:00", b"2026-02-30T12:00:00Z", b"x"],
    "content-type": [b"application/json", b"application/json; charset=utf-8", b"application/cloudevents+xml"],
    "ce_sourcesha256": [b"0" * 64],
    "ce_traceparent": [b"00-a", b"\xff"],
    "traceparent": [b"00-b", b"\xff"],
    "CE_ID": [b"an id", b"another"],
    "ce_other": [b"x"],
}


@given(st.dictionaries(_NAMES, _JSON, max_size=5))
def test_canonical_bytes_are_those_of_pythons_own_writer(value: dict[str, object]) -> None:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == written.encode()


@given(_JSON)
def test_what_we_wrote_is_read_as_it_is(value: object) -> None:
    text = json_text.write_json(value)
    assert read_json(text) == json_text._parsed(text) == value


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":1}', b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud800"}', b"[" * 101]
)
def test_what_others_may_read_otherwise_is_still_refused(text: bytes) -> None:
    with pytest.raises(NotJSONError):
        read_json(text)


@pytest.mark.parametrize(
    "text", [b'{"a":18446744073709551616}', b'{"a": 1}', b'{"a":"\\u0041"}', b'{"a":1.50}']
)
def test_what_we_would_write_otherwise_is_read_in_full(text: bytes) -> None:
    assert read_json(text) == json.loads(text)


@given(
    st.lists(
        st.sampled_from(sorted(_HEADERS)).flatmap(
            lambda n: st.tuples(st.just(n), st.sampled_from(_HEADERS[n]))
        )
    )
)
def test_headers_read_at_once_say_the_same(more: list[tuple[str, bytes]]) -> None:
    usual = [(name, _HEADERS[name][0]) for name in list(_HEADERS)[:6]]
    told = dict(more)
    for headers in (tuple(more), tuple((name, told.get(name, value)) for name, value in usual)):
        quick = cloudevents._as_we_write(b"{}", headers)
        if quick is not None:
            shuffled = (*headers, ("unrelated", b"x"))
            assert cloudevents._as_we_write(b"{}", shuffled) is None
            assert decode(b"{}", shuffled, timestamp=None) == quick


def test_what_is_encoded_is_decoded_again() -> None:
    at = datetime(2026, 11, 26, 12, tzinfo=UTC)
    event = CloudEvent(
        "id", "/source", "kz.jardem.x", at, b"{}", {"traceparent": "00-a", "sourcesha256": "0"}
    )
    headers, value = encode(event)
    assert dict(headers)["traceparent"] == dict(headers)["ce_traceparent"] == b"00-a"
    assert decode(value, headers, timestamp=None) == event
    with pytest.raises(NotACloudEventError):
        decode(value, headers[1:], timestamp=None)
