"""What names a person is forgotten when its time is over (R34, D26), and no right is lost by it."""

from datetime import timedelta
from typing import Any

import pytest

from rules.deadlines import deadlines
from rules.issuing import Issued, documents
from rules.person import Hearing
from rules.policy import Policy, Retention, TermPolicy
from rules.states import State
from schemas.canonical import data_of, digest
from schemas.deadlines import DeadlineElapsed
from schemas.outcomes import CaseAdvanced, DecisionQuestioned
from schemas.questions import AccountGiven, Answer, CasePurged, Consent, Decline, NoticeKind, QuestionAsked
from schemas.received import ReceivedEvent
from schemas.registry import DeathRegistered
from schemas.statecorp import AccountKnown
from schemas.stored import dump_stored
from schemas.values import EndReason, Language, Scheme
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PHONE,
    REGISTERED,
    TITLE,
    Desk,
    only,
)

DAY = timedelta(days=1)
KEPT = Retention(granted=700 * DAY, refused=500 * DAY, declined=90 * DAY, unasked=80 * DAY, ended=365 * DAY)


def desk_with(retention: Retention = KEPT) -> Desk:
    return Desk(Policy(term=TermPolicy.EXCLUSIVE, retention=retention))


def purged(desk: Desk) -> list[Any]:
    """Wait for the purge and let it happen; what came of it."""
    [wait] = [each for each in deadlines(desk.person, desk.policy) if each.name == f"{CASE}/purge"]
    desk.now = wait.at
    return desk.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))


def answered(answer: Answer, retention: Retention = KEPT) -> Desk:
    desk = desk_with(retention)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.now += MINUTE
    desk.hears(answer)
    return desk


def granted(retention: Retention = KEPT) -> Desk:
    desk = answered(Consent(language=Language.KAZAKH), retention)
    desk.sent(ACCOUNT)
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert desk.case.state is State.GRANTED
    return desk


def test_what_is_left_of_a_declined_case_names_nobody() -> None:
    desk = answered(Decline())
    effects = purged(desk)
    assert desk.now == NOON + MINUTE + 90 * DAY
    [step, line] = effects
    assert isinstance(step, CaseAdvanced)
    assert (step.from_, step.to, step.note, step.rule) == ("ended", "ended", "purged", "R34")
    assert line == CasePurged(phone=PHONE, case_id=CASE)
    # The number that the portal publishes of everybody stays: the next right needs it.
    stored = dump_stored(desk.person.with_(phone=None), 1).decode()
    for personal in (IIN, PHONE, "as written", "the text"):
        assert personal not in stored
    assert (desk.case.reason, desk.case.record_id, desk.case.asked) == (EndReason.DECLINED, "A", 1)
    assert desk.case.log_sha256 == digest(data_of(step))
    assert not deadlines(desk.person, desk.policy)


def test_the_account_and_the_consent_of_a_grant_go_and_the_decision_can_still_be_questioned() -> None:
    desk = granted()
    purged(desk)
    stored = dump_stored(desk.person.with_(phone=None), 1).decode()
    for personal in (IIN, IBAN, PHONE, "as written"):
        assert personal not in stored
    [told] = only(desk.reads(DeathRegistered(iin=IIN, died_on=NOON.date())), DecisionQuestioned)
    assert isinstance(told, DecisionQuestioned)
    assert (told.iin, told.reason) == (IIN, "died_before_decision")
    assert desk.person.iin is None


def test_for_ever_is_never_over_and_no_open_case_is_purged() -> None:
    assert not deadlines(granted(Retention()).person, Policy())
    desk = desk_with()
    desk.reads(REGISTERED, TITLE)
    assert not [each for each in deadlines(desk.person, desk.policy) if each.name.endswith("/purge")]


