"""One benefit, on one ground: what is on record, and what another case of the person does."""

from datetime import date

import pytest
from pydantic import ValidationError

from rules.states import State
from schemas.outcomes import DecisionDrafted
from schemas.questions import NoticeKind, NoticeRequested, QuestionAsked
from schemas.values import EndReason
from tests.unit.every_rule.story import (
    PAY_HERE,
    SECOND_TITLE,
    TEXTS,
    YES,
    Story,
    decisions,
    draft_in,
    drafted,
    endings,
    heard,
    notices,
    questioned,
    recorded,
    signature,
)
from tests.unit.rules.case_desk import CASE, MINUTE, NOON, REGISTERED, TITLE, only


@pytest.mark.parametrize(
    ("ground", "notice"),
    [
        (1, NoticeKind.REFUSED_1),
        (2, NoticeKind.REFUSED_2),
        (3, NoticeKind.REFUSED_3),
        (4, NoticeKind.REFUSED),
    ],
)
def test_r12_there_are_four_grounds_of_refusal_and_each_is_named(ground: int, notice: NoticeKind) -> None:
    """A refusal is on one of the four, in the decision and in the SMS; a fifth there is not, nor none."""
    story, draft = drafted()
    story.reads(heard(draft, NOON.date()))
    effects = story.reads(signature(draft, story.now, ground))
    assert [(each.outcome, each.refusal_ground) for each in decisions(effects)] == [("refused", ground)]
    assert notices(effects) == [notice]
    signed = signature(draft, story.now, ground)
    for none in (0, 5, None):
        with pytest.raises(ValidationError, match="refusal"):
            type(signed).model_validate(signed.model_dump() | {"refusal_ground": none})


@pytest.mark.parametrize("status", ["applied", "assigned", "paid"])
def test_p4_a_benefit_on_record_is_looked_for_before_the_offer_and_before_the_decision(status: str) -> None:
    """A pending application counts as well: before the consent it ends the process, after it it refuses."""
    story = Story()
    effects = story.reads(recorded(status), REGISTERED, TITLE)
    assert only(effects, QuestionAsked) == []
    assert [each.reason for each in endings(effects)] == [EndReason.ALREADY_RECEIVING]
    [decided] = decisions(Story().consented().reads(recorded(status)))
    assert (decided.outcome, decided.refusal_ground) == ("refused", 4)


def test_r29_the_benefit_is_granted_on_one_ground_and_the_person_is_told_where_to_choose_another() -> None:
    """Once one is granted the others end; another ground can be chosen at the State Corporation."""
    story = Story().consented()
    story.reads(SECOND_TITLE)
    account = story.case.question
    assert account
    story.sent(account.question_id)
    effects = story.hears(PAY_HERE, account.question_id)
    assert [each.reason for each in endings(effects)] == [EndReason.ANOTHER_GROUND]
    [told] = [each for each in effects if isinstance(each, NoticeRequested)][1:]
    text = TEXTS.notice(told.kind, None, told.details)
    assert "Басқа негізді Мемлекеттік корпорацияда таңдай аласыз" in text
    assert "Другое основание можно выбрать в Госкорпорации" in text


def test_d2_two_titles_are_not_two_grants() -> None:
    """While one case is under way the other waits unasked; it is asked where the first one ends otherwise."""
    story = Story()
    asked = only(story.reads(REGISTERED, TITLE, SECOND_TITLE), QuestionAsked)
    assert len(asked) == 1
    assert story.last.state is State.QUEUED
    story.sent()
    asked = only(story.rings("term"), QuestionAsked)
    assert [each.case_id for each in asked if isinstance(each, QuestionAsked)] == [story.last.case_id]


def test_d3_our_own_application_refuses_nobody() -> None:
    """What the State Corporation records of our case is that case, and no other application."""
    story = Story().consented()
    story.reads(recorded("applied", NOON.date(), case_id=CASE))
    assert [each.outcome for each in decisions(story.answers(PAY_HERE))] == ["granted"]


def test_d3_an_application_that_may_be_our_own_waits_for_an_officer() -> None:
    """Recorded from the consent's day on, without a word of which it is: a machine can't tell."""
    story = Story().consented()
    story.reads(recorded("applied", NOON.date()))
    effects = story.answers(PAY_HERE)
    assert decisions(effects) == []
    assert draft_in(effects).outcome == "granted"
    [refused] = decisions(Story().consented().reads(recorded("applied", date(2021, 7, 21))))
    assert refused.outcome == "refused"


def test_d10_who_will_be_refused_is_asked_for_no_account() -> None:
    """Ground 4 after the consent refuses at once, and no account stands in the refusal."""
    story = Story().offered()
    story.answers(YES)
    story.leaves()
    effects = story.reads(recorded("paid"))
    assert only(effects, QuestionAsked) == []
    [decided] = decisions(effects)
    assert (decided.refusal_ground, decided.iban, decided.account_source) == (4, None, None)
    assert only(effects, DecisionDrafted) == []


def test_d9_a_record_of_before_that_is_learnt_after_a_grant_is_questioned() -> None:
    """It would be a second grant: an officer looks at it. What is recorded later may be the grant itself."""
    story = Story().consented()
    story.answers(PAY_HERE)
    story.now += MINUTE
    assert questioned(story.reads(recorded("paid", date(2020, 1, 1)))) == ["second_grant"]
    assert story.case.state is State.GRANTED
    assert questioned(story.reads(recorded("paid", NOON.date()))) == []
    ours = Story().consented()
    ours.answers(PAY_HERE)
    for status, day in (("paid", NOON.date()), ("ended", date(2021, 7, 23))):
        assert questioned(ours.reads(recorded(status, day))) == []
