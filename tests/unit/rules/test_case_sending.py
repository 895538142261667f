"""What the carrier's own sent time does to a term, and to answers on both sides of its end."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.deadlines import deadlines
from rules.person import Person
from rules.policy import DecisionMode, Policy, TermPolicy
from rules.states import State
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import CaseId, QuestionId, Sid
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, ProcessEnded
from schemas.portal import PhoneRegistered
from schemas.questions import (
    AccountGiven,
    Answer,
    Consent,
    Decline,
    NoticeRequested,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
    QuestionSentTime,
)
from schemas.values import EndReason, Language
from tests.unit.rules.case_desk import (
    ACCOUNT,
    CASE,
    IBAN,
    IIN,
    MINUTE,
    NOON,
    OFFER,
    OTHER,
    PERSON,
    PHONE,
    REGISTERED,
    TERM_ENDS,
    TITLE,
    Desk,
    only,
    step,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
YES = Consent(language=Language.RUSSIAN)


def told(at: datetime, question_id: QuestionId = OFFER, case_id: CaseId = CASE) -> QuestionSentTime:
    return QuestionSentTime(question_id=question_id, case_id=case_id, person_id=PERSON, sent_at=at)


def elapsed(wait: Deadline) -> DeadlineElapsed:
    return DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at)


def waiting(desk: Desk) -> dict[str, Deadline]:
    return {wait.name.rpartition("/")[2]: wait for wait in deadlines(desk.person, desk.policy)}


def answer(received_at: datetime, given: Answer = YES, question_id: QuestionId = OFFER) -> QuestionAnswered:
    return QuestionAnswered(
        question_id=question_id,
        case_id=CASE,
        person_id=PERSON,
        answer=given,
        text="as written",
        message_id=Sid(f"IN {received_at:%d %H:%M:%S}"),
        received_at=received_at,
    )


def expire(desk: Desk) -> None:
    desk.now = waiting(desk)["term"].at
    desk.reads(elapsed(waiting(desk)["term"]))


def test_a_later_sending_moves_the_start_the_end_and_the_reminder(offered: Desk) -> None:
    before = waiting(offered)
    assert offered.reads(told(NOON + DAY)) == [
        step(4, "offer_sent", "offer_sent", "question.sent-time", "e4", note="sent_later")
    ]
    [offer] = offered.case.questions
    assert (offer.sent_at, offer.term_ends) == (NOON + DAY, TERM_ENDS + DAY)
    after = waiting(offered)
    assert after == {
        "term": Deadline(TERM_ENDS + DAY, f"{CASE}/term", 2),
        "reminder": Deadline(before["reminder"].at + DAY, f"{CASE}/reminder", 2),
    }
    assert offered.case.state is State.OFFER_SENT


@pytest.mark.parametrize("policy", list(TermPolicy))
def test_the_moved_term_is_one_from_the_sending_under_every_policy(policy: TermPolicy) -> None:
    moved, fresh = Desk(Policy(term=policy)), Desk(Policy(term=policy))
    for desk in (moved, fresh):
        desk.reads(REGISTERED, TITLE)
    moved.sent()
    moved.reads(told(NOON + DAY + SECOND))
    fresh.sent(at=NOON + DAY + SECOND)
    assert waiting(moved)["term"].at == waiting(fresh)["term"].at


def test_a_move_within_the_day_has_a_version_of_its_own_though_the_end_is_the_same(offered: Desk) -> None:
    offered.reads(told(NOON + SECOND))
    assert waiting(offered)["term"] == Deadline(TERM_ENDS, f"{CASE}/term", 2)
    assert offered.case.questions[0].sent_at == NOON + SECOND


def test_versions_never_come_again(offered: Desk) -> None:
    """A question, a move, a question, and a move of a question of before: each sets the timers anew."""
    seen = [offered.case.version]
    offered.reads(told(NOON + SECOND))
    seen.append(offered.case.version)
    offered.hears(YES)
    seen.append(offered.case.version)
    offered.sent(ACCOUNT)
    offered.reads(told(NOON + SECOND, ACCOUNT))
    seen.append(offered.case.version)
    offered.reads(told(NOON + 2 * SECOND))
    seen.append(offered.case.version)
    assert seen == sorted(set(seen))
    assert waiting(offered)["term"].version == seen[-1]


def late_no_and_yes(offered: Desk) -> datetime:
    """The person agrees, falls silent, and answers both questions after the terms; when these ended."""
    offered.hears(YES)
    offered.sent(ACCOUNT)
    expire(offered)
    ended = offered.now
    offered.reads(
        answer(ended + SECOND, Decline(), ACCOUNT),
        answer(ended + 2 * SECOND, YES, OFFER),
    )
    return ended


@pytest.mark.parametrize("first", [OFFER, ACCOUNT])
def test_a_late_no_and_the_yes_behind_it_count_whichever_term_moves_first(
    offered: Desk, first: QuestionId
) -> None:
    ended = late_no_and_yes(offered)
    assert (offered.case.state, offered.case.reason) == (State.ENDED, EndReason.NO_REPLY)
    second = ACCOUNT if first == OFFER else OFFER
    offered.reads(told(ended, first), told(ended, second))
    consent = offered.case.consent
    assert consent is not None
    assert (offered.case.state, consent.received_at) == (State.ACCOUNT_ASKED, ended + 2 * SECOND)


def test_a_late_no_counts_where_the_yes_behind_it_stays_late(offered: Desk) -> None:
    ended = late_no_and_yes(offered)
    offered.reads(told(ended, ACCOUNT))
    assert (offered.case.state, offered.case.reason) == (State.ENDED, EndReason.WITHDRAWN)


def test_the_deadlines_of_the_term_as_it_was_end_and_remind_of_nothing(offered: Desk) -> None:
    before = waiting(offered)
    offered.reads(told(NOON + DAY))
    offered.now = TERM_ENDS
    for wait in before.values():
        assert offered.reads(elapsed(wait)) == []
    assert offered.case.state is State.OFFER_SENT
    expire(offered)
    assert offered.now == TERM_ENDS + DAY
    assert offered.case.reason is EndReason.NO_REPLY


@pytest.mark.parametrize("early", [timedelta(0), SECOND, 9 * DAY])
def test_a_sent_time_no_later_than_the_acceptance_moves_nothing(offered: Desk, early: timedelta) -> None:
    before = offered.person
    assert offered.reads(told(NOON - early)) == []
    assert offered.remarks == ()
    assert offered.person == before


def test_the_same_sent_time_again_moves_nothing(offered: Desk) -> None:
    offered.reads(told(NOON + DAY))
    before = offered.person
    for again in (NOON + DAY, NOON + MINUTE):
        assert offered.reads(told(again)) == []
    assert offered.person == before


def test_a_term_never_becomes_shorter_where_the_policy_has_changed_meanwhile(offered: Desk) -> None:
    offered.policy = Policy(term=TermPolicy.INCLUSIVE)
    offered.reads(told(NOON + MINUTE))
    [offer] = offered.case.questions
    assert (offer.sent_at, offer.term_ends) == (NOON + MINUTE, TERM_ENDS)


@pytest.mark.parametrize(
    "strange",
    [
        told(NOON, QuestionId("unknown")),
        told(NOON, case_id=CaseId("unknown")),
        told(NOON + DAY, ACCOUNT),
    ],
)
def test_a_sent_time_of_what_has_not_left_is_remarked(offered: Desk, strange: QuestionSentTime) -> None:
    offered.hears(YES)
    before = offered.person
    assert offered.reads(strange) == []
    assert offered.remarks == ("a sent time came of a question that has not left",)
    assert offered.person == before


def test_a_reminder_that_named_another_end_is_told_once_more(offered: Desk) -> None:
    offered.now = waiting(offered)["reminder"].at
    offered.reads(elapsed(waiting(offered)["reminder"]))
    offered.reads(told(offered.now))
    again = waiting(offered)["reminder"]
    offered.now = again.at
    [notice] = only(offered.reads(elapsed(again)), NoticeRequested)
    assert isinstance(notice, NoticeRequested)
    assert notice.details.until == waiting(offered)["term"].at == TERM_ENDS + 3 * DAY
    assert "reminder" not in waiting(offered)


def test_a_reminder_that_named_the_right_end_is_not(offered: Desk) -> None:
    offered.reads(elapsed(waiting(offered)["reminder"]))
    offered.reads(told(NOON + MINUTE))
    assert set(waiting(offered)) == {"term"}


def test_an_answer_that_came_before_the_sent_time_was_known_counts(consented: Desk) -> None:
    """The evidence tells the sending, and the question that is open now keeps its own term."""
    term = waiting(consented)["term"]
    consented.reads(told(NOON + SECOND))
    assert waiting(consented)["term"].at == term.at
    [decided] = only(consented.hears(AccountGiven(iban=IBAN), ACCOUNT), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.evidence.questions[0].sent_at == NOON + SECOND


def test_a_sent_time_of_another_question_leaves_the_evidence_as_it_is(consented: Desk) -> None:
    consented.reads(told(NOON + DAY, ACCOUNT))
    assert consented.case.offer
    assert consented.case.offer.sent_at == NOON
    [decided] = only(consented.hears(AccountGiven(iban=IBAN), ACCOUNT), BenefitDecided)
    assert isinstance(decided, BenefitDecided)
    assert decided.evidence.questions[0].sent_at == NOON


def test_nothing_changes_after_the_decision(consented: Desk) -> None:
    consented.hears(AccountGiven(iban=IBAN), ACCOUNT)
    before = consented.person
    assert consented.reads(told(NOON + SECOND)) == []
    assert consented.remarks == ("a sent time came after the decision",)
    assert consented.person == before


def test_what_was_drafted_is_what_is_signed(desk: Desk) -> None:
    desk.policy = Policy(decision_mode=DecisionMode.OFFICER)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    [draft] = only(desk.hears(AccountGiven(iban=IBAN), ACCOUNT), DecisionDrafted)
    assert isinstance(draft, DecisionDrafted)
    desk.reads(told(NOON + SECOND))
    assert desk.case.draft
    assert desk.case.draft.evidence == draft.evidence


def test_a_no_can_be_taken_back_while_the_moved_term_runs(offered: Desk) -> None:
    offered.hears(Decline(), at=NOON + MINUTE)
    offered.reads(told(NOON + DAY))
    offered.now = TERM_ENDS + MINUTE
    offered.hears(YES, at=offered.now)
    assert offered.case.state is State.ACCOUNT_ASKED


# What the carrier held back until the term was over.


@pytest.fixture
def over(offered: Desk) -> Desk:
    """A hero whose offer was accepted, and whose term has run out from there."""
    expire(offered)
    offered.now += DAY
    return offered


def test_an_ended_case_stays_ended_and_waits_for_nothing(over: Desk) -> None:
    [advanced] = over.reads(told(TERM_ENDS + MINUTE))
    assert isinstance(advanced, CaseAdvanced)
    assert (advanced.from_, advanced.to, advanced.note) == ("ended", "ended", "sent_later")
    assert over.case.reason is EndReason.NO_REPLY
    assert waiting(over) == {}


def test_an_answer_within_three_days_from_the_sending_takes_it_up_again(over: Desk) -> None:
    over.reads(told(TERM_ENDS + MINUTE))
    over.now = TERM_ENDS + 3 * DAY
    effects = over.hears(YES)
    assert [type(effect) for effect in effects] == [CaseAdvanced, CaseAdvanced, QuestionAsked, QuestionClosed]
    assert over.case.state is State.ACCOUNT_ASKED
    assert over.case.reason is None


def test_an_answer_after_that_is_late(over: Desk) -> None:
    over.reads(told(TERM_ENDS + MINUTE))
    [offer] = over.case.questions
    assert offer.term_ends
    over.now = offer.term_ends
    over.hears(YES)
    assert over.case.reason is EndReason.NO_REPLY
    assert over.case.late_told


def test_a_late_answer_that_was_in_time_after_all_counts_when_that_is_told(over: Desk) -> None:
    effects = over.reads(answer(TERM_ENDS + 10 * MINUTE))
    assert only(effects, QuestionAsked) == []
    effects = over.reads(told(TERM_ENDS + MINUTE))
    [asked] = only(effects, QuestionAsked)
    assert isinstance(asked, QuestionAsked)
    assert (asked.kind, asked.prompted_at) == (QuestionKind.ACCOUNT, TERM_ENDS + 10 * MINUTE)
    consent, offer = over.case.consent, over.case.offer
    assert consent
    assert offer
    assert (consent.received_at, offer.sent_at) == (TERM_ENDS + 10 * MINUTE, TERM_ENDS + MINUTE)
    assert only(effects, ProcessEnded) == []


def test_a_late_answer_that_ended_the_case_counts_when_it_was_in_time_after_all(offered: Desk) -> None:
    offered.now = TERM_ENDS + DAY
    offered.reads(answer(TERM_ENDS + MINUTE))
    assert offered.case.reason is EndReason.NO_REPLY
    offered.reads(told(TERM_ENDS))
    assert offered.case.state is State.ACCOUNT_ASKED


@pytest.mark.parametrize(("newer", "state"), [(Decline(), State.ENDED), (YES, State.ACCOUNT_ASKED)])
def test_of_two_late_answers_the_one_received_last_counts(over: Desk, newer: Answer, state: State) -> None:
    older = YES if isinstance(newer, Decline) else Decline()
    over.reads(answer(TERM_ENDS + 2 * MINUTE, newer), answer(TERM_ENDS + MINUTE, older))
    over.reads(told(TERM_ENDS))
    assert over.case.state is state
    assert over.case.answered_at == TERM_ENDS + 2 * MINUTE


def test_what_is_late_for_the_moved_term_too_stays_late(over: Desk) -> None:
    over.now = TERM_ENDS + 9 * DAY
    over.reads(answer(TERM_ENDS + 8 * DAY))
    assert len(over.reads(told(TERM_ENDS))) == 1
    assert over.case.reason is EndReason.NO_REPLY


def test_a_timely_answer_of_a_former_number_lets_the_case_begin_on_the_new_one(over: Desk) -> None:
    left = TERM_ENDS + MINUTE
    over.reads(PhoneRegistered(iin=IIN, phone=OTHER, registered_at=left))
    over.reads(answer(left), answer(left - SECOND))
    over.reads(told(TERM_ENDS))
    assert over.case.consent is None
    asked = over.case.questions[-1]
    assert (over.case.state, asked.kind, asked.phone) == (State.OFFER_ASKED, QuestionKind.OFFER, OTHER)
    assert asked.phone != PHONE


def test_of_many_late_answers_the_first_are_kept_and_survive_the_table(over: Desk) -> None:
    for n in range(60):
        late = answer(TERM_ENDS + n * MINUTE)
        over.reads(late if n % 3 else late.model_copy(update={"answer": Decline()}))
    [offer] = over.case.questions
    assert len(offer.late) == 24
    assert [late.received_at for late in offer.late[:23]] == [TERM_ENDS + n * MINUTE for n in range(23)]
    written = over.person.model_dump_json(exclude_defaults=True)
    assert Person.model_validate_json(written) == over.person


def test_of_many_late_answers_that_are_the_same_the_first_and_the_last_are_kept(over: Desk) -> None:
    no = answer(TERM_ENDS + 90 * MINUTE)
    for n in range(60):
        over.reads(answer(TERM_ENDS + n * MINUTE))
    over.reads(no.model_copy(update={"answer": Decline()}))
    for n in range(100, 130):
        over.reads(answer(TERM_ENDS + n * MINUTE))
    [offer] = over.case.questions
    assert len(offer.late) <= 24
    assert offer.late[0].received_at == TERM_ENDS
    assert [late.received_at for late in offer.late if late.answer == Decline()] == [no.received_at]
    assert offer.late[-1].received_at == TERM_ENDS + 129 * MINUTE


def test_a_late_no_that_is_read_behind_two_that_agree_stands_between_them(over: Desk) -> None:
    no = answer(TERM_ENDS + 2 * MINUTE).model_copy(update={"answer": Decline()})
    over.reads(answer(TERM_ENDS + MINUTE), answer(TERM_ENDS + 3 * MINUTE), no)
    over.reads(told(TERM_ENDS))
    assert over.case.consent is not None
    assert over.case.consent.received_at == TERM_ENDS + 3 * MINUTE


def test_late_answers_are_kept_by_when_they_were_received_however_they_are_read(over: Desk) -> None:
    yes, no = answer(TERM_ENDS + 3 * MINUTE), answer(TERM_ENDS + 2 * MINUTE)
    no = no.model_copy(update={"answer": Decline()})
    earlier_no = no.model_copy(update={"received_at": TERM_ENDS + MINUTE})
    over.reads(yes, no, earlier_no)
    [offer] = over.case.questions
    assert offer.late == (earlier_no, yes)


def test_what_is_not_there_takes_no_room_in_the_table(offered: Desk) -> None:
    offered.hears(None, at=datetime(2021, 8, 1, tzinfo=UTC))
    written = offered.person.model_dump_json(exclude_defaults=True)
    assert '"late"' not in written
    assert '"moves"' not in written


def test_a_yes_after_a_no_that_came_when_the_term_seemed_over_counts_once_it_has_moved(desk: Desk) -> None:
    desk.policy = Policy(decision_mode=DecisionMode.OFFICER, term=TermPolicy.EXCLUSIVE)
    desk.reads(REGISTERED, TITLE)
    desk.sent()
    desk.hears(YES)
    desk.sent(ACCOUNT)
    desk.hears(AccountGiven(iban=IBAN), ACCOUNT)
    assert desk.case.state is State.AWAITING_SIGNATURE
    for minutes, said in ((1, YES), (2, Decline()), (3, YES)):
        desk.now = TERM_ENDS + minutes * MINUTE
        desk.hears(said)
    assert desk.case.reason is EndReason.WITHDRAWN
    desk.reads(told(NOON + DAY))
    assert desk.case.consent
    assert desk.case.consent.received_at == TERM_ENDS + 3 * MINUTE
