"""Officers' signatures: the signed outcome or nothing, and what does not fit changes nothing."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from rules.policy import DecisionMode, Policy
from rules.signatures import UnfitSignatureError
from rules.states import State
from schemas.emaket import DecisionSigned, HearingRecorded
from schemas.outcomes import BenefitDecided, DecisionDrafted
from schemas.questions import AccountGiven, Consent
from schemas.statecorp import BenefitRecorded
from schemas.values import Language
from tests.unit.rules.case_desk import ACCOUNT, IBAN, IIN, MINUTE, NOON, REGISTERED, TITLE, Desk, only

SIGNED = NOON + 5 * MINUTE


def drafted() -> tuple[Desk, DecisionDrafted]:
    desk = Desk(Policy(decision_mode=DecisionMode.OFFICER))
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(Consent(language=Language.KAZAKH))
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    desk.now = SIGNED
    return desk, draft


def signature(draft: DecisionDrafted, **changes: Any) -> DecisionSigned:
    content = {
        "decision_id": draft.decision_id,
        "outcome": "granted",
        "officer": "officer-7",
        "signed_at": SIGNED,
        "signature": "a.b.c",
    }
    return DecisionSigned.model_validate({**content, **changes})


def heard(draft: DecisionDrafted, **changes: Any) -> HearingRecorded:
    content = {
        "decision_id": draft.decision_id,
        "held_on": SIGNED.date(),
        "objection": False,
        "officer": "officer-7",
    }
    return HearingRecorded.model_validate({**content, **changes})


@pytest.mark.parametrize(
    ("outcome", "ground", "iban", "source"),
    [
        ("granted", None, IBAN, "given"),
        ("refused", 1, None, None),
        ("refused", 3, None, None),
    ],
)
def test_the_decision_is_what_was_signed_and_names_who_signed_it(
    outcome: str, ground: int | None, iban: str | None, source: str | None
) -> None:
    desk, draft = drafted()
    if ground:
        desk.reads(heard(draft))
    signed = signature(draft, outcome=outcome, refusal_ground=ground)
    [decided] = only(desk.reads(signed), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert (decided.outcome, decided.refusal_ground) == (outcome, ground)
    assert (decided.iban, decided.account_source) == (iban, source)
    assert (decided.officer, decided.signature, decided.decided_at) == ("officer-7", "a.b.c", SIGNED)
    assert decided.step == desk.case.step
    assert decided.evidence == draft.evidence


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"decision_id": "person.unknown"},
            "decision_id: no draft with it awaits a signature: it is unknown, or void",
        ),
        ({"signed_at": NOON - MINUTE}, "signed_at: it is before the draft was made"),
    ],
)
def test_a_signature_that_fits_no_draft_changes_nothing(changes: dict[str, Any], complaint: str) -> None:
    desk, draft = drafted()
    before = desk.person
    with pytest.raises(UnfitSignatureError, match=f"^{complaint}$"):
        desk.reads(signature(draft, **changes))
    assert desk.person == before
    assert desk.case.state is State.AWAITING_SIGNATURE


@pytest.mark.parametrize(
    "changes",
    [
        {"officer": ""},
        {"officer": "  "},
        {"outcome": "refused"},
        {"outcome": "granted", "refusal_ground": 2},
        {"refusal_ground": 5, "outcome": "refused"},
    ],
)
def test_a_signature_that_says_nothing_whole_is_no_event(changes: dict[str, Any]) -> None:
    _, draft = drafted()
    with pytest.raises(ValidationError):
        signature(draft, **changes)


@pytest.mark.parametrize(
    ("ground", "another"),
    [
        (None, {"outcome": "refused", "refusal_ground": 1}),
        (None, {"signed_at": SIGNED + MINUTE}),
        (None, {"officer": "officer-8"}),
        (1, {"refusal_ground": 3}),
        (1, {"signed_at": SIGNED + MINUTE}),
    ],
)
def test_the_same_signature_again_changes_nothing_and_another_comes_too_late(
    ground: int | None, another: dict[str, Any]
) -> None:
    desk, draft = drafted()
    same: dict[str, Any] = {"outcome": "refused", "refusal_ground": ground} if ground else {}
    desk.reads(heard(draft), signature(draft, **same))
    before = desk.person
    assert desk.reads(signature(draft, **same)) == []
    assert desk.remarks == ("a decision was signed again",)
    too_late = "decision_id: the draft was decided already, and otherwise"
    with pytest.raises(UnfitSignatureError, match=f"^{too_late}$"):
        desk.reads(signature(draft, **{**same, **another}))
    assert desk.person == before


def test_a_draft_on_a_case_that_awaits_no_signature_is_not_signed() -> None:
    desk, draft = drafted()
    ended = desk.case.with_(state=State.ENDED)
    desk.person = desk.person.with_(cases={ended.case_id: ended})
    with pytest.raises(UnfitSignatureError, match=r"^decision_id: no draft with it awaits a signature$"):
        desk.reads(signature(draft))


def test_a_refusal_on_ground_4_can_not_be_signed_as_a_grant() -> None:
    desk, _ = drafted()
    record = BenefitRecorded(iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=NOON.date())
    [draft] = only(desk.reads(record), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    with pytest.raises(UnfitSignatureError, match=r"^outcome: the benefit is on record"):
        desk.reads(signature(draft))
    desk.now += timedelta(days=6)
    desk.reads(heard(draft, held_on=date(2021, 7, 28)))
    signed = signature(draft, outcome="refused", refusal_ground=4, signed_at=desk.now)
    [decided] = only(desk.reads(signed), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.officer == "officer-7"
