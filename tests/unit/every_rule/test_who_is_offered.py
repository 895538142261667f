"""Who is offered the benefit, and how."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from agents.bootstrap import case_policy
from rules.policy import CapacityMissing, DisabilityPath
from schemas.questions import Consent, NoticeKind, QuestionAsked, QuestionKind, Separately, Together
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.values import EndReason, Ground, Language, Scheme
from sms.every_text import all_texts
from sms.reading.answers import read_offer
from streams.settings.settings import Settings
from tests.simulation.town import Town
from tests.unit.every_rule.story import (
    DISABILITY,
    PAY_HERE,
    SECOND_TITLE,
    TEXTS,
    YES,
    Story,
    decisions,
    draft_in,
    endings,
    notices,
)
from tests.unit.rules.case_desk import OTHER, PHONE, REGISTERED, TITLE, only


def disability(**changes: Any) -> DisabilityEstablished:
    return DisabilityEstablished.model_validate({**DISABILITY.model_dump(), **changes})


@pytest.mark.parametrize(
    ("title", "ground"), [(TITLE, Ground.PEOPLES_HERO), (SECOND_TITLE, Ground.HERO_OF_LABOUR)]
)
def test_r1_the_two_titles_and_no_others_get_the_benefit_without_an_application(
    title: TitleAwarded, ground: Ground
) -> None:
    """For People's Hero and Hero of Labour, and for no other title, a consent is all that is asked."""
    story = Story().consented(title)
    assert story.last.question
    assert story.last.question.kind is QuestionKind.ACCOUNT
    [decided] = decisions(story.answers(PAY_HERE))
    assert (decided.outcome, decided.ground, decided.scheme) == ("granted", ground, Scheme.STANDALONE)
    with pytest.raises(ValidationError):
        TitleAwarded.model_validate({**title.model_dump(), "title": "hero_of_sport"})


