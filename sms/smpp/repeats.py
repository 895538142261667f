"""Which text an operator brings again because it got no answer: SMPP gives a text no id by which to tell."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

_MOST = 10_000
_AGAIN_WITHIN = timedelta(days=2)
_ANSWER_LOST_WITHIN = timedelta(seconds=120)
_LINES_BEFORE_ANEW = 4 * _MOST
_BEFORE = -1


@dataclass(slots=True)
class Turn:
    """The handling of a text. `first_at` is when it came first; set `answered` where it is for good."""

    first_at: datetime
    answered: bool = False


@dataclass(slots=True)
class _Seen:
    """`session` counts the sessions: in which of them the text came last."""

    first_at: datetime
    session: int
    answered: bool = False


class Repeats:
    """Remembers the texts that were not answered for good, the oldest forgotten first.

    A text like one of those is that one again. Where it was answered, the same text is another one; but the
    last answers of a session that was lost may not have arrived, so that what they were given for may come
    again within two minutes.

    With a `file` the next process on this machine knows what this one did, however it ended. `content`, by
    which texts are told apart, must name nobody.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._path = file
        self._lines = _LINES_BEFORE_ANEW
        self._seen: dict[str, _Seen] = {}
        self._session = 0
        if file is not None:
            with suppress(OSError):
                for line in file.read_text(encoding="utf-8").splitlines():
                    self._recall(line)

    def session_lost(self) -> None:
        """A session ended: its last answers may not have arrived."""
        self._session += 1

    @contextmanager
    def turn(self, content: str, now: datetime) -> Iterator[Turn]:
        """The handling of a text that came now."""
        seen = self._seen.pop(content, None)
        if seen is None or not self._again(seen, now):
            seen = _Seen(now, self._session)
        self._seen[content] = seen
        seen.answered, seen.session = False, self._session
        self._write(content, seen)
        turn = Turn(seen.first_at)
        try:
            yield turn
        finally:
            seen.answered = turn.answered
            if turn.answered:
                self._write(content, seen)
            while len(self._seen) > _MOST:
                del self._seen[next(iter(self._seen))]

    def _again(self, seen: _Seen, now: datetime) -> bool:
        if not seen.answered:
            return now - seen.first_at < _AGAIN_WITHIN
        return seen.session < self._session and now - seen.first_at < _ANSWER_LOST_WITHIN

    def _recall(self, line: str) -> None:
        """Read a line of a former process. One that was cut off when it died is left out."""
        with suppress(ValueError):
            content, first_at, answered = line.split(" ")
            self._seen.pop(content, None)
            self._seen[content] = _Seen(datetime.fromisoformat(first_at), _BEFORE, answered == "answered")

    def _write(self, content: str, seen: _Seen) -> None:
        """Add a line, which a killed process leaves to the system; the file begins anew now and then.

        What can't be written is known to this process all the same: no text waits for a disk.
        """
        if self._path is None:
            return
        try:
            if self._lines >= _LINES_BEFORE_ANEW:
                _begin(self._path, self._seen)
                self._lines = len(self._seen)
                return
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(content, seen))
            self._lines += 1
        except OSError as error:
            _log.error("which texts came can't be kept for the next process", error=error.strerror)


def _line(content: str, seen: _Seen) -> str:
    return f"{content} {seen.first_at.isoformat()} {'answered' if seen.answered else 'open'}\n"


def _begin(path: Path, seen: dict[str, _Seen]) -> None:
    """Write what is remembered and nothing else; the former file stays whole until this one is."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text("".join(_line(*each) for each in seen.items()), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)
