"""The look-out for canaries sees them, in whatever form they stand."""

import base64

import pytest

from tests.canaries import CANARIES, TEXT, WHO, found_in


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "z", "zz"])
def test_a_canary_in_base64_is_found_wherever_it_begins(before: str, after: str) -> None:
    for canary in CANARIES:
        told = base64.b64encode(f"{before}{canary.lstrip('+')}{after}".encode())
        assert found_in(b'{"value": "', told, b'"}') == [canary]


def test_a_canary_is_found_as_text_octets_hex_and_in_what_holds_it() -> None:
    assert found_in({"number": WHO.phone}, [WHO.iin]) == [WHO.iin, WHO.phone]
    assert found_in(TEXT.encode().hex()) == [TEXT]
    assert found_in(TEXT.encode("utf-16-be")) == [TEXT]
    assert found_in("nobody", b"nobody", {"a": 1}) == []
