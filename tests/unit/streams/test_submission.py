"""What is remembered of the records that are sent."""

import sys

from aiokafka.partitioner import murmur2

from streams.transport.submission import _partition_of


def test_a_key_of_any_length_goes_where_kafkas_own_producer_puts_it() -> None:
    for key in (b"", b"key", b"k" * 128, b"k" * 129, bytes(1_000_000)):
        for _ in range(2):
            assert _partition_of(key, range(7)) == (murmur2(key) & 0x7FFFFFFF) % 7


def test_a_long_key_is_not_kept() -> None:
    key = b"k" * 1_000_000
    before = sys.getrefcount(key)
    _partition_of(key, range(7))
    assert sys.getrefcount(key) == before
