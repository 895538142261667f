"""The ordinary route: what an ending says of where, how and with what to apply."""

from collections.abc import Sequence

import pytest

from rules.data.shipped import shipped
from rules.grounds import DISABILITY_GROUNDS
from rules.ordinary_route import asked_for
from schemas.base import Event
from schemas.outcomes import OrdinaryRoute, RoutePlace
from schemas.questions import QuestionAsked
from schemas.registry import DisabilityEstablished
from schemas.values import EndReason, Language, Place, Scheme
from schemas.words import Words
from tests.unit.every_rule.story import DISABILITY, SECOND_TITLE, TEXTS, Story, endings
from tests.unit.rules.case_desk import REGISTERED, TITLE, only

ORDER = shipped().sets[0]


def route(right: Event) -> OrdinaryRoute:
    """What a person without a number reads in the ending."""
    [ended] = endings(Story().reads(right))
    return ended.ordinary_route


def place(name: Place, right: Event = DISABILITY) -> RoutePlace:
    [found] = [each for each in route(right).where if each.place is name]
    return found


def says(words: Words | None, *parts: str) -> bool:
    """Whether the Kazakh and the Russian words have these parts, each in one of them."""
    assert words
    return all(part in f"{words.kk}|{words.ru}" for part in parts)


def test_r14_every_form_of_the_service_is_open() -> None:
    """Electronic on the portal, on paper with its form, proactively by SMS, and as one application."""
    told = route(DISABILITY)
    assert Place.PORTAL in {each.place for each in told.where}
    assert {each.place for each in told.forms} == {Place.STATE_CORPORATION, Place.PROVIDER}
    assert len(only(Story().reads(REGISTERED, DISABILITY), QuestionAsked)) == 1
    assert {each.value for each in Scheme} == {"standalone", "one_application"}
    choice = {each: texts["one_application"] for each, texts in TEXTS.catalogues.items()}
    assert "бір өтінішпен" in choice[Language.KAZAKH]
    assert "одним заявлением" in choice[Language.RUSSIAN]


@pytest.mark.parametrize("right", [TITLE, DISABILITY])
def test_r16_who_cannot_come_is_visited_after_a_call(right: Event) -> None:
    """Whom to call, who is visited, and by whom the documents are taken at home."""
    told = route(right)
    assert told.call == ("1414", "8 800 080 77 77")
    assert says(told.home_visit, *told.call, "үйіне", "на дому", "работник Государственной корпорации")
    assert says(told.home_visit, "утратил способность или возможность обслуживать себя")


def test_r17_what_state_systems_confirm_is_not_asked_of_the_citizen() -> None:
    """Identity, residence and the disability reference; births and marriages as far as the order says."""
    confirmed = {key for key, paper in ORDER.documents.items() if paper.confirmed}
    assert confirmed == {"identity", "residence", "disability_reference"}
    told = {words.ru for category in range(1, 19) for words in asked_for(ORDER, category)}
    assert told.isdisjoint({ORDER.documents[key].ru for key in confirmed})
    for key, day in (("birth_certificate", "13 августа 2007"), ("marriage_certificate", "1 июня 2008")):
        where = ORDER.documents[key].confirmed_where
        assert says(where, day, "на территории Республики Казахстан")


@pytest.mark.parametrize(
    ("right", "category", "title"), [(TITLE, 4, "Халық қаһарманы"), (SECOND_TITLE, 5, "Еңбек Ері")]
)
def test_r18_of_18_categories_the_titles_are_4_and_5_and_bring_the_paper_that_proves_them(
    right: Event, category: int, title: str
) -> None:
    """Each category has its papers; who holds a title is told theirs and no other."""
    assert [each.n for each in ORDER.categories] == list(range(1, 19))
    told = route(right)
    assert told.category == category
    assert told.documents
    [paper] = told.documents
    assert title in paper.kk


@pytest.mark.parametrize("ground", sorted(DISABILITY_GROUNDS))
def test_d16_no_list_of_papers_is_told_that_no_source_confirms(ground: str) -> None:
    """Whoever follows a wrong list is refused for it: for a disability 1414 tells."""
    right = DisabilityEstablished.model_validate({**DISABILITY.model_dump(), "legal_ground": ground})
    told = route(right)
    assert (told.verified, told.category, told.documents) == (False, None, None)


