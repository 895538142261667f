"""What every SMS says, and what none does."""

import re

import pytest

from schemas.values import Language
from sms.every_text import Shown, all_texts
from sms.overrides.checks import faults
from tests.unit.every_rule.story import TEXTS

ALL = list(all_texts(TEXTS))
every_language = pytest.mark.parametrize("language", Language)


@every_language
def test_r15_whoever_is_sent_to_the_ordinary_route_reads_that_it_is_free_of_charge(
    language: Language,
) -> None:
    """The service costs nothing, and the texts that name the ordinary route to who lost their way say so."""
    free = {Language.KAZAKH: "Тегін.", Language.RUSSIAN: "Бесплатно."}
    for key in ("no_reply", "answered_late", "not_understood", "manual_route"):
        assert free[language] in TEXTS.catalogues[language][key]


@every_language
def test_d23_on_a_shared_phone_every_text_says_whose_it_is(language: Language) -> None:
    """Questions and notices name the person by the last four digits of the IIN."""
    mark = {Language.KAZAKH: "ЖСН *{iin_tail}:", Language.RUSSIAN: "ИИН *{iin_tail}:"}
    for key, text in TEXTS.catalogues[language].items():
        if not key.startswith(("explain_", "route_")):
            assert mark[language] in text, key


@pytest.mark.parametrize("shown", ALL, ids=lambda shown: f"{shown.name}-{shown.language or 'both'}")
def test_p9_the_benefit_is_called_by_its_own_name(shown: Shown) -> None:
    """It is the special state benefit, not the state special one, which is another."""
    assert not re.search("мемлекеттік арнайы|арнайы мемлекеттік|государственн.. специальн", shown.text)
    if "жәрдемақы" in shown.text and shown.name in ("offer", "granted", "refused", "reminder"):
        assert "арнаулы мемлекеттік жәрдемақы" in shown.text
    if "пособи" in shown.text and shown.name in ("offer", "granted", "refused", "reminder"):
        assert re.search("специально(е|м|го) гос(ударственно(е|м|го) )?пособи", shown.text)


@pytest.mark.parametrize("shown", ALL, ids=lambda shown: f"{shown.name}-{shown.language or 'both'}")
def test_p10_no_text_has_a_link_or_asks_for_a_code_or_a_card(shown: Shown) -> None:
    """Fraud lives on SMS of the state: whoever is asked for an account is warned, and nobody is led away."""
    assert not re.search(r"https?:|www\.|\w\.(kz|kk|ru|com|gov)\b", shown.text)
    warning = "кодтарды ешкімге айтпаңыз|коды никому не сообщайте"
    assert bool(re.search(warning, shown.text)) is (shown.name in ("account", "account_known"))
    assert not re.search(r"(?i)\bпин|\bcvv|\bpin\b|пароль", shown.text)


def test_p10_no_installation_can_put_a_link_into_a_text() -> None:
    """Other words are refused at the start where they lead somewhere."""
    theirs = {each: {"revoked": "{iin_tail}: egov.kz/x"} for each in Language}
    assert any("has a link" in line for line in faults(TEXTS, theirs))
