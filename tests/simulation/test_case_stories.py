"""Every turn that a case can take, told as it happens to people."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ops.simulation.ledger import Text
from ops.simulation.town import IBANS, IINS, Setting
from rules.policy import DecisionMode, TermPolicy
from rules.states import State
from schemas.emaket import DecisionSigned
from schemas.portal import PhoneRegistered
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.sms import (
    AccountGiven,
    DeadlineElapsed,
    Decline,
    QuestionAnswered,
    QuestionSent,
    QuestionUndeliverable,
)
from schemas.values import EndReason, Scheme
from tests.simulation.town import OTHER_PHONE, PHONE, Town, at

MILLISECOND = timedelta(milliseconds=1)
NEVER = datetime(2021, 7, 1, tzinfo=UTC)


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def asked(town: Town) -> Town:
    """A hero with a phone, to whom the offer has been sent."""
    town.learns("phone0", "title")
    return town


@pytest.fixture
def consented(asked: Town) -> Town:
    """The same, after the consent in Russian."""
    asked.reads("2")
    return asked


# The way to a decision.


def test_a_title_leads_over_the_offer_and_the_account_to_the_grant(asked: Town) -> None:
    asked.reads("2")
    asked.reads("KZ86 125K ZT50 0410 0100")
    assert asked.told() == ["offer", "account", "granted"]
    assert [(step.from_, step.to) for step in asked.steps()] == [
        ("new", "received"),
        ("received", "offer_asked"),
        ("offer_asked", "offer_sent"),
        ("offer_sent", "account_asked"),
        ("account_asked", "account_sent"),
        ("account_sent", "granted"),
    ]
    [decision] = asked.decisions()
    assert (decision.outcome, decision.ground, decision.scheme) == ("granted", "4-2", Scheme.STANDALONE)
    assert (decision.iban, decision.language, decision.refusal_ground) == (IBANS[0], "ru", None)
    asked.comes_to_rest()


def test_the_decision_carries_its_evidence(asked: Town) -> None:
    asked.passes(minutes=5)
    asked.reads("R 1")
    asked.passes(days=1)
    asked.reads(IBANS[0])
    [decision] = asked.decisions()
    evidence = decision.evidence
    assert evidence.answer_text == "R 1"
    assert evidence.offer_text == asked.texts()[0]
    assert evidence.offer_sent_at == at(15, 10)
    assert evidence.answer_received_at == at(15, 10, 5)
    assert len({evidence.offer_sha256, evidence.answer_sha256, evidence.source_event_sha256}) == 3
    assert decision.decided_at == at(16, 10, 5)
    assert decision.rules_version == "order-225-2021/1"


@pytest.mark.parametrize(
    ("received", "day"),
    [(at(15, 23, 59, 59), date(2021, 7, 15)), (at(16, 0), date(2021, 7, 16))],
)
def test_the_application_date_is_the_local_day_of_the_consent(
    asked: Town, received: datetime, day: date
) -> None:
    asked.reaches(received)
    asked.reads("1")
    asked.passes(days=1)
    asked.reads(IBANS[0])
    assert asked.decisions()[0].application_date == day


@pytest.mark.parametrize(("answer", "scheme"), [("1", Scheme.ONE_APPLICATION), ("2", Scheme.STANDALONE)])
def test_a_disability_asks_for_the_one_application_after_the_consent(
    town: Town, answer: str, scheme: Scheme
) -> None:
    town.learns("phone0", "disability")
    town.reads("1")
    town.reads(answer)
    town.reads(IBANS[0])
    assert town.told() == ["offer", "one_application", "account", "granted"]
    assert town.decisions()[0].scheme is scheme
    assert town.decisions()[0].ground == "7"


def test_a_known_account_is_shown_masked_and_confirmed(town: Town) -> None:
    town.learns("account", "phone0", "title")
    town.reads("2")
    assert IBANS[1] not in town.texts()[1]
    assert "KZ**0335" in town.texts()[1]
    town.reads("1")
    assert town.decisions()[0].iban == IBANS[1]


def test_a_known_account_is_replaced_by_another(town: Town) -> None:
    town.learns("account", "phone0", "title")
    town.reads("2")
    town.reads(IBANS[0])
    assert town.decisions()[0].iban == IBANS[0]


def test_an_account_that_becomes_known_in_between_is_not_what_was_confirmed(town: Town) -> None:
    town.learns("phone0", "title")
    town.reads("2")
    town.learns("account")
    town.reads("1")
    assert town.told() == ["offer", "account", "explanation"]
    assert not town.decisions()


def test_a_mistyped_account_is_explained_and_may_be_sent_again(consented: Town) -> None:
    consented.reads("KZ86125KZT5004100101")
    assert consented.told()[-1] == "explanation"
    consented.reads("KZ86125KZT5004100100")
    assert consented.decisions()[0].iban == IBANS[0]


# No reply, no, late, taken back.


@pytest.mark.parametrize("policy", list(TermPolicy))
def test_an_answer_counts_until_a_millisecond_before_the_end_and_not_at_it(policy: TermPolicy) -> None:
    for early, counts in ((MILLISECOND, True), (timedelta(0), False)):
        town = Town(Setting(term=policy))
        town.learns("phone0", "title")
        town.reaches(town.waits_for("term") - early)
        town.reads("1")
        assert (town.case().consent is not None) is counts
        assert town.case().state is (State.ACCOUNT_SENT if counts else State.ENDED)


def test_without_a_reply_the_process_ends_and_the_morning_tells_so(asked: Town) -> None:
    asked.passes(days=5)
    assert asked.case().reason is EndReason.NO_REPLY
    assert asked.told() == ["offer", "reminder", "no_reply"]
    assert asked.sent_at() == ["15.07 10:00", "18.07 10:00", "19.07 09:00"]
    [ending] = asked.endings()
    assert (ending.reason, ending.ended_at) == ("no_reply", at(19, 0))
    assert not asked.decisions()


def test_each_question_has_a_term_of_its_own(asked: Town) -> None:
    asked.passes(days=3)
    asked.reads("2")
    assert asked.waits_for("term") == at(22, 0)
    asked.passes(days=3, hours=13)
    assert asked.case().state is State.ACCOUNT_SENT
    asked.passes(hours=1)
    assert asked.case().reason is EndReason.NO_REPLY


def test_a_late_answer_gets_the_ordinary_route_once(asked: Town) -> None:
    asked.passes(days=5)
    for _ in range(3):
        asked.reads("1")
    assert asked.told() == ["offer", "reminder", "no_reply", "answered_late"]
    assert asked.notes()[-3:] == ["answered_late"] * 3
    assert not asked.decisions()


def test_a_late_answer_before_the_morning_takes_the_place_of_the_notice(asked: Town) -> None:
    asked.passes(days=3, hours=14, minutes=30)
    asked.reads("1")
    asked.passes(days=1)
    assert asked.told() == ["offer", "reminder", "answered_late"]


def test_a_late_answer_that_is_read_before_the_expiry_ends_the_case(asked: Town) -> None:
    asked.reaches(asked.waits_for("term"))
    asked.reads("1")
    assert asked.case().reason is EndReason.NO_REPLY
    assert asked.told() == ["offer", "answered_late"]
    asked.rings()
    asked.passes(days=1)
    assert asked.told() == ["offer", "answered_late"]
    assert len(asked.endings()) == 1


def test_a_timely_answer_that_is_read_after_the_expiry_reopens_the_case(asked: Town) -> None:
    asked.reaches(asked.waits_for("term") - MILLISECOND)
    asked.world.write(PHONE, "1", late=True)
    asked.passes(hours=1)
    assert asked.case().reason is EndReason.NO_REPLY
    asked.texts_land()
    assert asked.case().state in {State.ACCOUNT_ASKED, State.ACCOUNT_SENT}
    asked.passes(hours=12)
    assert "no_reply" not in asked.told()
    assert "account" in asked.told()


def test_an_account_read_after_the_expiry_decides_at_once(consented: Town) -> None:
    consented.reaches(consented.waits_for("term") - MILLISECOND)
    consented.world.write(PHONE, IBANS[0], late=True)
    consented.passes(hours=1)
    assert consented.case().reason is EndReason.NO_REPLY
    consented.texts_land()
    assert consented.case().state is State.GRANTED
    assert [(step.from_, step.to) for step in consented.steps()][-1] == ("ended", "granted")


def test_the_same_yes_on_both_sides_of_the_end_is_not_told_to_be_late(asked: Town) -> None:
    end = asked.waits_for("term")
    asked.reaches(end - MILLISECOND)
    asked.world.write(PHONE, "1")
    asked.reaches(end)
    asked.world.write(PHONE, "1")
    asked.world.settle()
    assert asked.told() == ["offer", "account"]
    assert asked.notes() == ["answered_late"]


def test_a_no_ends_the_process_and_says_until_when_it_can_be_taken_back(asked: Town) -> None:
    asked.reads("0")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.told() == ["offer", "declined"]
    assert "23:59 18.07.2021" in asked.texts()[-1]
    asked.passes(days=5)
    assert asked.told() == ["offer", "declined"]


@pytest.mark.parametrize("early", [MILLISECOND, timedelta(days=2)])
def test_a_no_is_taken_back_while_the_term_runs(asked: Town, early: timedelta) -> None:
    end = asked.waits_for("term")
    asked.reads("0")
    asked.reaches(end - early)
    asked.reads("2")
    assert asked.case().consent is not None
    assert asked.case().state in {State.ACCOUNT_ASKED, State.ACCOUNT_SENT}


def test_a_no_is_not_taken_back_when_the_term_is_over(asked: Town) -> None:
    end = asked.waits_for("term")
    asked.reads("0")
    asked.reaches(end)
    asked.reads("2")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.told() == ["offer", "declined", "answered_late"]


def test_a_second_no_says_nothing_new(asked: Town) -> None:
    asked.reads("0")
    asked.reads("НЕТ")
    assert asked.told() == ["offer", "declined"]
    assert asked.notes()[-1] == "answered_already"


def test_yes_and_no_in_one_breath_mean_no_and_the_offer_tells_until_when(asked: Town) -> None:
    asked.world.write(PHONE, "1")
    asked.passes(seconds=1)
    asked.world.write(PHONE, "0")
    asked.world.settle()
    assert asked.case().reason is EndReason.DECLINED
    assert asked.case().consent is None
    assert "23:59 18.07.2021" in asked.texts()[-1]


def test_after_yes_and_no_a_yes_is_understood_and_an_account_alone_is_not(asked: Town) -> None:
    for text in ("1", "0"):
        asked.world.write(PHONE, text)
        asked.passes(seconds=1)
    asked.world.settle()
    asked.passes(seconds=5)
    asked.reads(IBANS[0])
    assert asked.case().reason is EndReason.DECLINED
    asked.reads("1")
    assert asked.case().state is State.ACCOUNT_SENT
    asked.reads(IBANS[0])
    assert asked.case().state is State.GRANTED


def test_an_account_that_is_read_when_the_consent_is_taken_back_changes_nothing(asked: Town) -> None:
    asked.reads("1")
    asked.passes(seconds=1)
    account = asked.case().question
    assert account is not None
    answers = {
        "a no": (asked.case().questions[0], Decline()),
        "an account": (account, AccountGiven(iban=IBANS[0])),
    }
    for text, (question, answer) in answers.items():
        asked.ledger.texts[text] = Text(PHONE, text, asked.now)
        report = QuestionAnswered(
            question_id=question.question_id,
            case_id=asked.case().case_id,
            person_id=asked.person().person_id,
            answer=answer,
            text=text,
            message_id=text,
            received_at=asked.now,
        )
        asked.publishes(report)
    assert asked.case().reason is EndReason.DECLINED
    assert asked.notes()[-1] == "answered_without_consent"
    assert asked.case().account is None


def test_of_a_yes_and_a_no_the_one_received_last_counts_in_whatever_order_they_are_read(
    asked: Town,
) -> None:
    asked.world.write(PHONE, "0", late=True)
    asked.passes(seconds=1)
    asked.reads("1")
    asked.texts_land()
    assert asked.case().consent is not None
    assert asked.notes()[-1] == "answered_anew_before"


# The phone.


def test_without_a_phone_the_process_ends_and_goes_on_when_one_is_registered(town: Town) -> None:
    town.learns("title")
    assert town.case().reason is EndReason.PHONE_NOT_REGISTERED
    town.learns("phone0")
    assert town.told() == ["offer"]
    assert town.case().state is State.OFFER_SENT


def test_a_foreign_number_is_no_number(town: Town) -> None:
    town.learns("foreign", "title")
    assert town.case().reason is EndReason.PHONE_NOT_REGISTERED
    assert town.told("+79161234567") == []
    town.learns("phone0")
    assert town.told() == ["offer"]


def test_a_changed_number_is_asked_anew_and_the_former_one_is_not_heard(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone1")
    assert asked.told(OTHER_PHONE) == ["offer"]
    asked.passes(hours=1)
    asked.reads("1", PHONE)
    assert asked.case().consent is None
    assert asked.notes()[-1] == "answered_from_a_former_number"
    asked.reads("1", OTHER_PHONE)
    assert asked.case().consent is not None


def test_an_answer_from_before_the_change_counts_and_goes_on_at_the_new_number(asked: Town) -> None:
    asked.passes(hours=1)
    asked.world.write(PHONE, "1", late=True)
    asked.passes(hours=1)
    asked.learns("phone1")
    asked.texts_land()
    assert asked.case().consent is not None
    assert asked.told(OTHER_PHONE) == ["offer", "account"]
    assert asked.told(PHONE) == ["offer"]


def test_a_no_from_a_former_number_is_not_taken_back_from_it(asked: Town) -> None:
    asked.reads("0")
    asked.passes(hours=1)
    asked.learns("phone1")
    asked.passes(hours=1)
    asked.reads("1")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.case().consent is None


def test_a_late_text_from_a_former_number_is_not_answered_to_the_new_one(asked: Town) -> None:
    asked.passes(days=5)
    asked.learns("phone1")
    asked.passes(hours=12)
    asked.reads("1")
    assert asked.told(OTHER_PHONE) == []


def test_what_follows_on_another_number_waits_for_the_morning(asked: Town) -> None:
    asked.reaches(at(15, 22))
    asked.world.write(PHONE, "1", late=True)
    asked.passes(minutes=1)
    asked.learns("phone1")
    asked.texts_land()
    assert asked.told(OTHER_PHONE) == []
    asked.passes(days=1)
    assert asked.sent_at(OTHER_PHONE)[0] == "16.07 09:00"


@pytest.mark.parametrize("word", ["no_phone", "foreign"])
def test_a_number_that_is_given_up_ends_the_open_question(consented: Town, word: str) -> None:
    consented.passes(minutes=1)
    consented.learns(word)
    assert consented.case().reason is EndReason.PHONE_NOT_REGISTERED
    consented.learns("phone1")
    assert consented.told(OTHER_PHONE) == ["account"]
    consented.reads(IBANS[0], OTHER_PHONE)
    assert consented.case().state is State.GRANTED


def test_an_older_registration_changes_nothing(asked: Town) -> None:
    asked.learns("phone1", ago=timedelta(days=30))
    assert asked.told(OTHER_PHONE) == []
    assert asked.person().phone == PHONE


def test_the_same_number_again_changes_nothing(asked: Town) -> None:
    asked.passes(hours=1)
    asked.learns("phone0")
    assert asked.told() == ["offer"]
    assert asked.person().phone_as_of == at(15, 11)


def test_undeliverable_ends_the_process_and_a_new_number_goes_on(asked: Town) -> None:
    asked.world.status(asked.world.carrier.api[0], "undelivered", undeliverable=True)
    asked.world.settle()
    assert asked.case().reason is EndReason.UNDELIVERABLE
    asked.learns("phone1")
    assert asked.told(OTHER_PHONE) == ["offer"]


# Death, revocation, ground 4.


def test_nobody_writes_to_the_dead(town: Town) -> None:
    town.learns("phone0", "death", "title", "disability")
    assert town.case().reason is EndReason.DECEASED
    assert town.case("disability").reason is EndReason.DECEASED
    assert town.told() == []


def test_a_death_while_a_question_is_open_ends_it_silently(asked: Town) -> None:
    asked.learns("death")
    asked.reads("1")
    asked.passes(days=5)
    assert asked.case().reason is EndReason.DECEASED
    assert asked.told() == ["offer"]
    assert asked.notes()[-1] == "answered_after_deceased"


def test_a_death_between_consent_and_decision_prevents_the_decision(consented: Town) -> None:
    consented.learns("death")
    consented.reads(IBANS[0])
    assert consented.case().reason is EndReason.DECEASED
    assert not consented.decisions()


def test_a_death_after_the_decision_is_only_recorded(consented: Town) -> None:
    consented.reads(IBANS[0])
    consented.learns("death")
    assert consented.case().state is State.GRANTED
    assert consented.notes()[-1] == "deceased_after_decision"
    assert not consented.endings()


def test_a_death_or_a_revocation_after_the_end_is_only_recorded(asked: Town) -> None:
    asked.reads("0")
    asked.learns("revoked")
    asked.learns("death")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.notes()[-2:] == ["revoked_after_end", "deceased_after_end"]


def test_a_timely_yes_of_somebody_who_died_since_is_no_consent_to_anything(asked: Town) -> None:
    asked.world.write(PHONE, "1", late=True)
    asked.passes(days=4)
    asked.learns("death")
    asked.texts_land()
    assert asked.case().reason is EndReason.DECEASED
    assert "account" not in asked.told()


def test_a_posthumous_title_is_offered_to_nobody_and_ends_what_else_is_open(town: Town) -> None:
    town.learns("phone0", "disability")
    town.passes(minutes=1)
    town.learns("posthumous")
    assert town.case("posthumous").reason is EndReason.DECEASED
    assert town.case("disability").reason is EndReason.DECEASED
    assert town.told() == ["offer"]
    town.learns("phone1", "title")
    assert town.case().reason is EndReason.DECEASED
    assert town.told(OTHER_PHONE) == []


def test_a_revocation_before_the_award_is_read_prevents_the_offer(town: Town) -> None:
    town.learns("phone0", "revoked", "title")
    assert town.case().reason is EndReason.REVOKED
    assert town.told() == []


def test_a_revocation_while_a_question_is_open_is_told(asked: Town) -> None:
    asked.learns("revoked")
    assert asked.case().reason is EndReason.REVOKED
    assert asked.told() == ["offer", "revoked"]
    asked.reads("1")
    assert asked.notes()[-1] == "answered_after_revoked"


def test_a_revocation_touches_no_other_case(town: Town) -> None:
    town.learns("phone0", "disability", "title", "revoked")
    assert town.case("disability").state is State.OFFER_SENT


def test_a_revocation_after_the_decision_is_only_recorded(consented: Town) -> None:
    consented.reads(IBANS[0])
    consented.learns("revoked")
    consented.learns("revoked")
    assert consented.case().state is State.GRANTED
    assert consented.notes()[-1] == "revoked_after_decision"


def test_a_benefit_on_record_before_the_offer_ends_the_process_silently(town: Town) -> None:
    town.learns("applied", "phone0", "title")
    assert town.case().reason is EndReason.ALREADY_RECEIVING
    assert town.told() == []


def test_a_benefit_recorded_while_the_offer_is_open_ends_it(asked: Town) -> None:
    asked.learns("applied")
    assert asked.case().reason is EndReason.ALREADY_RECEIVING
    assert asked.told() == ["offer", "already_receiving"]


def test_a_benefit_recorded_between_consent_and_decision_is_a_refusal_on_ground_4(consented: Town) -> None:
    consented.learns("applied")
    assert consented.case().state is State.ACCOUNT_SENT
    consented.reads(IBANS[0])
    [decision] = consented.decisions()
    assert (decision.outcome, decision.refusal_ground) == ("refused", 4)
    assert consented.told()[-1] == "refused"


def test_a_benefit_that_ended_is_no_obstacle(asked: Town) -> None:
    asked.learns("ended")
    asked.reads("2")
    asked.learns("applied")
    asked.learns("ended")
    asked.reads(IBANS[0])
    assert asked.decisions()[0].outcome == "granted"


def test_an_older_record_of_the_benefit_changes_nothing(asked: Town) -> None:
    asked.learns("ended")
    asked.learns("applied", ago=timedelta(days=9))
    assert asked.case().state is State.OFFER_SENT


# Several entitlements, manual routes, the grace.


def test_several_entitlements_are_cases_of_their_own_and_asked_one_after_the_other(town: Town) -> None:
    town.learns("phone0", "title", "disability")
    assert town.told() == ["offer"]
    town.reads("1")
    town.reads(IBANS[0])
    assert town.told() == ["offer", "account", "granted", "offer"]
    town.reads("0")
    assert town.case("disability").reason is EndReason.DECLINED
    assert town.case().state is State.GRANTED


def test_the_same_award_again_is_no_second_case(asked: Town) -> None:
    asked.learns("title")
    assert len(asked.person().cases) == 1
    assert asked.told() == ["offer"]


@pytest.mark.parametrize(
    "changes", [{"group": "child"}, {"in_baikonur": True}, {"first_time": False}], ids=str
)
def test_minors_baikonur_and_repeated_disabilities_go_the_manual_route(
    town: Town, changes: dict[str, object]
) -> None:
    facts = {
        "iin": IINS[0],
        "certificate_id": "C",
        "established_on": "2021-07-12",
        "group": "2",
        "legal_ground": "8",
        "first_time": True,
    }
    town.learns("phone0")
    town.publishes(DisabilityEstablished.model_validate(facts | changes))
    assert town.case("C").reason is EndReason.MANUAL_ROUTE
    assert town.told() == []
    assert town.endings()[0].ordinary_route.category == 16


def test_the_grace_lets_facts_from_other_topics_be_read_first() -> None:
    town = Town(Setting(grace=timedelta(minutes=5)))
    town.learns("title")
    assert town.case().state is State.RECEIVED
    town.passes(minutes=4)
    town.learns("phone0")
    assert town.told() == []
    town.passes(minutes=1)
    assert town.told() == ["offer"]


def test_during_the_grace_a_benefit_or_a_death_is_waited_out_or_ends_the_case() -> None:
    town = Town(Setting(people=2, grace=timedelta(minutes=5)))
    for person, word in ((0, "applied"), (1, "death")):
        town.learns("phone0", "title", word, person=person)
    assert town.case(person=1).reason is EndReason.DECEASED
    assert town.case().state is State.RECEIVED
    town.passes(minutes=5)
    assert town.case().reason is EndReason.ALREADY_RECEIVING


# The officer.


@pytest.fixture
def drafted() -> Town:
    town = Town(Setting(mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("2")
    town.reads(IBANS[0])
    return town


def test_an_officer_signs_the_draft(drafted: Town) -> None:
    assert drafted.case().state is State.AWAITING_SIGNATURE
    assert not drafted.decisions()
    drafted.passes(days=2)
    drafted.world.sign(drafted.drafts()[0])
    drafted.world.settle()
    [decision] = drafted.decisions()
    assert decision.decided_at == at(17, 10)
    assert (decision.decision_id, decision.outcome) == (drafted.drafts()[0].decision_id, "granted")
    assert drafted.told()[-1] == "granted"


def test_an_officer_refuses_on_a_ground_of_their_own(drafted: Town) -> None:
    drafted.world.sign(drafted.drafts()[0], granted=False)
    drafted.world.settle()
    assert (drafted.decisions()[0].outcome, drafted.decisions()[0].refusal_ground) == ("refused", 1)


def test_a_benefit_recorded_by_then_is_a_refusal_on_ground_4_whatever_was_signed(drafted: Town) -> None:
    drafted.learns("applied")
    drafted.world.sign(drafted.drafts()[0])
    drafted.world.settle()
    assert (drafted.decisions()[0].outcome, drafted.decisions()[0].refusal_ground) == ("refused", 4)


def test_a_signature_counts_once_and_only_for_its_draft(drafted: Town) -> None:
    draft = drafted.drafts()[0]
    drafted.world.sign(draft.model_copy(update={"decision_id": f"{drafted.person().person_id}.other"}))
    drafted.world.settle()
    assert not drafted.decisions()
    for granted in (True, False):
        drafted.world.sign(draft, granted=granted)
        drafted.world.settle()
    assert [decision.outcome for decision in drafted.decisions()] == ["granted"]


def test_a_death_before_the_signature_withdraws_the_draft(drafted: Town) -> None:
    first = drafted.drafts()[0]
    drafted.learns("death")
    drafted.world.sign(first)
    drafted.world.settle()
    assert drafted.case().reason is EndReason.DECEASED
    assert not drafted.decisions()


def test_what_comes_while_the_draft_waits_changes_no_account(drafted: Town) -> None:
    drafted.reads("KZ75125KZT1001300335")
    assert drafted.case().account == IBANS[0]
    assert drafted.notes()[-1] == "answered_already"


# What makes no sense changes nothing.


def test_what_makes_no_sense_changes_nothing(asked: Town) -> None:
    before = asked.person()
    case_id, question = asked.case().case_id, asked.case().question
    assert question is not None
    nonsense = [
        QuestionAnswered(
            question_id="unknown",
            case_id=case_id,
            person_id=before.person_id,
            answer=AccountGiven(iban=IBANS[0]),
            text="",
            message_id="IN",
            received_at=NEVER,
        ),
        QuestionSent(
            question_id="unknown",
            case_id=case_id,
            person_id=before.person_id,
            message_id="m",
            text="",
            sent_at=NEVER,
        ),
        QuestionSent(
            question_id=question.question_id,
            case_id="unknown",
            person_id=before.person_id,
            message_id="m",
            text="",
            sent_at=NEVER,
        ),
        QuestionUndeliverable(
            question_id=question.question_id,
            case_id="unknown",
            person_id=before.person_id,
            code=None,
            at=NEVER,
        ),
        DeadlineElapsed(deadline=f"{case_id}/grace", version=0, due=NEVER),
        DeadlineElapsed(deadline=f"{case_id}/term", version=2, due=asked.waits_for("term")),
        DeadlineElapsed(deadline=f"{case_id}/term", version=1, due=NEVER),
        DeadlineElapsed(deadline="unknown/term", version=1, due=NEVER),
        DecisionSigned(decision_id="unknown", outcome="granted", officer="o", signed_at=NEVER),
    ]
    for event in nonsense:
        asked.publishes(event)
        assert asked.person() == before, event.name


def test_what_comes_twice_or_too_late_is_told_as_what_it_was(asked: Town) -> None:
    case, person = asked.case(), asked.person()
    question = case.question
    assert question is not None
    sent = QuestionSent(
        question_id=question.question_id,
        case_id=case.case_id,
        person_id=person.person_id,
        message_id="another",
        text="",
        sent_at=at(16, 10),
    )
    asked.publishes(sent)
    assert asked.case().question == question
    lost = QuestionUndeliverable(
        question_id="an older one",
        case_id=case.case_id,
        person_id=person.person_id,
        code=30005,
        at=at(16, 10),
    )
    asked.publishes(lost)
    assert asked.notes() == ["sent_already", "undeliverable_after_closing"]
    assert asked.case().state is State.OFFER_SENT


def test_a_hero_of_labour_has_a_ground_and_documents_of_their_own(town: Town) -> None:
    award = TitleAwarded(iin=IINS[0], title="hero_of_labour", award_id="A", awarded_on=date(2021, 7, 12))
    town.publishes(award)
    [ending] = town.endings()
    assert (ending.ground, ending.ordinary_route.category) == ("4-3", 5)
    town.publishes(PhoneRegistered(iin=IINS[0], phone=PHONE, registered_at=town.now))
    assert town.told() == ["offer"]
