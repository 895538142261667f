import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.canonical import NotCanonicalError, canonical, data_of, digest, text_digest
from schemas.outcomes import AdvanceCause
from tests.documents import CHAIN

VECTORS: list[tuple[dict[str, Any], bytes]] = [
    ({}, b"{}"),
    ({"b": 1, "a": 2, "B": 3, "aa": 4, "_": 5}, b'{"B":3,"_":5,"a":2,"aa":4,"b":1}'),
    ({"a": [True, False, None, -1, 0, "", []]}, b'{"a":[true,false,null,-1,0,"",[]]}'),
    # The strings of RFC 8785, section 3.2.2.2: what is escaped, and how.
    ({"string": '\u20ac$\u000f\nA\'B"\\\\"/'}, b'{"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'),
    ({"a": "\b\t\n\f\r\x00\x1f\x7f\u2028</"}, b'{"a":"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8</"}'),
    ({"a": "Әә \U0001f4e8"}, b'{"a":"\xd3\x98\xd3\x99 \xf0\x9f\x93\xa8"}'),
    ({"n": 2**53 - 1, "m": -(2**53) + 1}, b'{"m":-9007199254740991,"n":9007199254740991}'),
]


@pytest.mark.parametrize(("value", "written"), VECTORS)
def test_the_bytes_are_those_of_rfc_8785(value: dict[str, Any], written: bytes) -> None:
    assert canonical(value) == written


def test_the_chain_of_the_contract_has_the_digest_that_stands_there() -> None:
    assert digest(CHAIN[0]) == CHAIN[1]["previous"]
    assert text_digest(canonical(CHAIN[0]).decode()) == CHAIN[1]["previous"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": 0.5}, "not whole"),
        ({"a": [{"b": 1.0}]}, "not whole"),
        ({"a": float("nan")}, "not whole"),
        ({"a": 2**53}, "beyond"),
        ({"ә": 1}, "ASCII"),
        ({1: 1}, "ASCII"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": b"1"}, "JSON does not have"),
        ({"a": {1, 2}}, "JSON does not have"),
    ],
)
def test_what_readers_could_write_otherwise_is_refused(value: Any, why: str) -> None:
    with pytest.raises(NotCanonicalError, match=why):
        canonical(value)


_NAMES = st.text(st.characters(max_codepoint=127), max_size=5)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _VALUES, max_size=3))
def test_what_is_read_again_has_the_same_bytes(value: dict[str, Any]) -> None:
    written = canonical(value)
    again = json.loads(written)
    assert again == value
    assert canonical(dict(reversed(again.items()))) == written


def test_the_data_of_a_model_are_its_fields_as_they_are_sent() -> None:
    assert data_of(AdvanceCause(type="deadline.elapsed", id="f0")) == CHAIN[1]["cause"]
