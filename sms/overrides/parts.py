"""Whether texts in the place of ours take more SMS parts than ours, pure."""

from collections.abc import Iterator, Mapping

from schemas.questions import QuestionKind, Route
from schemas.values import Language
from sms.every_text import Shown, all_texts
from sms.overrides.folder import files_of
from sms.texts import Texts

_ROUTES: tuple[Route, ...] = ("state_corporation", "provider")
_OFFER_PARTS = 4


def too_long(ours: Texts, theirs: Mapping[Language, Mapping[str, str]]) -> Iterator[str]:
    """A line for each form of a text that takes more parts with theirs than with ours.

    `theirs` have every key in all languages, and nothing else is wrong with them.
    """
    most = {(each.name, each.language): each.parts for each in all_texts(ours)}
    most[QuestionKind.OFFER, None] = _OFFER_PARTS
    whole = Texts({language: {**ours.catalogues[language], **theirs[language]} for language in theirs}, "")
    changed = {key for texts in theirs.values() for key in texts}
    lines = [
        _line(each, sorted({each.name, f"route_{route}"} & changed), limit)
        for route in _ROUTES
        for each in all_texts(whole, route)
        if each.parts > (limit := most[each.name, each.language])
    ]
    yield from dict.fromkeys(lines)


def _line(shown: Shown, keys: list[str], limit: int) -> str:
    languages = [shown.language] if shown.language else list(Language)
    whose = "" if keys == [shown.name] else f"{shown.name} "
    together = "" if shown.language else " in both languages together"
    return (
        f"{files_of(*languages)}, {' and '.join(keys)}: {whose}would take {shown.parts} SMS parts{together}, "
        f"and may take {limit}: shorten it"
    )
