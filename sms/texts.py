"""The citizens' texts, filled in. A text without a language is given in both, Kazakh first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.times import ALMATY
from schemas.values import Language

# As `_last_moment` writes it.
_MOMENT = re.compile(r"\d{2}:\d{2} \d{2}\.\d{2}\.\d{4}")


@dataclass(frozen=True, slots=True)
class Texts:
    """What citizens can be sent.

    `catalogues` are all texts of each language by their key, and `version` is that of all of them together,
    as evidence and documents name it.
    """

    catalogues: Mapping[Language, Mapping[str, str]]
    version: str

    def question(self, kind: QuestionKind, language: Language | None, details: Details) -> str:
        """The text of a question."""
        return self._text(_account_aware(kind, details), language, details)

    def explanation(self, kind: QuestionKind, language: Language | None, details: Details) -> str:
        """The text that explains how to answer this question."""
        return self._text(f"explain_{_account_aware(kind, details)}", language, details)

    def notice(self, kind: NoticeKind, language: Language | None, details: Details) -> str:
        """The text of a notice."""
        return self._text(kind, language, details)

    def _text(self, key: str, language: Language | None, details: Details) -> str:
        languages = [language] if language else list(Language)
        return "\n".join(_filled(self.catalogues[each], key, details) for each in languages)


def _account_aware(kind: QuestionKind, details: Details) -> str:
    return "account_known" if kind is QuestionKind.ACCOUNT and details.account else kind


def _filled(catalogue: Mapping[str, str], key: str, details: Details) -> str:
    return catalogue[key].format(
        iin_tail=details.iin_tail,
        account=details.account or "",
        route=catalogue[f"route_{details.route}"],
        until=_last_moment(details.until) if details.until else "",
    )


def same_text(one: str, other: str, *, moments_aside: bool = False) -> bool:
    """Whether a carrier may list one as the other: blanks around do not count, nor moments if so asked."""
    if moments_aside:
        one, other = (_MOMENT.sub("", text) for text in (one, other))
    return one.strip() == other.strip()


def _last_moment(end: datetime) -> str:
    """The last minute that still counts, in Almaty.

    People read "23:59" more surely than the next day's "00:00".
    """
    return (end - timedelta(minutes=1)).astimezone(ALMATY).strftime("%H:%M %d.%m.%Y")
