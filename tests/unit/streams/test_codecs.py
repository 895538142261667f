"""What is decompressed, within which bounds, and what is said where it cannot be."""

import builtins
import gzip
import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import codec as aiokafka_codec

from streams.transport.codecs import CODECS, DecompressionError, decompress, lacking
from tests.crafted import CODECS as NUMBERS
from tests.crafted import compressed

CONTENTS = [b"", b"x", os.urandom(5_000) * 40, bytes(3_000_000)]
COMPRESSED = [codec for codec in NUMBERS if codec != "none"]


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("content", CONTENTS, ids=["nothing", "a byte", "noise", "zeros"])
def test_what_any_client_compresses_is_given_back(codec: str, content: bytes) -> None:
    assert decompress(NUMBERS[codec], compressed(content, codec)) == content


@pytest.mark.parametrize("codec", CODECS)
def test_what_aiokafka_compresses_is_given_back(codec: int) -> None:
    encode: Any = getattr(aiokafka_codec, f"{CODECS[codec][0]}_encode")
    assert decompress(codec, bytes(encode(b"jardem " * 20_000))) == b"jardem " * 20_000


def test_a_member_of_gzip_may_follow_another() -> None:
    assert decompress(1, gzip.compress(b"jar") + gzip.compress(b"dem")) == b"jardem"


@pytest.mark.parametrize("behind", [bytes(8), b"hello", b"\x1f"])
def test_what_stands_behind_gzip_and_is_none_is_passed_over(behind: bytes) -> None:
    assert decompress(1, gzip.compress(b"jar") + gzip.compress(b"dem") + behind) == b"jardem"


def test_a_stream_of_snappy_may_follow_another() -> None:
    streams = compressed(b"jar" * 20_000, "snappy blocks") + compressed(b"dem", "snappy blocks")
    assert decompress(2, streams) == b"jar" * 20_000 + b"dem"


@pytest.mark.parametrize("codec", CODECS)
def test_want_of_memory_is_not_taken_for_broken_data(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(data: bytes, most: int) -> Iterator[bytes]:
        yield data[:most]
        raise MemoryError

    monkeypatch.setitem(CODECS, codec, ("any", short))
    with pytest.raises(MemoryError):
        decompress(codec, b"sound")


@pytest.mark.parametrize("codec", COMPRESSED)
def test_what_grows_beyond_the_bound_is_refused_before_it_has(codec: str) -> None:
    bomb = compressed(bytes(40_000_000), codec)
    tracemalloc.start()
    try:
        with pytest.raises(DecompressionError, match="grows beyond 1 MiB"):
            decompress(NUMBERS[codec], bomb, 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("damage", ["cut", "noise", "nothing"])
def test_broken_data_is_refused_or_gives_less_and_raises_nothing_else(codec: str, damage: str) -> None:
    whole = compressed(os.urandom(200_000), codec)
    data = {"cut": whole[: len(whole) // 2], "noise": os.urandom(200), "nothing": b""}[damage]
    try:
        found = decompress(NUMBERS[codec], data)
    except DecompressionError as error:
        # Noise may begin as what is huge does.
        named = CODECS[NUMBERS[codec]][0] in error.reason or "grows beyond" in error.reason
        assert named  # either is right, and only these
    else:
        assert len(found) < 200_000


@pytest.mark.parametrize("number", [5, 6, 7])
def test_an_unknown_codec_is_named_by_its_number(number: int) -> None:
    with pytest.raises(DecompressionError, match=f"number {number}, unknown here"):
        decompress(number, b"")


def test_nothing_lacks_in_an_installation_made_from_the_lock() -> None:
    assert lacking() == {}


@pytest.mark.parametrize(
    ("module", "codec"), [("cramjam", "snappy"), ("lz4.frame", "lz4"), ("zstandard", "zstd")]
)
def test_a_library_that_is_not_installed_is_said_and_stops_no_other_codec(
    module: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == module:
            raise ImportError(name)
        return found(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert lacking() == {codec: f"it is compressed with {codec}, for which a library is missing here"}
