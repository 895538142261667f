"""Every text in every form in which it is sent, with its parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.questions import Details, NoticeKind, QuestionKind, Route
from schemas.values import Language
from sms.segments import count_segments
from sms.texts import Texts

_SHORT = Details(iin_tail="0017", until=datetime(2021, 7, 18, 18, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as a citizen may get it. Without a language it is in both."""

    name: str
    language: Language | None
    text: str

    @property
    def parts(self) -> int:
        """How many SMS parts it is sent in."""
        return count_segments(self.text)


def all_texts(texts: Texts, route: Route = "provider") -> Iterator[Shown]:
    """Every text in every form in which it is sent, with details as long as they get and this route."""
    with_route = _SHORT.with_(route=route)
    with_account = with_route.with_(account="KZ**0100")
    for kind in QuestionKind:
        # Before the consent there is no language yet; after it there always is one.
        languages = (None,) if kind is QuestionKind.OFFER else tuple(Language)
        for language in languages:
            for details in (with_route, with_account) if kind is QuestionKind.ACCOUNT else (with_route,):
                name = f"{kind}_known" if details.account else str(kind)
                yield Shown(name, language, texts.question(kind, language, details))
                yield Shown(f"explain_{name}", language, texts.explanation(kind, language, details))
    for notice in NoticeKind:
        for language in (None, *Language):
            yield Shown(notice, language, texts.notice(notice, language, with_account))
