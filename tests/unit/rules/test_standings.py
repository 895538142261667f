"""Records that are revoked, restored and published again, in whatever order that is read."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from rules.person import Standing
from rules.standings import AmbiguousRecordError
from rules.states import State
from schemas.base import Event
from schemas.outcomes import CaseAdvanced
from schemas.questions import Consent, QuestionAsked
from schemas.registry import DisabilityEstablished, EntitlementRestored, EntitlementRevoked, TitleAwarded
from schemas.values import EndReason, Ground, Language
from tests.unit.rules.case_desk import ACCOUNT, IIN, MINUTE, REGISTERED, Desk, only

DAY = date(2021, 7, 19)
AMBIGUOUS = "record: an award and a certificate bear this id; say which is meant"
TITLE = TitleAwarded(iin=IIN, title="peoples_hero", award_id="17", awarded_on=DAY)
CERTIFICATE = DisabilityEstablished(
    iin=IIN, certificate_id="17", established_on=DAY, group="2", legal_ground="7", first_time=True
)


def revoked(record: str | None = None) -> EntitlementRevoked:
    return EntitlementRevoked.model_validate({"iin": IIN, "record_id": "17", "record": record})


def restored(record: str | None = None) -> EntitlementRestored:
    return EntitlementRestored.model_validate({"iin": IIN, "record_id": "17", "record": record})


def reasons(desk: Desk) -> dict[str, EndReason | None]:
    return {case.record: case.reason for case in desk.person.cases.values()}


def test_a_revocation_that_names_its_record_ends_no_other_with_the_same_id(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    desk.now += MINUTE
    desk.reads(revoked("disability"))
    assert reasons(desk) == {"award": None, "certificate": EndReason.REVOKED}


@pytest.mark.parametrize("said", [revoked, restored])
def test_an_id_that_two_records_bear_ends_neither_unless_it_is_said_which(
    desk: Desk, said: Callable[[], Event]
) -> None:
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    before = desk.person
    with pytest.raises(AmbiguousRecordError, match=f"^{AMBIGUOUS}$"):
        desk.reads(said())
    assert desk.person == before


def test_a_revocation_without_the_record_ends_the_only_one_that_bears_the_id(desk: Desk) -> None:
    desk.reads(REGISTERED, CERTIFICATE)
    desk.now += MINUTE
    desk.reads(revoked())
    assert reasons(desk) == {"certificate": EndReason.REVOKED}


@pytest.mark.parametrize("record", [None, "title"])
def test_a_revocation_that_is_read_before_the_award_bars_it(desk: Desk, record: str | None) -> None:
    desk.reads(REGISTERED, revoked(record), TITLE)
    assert reasons(desk) == {"award": EndReason.REVOKED}


@pytest.mark.parametrize("record", [None, "title"])
@pytest.mark.parametrize("back", [restored("title"), restored(), TITLE], ids=["named", "restored", "again"])
def test_what_was_revoked_in_error_is_offered_anew(desk: Desk, record: str | None, back: Event) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked(record))
    desk.now += MINUTE
    [offer] = only(desk.reads(back), QuestionAsked)
    assert isinstance(offer, QuestionAsked)
    assert [case.state for case in desk.person.cases.values()] == [State.OFFER_ASKED]
    assert desk.person.cases[offer.case_id].reason is None


def test_a_consent_of_before_the_revocation_counts_no_more(consented: Desk) -> None:
    consented.now += MINUTE
    named = EntitlementRevoked(iin=IIN, record_id="A", record="title")
    consented.reads(named)
    consented.now += MINUTE
    consented.reads(EntitlementRestored(iin=IIN, record_id="A"))
    assert (consented.case.state, consented.case.consent) == (State.OFFER_ASKED, None)
    consented.hears(Consent(language=Language.KAZAKH), ACCOUNT)
    assert consented.case.state is State.OFFER_ASKED


def test_the_evidence_of_a_record_published_again_is_the_new_event(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    desk.reads(TITLE)
    [case] = desk.person.cases.values()
    assert case.source.time == desk.now


def test_a_restoration_that_is_read_before_the_revocation_holds(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += 2 * MINUTE
    desk.reads(restored())
    desk.now -= MINUTE
    desk.reads(revoked())
    assert reasons(desk) == {"award": None}


def test_the_same_award_under_another_event_changes_nothing_where_it_was_not_revoked(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    assert desk.reads(TITLE) == []
    assert desk.remarks == ("the entitlement is known already",)


def test_an_award_of_before_its_revocation_that_comes_again_stays_revoked(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now -= MINUTE
    assert desk.reads(TITLE) == []
    assert desk.remarks == ("the entitlement is known already",)
    assert reasons(desk) == {"award": EndReason.REVOKED}


def test_a_record_that_another_follows_under_its_id_is_restored_all_the_same(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    desk.reads(CERTIFICATE)
    assert reasons(desk) == {"award": EndReason.REVOKED, "certificate": None}
    desk.now += MINUTE
    desk.reads(restored("title"))
    assert reasons(desk) == {"award": None, "certificate": None}


def test_a_revocation_of_the_only_record_of_an_id_bars_no_other_that_is_read_later(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now -= MINUTE
    desk.reads(CERTIFICATE)
    assert reasons(desk) == {"award": EndReason.REVOKED, "certificate": None}


def test_a_revocation_that_is_read_before_any_record_bars_the_first_that_bears_the_id(desk: Desk) -> None:
    desk.reads(REGISTERED, revoked("title"), revoked(), TITLE, CERTIFICATE)
    assert reasons(desk) == {"award": EndReason.REVOKED, "certificate": None}
    assert [(known.record, known.revoked_at) for known in desk.person.standings] == [("award", desk.now)]


def test_a_record_that_is_published_again_is_taken_up_as_it_is_published_now(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    desk.reads(TITLE.model_copy(update={"title": "hero_of_labour"}))
    [case] = desk.person.cases.values()
    assert (case.state, case.ground) == (State.OFFER_ASKED, Ground.HERO_OF_LABOUR)


@pytest.mark.parametrize("back", [restored(), TITLE], ids=["restored", "again"])
def test_a_registry_whose_clock_is_ahead_takes_no_answer_away(desk: Desk, back: Event) -> None:
    desk.reads(REGISTERED, TITLE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    desk.reads(back, at=desk.now + timedelta(hours=6))
    [case] = desk.person.cases.values()
    assert case.question is not None
    desk.now += MINUTE
    desk.sent(case.question.question_id, case_id=case.case_id)
    desk.hears(Consent(language=Language.KAZAKH), case.question.question_id, case_id=case.case_id)
    [case] = desk.person.cases.values()
    assert case.state is State.ACCOUNT_ASKED


@pytest.mark.parametrize("order", [(revoked, restored), (restored, revoked)])
def test_of_two_words_of_the_same_instant_the_restoration_holds(
    desk: Desk, order: tuple[Callable[[], Event], Callable[[], Event]]
) -> None:
    desk.reads(REGISTERED, TITLE)
    same = desk.now + MINUTE
    desk.now += 2 * MINUTE
    for said in order:
        desk.reads(said(), at=same)
    assert reasons(desk) == {"award": None}


def test_a_record_that_is_published_anew_with_an_obstacle_goes_the_manual_way_and_says_why(
    desk: Desk,
) -> None:
    desk.reads(REGISTERED, CERTIFICATE)
    desk.now += MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    effects = desk.reads(CERTIFICATE.model_copy(update={"in_baikonur": True}))
    assert [step.note for step in effects if isinstance(step, CaseAdvanced)] == [
        "barred_baikonur",
        "manual_route",
    ]
    [case] = desk.person.cases.values()
    assert (case.reason, case.obstacle) == (EndReason.MANUAL_ROUTE, "baikonur")


@pytest.mark.parametrize("back", [restored("title"), restored(), TITLE], ids=["named", "restored", "again"])
def test_only_the_record_that_is_restored_begins_anew_of_two_with_one_id(desk: Desk, back: Event) -> None:
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    desk.now += MINUTE
    desk.reads(revoked("title"), revoked("disability"))
    assert set(reasons(desk).values()) == {EndReason.REVOKED}
    desk.now += MINUTE
    if back == restored():
        with pytest.raises(AmbiguousRecordError, match=f"^{AMBIGUOUS}$"):
            desk.reads(back)
        return
    desk.reads(back)
    assert reasons(desk) == {"award": None, "certificate": EndReason.REVOKED}


def test_what_is_said_of_the_only_record_is_kept_with_its_kind(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    for said, kind in ((revoked(), "award"), (restored("disability"), "certificate")):
        desk.now += MINUTE
        desk.reads(said)
        assert desk.person.standings[-1].record == kind
    assert [known.record for known in desk.person.standings] == ["award", "certificate"]


def test_both_words_that_were_read_before_any_record_are_of_the_first_that_bears_the_id(desk: Desk) -> None:
    at = desk.now
    desk.reads(REGISTERED, revoked())
    desk.now += MINUTE
    desk.reads(restored())
    desk.now += MINUTE
    other = EntitlementRevoked(iin=IIN, record_id="another")
    desk.reads(other)
    desk.reads(TITLE.model_copy(update={"award_id": "of no word"}), TITLE, at=at)
    assert desk.person.standings == (
        Standing(record_id="another", revoked_at=desk.now),
        Standing(record_id="17", record="award", revoked_at=at, restored_at=at + MINUTE),
    )
    desk.reads(CERTIFICATE)
    assert reasons(desk) == {"award": None, "certificate": None}


def test_a_restoration_alone_that_was_read_before_the_record_is_of_it(desk: Desk) -> None:
    desk.reads(REGISTERED, restored(), TITLE)
    assert desk.person.standings == (Standing(record_id="17", record="award", restored_at=desk.now),)


def test_what_two_records_bear_is_never_settled(desk: Desk) -> None:
    """As it could be stored when ids were not told apart."""
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    stored = (Standing(record_id="17", revoked_at=desk.now),)
    desk.person = desk.person.with_(standings=stored)
    desk.reads(TITLE)
    assert desk.person.standings == stored


def test_what_is_said_of_one_record_leaves_what_was_said_of_another(desk: Desk) -> None:
    for record_id in ("17", "18", "17"):
        desk.reads(EntitlementRevoked(iin=IIN, record_id=record_id))
    assert [known.record_id for known in desk.person.standings] == ["18", "17"]


def test_a_restoration_of_before_the_revocation_begins_nothing_anew(desk: Desk) -> None:
    desk.reads(REGISTERED, TITLE)
    at = desk.now
    desk.now += 2 * MINUTE
    desk.reads(revoked())
    desk.now += MINUTE
    assert desk.reads(restored(), at=at) == []
    assert reasons(desk) == {"award": EndReason.REVOKED}
