"""`jardem dead-letters show`: one dead letter, whole, with what names a person masked."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass

from ops.dead_letters.letter import DeadLetter, place_from
from ops.dead_letters.listing import facts, standing, written
from ops.dead_letters.masking import masked
from ops.dead_letters.reading import Done, read_letters
from streams.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """A dead letter, and what was done about it."""

    letter: DeadLetter
    done: tuple[Done, ...]

    @property
    def raw(self) -> bytes:
        """The value as it came, byte for byte."""
        return self.letter.record.value or b""

    def lines(self) -> Iterator[str]:
        """What there is to know, and the value masked."""
        letter = self.letter
        yield f"{letter.place.id}: {standing(letter, self.done)}"
        yield f"reason: {letter.reason}"
        yield f"came from: {letter.topic}[{letter.partition}]@{letter.offset}, {_at(letter)}"
        if letter.redriven_at:
            yield f"was redriven, and failed again at {letter.redriven_at}"
        if letter.obstacle:
            yield f"cannot be redriven: {letter.obstacle}"
        for one in self.done:
            yield f"{one.act} by {one.operator}, {one.at}: {one.reason}"
        yield f"key: {_text(letter.record.key)}"
        yield from (f"header {name}: {_text(value)}" for name, value in self._headers())
        yield f"value, {letter.size} bytes:"
        yield _text(letter.record.value)

    def json(self, *, raw: bool = False) -> str:
        """The same as one JSON object; with `raw` key, headers and value as they came, in base64."""
        letter = self.letter
        content = facts(letter, self.done)
        if raw:
            content |= {
                "key_base64": _base64(letter.record.key),
                "headers_base64": [[name, _base64(value)] for name, value in letter.headers],
                "value_base64": _base64(letter.record.value),
            }
        else:
            content |= {
                "key": _text(letter.record.key),
                "headers": [[name, _text(value)] for name, value in self._headers()],
                "value": _text(letter.record.value),
            }
        return json.dumps(content, ensure_ascii=False)

    def _headers(self) -> Iterator[tuple[str, bytes]]:
        for name, value in self.letter.headers:
            yield name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"), value


def show_letter(text: str, settings: Settings) -> Shown:
    """The dead letter with the id that was typed.

    Raises `AskedWronglyError`, `NoLetterError` and `TopicError`.
    """
    place = place_from(text)
    taken = read_letters(settings, [place])
    return Shown(taken.letter(place), tuple(taken.done(place)))


def _at(letter: DeadLetter) -> str:
    return written(letter.came_at) or "at a time that it does not say"


def _text(value: bytes | None) -> str:
    return "none" if value is None else masked(value.decode("utf-8", "backslashreplace"))


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
