"""The citizens' texts, from the gettext catalogues under `locale/`.

The catalogues are read as they are, so that a changed text needs no build step. A text without a language is
given in both, Kazakh first.
"""

from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.times import ALMATY
from schemas.values import Language


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All texts of a language by their key."""
    path = files("sms") / "locale" / language / "LC_MESSAGES" / "jardem.po"
    with path.open("rb") as file:
        entries = read_po(file, locale=language)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}


def question(kind: QuestionKind, language: Language | None, details: Details) -> str:
    """The text of a question."""
    return _text(_account_aware(kind, details), language, details)


def explanation(kind: QuestionKind, language: Language | None, details: Details) -> str:
    """The text that explains how to answer this question."""
    return _text(f"explain_{_account_aware(kind, details)}", language, details)


def notice(kind: NoticeKind, language: Language | None, details: Details) -> str:
    """The text of a notice."""
    return _text(kind, language, details)


def _account_aware(kind: QuestionKind, details: Details) -> str:
    return "account_known" if kind is QuestionKind.ACCOUNT and details.account else kind


def _text(key: str, language: Language | None, details: Details) -> str:
    languages = [language] if language else list(Language)
    return "\n".join(_in_language(key, each, details) for each in languages)


def _in_language(key: str, language: Language, details: Details) -> str:
    texts = catalogue(language)
    return texts[key].format(
        iin_tail=details.iin_tail,
        account=details.account or "",
        route=texts[f"route_{details.route}"],
        until=_last_moment(details.until) if details.until else "",
    )


def _last_moment(end: datetime) -> str:
    """The last minute that still counts, in Almaty.

    People read "23:59" more surely than the next day's "00:00".
    """
    return (end - timedelta(minutes=1)).astimezone(ALMATY).strftime("%H:%M %d.%m.%Y")
