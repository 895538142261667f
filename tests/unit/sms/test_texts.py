"""The catalogues: complete, alike in both languages, short enough, without links."""

import re
from datetime import UTC, datetime

import pytest

from schemas.sms import Details, NoticeKind, QuestionKind
from schemas.values import Language
from sms import texts
from sms.text_table import Shown, all_texts

KEYS = {
    *(kind.value for kind in QuestionKind),
    *(f"explain_{kind.value}" for kind in QuestionKind),
    *(kind.value for kind in NoticeKind),
    "account_known",
    "explain_account_known",
    "route_state_corporation",
    "route_provider",
}
ALL = list(all_texts())


def named(shown: Shown) -> str:
    return f"{shown.name}-{shown.language or 'both'}"


@pytest.mark.parametrize("language", list(Language))
def test_a_catalogue_has_every_text_and_no_other(language: Language) -> None:
    found = texts.catalogue(language)
    assert set(found) == KEYS
    assert all(found.values())


@pytest.mark.parametrize("key", sorted(KEYS))
def test_both_languages_use_the_same_placeholders(key: str) -> None:
    kazakh, russian = (sorted(re.findall(r"{(\w*)}", texts.catalogue(each)[key])) for each in Language)
    assert kazakh == russian


@pytest.mark.parametrize("shown", ALL, ids=named)
def test_a_text_is_signed_and_filled_and_has_no_link(shown: Shown) -> None:
    assert shown.text.startswith("Е-макет.")
    assert not re.search(r"https?:|www\.|\w\.(kz|kk|ru|com|gov)\b", shown.text)
    assert "{" not in shown.text
    assert "  " not in shown.text


@pytest.mark.parametrize("shown", [each for each in ALL if each.name == "offer"], ids=named)
def test_an_offer_has_at_most_four_parts_and_both_languages(shown: Shown) -> None:
    assert shown.parts <= 4
    assert "арнаулы мемлекеттік жәрдемақы" in shown.text
    assert "специальное госпособие" in shown.text


@pytest.mark.parametrize("shown", ALL, ids=named)
def test_no_text_is_longer_than_six_parts(shown: Shown) -> None:
    assert shown.parts <= 6


def test_the_end_of_a_term_is_told_as_its_last_minute() -> None:
    ends = datetime(2021, 7, 18, 18, tzinfo=UTC)
    told = texts.notice(NoticeKind.REMINDER, Language.RUSSIAN, Details(iin_tail="0017", until=ends))
    assert "23:59 18.07.2021" in told