@pytest.mark.parametrize(
    ("phone", "kept"), [(None, 80), ("+79161234567", 365)], ids=["no number", "a foreign one"]
)
def test_who_was_never_asked_is_forgotten_sooner_and_still_offered_when_a_number_comes(
    phone: str | None, kept: int
) -> None:
    desk = desk_with()
    desk.reads(REGISTERED.model_copy(update={"phone": phone}), TITLE)
    purged(desk)
    assert desk.now == NOON + kept * DAY
    desk.now += DAY
    [asked] = only(
        desk.reads(REGISTERED.model_copy(update={"phone": OTHER, "registered_at": desk.now})), QuestionAsked
    )
    assert isinstance(asked, QuestionAsked)
    assert (asked.phone, asked.details.iin_tail) == (OTHER, IIN[-4:])
    assert desk.case.purged_at is None


def test_a_question_asked_after_a_purge_is_no_question_of_before() -> None:
    desk = answered(Decline())
    purged(desk)
    assert desk.case.asked == 1
    desk.now += DAY
    desk.hears(Consent(language=Language.KAZAKH), OFFER)
    assert desk.remarks == ("an answer came to a question that no case asked",)


def test_a_record_published_again_after_the_purge_does_not_begin_anew() -> None:
    desk = answered(Decline())
    purged(desk)
    before = desk.case
    assert desk.reads(TITLE, at=NOON) == []
    assert desk.case == before
    assert desk.person.iin is None


def test_another_step_of_a_case_at_rest_keeps_it_longer() -> None:
    desk = answered(Decline())
    desk.now += 10 * DAY
    desk.hears(Consent(language=Language.KAZAKH))
    [wait] = deadlines(desk.person, desk.policy)
    assert wait.at == desk.now + 90 * DAY


def test_what_is_left_of_a_purged_case_names_nobody_and_keeps_when_it_came_to_rest(consented: Desk) -> None:
    consented.policy = Policy(term=TermPolicy.EXCLUSIVE, retention=Retention(granted=timedelta(days=9)))
    consented.reads(AccountKnown(iin=IIN, iban=IBAN))
    consented.answers(AccountGiven(iban=IBAN))
    rested_at = consented.now
    assert (consented.case.rested_at, consented.case.outcome_told) == (rested_at, NoticeKind.GRANTED)
    consented.rings("purge")
    case = consented.case
    assert (case.rested_at, case.purged_at) == (rested_at, rested_at + timedelta(days=9))
    assert (case.outcome_told, case.questions, case.consent) == (None, (), None)
    assert (consented.person.iin, consented.person.account) == (None, None)


def test_without_a_consent_nothing_is_left_that_rested_on_one(consented: Desk) -> None:
    consented.answers(AccountGiven(iban=IBAN))
    full = consented.case.with_(
        hearing=Hearing(objection=True), extended_until=NOON.date(), due_told=True, overdue_told=True
    )
    assert (full.account, full.account_source, full.account_at) == (IBAN, "given", consented.now)
    bare = full.without_consent()
    names = ("consent", "account", "account_source", "account_at", "hearing", "extended_until")
    assert {getattr(bare, name) for name in names} == {None}
    assert (bare.answers, bare.due_told, bare.overdue_told) == ((), False, False)
    paid = full.without_account()
    assert (paid.account, paid.account_source, paid.account_at) == (None, None, None)
    assert [answer.meaning for answer in paid.answers] == ["consent_ru"]
    # Where the ground leaves no choice, none is undone.
    assert full.without_choice().scheme is bare.scheme is Scheme.STANDALONE


def test_a_document_on_a_purged_case_bears_the_iin_that_the_event_brings(consented: Desk) -> None:
    consented.policy = Policy(term=TermPolicy.EXCLUSIVE, retention=Retention(granted=DAY))
    consented.answers(AccountGiven(iban=IBAN))
    consented.rings("purge")
    death = DeathRegistered(iin=IIN, died_on=NOON.date())
    event = ReceivedEvent("h", "urn:test", "e", consented.now, "d" * 64, death, appended_at=consented.now)
    done = consented.turn(event)
    assert done.state.iin is None
    made = documents(done, event, consented.policy, Issued("1", {}))
    assert [(document.kind, document.iin) for document in made] == [("questioned", IIN)]
