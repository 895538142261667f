"""Publishes a file of facts, notes how far it has come, and goes on from there when it is begun again."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import monotonic

from ops.publish.publisher import Outcome, Publisher
from streams.errors import UserError
from streams.topics import COMPACTED_IN

_EVERY = 2.0
_DIGEST_OF = 65_536


class OtherFileError(UserError):
    """What was noted is of another file; the message says what to do."""


@dataclass(slots=True)
class Note:
    """How many lines of a file are done with, `refused` of them refused; kept beside it in `FILE.loaded`."""

    file: Path
    lines: int = 0
    refused: int = 0
    _kept_at: float = field(default=0.0)

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.file.with_name(f"{self.file.name}.loaded")

    def read(self) -> None:
        """Take up what was noted. Raises `OtherFileError`."""
        try:
            lines, refused, begins = self.path.read_text().split()
            self.lines, self.refused = int(lines), int(refused)
        except FileNotFoundError:
            return
        except ValueError:
            raise OtherFileError(
                f"{self.path} cannot be read: delete it to load from the first line"
            ) from None
        if begins != self._begins():
            raise OtherFileError(
                f"{self.path} was noted of a file that began otherwise: delete it to load this one from its "
                "first line"
            )

    def keep(self, lines: int, *, at_once: bool = False) -> None:
        """Note so many lines, every few seconds or at once; whole, or not at all."""
        if not at_once and monotonic() - self._kept_at < _EVERY:
            return
        self._kept_at, self.lines = monotonic(), lines
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.write_text(f"{lines} {self.refused} {self._begins()}\n")
        beside.replace(self.path)

    def _begins(self) -> str:
        with self.file.open("rb") as content:
            return hashlib.sha256(content.readline(_DIGEST_OF)).hexdigest()


def publish_facts(publisher: Publisher, file: Path, note: Note, progress: Callable[[int], None]) -> Outcome:
    """Publish the lines of a file that are not noted yet. `progress` hears how many are published for good.

    Only facts are taken: what is known of persons, each a line of a compacted topic. An event without an id
    gets one from its line, so that what is published twice is known as the same.
    """

    def known(lines: int) -> None:
        note.keep(lines)
        progress(lines)

    with file.open("rb") as lines:
        rest: Iterator[bytes] = islice(lines, note.lines, None)
        outcome = publisher.publish_from(rest, first=note.lines + 1, only=COMPACTED_IN, known=known)
    note.refused += len(outcome.refused)
    note.keep(publisher.published_to, at_once=True)
    progress(note.lines)
    return outcome