def test_r2_without_a_registered_number_nothing_is_sent_and_never_to_another_one() -> None:
    """The proactive service runs only on the number that the portal has registered for the person."""
    story = Story()
    gone = REGISTERED.model_copy(
        update={"phone": None, "registered_at": REGISTERED.registered_at + timedelta(1)}
    )
    effects = story.reads(REGISTERED, gone, TITLE)
    assert [each.reason for each in endings(effects)] == [EndReason.PHONE_NOT_REGISTERED]
    assert (only(effects, QuestionAsked), notices(effects)) == ([], [])
    back = gone.model_copy(update={"phone": OTHER, "registered_at": gone.registered_at + timedelta(1)})
    [asked] = only(story.reads(back), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert asked.phone == OTHER


@pytest.mark.parametrize(("digit", "language"), [("1", "kk"), ("2", "ru")])
@pytest.mark.parametrize(
    "right", [TITLE, *(disability(legal_ground=each) for each in ("1-1", "7", "8", "8-1"))]
)
def test_r3_every_ground_is_told_by_sms_that_the_benefit_can_be_granted_and_the_language_is_chosen(
    right: TitleAwarded | DisabilityEstablished, digit: str, language: str
) -> None:
    """When a right arises on whatever ground, an SMS in both languages says so and lets one be chosen."""
    story = Story()
    [offer] = only(story.reads(REGISTERED, right), QuestionAsked)
    assert isinstance(offer, QuestionAsked)
    text = TEXTS.question(offer.kind, offer.language, offer.details)
    assert text.startswith("Е-макет.")
    assert "арнаулы мемлекеттік жәрдемақы тағайындалуы мүмкін" in text
    assert "может быть назначено специальное госпособие" in text
    chosen = read_offer(digit)
    assert isinstance(chosen, Consent)
    [following] = only(story.answers(chosen), QuestionAsked)
    assert isinstance(following, QuestionAsked)
    assert following.language == chosen.language == Language(language)


@pytest.mark.parametrize(
    ("answer", "scheme"), [(Together(), Scheme.ONE_APPLICATION), (Separately(), Scheme.STANDALONE)]
)
def test_r7_whose_disability_is_first_established_chooses_the_one_application(
    answer: Together | Separately, scheme: Scheme
) -> None:
    """At the first establishing, and only then, the person chooses one application for both benefits."""
    story = Story().consented(DISABILITY)
    story.answers(answer)
    [decided] = decisions(story.answers(PAY_HERE))
    assert decided.scheme is scheme
    again = Story()
    effects = again.reads(REGISTERED, disability(first_time=False))
    assert only(effects, QuestionAsked) == []
    assert [each.reason for each in endings(effects)] == [EndReason.MANUAL_ROUTE]


def test_d1_a_disability_is_not_told_without_an_application() -> None:
    """Only titles need no application, and one text serves all: no text says that none is needed."""
    for shown in all_texts(TEXTS):
        assert "өтінішсіз" not in shown.text.casefold()
        assert "без заявления" not in shown.text.casefold()


def test_d1_a_ground_that_no_source_confirms_is_decided_by_an_officer() -> None:
    """Where it counts, no machine decides on a disability, and it may be sent to the ordinary route."""
    assert case_policy(Settings(profile="production")).verified_only
    story = Story(verified_only=True).consented(DISABILITY)
    story.answers(Together())
    effects = story.answers(PAY_HERE)
    assert decisions(effects) == []
    assert draft_in(effects).outcome == "granted"
    invited = Story(disability_path=DisabilityPath.INVITE).reads(REGISTERED, DISABILITY)
    assert only(invited, QuestionAsked) == []
    assert notices(invited) == [NoticeKind.MANUAL_ROUTE]


def test_d18_a_registered_number_abroad_has_an_ending_of_its_own() -> None:
    """Who has registered a foreign number is not told to have registered none."""
    foreign = REGISTERED.model_copy(update={"phone": "+79161234567"})
    [ended] = endings(Story().reads(foreign, TITLE))
    assert ended.reason is EndReason.NUMBER_NOT_REACHABLE


@pytest.mark.parametrize("right", [TITLE, DISABILITY])
@pytest.mark.parametrize("capacity", ["guardian", "minor", None])
def test_d19_whose_capacity_is_not_full_or_not_known_is_not_asked_to_consent(
    right: TitleAwarded | DisabilityEstablished, capacity: str | None
) -> None:
    """A minor of whatever group, a ward, and in production whoever it is not known of, go the manual way."""
    assert case_policy(Settings(profile="production")).capacity_missing is CapacityMissing.MANUAL
    told = type(right).model_validate({**right.model_dump(), "legal_capacity": capacity})
    effects = Story(capacity_missing=CapacityMissing.MANUAL).reads(REGISTERED, told)
    assert only(effects, QuestionAsked) == []
    assert [each.reason for each in endings(effects)] == [EndReason.MANUAL_ROUTE]


@pytest.mark.parametrize(
    "right", [disability(group="child"), disability(in_baikonur=True), disability(legal_capacity="guardian")]
)
def test_p7_no_proactive_rule_exists_for_children_wards_and_residents_of_baikonur(
    right: DisabilityEstablished,
) -> None:
    """They are sent nothing and asked nothing; the ending says where to apply."""
    effects = Story().reads(REGISTERED, right)
    assert (only(effects, QuestionAsked), notices(effects)) == ([], [])
    [ended] = endings(effects)
    assert ended.reason is EndReason.MANUAL_ROUTE
    assert ended.ordinary_route.where


def test_p5_what_comes_from_a_former_number_is_no_answer_and_the_present_one_is_asked() -> None:
    """A question goes to the number registered now; an answer from the former one decides nothing."""
    town = Town()
    town.learns("phone0", "title")
    town.passes(minutes=5)
    town.learns("phone1")
    town.passes(minutes=5)
    town.reads("1", PHONE)
    assert town.case().consent is None
    assert town.told(OTHER) == ["offer"]
    town.reads("1", OTHER)
    assert town.case().consent is not None


def test_p6_an_answer_of_a_shared_phone_belongs_to_one_question_only() -> None:
    """Of two persons with one number the second is asked when the first one's case has come to its end."""
    town = Town()
    for person in (0, 1):
        town.learns("phone0", "title", person=person)
    assert town.told() == ["offer"]
    town.reads("1")
    assert [town.case(person=each).consent is not None for each in (0, 1)] == [True, False]
    assert town.told() == ["offer", "account"]


def test_p8_a_language_alone_is_no_consent_and_the_digit_says_that_it_is_both() -> None:
    """Only what the offer says is a consent is one: its digits, with the language that they name."""
    assert all(read_offer(text) is None for text in ("қазақша", "по-русски", "на русском"))
    offer = next(shown.text for shown in all_texts(TEXTS) if shown.name == "offer")
    assert "1: келісемін, деректерімді пайдалануға да, қазақша" in offer
    assert "2: согласие, и на использование данных, по-русски" in offer
    assert read_offer("1") == YES
