"""What an installation cannot set, and what is forgotten when."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from agents.bootstrap import case_retention
from rules.policy import Retention
from schemas.questions import AccountGiven, Answer, CasePurged, Decline
from schemas.stored import dump_stored
from streams.settings.checks import contradictions
from streams.settings.settings import Settings
from streams.topics import all_topics
from tests.unit.every_rule.story import PAY_HERE, YES, Story
from tests.unit.rules.case_desk import IBAN, IIN, PHONE, only

DAY = timedelta(days=1)


def test_r34_no_carrier_abroad_without_a_word() -> None:
    """Production sends numbers and texts out of the country only where the law is said to allow it."""

    def complaints(**changes: object) -> list[str]:
        settings = Settings.model_validate({"profile": "production", **changes})
        lines = contradictions(settings, "worker")
        return [line for line in lines if line.startswith("JARDEM_CROSS_BORDER_SMS")]

    assert len(complaints()) == 1
    assert complaints(cross_border_sms="allow") == []
    assert complaints(twilio_api_url="https://sms.example.kz") == []


@pytest.mark.parametrize("sender", ["Egov", "E-maket", "1414a"])
def test_d25_a_sender_that_cannot_be_answered_is_refused(sender: str) -> None:
    """A sender with letters carries no replies, in whatever profile: every offer would end in silence."""
    with pytest.raises(ValidationError, match="sms_from"):
        Settings(sms_from=sender)
    assert Settings(sms_from="1414").sms_from == "1414"


@pytest.mark.parametrize(
    ("answers", "days"), [((Decline(),), 90), ((YES,), 365), ((YES, PAY_HERE), None)], ids=str
)
def test_d26_nothing_that_names_a_person_is_kept_for_ever_but_a_grant(
    answers: tuple[Answer, ...], days: int | None
) -> None:
    """Texts, numbers and accounts of those who said no, or nothing, are forgotten when their time is over."""
    kept = case_retention(Settings())
    assert kept == Retention(None, 1825 * DAY, 90 * DAY, 90 * DAY, 365 * DAY)
    story = Story(retention=kept).offered()
    for answer in answers:
        story.answers(answer)
    if story.last.open:
        story.leaves()
        story.rings("term")
    rested = story.now
    if days is None:
        assert isinstance(answers[-1], AccountGiven)
        assert not story.waits()
        return
    effects = story.rings("purge")
    assert story.now == rested + days * DAY
    assert [each.phone for each in effects if isinstance(each, CasePurged)] == [PHONE]
    assert len(only(effects, CasePurged)) == 1
    stored = dump_stored(story.person.with_(phone=None), 1).decode()
    assert not [personal for personal in (IIN, PHONE, IBAN, "as written", "the text") if personal in stored]


def test_d26_the_topics_forget_as_well() -> None:
    """What ended without a decision is kept in its topic no longer than the longest of its retentions."""
    topics = {each.name: each for each in all_topics(Settings())}
    assert topics["benefit.process-ended.v1"].retention == 365 * DAY
    assert topics["sms.inbox.v1"].retention == topics["sms.outbox.v1"].retention == 14 * DAY
