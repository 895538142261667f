"""A partition's records in a file: zstd around records one behind the other, as they stand in the log.

- offset: 8 bytes, as all numbers with the highest byte first;
- timestamp: 8 bytes, milliseconds as they stand in the log; -1 where a record bears none;
- key and value: 4 bytes each, their lengths, -1 for none;
- headers: 4 bytes, how many;
- the key, the value, and of each header the lengths of its name and its value, 4 bytes each, and both; the
  length of a value that is null is -1, and a name's bytes are as they came.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from streams.errors import UserError
from streams.records import Record

_HEAD = struct.Struct(">qqiiI")
_LENGTHS = struct.Struct(">ii")
_LEVEL = 6
_CHUNK = 1024 * 1024


class BackupError(UserError):
    """A backup cannot be taken or brought back; the message says why and what to do. Exit code 2."""

    exit_code = 2


class RecordWriter:
    """Writes one file. Use as a context manager; `sha256` and `size` are the file's, when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        self.sha256, self.size = "", 0

    def __enter__(self) -> Self:
        self._file = self._path.open("xb")
        self._packed = ZstdCompressor(level=_LEVEL).stream_writer(self._file)
        return self

    def write(self, record: Record) -> None:
        """Add a record."""
        parts = [_HEAD.pack(record.offset, _milliseconds(record), *_sizes(record), len(record.headers))]
        parts += [record.key or b"", record.value or b""]
        for number, (name, value) in enumerate(record.headers):
            bare = name.encode("utf-8", "surrogateescape")
            parts.append(_LENGTHS.pack(len(bare), -1 if number in record.null_headers else len(value)))
            parts += [bare, value]
        self._packed.write(b"".join(parts))
        self.count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._packed.close()  # type: ignore[no-untyped-call] # its types are not whole
        self._file.close()
        self.sha256, self.size = digest(self._path), self._path.stat().st_size


def _sizes(record: Record) -> tuple[int, int]:
    key, value = record.key, record.value
    return -1 if key is None else len(key), -1 if value is None else len(value)


def _milliseconds(record: Record) -> int:
    found = record.milliseconds
    return -1 if found is None else found


def digest(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


Kept = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""A record out of a file: offset, timestamp, key, value, headers."""


def records_of(path: Path) -> Iterator[Kept]:
    """The records of a file in their order. Raises `BackupError` where it is cut or damaged."""
    try:
        with (
            path.open("rb") as file,
            ZstdDecompressor().stream_reader(file) as plain,
        ):
            while head := _exactly(plain, _HEAD.size, end=True):
                offset, timestamp, key_size, value_size, count = _HEAD.unpack(head)
                key, value = _content(plain, key_size), _content(plain, value_size)
                yield offset, timestamp, key, value, [_header(plain) for _ in range(count)]
    except (OSError, ZstdError, EOFError, struct.error) as error:
        raise BackupError(f"{path} cannot be read to its end ({error}): take another backup") from None


def _header(plain: BinaryIO) -> tuple[str, bytes | None]:
    name_size, value_size = _LENGTHS.unpack(_exactly(plain, _LENGTHS.size))
    name = _exactly(plain, name_size).decode("utf-8", "surrogateescape")
    return name, _content(plain, value_size)


def _content(plain: BinaryIO, size: int) -> bytes | None:
    return None if size < 0 else _exactly(plain, size)


def _exactly(plain: BinaryIO, size: int, *, end: bool = False) -> bytes:
    """So many bytes; with `end` none where there are no more. Raises `EOFError`."""
    found = b""
    while len(found) < size:
        part = plain.read(min(size - len(found), _CHUNK))
        if not part:
            if end and not found:
                return b""
            raise EOFError("it is cut")
        found += part
    return found
