"""The corpora of answers, and how a reading is written in them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Answer,
    Consent,
    Decline,
    Separately,
    Together,
)
from sms.reading.answers import read_account, read_offer, read_one_application

SHOWN = "KZ**7781"

FOLDER = Path(__file__).parent

READERS: dict[str, Callable[[str], Answer | None]] = {
    "offer": read_offer,
    "one": read_one_application,
    "account": lambda text: read_account(text, shown=None),
    "known": lambda text: read_account(text, shown=SHOWN),
}


class Sample(NamedTuple):
    """A text, a question, and how the text reads there."""

    question: str
    expected: str
    text: str


def code(answer: Answer | None) -> str:  # noqa: PLR0911 - one line for each reading
    match answer:
        case Consent(language=language):
            return language.value
        case Decline(stop=stop):
            return "stop" if stop else "no"
        case Together():
            return "together"
        case Separately():
            return "separately"
        case AccountConfirmed():
            return "confirm"
        case AccountGiven(iban=iban):
            return iban
        case None:
            return "-"


def read(question: str, text: str) -> str:
    return code(READERS[question](text))


def samples() -> list[Sample]:
    return [*_at_every_question(), *_at_one_question()]


def _rows(name: str) -> Iterator[list[str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines if line and not line.startswith("#"))


def _at_every_question() -> Iterator[Sample]:
    for *expected, text in _rows("answers.tsv"):
        for question, reading in zip(READERS, expected, strict=True):
            yield Sample(question, reading, json.loads(text))


def _at_one_question() -> Iterator[Sample]:
    for question, expected, text in _rows("answers_by_question.tsv"):
        yield Sample(question, expected, json.loads(text))
