"""`jardem dead-letters list`: what could not be read, and what was done about it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ops.dead_letters.acting import REDRIVE
from ops.dead_letters.letter import DeadLetter
from ops.dead_letters.reading import Done, LettersTaken, read_letters
from streams.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which are listed: whose reason holds a text, that came from a topic, and whether only open ones."""

    reason: str | None = None
    topic: str | None = None
    all: bool = False
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Listing:
    """The dead letters to be shown with what was done about each, and how many more there are."""

    letters: tuple[tuple[DeadLetter, tuple[Done, ...]], ...]
    more: int
    notes: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Two lines for each."""
        for letter, done in self.letters:
            at = "" if letter.letter_at is None else f"{letter.letter_at:%Y-%m-%d %H:%M:%S} UTC"
            again = "  failed again" if letter.redriven_at else ""
            yield f"{letter.place.id}  {at}  {letter.topic}  {standing(letter, done)}{again}"
            yield f"    {letter.reason}"
        if self.more:
            yield f"and {self.more} more: --limit"

    def json(self) -> str:
        """The same as one JSON object."""
        letters = [facts(letter, done) for letter, done in self.letters]
        return json.dumps({"letters": letters, "more": self.more}, ensure_ascii=False)


def standing(letter: DeadLetter, done: tuple[Done, ...]) -> str:
    """What was done about it last, or that it is open."""
    if done:
        last = done[-1]
        word = "redriven" if last.act == REDRIVE else "discarded"
        return f"{word} {last.at[:19].replace('T', ' ')}".rstrip()
    return "open, cannot be redriven" if letter.obstacle else "open"


def facts(letter: DeadLetter, done: tuple[Done, ...]) -> dict[str, object]:
    """What is said of a dead letter in JSON."""
    return {
        "id": letter.place.id,
        "at": written(letter.letter_at),
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "came_at": written(letter.came_at),
        "failed_again_at": letter.redriven_at,
        "obstacle": letter.obstacle,
        "bytes": letter.size,
        "done": [
            {"act": one.act, "at": one.at, "operator": one.operator, "reason": one.reason} for one in done
        ],
    }


def written(at: datetime | None) -> str | None:
    """An instant as RFC 3339 has it, in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def list_letters(settings: Settings, wanted: Wanted) -> Listing:
    """The dead letters, the newest first. Raises `TopicError`."""
    return listing_of(read_letters(settings), wanted)


def listing_of(taken: LettersTaken, wanted: Wanted) -> Listing:
    """What is to be shown of those that were taken."""
    found = []
    for place, letter in sorted(taken.letters.items(), reverse=True):
        done = tuple(taken.done(place))
        said = wanted.reason is None or wanted.reason.casefold() in letter.reason.casefold()
        if said and wanted.topic in (None, letter.topic) and (wanted.all or not done):
            found.append((letter, done))
    notes = list(taken.notes)
    if not found:
        known = len(taken.letters)
        notes.append(
            f"no such dead letter among {known}: --all shows those that were redriven or discarded too"
            if known
            else "there are no dead letters"
        )
    return Listing(tuple(found[: wanted.limit]), max(0, len(found) - wanted.limit), tuple(notes))
