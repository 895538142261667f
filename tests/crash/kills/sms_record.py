"""The SMS API's record on disk: what it has answered for, and what was on a handset.

One JSON object a line: a message when the API has it, and `done` with its sid when it has arrived.
"""

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message in the record: ours (`inbound` false) or a citizen's. `at` is when the API had it.

    `done_at` is when ours was on the handset; `cause` is the id under which a citizen's was written.
    """

    sid: str
    phone: str
    text: str
    inbound: bool
    at: datetime
    callback: str | None = None
    cause: str | None = None
    done_at: datetime | None = None


class RecordReader:
    """Reads a record as far as it has been written; what is read again is only what came since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offset = 0
        self.messages: dict[str, Recorded] = {}

    def read(self) -> list[Recorded]:
        """What is new, in the order of the record; a message of ours comes again when it has arrived."""
        try:
            with self._path.open("rb") as file:
                file.seek(self.offset)
                content = file.read()
        except FileNotFoundError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self.offset += len(whole)
        return [self._take(json.loads(line)) for line in whole.splitlines()]

    def _take(self, line: dict[str, Any]) -> Recorded:
        if "done" in line:
            message = replace(self.messages[line["done"]], done_at=datetime.fromisoformat(line["at"]))
        else:
            message = Recorded(**{**line, "at": datetime.fromisoformat(line["at"])})
        self.messages[message.sid] = message
        return message


class Record:
    """The record, of which a kill loses nothing: each line is on the disk when `write` returns."""

    def __init__(self, path: Path) -> None:
        reader = RecordReader(path)
        reader.read()
        self.known = list(reader.messages.values())
        if path.exists():
            # A line that was cut off was never answered for, and must not spoil the next one.
            os.truncate(path, reader.offset)
        self._file: BinaryIO = path.open("ab", buffering=0)

    def write(self, line: dict[str, Any]) -> None:
        """Add a line."""
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        """It is open from its making on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
