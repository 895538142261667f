"""The catalogues: complete, alike in both languages, short enough, without links."""

import re
from datetime import UTC, datetime

import pytest

from schemas.questions import Details, NoticeKind, QuestionKind
from schemas.values import Language
from sms.catalogues import load_texts
from sms.every_text import Shown, all_texts

TEXTS = load_texts()

KEYS = {
    *(kind.value for kind in QuestionKind),
    *(f"explain_{kind.value}" for kind in QuestionKind),
    *(kind.value for kind in NoticeKind),
    "account_known",
    "explain_account_known",
    "route_state_corporation",
    "route_provider",
}
ALL = list(all_texts(TEXTS))


def named(shown: Shown) -> str:
    return f"{shown.name}-{shown.language or 'both'}"


@pytest.mark.parametrize("language", list(Language))
def test_a_catalogue_has_every_text_and_no_other(language: Language) -> None:
    found = TEXTS.catalogues[language]
    assert set(found) == KEYS
    assert all(found.values())


@pytest.mark.parametrize("key", sorted(KEYS))
def test_both_languages_use_the_same_placeholders(key: str) -> None:
    kazakh, russian = (sorted(re.findall(r"{(\w*)}", TEXTS.catalogues[each][key])) for each in Language)
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


PARTS = {
    "offer": {"both": 4},
    "one_application": {"kk": 3, "ru": 3},
    "account": {"kk": 3, "ru": 3},
    "account_known": {"kk": 3, "ru": 3},
    "explain_offer": {"both": 4},
    "explain_one_application": {"kk": 2, "ru": 2},
    "explain_account": {"kk": 2, "ru": 2},
    "explain_account_known": {"kk": 2, "ru": 2},
    "reminder": {"kk": 2, "ru": 2, "both": 4},
    "granted": {"kk": 2, "ru": 2, "both": 4},
    "refused": {"kk": 3, "ru": 3, "both": 5},
    "declined": {"kk": 3, "ru": 3, "both": 6},
    "withdrawn": {"kk": 3, "ru": 2, "both": 5},
    "no_reply": {"kk": 3, "ru": 3, "both": 5},
    "answered_late": {"kk": 3, "ru": 3, "both": 5},
    "already_receiving": {"kk": 2, "ru": 2, "both": 4},
    "revoked": {"kk": 2, "ru": 2, "both": 4},
}


@pytest.mark.parametrize("shown", ALL, ids=named)
def test_a_text_costs_no_more_parts_than_it_was_written_for(shown: Shown) -> None:
    assert shown.parts <= PARTS.get(shown.name, {}).get(shown.language or "both", 6)


@pytest.mark.parametrize("language", list(Language))
def test_each_question_offers_the_digits_of_its_own_and_a_no(language: Language) -> None:
    digits = {
        "one_application": {"3", "4", "0"},
        "account": {"0"},
        "account_known": {"5", "0"},
        "explain_one_application": {"3", "4", "0"},
        "explain_account": {"0"},
        "explain_account_known": {"5", "0"},
    }
    for key, offered in digits.items():
        told = re.sub(r"\b3 (?:күн|дня)\b|{\w+}", "", TEXTS.catalogues[language][key])
        assert set(re.findall(r"\b[0-9]\b", told)) == offered


def test_the_end_of_a_term_is_told_as_its_last_minute() -> None:
    ends = datetime(2021, 7, 18, 18, tzinfo=UTC)
    told = TEXTS.notice(NoticeKind.REMINDER, Language.RUSSIAN, Details(iin_tail="0017", until=ends))
    assert "23:59 18.07.2021" in told
