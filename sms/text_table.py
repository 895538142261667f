"""Every text with its parts and what it costs: for those who write the texts, and those who pay for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.table import Table

from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.values import Language
from sms.segments import count_segments
from sms.texts import Texts

_SHORT = Details(iin_tail="0017", route="state_corporation", until=datetime(2021, 7, 18, 18, tzinfo=UTC))
_LONG = _SHORT.with_(account="KZ**0100", route="provider")


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


def all_texts(texts: Texts) -> Iterator[Shown]:
    """Every text in every form in which it is sent, with details as long as they get."""
    for kind in QuestionKind:
        # Before the consent there is no language yet; after it there always is one.
        languages = (None,) if kind is QuestionKind.OFFER else tuple(Language)
        for language in languages:
            for details in (_SHORT, _LONG) if kind is QuestionKind.ACCOUNT else (_SHORT,):
                name = f"{kind}_known" if details.account else str(kind)
                yield Shown(name, language, texts.question(kind, language, details))
                yield Shown(f"explain_{name}", language, texts.explanation(kind, language, details))
    for notice in NoticeKind:
        for language in (None, *Language):
            yield Shown(notice, language, texts.notice(notice, language, _LONG))


def table(texts: Texts, price: float | None) -> Table:
    """The texts with their parts; with a price of one part, in whatever currency, also what each costs."""
    shown = Table(title="What citizens are sent", title_justify="left", show_lines=True)
    for column in ("text", "language", "parts", *(["cost"] if price else []), "as it reads"):
        shown.add_column(column)
    for each in all_texts(texts):
        cost = [f"{each.parts * price:.2f}"] if price else []
        shown.add_row(each.name, each.language or "both", str(each.parts), *cost, each.text)
    return shown
