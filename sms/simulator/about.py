"""What the page shows beside a handset's messages: whose it is, and what can be answered at a press."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Told(BaseModel):
    """A value that is handed in; a field that it does not have is a slip of the pen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Link(_Told):
    """A link to another page, over HTTP alone, and the words that are pressed."""

    text: _Words
    url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)]


class About(_Told):
    """What somebody on a handset stands for, in a few words, and a page about them. A family shares one."""

    caption: _Words
    link: Link | None = None


class Description(_Told):
    """Who is on a handset."""

    about: list[About]


@dataclass(frozen=True, slots=True)
class QuickAnswer:
    """An answer at a press: what is written, and in a few words what it means.

    `fills`: it is put into the field to be looked at first; without a text the field waits for one.
    """

    text: str
    label: str
    fills: bool = False


ReadQuestion = Callable[[str, Sequence[str]], Sequence[QuickAnswer]]
"""Called with a number and the texts that arrived there since something was written on it, the oldest first:
what they ask to be answered, or nothing. The simulated SMS API itself knows no texts."""


def asks_nothing(phone: str, texts: Sequence[str]) -> Sequence[QuickAnswer]:
    """Where nobody says what the texts ask: answers are typed."""
    del phone, texts
    return ()


def read_description(told: bytes) -> tuple[About, ...]:
    """Who is on a handset, from JSON. Raises `ValueError` saying in which field what is wrong."""
    try:
        return tuple(Description.model_validate_json(told).about)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise ValueError("; ".join(problems)) from None
