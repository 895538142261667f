"""Writes headers exactly as they were read: names that are not UTF-8 too.

aiokafka encodes names as UTF-8 and nothing else. Its builder of batches in plain Python asks each name to
encode itself, so the names that need it do that in their own way.
"""

from collections.abc import Iterable
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from streams.records import Outgoing


class _Name(str):
    """A header's name whose lone surrogates stand for bytes."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> bytes:
        return str.encode(self, encoding, errors)


def written(outgoing: Outgoing) -> list[tuple[str, bytes | None]]:
    """The headers of a record to be sent, as aiokafka takes them."""
    return exact(
        (name, None if number in outgoing.null_headers else value)
        for number, (name, value) in enumerate(outgoing.headers)
    )


def exact(headers: Iterable[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """Headers as aiokafka takes them, whatever stands in their names."""
    return [(name if _is_utf8(name) else _Name(name), value) for name, value in headers]


def odd(headers: Iterable[tuple[str, bytes | None]]) -> bool:
    """Whether a name is among them that only `ExactBuilder` can write."""
    return any(isinstance(name, _Name) for name, _ in headers)


def _is_utf8(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


class ExactBuilder(BatchBuilder):  # type: ignore[misc] # aiokafka has no types
    """aiokafka's batch to be sent, built in plain Python."""

    def __init__(self, size: int, compression: Any) -> None:  # noqa: ANN401 - the same
        super().__init__(size, compression)
        self._builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, 0, size)

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._builder.set_producer_state(producer_id, producer_epoch, base_sequence)
