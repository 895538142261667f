"""Ids laid apart, and put back where they were."""

import json
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.packing.ids_apart import lay_apart, put_back

FAR = 2**40
_ID = UUID("0d4b1f2a-1c2d-5e3f-8a9b-0123456789ab")
_DIGEST = "0123456789abcdef" * 4
_IDS = {
    "case_id": str(_ID),
    "person_id": _DIGEST,
    "trace": _DIGEST[:32],
    "sid": f"SM{_DIGEST[:32]}",
}
_NEARLY = [
    f"IN{_DIGEST[:32]}",
    f"SM{_DIGEST[:33]}",
    f"MS{_DIGEST[:32]}",
    _DIGEST[:34],
    _DIGEST[:36],
    _DIGEST[:63],
    f"{_DIGEST[:31]}-",
    f"{_DIGEST[:62]}--",
    str(_ID).upper(),
    f"{_DIGEST[:7]}-{_DIGEST[:5]}-5e3f-8a9b-0123456789ab",
    "-" * 36,
]

pieces = st.one_of(
    st.binary(max_size=9),
    st.sampled_from([b'"', b"\xc0", b'"\xc0', b'"\xc0U\x00"', b'"\xc0S\x22"', b",", b"SM"]),
    st.uuids().map(lambda each: str(each).encode()),
    st.sampled_from([each.encode() for each in (*_IDS.values(), *_NEARLY)]),
    st.text("0123456789abcdef-SM", min_size=30, max_size=66).map(str.encode),
)


@given(st.lists(pieces, max_size=40).map(b"".join))
@example(b'"\xc0U\x00"' + f'"{_ID}"'.encode())
def test_whatever_it_is_comes_back_the_same(content: bytes) -> None:
    assert put_back(*lay_apart(content), FAR) == content


@given(st.lists(st.sampled_from([*_IDS.values(), *_NEARLY]), max_size=40))
def test_json_comes_back_the_same(texts: list[str]) -> None:
    content = json.dumps(texts).encode()
    ids, text = lay_apart(content)
    assert put_back(ids, text, FAR) == content
    assert len(ids) == sum(32 if each == _DIGEST else 16 for each in set(texts) & set(_IDS.values()))
    for each in {*texts} & {*_IDS.values()}:
        assert f'"{each}"'.encode() not in text


def test_an_id_lies_apart_once() -> None:
    content = json.dumps([_IDS, _IDS, "SM"]).encode()
    ids, text = lay_apart(content)
    assert ids == b"".join((_ID.bytes, *(bytes.fromhex(_DIGEST[:size]) for size in (64, 32, 32))))
    assert len(text) < len(content) - len(ids)


def test_no_more_lie_apart_than_have_a_number() -> None:
    content = json.dumps([str(UUID(int=number)) for number in range(300)] * 2).encode()
    ids, text = lay_apart(content)
    assert len(ids) == 256 * 16
    assert put_back(ids, text, FAR) == content


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (bytes(15), b'"\xc0U\x00"'),
        (bytes(17), b'"\xc0U\x00"'),
        (bytes(16), b'"\xc0U\x01"'),
        (bytes(16), b"nothing"),
        (bytes(16), b'"\xc0U\x00" "\xc0D\x01"'),
    ],
)
def test_what_does_not_belong_together_is_said(ids: bytes, text: bytes) -> None:
    with pytest.raises(ValueError, match="id"):
        put_back(ids, text, FAR)


def test_what_would_fill_the_memory_is_not_put_back() -> None:
    ids, text = lay_apart(json.dumps([_DIGEST] * 1000).encode())
    assert len(text) < 10_000
    with pytest.raises(ValueError, match="grows"):
        put_back(ids, text, 60_000)