def test_d16_the_papers_are_as_the_order_has_them() -> None:
    """For 7.1 the military body's reference or the Soviet certificate; for 15 and 16 the Russian proof."""
    needed = ORDER.category(7).sub[0].documents
    assert [each.any for each in needed.all if not isinstance(each, str)] == [
        ("hostilities_reference", "ussr_certificate")
    ]
    for category in (15, 16):
        assert asked_for(ORDER, category) == (ORDER.documents["russian_pension_document"].words,)


@pytest.mark.parametrize(
    ("right", "places"),
    [
        (TITLE, [Place.STATE_CORPORATION, Place.PORTAL]),
        (DISABILITY, [Place.PROVIDER, Place.STATE_CORPORATION, Place.PORTAL]),
    ],
)
def test_r19_the_channels_are_told_in_the_order_in_which_to_go(right: Event, places: Sequence[Place]) -> None:
    """The State Corporation first; where a disability was first established the provider before it."""
    assert [each.place for each in route(right).where] == places


def test_r22_a_representative_may_apply_and_receive_the_result() -> None:
    """Under a notarised power of attorney."""
    words = route(TITLE).representative
    assert says(words, "нотариат", "сенімхат", "нотариально удостоверенной доверенности")
    assert says(words, "Өтінішті", "нәтижені", "Подать заявление", "получить результат")


def test_r23_each_place_takes_a_form_of_its_own() -> None:
    """Annex 1 to the Rules at the State Corporation, annex 3 to Rules No 223 at the provider."""
    forms = {each.place: each.name for each in route(DISABILITY).forms}
    assert says(forms[Place.STATE_CORPORATION], "1-қосымша", "приложению 1 ", "№ 445")
    assert says(forms[Place.PROVIDER], "3-қосымша", "приложению 3 ", "№ 223")


def test_r25_everybody_shows_identity_and_residents_of_baikonur_their_registration() -> None:
    """Identity is fetched; residents of Baikonur go the manual way and show a settlement beside it."""
    assert ORDER.papers.everybody == ("identity",)
    [paper] = [ORDER.documents[key] for key in ORDER.papers.residents_of_baikonur]
    assert says(paper.words, "шекаралас аумақтағы елді мекендегі", "приграничной территории")
    assert not paper.confirmed
    resident = DISABILITY.model_copy(update={"in_baikonur": True})
    [ended] = endings(Story().reads(REGISTERED, resident))
    assert ended.reason is EndReason.MANUAL_ROUTE


def test_r26_the_portal_takes_only_the_applicants_own_digital_signature() -> None:
    """No other place asks for one."""
    assert says(place(Place.PORTAL).condition, "өз электрондық цифрлық қолтаңбасы", "собственной электронной")
    assert {place(each).condition for each in (Place.PROVIDER, Place.STATE_CORPORATION)} == {None}


def test_r27_hours_and_queues_are_told() -> None:
    """Six days by electronic queue, five days in turn without booking, and the portal round the clock."""
    corporation, provider = place(Place.STATE_CORPORATION).hours, place(Place.PROVIDER).hours
    assert says(corporation, "сенбіні қоса", "с понедельника по субботу", "с 9.00 до 20.00 без перерыва")
    assert says(corporation, "электронной очереди", "без ускоренного", "забронировать на портале")
    assert says(provider, "жұманы қоса", "с понедельника по пятницу", "с 9.00 до 18.30", "до 17.30")
    assert says(provider, "с 13.00 до 14.30", "без предварительной записи")
    assert says(place(Place.PORTAL).hours, "тәулік бойы", "круглосуточно")


def test_r28_the_provider_is_the_committees_territorial_subdivision() -> None:
    """Its medical and social expertise unit at the place of residence."""
    name = place(Place.PROVIDER).name
    assert says(name, "аумақтық бөлімшесі", "территориальное подразделение Комитета труда")
    assert says(name, "МӘС", "МСЭ", "по месту жительства")
