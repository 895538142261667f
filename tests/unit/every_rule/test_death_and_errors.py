"""Deaths, revocations, and what was an error."""

import pytest

from rules.policy import DecisionMode
from rules.signatures import UnfitSignatureError
from schemas.outcomes import DraftVoided
from schemas.questions import PersonWithdrawn, QuestionAsked, QuestionKind
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    EntitlementRestored,
    EntitlementRevoked,
)
from schemas.values import EndReason
from tests.unit.every_rule.story import (
    SECOND_TITLE,
    YES,
    Story,
    drafted,
    endings,
    notices,
    signature,
)
from tests.unit.rules.case_desk import IIN, MINUTE, NOON, REGISTERED, TITLE, only

DEATH = DeathRegistered(iin=IIN, died_on=NOON.date())
POSTHUMOUS = SECOND_TITLE.model_copy(update={"posthumous": True})


@pytest.mark.parametrize("facts", [(DEATH, TITLE), (POSTHUMOUS,)], ids=["death", "posthumous title"])
def test_p3_the_dead_are_offered_nothing(facts: tuple[DeathRegistered, ...]) -> None:
    """A death, or a posthumous title, is known before the offer: no SMS goes to the family."""
    effects = Story().reads(REGISTERED, *facts)
    assert (only(effects, QuestionAsked), notices(effects)) == ([], [])
    assert [each.reason for each in endings(effects)] == [EndReason.DECEASED]


@pytest.mark.parametrize("consented", [False, True])
def test_p3_whoever_dies_while_a_question_is_open_is_asked_and_told_nothing_more(*, consented: bool) -> None:
    """The number is told to be silent for the person, and an answer that comes from it counts for nothing."""
    story = Story().consented() if consented else Story().offered()
    effects = story.reads(DEATH)
    assert [each.reason for each in endings(effects)] == [EndReason.DECEASED]
    assert len(only(effects, PersonWithdrawn)) == 1
    answered = story.answers(YES)
    assert (notices([*effects, *answered]), only([*effects, *answered], QuestionAsked)) == ([], [])


def test_p3_nothing_is_granted_to_the_dead() -> None:
    """A draft that awaits its signature is void, and cannot be signed any more."""
    story, draft = drafted()
    effects = story.reads(DEATH)
    assert len(only(effects, DraftVoided)) == 1
    with pytest.raises(UnfitSignatureError):
        story.reads(signature(draft, story.now))


def test_d22_a_death_that_was_an_error_is_undone() -> None:
    """The person lives: what the death had ended begins anew, with the offer."""
    story = Story().consented()
    story.reads(DEATH)
    story.now += MINUTE
    [asked] = only(story.reads(DeathAnnulled(iin=IIN)), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, story.last.consent) == (QuestionKind.OFFER, None)


def test_d22_a_wrong_posthumous_title_does_not_end_everything_for_ever() -> None:
    """Once that award is revoked nothing says any longer that the person has died."""
    story = Story(DecisionMode.AUTO).offered()
    story.reads(POSTHUMOUS)
    assert story.case.reason is EndReason.DECEASED
    story.now += MINUTE
    [asked] = only(story.reads(EntitlementRevoked(iin=IIN, record_id="B", record="title")), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert asked.case_id == story.case.case_id


def test_d22_a_revocation_that_was_an_error_is_undone() -> None:
    """The award stands again: what its revocation had ended begins anew, with the offer."""
    story = Story().consented()
    story.now += MINUTE
    ended = endings(story.reads(EntitlementRevoked(iin=IIN, record_id="A", record="title")))
    assert [each.reason for each in ended] == [EndReason.REVOKED]
    story.now += MINUTE
    [asked] = only(story.reads(EntitlementRestored(iin=IIN, record_id="A", record="title")), QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert asked.kind is QuestionKind.OFFER
