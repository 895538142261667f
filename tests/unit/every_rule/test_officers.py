"""Who decides: officers, what they sign, and what is learnt afterwards."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from ops.keys.folder import authorise, new_key
from rules.officers import UnfitReportError
from rules.policy import DecisionMode
from rules.signatures import UnfitSignatureError
from rules.states import State
from schemas.outcomes import DraftVoided
from schemas.questions import NoticeKind
from schemas.registry import DeathRegistered, EntitlementRevoked
from streams.settings.checks import contradictions
from streams.settings.settings import Settings
from tests.unit.every_rule.story import (
    PAY_HERE,
    Story,
    decisions,
    documents,
    draft_in,
    drafted,
    endings,
    heard,
    notices,
    questioned,
    recorded,
    signature,
)
from tests.unit.rules.case_desk import IIN, MINUTE, NOON, only


def test_r10_the_result_is_an_officers_and_the_cabinet_gets_it_as_a_signed_document() -> None:
    """In officer mode the rules draft; only the signature decides, and it stands in the document."""
    story = Story(DecisionMode.OFFICER).consented()
    effects = story.answers(PAY_HERE)
    assert (decisions(effects), notices(effects), documents(effects)) == ([], [], [])
    effects = story.reads(signature(draft_in(effects), story.now))
    [decided], [told] = decisions(effects), documents(effects)
    assert (decided.outcome, decided.officer, decided.signature) == ("granted", "officer-7", "a.b.c")
    assert told.kind == "decided"
    assert told.decision["officer"] == "officer-7"


def test_r30_nobody_is_refused_unheard() -> None:
    """The person is told three working days before, is heard, and only then a refusal can be signed."""
    story, draft = drafted(on_record=True)
    assert story.last.state is State.AWAITING_HEARING
    assert story.last.hearing
    assert story.last.hearing.until == datetime(2021, 7, 27, 18, tzinfo=UTC)
    story.now = NOON + timedelta(days=5)
    with pytest.raises(UnfitSignatureError, match="after the hearing"):
        story.reads(signature(draft, story.now, 4))
    with pytest.raises(UnfitReportError, match="no hearing before 2021-07-28"):
        story.reads(heard(draft, date(2021, 7, 27)))
    story.now = NOON + timedelta(days=6)
    story.reads(heard(draft, date(2021, 7, 28)))
    with pytest.raises(UnfitSignatureError, match="another ground"):
        story.reads(signature(draft, story.now, 1))
    assert [each.outcome for each in decisions(story.reads(signature(draft, story.now, 4)))] == ["refused"]


def test_r30_the_notice_before_a_hearing_cannot_be_shortened() -> None:
    """The person is told of the intended refusal by SMS, and no setting takes the three days away."""
    story = Story(DecisionMode.OFFICER).consented()
    assert notices(story.reads(recorded("paid"))) == [NoticeKind.HEARING]
    with pytest.raises(ValidationError, match="hearing_days"):
        Settings(hearing_days=2)


def test_d4_what_was_signed_is_decided_or_nothing() -> None:
    """Where a fact changed the draft is void and another is made: nobody's signature is turned round."""
    story, draft = drafted()
    effects = story.reads(recorded("paid"))
    assert len(only(effects, DraftVoided)) == 1
    assert draft_in(effects).refusal_ground == 4
    with pytest.raises(UnfitSignatureError, match="void"):
        story.reads(signature(draft, story.now))
    with pytest.raises(UnfitSignatureError, match="on record"):
        story.reads(signature(draft_in(effects), story.now))
    assert story.last.state is State.AWAITING_HEARING


def test_d4_nobody_signs_without_a_name_or_before_the_draft() -> None:
    """An officer has a name, and a draft that was not there yet cannot have been signed."""
    story, draft = drafted()
    with pytest.raises(ValidationError, match="officer"):
        signature(draft, story.now, officer=" ")
    with pytest.raises(UnfitSignatureError, match="before the draft"):
        story.reads(signature(draft, draft.decided_at - MINUTE))
    assert story.last.state is State.AWAITING_SIGNATURE


@pytest.mark.parametrize(
    ("died_on", "reason"),
    [
        (date(2021, 7, 21), "died_before_consent"),
        (date(2021, 7, 22), "died_before_decision"),
        (date(2021, 7, 23), "died_after_decision"),
    ],
)
def test_d9_a_death_that_is_learnt_after_a_grant_goes_to_an_officer(died_on: date, reason: str) -> None:
    """The public event says what was learnt; a machine reverses nothing."""
    story = Story().consented()
    story.answers(PAY_HERE)
    story.now += timedelta(days=2)
    effects = story.reads(DeathRegistered(iin=IIN, died_on=died_on))
    assert (questioned(effects), endings(effects)) == ([reason], [])
    assert story.last.state is State.GRANTED


def test_d9_a_revocation_that_is_learnt_after_a_grant_goes_to_an_officer() -> None:
    """The same for an award that was revoked, and the person reads in the cabinet that it is looked at."""
    story = Story().consented()
    story.answers(PAY_HERE)
    effects = story.reads(EntitlementRevoked(iin=IIN, record_id="A", record="title"))
    assert questioned(effects) == ["revoked"]
    assert [each.kind for each in documents(effects)] == ["questioned"]
    assert story.last.state is State.GRANTED


def test_d24_production_decides_by_officers_unless_a_key_is_authorised(tmp_path: Path) -> None:
    """Without a word the mode is `officer`; `auto` needs an act that lets the signing key decide."""

    def complaints(**changes: object) -> list[str]:
        settings = Settings.model_validate(
            {"profile": "production", "signing_keys": tmp_path / "keys", **changes}
        )
        lines = contradictions(settings, "worker")
        return [line for line in lines if line.startswith("JARDEM_DECISION_MODE is auto")]

    assert Settings(profile="production").decides == "officer"
    kid = new_key(tmp_path / "keys", datetime.now(UTC), None)
    assert len(complaints(decision_mode="auto")) == 1
    authorise(tmp_path / "keys", kid, "order No 1")
    assert complaints(decision_mode="auto") == []
