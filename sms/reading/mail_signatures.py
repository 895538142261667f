"""The lines that phones and mail programs put under a text by themselves: no words of the citizen.

Only a whole line counts that begins as one and holds nothing but a device or a program. What is beside that,
in a line or after it, was written by somebody: "Sent from my iPhone by mistake" stays.
"""

import re

from sms.reading.folding import fold, words
from sms.reading.names import are_names

_BEGINS = re.compile(
    r"(?:отправлен[оы] (?:с|со|из|через)|послано (?:с|со|из)|sent (?:from|via|using|with)|get outlook for"
    r"|(?:получить|получите|скачать|скачайте) outlook для) (?P<told>.+)"
)
_ENDS = re.compile(r"(?P<told>.+) (?:жиберилди|жіберілді|жіберілген|жөнелтілді)")
_DEVICES = (
    "my a the on to for на в из для моего моей менің нан нен дан ден ымнан"
    " iphone айфона ipad айпада ios ipados samsung galaxy самсунга xiaomi redmi mi poco huawei honor realme"
    " oppo vivo oneplus nokia lg sony htc meizu zte tecno infinix itel pixel google android андроида windows"
    " phone smartphone mobile device tablet смартфона телефона планшета мобильного мобильной мобильных"
    " устройства құрылғымнан құрылғысынан телефонымнан телефонынан смартфонымнан app приложения почты почта"
    " mail email e ru com kz яндекс яндекса yandex gmail outlook yahoo hotmail icloud whatsapp telegram"
    " blackberry note pro plus max mini ultra lite se x xr xs fe air"
)
_TOLD = frozenset(_DEVICES.split())
_MODEL = re.compile(r"[a-z]{1,2}\d{1,3}[a-z]?|[5-9]|\d\d[a-z]?")
_DELIMITER = re.compile(r"\s*[-–—_]{2,}\s*")
_REGARDS = re.compile(r"\s*(?:с уважением|құрметпен)\b(?P<who>.*)", re.IGNORECASE)


def without_signatures(text: str) -> str:
    """The lines of a visible text that somebody wrote."""
    kept: list[str] = []
    signing = False
    for line in text.splitlines():
        signing = signing or _DELIMITER.fullmatch(line) is not None
        if not _is_added(line) and not (signing and _is_name(line)) and not _is_regards(line):
            kept.append(line)
    return "\n".join(kept)


def _is_added(line: str) -> bool:
    found = words(fold(line))
    if not found:
        return False
    told = _BEGINS.fullmatch(" ".join(found)) or _ENDS.fullmatch(" ".join(found))
    if told is None:
        return False
    others = [word for word in told["told"].split() if word not in _TOLD]
    return len(others) <= 1 and all(_MODEL.fullmatch(word) for word in others)


def _is_name(line: str) -> bool:
    return are_names(words(line) or [])


def _is_regards(line: str) -> bool:
    regards = _REGARDS.fullmatch(line)
    if regards is None:
        return False
    who = words(regards["who"])
    return who == [] or are_names(who or [])
