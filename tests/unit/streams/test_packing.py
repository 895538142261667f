from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.packing import effects
from streams.packing.packed import DICTIONARY, NotPackedError, pack, unpack
from streams.records import Outgoing

segments = st.binary(max_size=40).map(lambda content: urlsafe_b64encode(content).rstrip(b"="))
tokens = st.lists(segments | st.binary(max_size=8), max_size=4).map(b".".join)
documents = st.builds(lambda a, token, b: a + b'"eyJ' + token + b, st.binary(), tokens, st.binary())


@given(documents)
def test_whatever_stands_in_a_value_comes_back_the_same(value: bytes) -> None:
    sent = [Outgoing("cabinet.notified.v1", b"key", value, (("ce_id", b"1"),)), Outgoing("t", None, None)]
    assert effects.load(effects.dump(sent)) == sent


def test_a_document_lies_there_in_the_clear() -> None:
    claims = b'{"case_id":"4711","kind":"decided"}'
    token = b".".join(
        urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"EdDSA"}', claims, b"\xff" * 64)
    )
    packed = effects.dump([Outgoing("t", b"k", b'{"document":"' + token + b'","iin":"1"}')])
    assert claims in packed
    assert token not in packed


def test_base64_that_is_not_as_it_would_be_written_is_left_as_it_is() -> None:
    loose = b"eyJh.eyJhIjoxfR.AB="
    (read,) = effects.load(effects.dump([Outgoing("t", b"k", b'{"document":"' + loose + b'"}')]))
    assert read.value == b'{"document":"' + loose + b'"}'


@given(st.binary())
def test_content_is_packed_and_read_again(content: bytes) -> None:
    assert unpack(pack(content)) == content


def test_json_of_before_is_read_as_it_is() -> None:
    assert unpack(b'{"version":2}') == b'{"version":2}'


@pytest.mark.parametrize("value", [b"", b"\x00", b"[1]", b"\xfa" + pack(b"{}")[1:], pack(b"{}")[:-1]])
def test_what_is_not_packed_says_so_and_repeats_nothing(value: bytes) -> None:
    with pytest.raises(NotPackedError) as raised:
        unpack(value)
    assert "jardem" in str(raised.value) or "damaged" in str(raised.value)


def test_what_would_fill_the_memory_is_not_unpacked() -> None:
    bomb = pack(bytes(65 * 1024 * 1024))
    assert bomb[0] == DICTIONARY
    with pytest.raises(NotPackedError, match="grows beyond"):
        unpack(bomb)
