"""Where a table's values are kept on this machine: one partition store for each partition owned.

A store is always exactly a prefix of its changelog: `next_offset` says up to where. It is written only after
the broker has acknowledged the changelog records, values and offset at once; whatever happens to the process
or to the machine, what is missing is read again from the changelog.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog
from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
)

log = structlog.get_logger()

FORMAT = 1
"""The version of what lies in a store folder. A folder of another version is deleted and read anew."""

_OFFSET_KEY = b"\x00next-offset"
_ESTIMATES = (
    "rocksdb.estimate-num-keys",
    "rocksdb.estimate-live-data-size",
    "rocksdb.cur-size-all-mem-tables",
)


_WRITE_BUFFERS = 64 << 20
_BLOCK_CACHE = 128 << 20


@cache
def _write_buffers() -> WriteBufferManager:
    """What all stores of a process may keep unwritten."""
    return WriteBufferManager(_WRITE_BUFFERS, False)  # noqa: FBT003 - rocksdict takes no name


@cache
def _block_cache() -> Cache:
    """What all stores of a process keep at hand of their files."""
    return Cache(_BLOCK_CACHE)


class NotOwnedError(LookupError):
    """A partition that this worker does not own, or not any more."""


class Size(NamedTuple):
    """How large a store is: its keys, and the bytes of keys and values."""

    keys: int
    bytes: int


class PartitionStore(Protocol):
    """The values of one partition of one table."""

    next_offset: int | None
    """The changelog offset from which on records are missing here; None: all are."""
    topic_id: str
    """The broker's id of the changelog whose records these are; empty where it is not known."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""

    def write(self, items: Iterable[tuple[bytes, bytes | None]], next_offset: int | None) -> None:
        """Write values (None deletes) and the offset, at once."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values, in any order."""

    def size(self) -> Size:
        """How large it is, as far as that is known without reading it."""

    def clear(self) -> None:
        """Forget everything, so that the changelog is read from its beginning."""

    def close(self) -> None:
        """Let go of files and locks."""


class MemoryPartition:
    """A partition in a dictionary: fast, and read anew from the changelog by every process."""

    def __init__(self) -> None:
        self.next_offset: int | None = None
        self.topic_id = ""
        self._values: dict[bytes, bytes] = {}
        self._bytes = 0

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self._values.get(key)

    def write(self, items: Iterable[tuple[bytes, bytes | None]], next_offset: int | None) -> None:
        """Write values (None deletes) and the offset."""
        values = self._values
        for key, value in items:
            had = values.get(key)
            if had is not None:
                self._bytes -= len(key) + len(had)
            if value is not None:
                self._bytes += len(key) + len(value)
                values[key] = value
            elif had is not None:
                del values[key]
        self.next_offset = next_offset

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values."""
        return iter(list(self._values.items()))

    def size(self) -> Size:
        """How large it is."""
        return Size(len(self._values), self._bytes)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._bytes = 0
        self.next_offset = None

    def close(self) -> None:
        """Nothing to let go of."""


class RocksPartition:
    """A partition in RocksDB: survives the process, so that only what is missing is read from the changelog.

    The folder is locked by the process that has it open; another worker on this machine that is given the
    partition waits for the lock (see `tables.PartitionedStore`).
    """

    def __init__(self, path: Path) -> None:
        """Open the folder, made if it is not there.

        Raises:
            BlockingIOError: another process has it open.
        """
        self._path = path
        self._label = path.with_name(f"{path.name}.topic")
        self._db = self._open()
        raw = self._db.get(_OFFSET_KEY)
        self.next_offset: int | None = None if raw is None else int(raw)

    def _open(self) -> Any:  # noqa: ANN401 - rocksdict has no types
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003 - rocksdict takes no name
        options.set_max_open_files(256)
        options.set_compression_type(DBCompressionType.lz4())
        # All partitions of a process share these, so that its memory does not grow with their number.
        options.set_write_buffer_manager(_write_buffers())
        blocks = BlockBasedOptions()
        blocks.set_block_cache(_block_cache())
        blocks.set_cache_index_and_filter_blocks(True)
        blocks.set_bloom_filter(10, False)  # noqa: FBT003 - the same
        options.set_block_based_table_factory(blocks)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return Rdict(str(self._path), options, access_type=AccessType.read_write())
        except Exception as error:
            if "lock" in str(error).lower():
                raise BlockingIOError(str(error)) from error
            log.warning(
                "store cannot be opened; deleted, and read anew", path=str(self._path), error=str(error)
            )
            shutil.rmtree(self._path, ignore_errors=True)
            return Rdict(str(self._path), options, access_type=AccessType.read_write())

    @property
    def topic_id(self) -> str:
        """The broker's id of the changelog. It is kept beside the folder, which other releases read too."""
        try:
            return self._label.read_text()
        except FileNotFoundError:
            return ""

    @topic_id.setter
    def topic_id(self, topic_id: str) -> None:
        self._label.write_text(topic_id)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, items: Iterable[tuple[bytes, bytes | None]], next_offset: int | None) -> None:
        """Write values (None deletes) and the offset in one atomic batch."""
        batch = WriteBatch(raw_mode=True)
        for key, value in items:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        if next_offset is None:
            batch.delete(_OFFSET_KEY)
        else:
            batch.put(_OFFSET_KEY, str(next_offset).encode())
        self._db.write(batch)
        self.next_offset = next_offset

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values, in key order."""
        for key, value in self._db.items():
            if key != _OFFSET_KEY:
                yield key, value

    def size(self) -> Size:
        """What RocksDB estimates: what was written again lately counts twice until it is compacted."""
        keys, on_disk, in_memory = (self._db.property_int_value(name) or 0 for name in _ESTIMATES)
        return Size(keys, on_disk + in_memory)

    def clear(self) -> None:
        """Delete the folder and begin anew."""
        self._db.close()
        shutil.rmtree(self._path, ignore_errors=True)
        self._db = self._open()
        self.next_offset = None

    def close(self) -> None:
        """Write out and release the lock."""
        self._db.close()


_LABEL = "store.json"
_IN_USE = "in-use"


def prepare_folder(folder: Path, app_id: str) -> None:
    """Make a store folder ready before anything in it is opened; what does not fit is deleted, and said.

    A folder written by another version of jardem, or for another application id, is deleted. A folder that
    the last run left without an orderly stop is kept, and said: its stores are prefixes of the changelogs all
    the same, and recovery reads what they lack.
    """
    folder.mkdir(parents=True, exist_ok=True)
    label = folder / _LABEL
    wanted = {"format": FORMAT, "app": app_id}
    try:
        found = json.loads(label.read_text())
    except FileNotFoundError:
        found = wanted if not any(folder.iterdir()) else None
    except ValueError:
        found = None
    if found != wanted:
        log.warning(
            "store folder is of another version; deleted, recovering from the changelog", folder=str(folder)
        )
        for child in folder.iterdir():
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    elif (folder / _IN_USE).exists():
        log.warning(
            "store folder was left without an orderly stop; recovering from the changelog what it lacks",
            folder=str(folder),
        )
    label.write_text(json.dumps(wanted))
    (folder / _IN_USE).touch()


def leave_folder(folder: Path) -> None:
    """Note that the folder was left in an orderly way, with everything in it closed."""
    (folder / _IN_USE).unlink(missing_ok=True)
