"""Every ground's ordinary route, in all three languages."""

import pytest

from rules.data.shipped import shipped
from rules.grounds import DISABILITY_GROUNDS
from rules.ordinary_route import asked_for, ordinary_route
from rules.rule_sets import Needed, RuleSet
from schemas.values import Ground, Place

ORDER, DRAFT = shipped().sets
TITLES = [ground for ground in Ground if ground not in DISABILITY_GROUNDS]
every_language = pytest.mark.parametrize("language", ["kk", "ru", "en"])


def said(words: object, language: str) -> str:
    text = getattr(words, language)
    assert isinstance(text, str)
    return text


# Language: how to reach each place, what it is open for, and what the portal asks for.
NAMES = {
    "kk": ("Мемлекеттік корпорация", "МӘС", "egov.kz"),
    "ru": ("Государственной корпорации", "МСЭ", "egov.kz"),
    "en": ("State Corporation", "medical and social expertise", "egov.kz"),
}
SIGNATURE = {"kk": "ЭЦҚ", "ru": "ЭЦП", "en": "electronic digital signature"}
ATTORNEY = {"kk": "сенімхат", "ru": "доверенности", "en": "power of attorney"}
HOME = {"kk": "үйіне", "ru": "на дому", "en": "at home"}
ANNEX_1 = {"kk": "1-қосымша", "ru": "приложению 1 ", "en": "annex 1 "}
ANNEX_3 = {"kk": "3-қосымша", "ru": "приложению 3 ", "en": "annex 3 "}


@every_language
@pytest.mark.parametrize("ground", Ground)
def test_every_ground_has_its_route_in_every_language(ground: Ground, language: str) -> None:
    route = ordinary_route(ground, ORDER)
    corporation, provider, portal = NAMES[language]
    disability = ground in DISABILITY_GROUNDS
    expected = [(Place.STATE_CORPORATION, corporation), (Place.PORTAL, portal)]
    if disability:
        expected.insert(0, (Place.PROVIDER, provider))
    assert [each.place for each in route.where] == [place for place, _ in expected]
    for each, (_, name) in zip(route.where, expected, strict=True):
        assert name in said(each.name, language)
        assert said(each.hours, language)
        if each.place is Place.PORTAL:
            assert SIGNATURE[language] in said(each.condition, language)
        else:
            assert each.condition is None
            assert "9.00" in said(each.hours, language)
    assert route.call == ("1414", "8 800 080 77 77")
    visit = said(route.home_visit, language)
    assert all(number in visit for number in route.call)
    assert HOME[language] in visit
    assert ATTORNEY[language] in said(route.representative, language)
    forms = {form.place: said(form.name, language) for form in route.forms}
    assert set(forms) == {Place.STATE_CORPORATION} | ({Place.PROVIDER} if disability else set())
    assert ANNEX_1[language] in forms[Place.STATE_CORPORATION]
    assert "445" in forms[Place.STATE_CORPORATION]
    if disability:
        assert ANNEX_3[language] in forms[Place.PROVIDER]
        assert "223" in forms[Place.PROVIDER]


@pytest.mark.parametrize(
    ("ground", "category", "kk", "ru", "en"),
    [
        (
            Ground.PEOPLES_HERO,
            4,
            '"Халық қаһарманы" атағы берілгенін растайтын құжат',
            "документ, подтверждающий присвоение звания «Халық қаһарманы»",
            'document confirming that the title "Халық қаһарманы" (People\'s Hero) was conferred',
        ),
        (
            Ground.HERO_OF_LABOUR,
            5,
            '"Қазақстанның Еңбек Ері" атағы берілгенін растайтын құжат',
            "документ, подтверждающий присвоение звания «Қазақстанның Еңбек Ері»",
            (
                'document confirming that the title "Қазақстанның Еңбек Ері" (Hero of Labour of Kazakhstan) '
                "was conferred"
            ),
        ),
    ],
)
def test_a_title_brings_what_no_system_confirms(
    ground: Ground, category: int, kk: str, ru: str, en: str
) -> None:
    route = ordinary_route(ground, ORDER)
    assert (route.verified, route.category) == (True, category)
    assert route.documents is not None
    assert [document.model_dump() for document in route.documents] == [{"kk": kk, "ru": ru, "en": en}]


@pytest.mark.parametrize("ground", sorted(DISABILITY_GROUNDS))
def test_no_list_is_told_that_no_source_confirms(ground: Ground) -> None:
    route = ordinary_route(ground, ORDER)
    assert (route.verified, route.category, route.documents) == (False, None, None)


@pytest.mark.parametrize("ground", Ground)
def test_the_route_is_that_of_the_rules_which_it_is_asked_by(ground: Ground) -> None:
    told = ordinary_route(ground, DRAFT)
    assert (told.verified, told.category, told.documents) == (False, None, None)
    assert told.where == ordinary_route(ground, ORDER).where


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (2, ["{award_certificate}; and (or) {war_participant_certificate}"]),
        (6, []),
        (9, ["{serviceman_death_paper}; or {missing_reference}", "{kinship}"]),
        (10, ["{marriage_certificate}", "{spouse_death_certificate}", "{spouse_disability_document}"]),
        # The disability reference is fetched; a pensioner without one has to know of the other.
        (15, ["{russian_pension_document}"]),
        (
            17,
            [
                "{disability_reference}; or {pensioner_certificate}",
                "{rehabilitation_certificate}; or {rehabilitation_reference}; or {rehabilitation_judgment}",
            ],
        ),
    ],
)
def test_papers_are_asked_for_as_the_order_joins_them(n: int, expected: list[str]) -> None:
    names = {key: document.en for key, document in ORDER.documents.items()}
    assert [words.en for words in asked_for(ORDER, n)] == [line.format(**names) for line in expected]


def test_papers_are_joined_in_every_language() -> None:
    [first, _] = asked_for(ORDER, 9)
    assert "куәлік немесе хабарлама; немесе жергілікті" in first.kk
    assert "военнослужащего; или справка" in first.ru


def needing(documents: object) -> RuleSet:
    """The rules, where the first category needs these papers, and there is no other."""
    return ORDER.model_copy(
        update={"categories": (ORDER.category(1).model_copy(update={"documents": documents}),)}
    )


def test_one_of_several_may_be_several_together() -> None:
    part = ORDER.category(8).sub[0]
    [ussr, either] = asked_for(needing(part.documents.any[1]), 1)
    assert ussr == ORDER.documents["ussr_certificate"].words
    keys = ("afghan_service_document", "wound_medical_documents", "war_award_certificate")
    service, wound, award = (ORDER.documents[key].en for key in keys)
    assert either.en == f"{service}, as well as {wound}; or {award}"


def test_a_choice_among_what_is_confirmed_asks_for_nothing() -> None:
    assert asked_for(needing(Needed(any=("identity", Needed(all=("residence", "identity"))))), 1) == ()


def test_there_is_no_category_19() -> None:
    with pytest.raises(KeyError):
        asked_for(ORDER, 19)
