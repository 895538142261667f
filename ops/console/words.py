"""The console's words in one language: sentences, plural forms, dates, numbers.

The catalogues are `locale/*.json`: a key to a text, or to a text for each plural form that whole numbers have
in the language. `{name}` in a text stands for a value.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("kk", "ru", "en")
"""The languages of the console, in the order in which they are offered."""
DEFAULT = "kk"
"""What is spoken to a browser that asks for none of them."""
_LOCALES = {"kk": "kk", "ru": "ru", "en": "en_GB"}

Catalogue = Mapping[str, str | Mapping[str, str]]
"""A key to its text, or to its text by plural form."""


@cache
def catalogue(language: str) -> Catalogue:
    """The words of a language, by key. Raises `KeyError` for a language that the console does not speak."""
    folder = resources.files("ops.console") / "locale"
    read: dict[str, str | Mapping[str, str]] = {}
    for name in (f"access.{language}.json", f"{language}.json"):
        read |= json.loads((folder / name).read_text(encoding="utf-8"))
    return read


class Words:
    """Speaks one language, and tells instants in one zone.

    >>> Words("en", ZoneInfo("Asia/Almaty"))("nav.now")
    'Now'
    """

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self._texts = catalogue(language)
        self._locale = Locale.parse(_LOCALES[language])

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its values in it. Raises `KeyError` where there is none."""
        text = self._texts[key]
        if not isinstance(text, str):
            raise KeyError(f"{key} has plural forms")
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self._texts

    def known(self, group: str, value: object) -> str:
        """The word for a value of an open set, like a note: the value itself where there is no word yet."""
        key = f"{group}.{value}"
        return self(key) if self.has(key) else str(value)

    def count(self, key: str, number: int, **values: object) -> str:
        """The text of a key for so many, in the right plural form; `{n}` is the number."""
        forms = self._texts[key]
        if isinstance(forms, str):
            raise KeyError(f"{key} has no plural forms")
        form = self._locale.plural_form(abs(number))
        return forms[form].format(n=self.number(number), **values)

    def number(self, value: float) -> str:
        """A number as the language writes it."""
        return format_decimal(value, locale=self._locale)

    def percent(self, part: float, whole: float) -> str:
        """A share in percent; a dash of nothing."""
        return "–" if not whole else format_percent(part / whole, format="#,##0.#%", locale=self._locale)

    def day(self, value: date) -> str:
        """A day in words: `26 November 2026`."""
        return format_date(value, "long", locale=self._locale).replace("\u202f", "\u00a0")

    def short_day(self, value: date) -> str:
        """A day without its year: `26 Nov`."""
        return format_date(value, "d MMM", locale=self._locale)

    def local(self, at: datetime) -> str:
        """An instant in the installation's zone, to the second."""
        return format_datetime(at.astimezone(self.zone), "d MMM y, HH:mm:ss", locale=self._locale)

    def utc(self, at: datetime) -> str:
        """An instant in UTC, to the second."""
        return format_datetime(at, "d MMM y, HH:mm:ss", tzinfo=ZoneInfo("UTC"), locale=self._locale)

    def span(self, seconds: float) -> str:
        """A length of time, roughly: `3 days`."""
        spoken = format_timedelta(timedelta(seconds=abs(seconds)), threshold=1.5, locale=self._locale)
        return spoken.replace("\u202f", "\u00a0")

    def relative(self, at: datetime, now: datetime) -> str:
        """How far away an instant is: `in 3 hours`, `2 days ago`."""
        spoken = format_timedelta(at - now, add_direction=True, threshold=1.5, locale=self._locale)
        return spoken.replace("\u202f", "\u00a0")


def choose(wanted: str | None, accepted: str) -> str:
    """The language to speak: what was chosen before, else the first of ours that the browser accepts.

    `accepted` is the header `Accept-Language`; the weights in it are taken in their order.

    >>> choose(None, "de,ru;q=0.8,en;q=0.5"), choose("en", "ru"), choose("xx", "")
    ('ru', 'en', 'kk')
    """
    if wanted in LANGUAGES:
        return wanted
    return next((one for one in _preferred(accepted) if one in LANGUAGES), DEFAULT)


def _preferred(accepted: str) -> Sequence[str]:
    ranked: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), name.partition("-")[0].lower()))
        except ValueError:
            continue
    return [name for _, name in sorted(ranked, key=lambda one: one[0])]
