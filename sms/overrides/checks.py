"""What a text must be that stands in the place of one of ours, pure: the contract, section 6.

Whoever changes the words cannot change what is asked: the same particulars are filled in, the same digits are
the answers, and it costs no more parts.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping

from schemas.values import Language
from sms.overrides.digits import digit_faults, no_is_missing
from sms.overrides.folder import files_of
from sms.overrides.parts import too_long
from sms.texts import Texts

Catalogues = Mapping[Language, Mapping[str, str]]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LINK = re.compile(
    r"://|\bwww\.|[\w.-]*\w\.(?:[a-z]{2,}|қаз|рф|рус|орг|сайт|онлайн)\b|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)


def faults(ours: Texts, theirs: Catalogues) -> list[str]:
    """A line for each text that must not stand in the place of ours, with its file and key."""
    found: list[str] = []
    sound: set[str] = set()
    for key in sorted({key for texts in theirs.values() for key in texts}):
        wrong = list(_of_key(key, ours.catalogues, theirs))
        found += wrong
        if not wrong:
            sound.add(key)
    rest = {language: {key: theirs[language][key] for key in sound} for language in theirs}
    return found + list(too_long(ours, rest))


def _of_key(key: str, ours: Catalogues, theirs: Catalogues) -> Iterator[str]:
    having = [language for language in Language if key in theirs[language]]
    known = ours[having[0]]
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"; {near[0]} is" if near else ""
        yield f"{files_of(*having)}, {key!r}: is no key of ours{hint}: take it out (docs/texts.md names them)"
        return
    for language in Language:
        if language not in having:
            yield (
                f"{files_of(language)}, {key}: is missing, while {files_of(*having)} has it: "
                "write it in both languages or in neither"
            )
    for language in having:
        halves = [texts[key] for texts in ours.values()]
        for fault in _of_text(theirs[language][key], key, ours[language][key], halves):
            yield f"{files_of(language)}, {key}: {fault}"
    if len(having) == len(Language) and no_is_missing(key, [texts[key] for texts in theirs.values()]):
        yield f"{files_of(*having)}, {key}: neither offers the answer 0: put it into one of them"


def _of_text(text: str, key: str, own: str, halves: list[str]) -> Iterator[str]:
    if not text.strip():
        yield "is empty: write a text, or take the key out of both files to keep ours"
        return
    if any(unicodedata.category(each)[0] == "C" or each in "\u2028\u2029" for each in text):
        yield "has line breaks, or characters that nobody sees: take them out"
    yield from _of_placeholders(text, own)
    link = _LINK.search(unicodedata.normalize("NFKC", text))
    if link:
        yield f"has a link, or what a phone takes for one ({link[0]!r}): take it out, or part the words"
    bare, *bare_ours = (_PLACEHOLDER.sub("", each) for each in (text, own, *halves))
    yield from digit_faults(key, bare, bare_ours[0], bare_ours[1:])


def _of_placeholders(text: str, own: str) -> Iterator[str]:
    named, wanted = set(_PLACEHOLDER.findall(text)), set(_PLACEHOLDER.findall(own))
    for name in sorted(wanted - named):
        yield f"lacks {{{name}}}, which ours has: put it in"
    for name in sorted(named - wanted):
        yield f"has {{{name}}}, which ours has not: take it out"
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        yield "has a brace that belongs to no placeholder: take it out"
