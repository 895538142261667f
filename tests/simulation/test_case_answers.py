"""Every way in which a citizen answers, or does not."""

from datetime import date, datetime, timedelta

import pytest

from ops.simulation.ground_truth import Text
from ops.simulation.scenario import IBANS, Scenario
from rules.person import Question
from rules.policy import DecisionMode, TermPolicy
from rules.states import State
from schemas.ids import Sid
from schemas.questions import (
    AccountGiven,
    Answer,
    Decline,
    QuestionAnswered,
)
from schemas.values import EndReason, Scheme
from tests.simulation.town import PHONE, Town, at

MILLISECOND = timedelta(milliseconds=1)


# The way to a decision.


def test_a_title_leads_over_the_offer_and_the_account_to_the_grant(asked: Town) -> None:
    asked.reads("2")
    asked.reads("KZ86 125K ZT50 0410 0100")
    assert asked.told() == ["offer", "account", "granted"]
    assert [(step.from_, step.to) for step in asked.steps()] == [
        ("new", "received"),
        ("received", "offer_asked"),
        ("offer_asked", "offer_sent"),
        ("offer_sent", "offer_sent"),
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
    assert [answer.text for answer in evidence.answers] == ["R 1", IBANS[0]]
    assert [question.text for question in evidence.questions] == asked.texts()[:2]
    assert evidence.questions[0].sent_at == at(22, 10)
    assert evidence.answers[0].received_at == at(22, 10, 5)
    digests = [part.sha256 for part in evidence.questions] + [part.sha256 for part in evidence.answers]
    assert len({*digests, evidence.source.sha256}) == 5
    assert decision.decided_at == at(23, 10, 5)
    assert decision.rules_version == "order-225-2021/1"


@pytest.mark.parametrize(
    ("received", "day"),
    [(at(22, 23, 59, 59), date(2021, 7, 22)), (at(23, 0), date(2021, 7, 23))],
)
def test_the_application_date_is_the_local_day_of_the_consent(
    asked: Town, received: datetime, day: date
) -> None:
    asked.reaches(received)
    asked.reads("1")
    asked.passes(days=1)
    asked.reads(IBANS[0])
    assert asked.decisions()[0].application_date == day


@pytest.mark.parametrize(("answer", "scheme"), [("3", Scheme.ONE_APPLICATION), ("4", Scheme.STANDALONE)])
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
    town.reads("5")
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
    town.reads("5")
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
        town = Town(Scenario(term=policy))
        town.learns("phone0", "title")
        town.reaches(town.waits_for("term") - early)
        town.reads("1")
        assert (town.case().consent is not None) is counts
        assert town.case().state is (State.ACCOUNT_SENT if counts else State.ENDED)


def test_without_a_reply_the_process_ends_and_the_morning_tells_so(asked: Town) -> None:
    asked.passes(days=5)
    assert asked.case().reason is EndReason.NO_REPLY
    assert asked.told() == ["offer", "reminder", "no_reply"]
    assert asked.sent_at() == ["22.07 10:00", "25.07 10:00", "26.07 09:00"]
    [ending] = asked.endings()
    assert (ending.reason, ending.ended_at) == ("no_reply", at(26, 0))
    assert not asked.decisions()


def test_each_question_has_a_term_of_its_own(asked: Town) -> None:
    asked.passes(days=3)
    asked.reads("2")
    assert asked.waits_for("term") == at(29, 0)
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
    assert asked.notes() == ["accepted", "answered_late"]


def test_a_no_ends_the_process_and_says_until_when_it_can_be_taken_back(asked: Town) -> None:
    asked.reads("0")
    assert asked.case().reason is EndReason.DECLINED
    assert asked.told() == ["offer", "declined"]
    assert "23:59 25.07.2021" in asked.texts()[-1]
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
    assert asked.case().reason is EndReason.WITHDRAWN
    assert asked.case().consent is None
    assert "23:59 25.07.2021" in asked.texts()[-1]


def test_after_yes_and_no_a_yes_is_understood_and_an_account_alone_is_not(asked: Town) -> None:
    for text in ("1", "0"):
        asked.world.write(PHONE, text)
        asked.passes(seconds=1)
    asked.world.settle()
    asked.passes(seconds=5)
    asked.reads(IBANS[0])
    assert asked.case().reason is EndReason.WITHDRAWN
    asked.reads("1")
    assert asked.case().state is State.ACCOUNT_SENT
    asked.reads(IBANS[0])
    assert asked.case().state is State.GRANTED


def test_an_account_that_is_read_when_the_consent_is_taken_back_changes_nothing(asked: Town) -> None:
    asked.reads("1")
    asked.passes(seconds=1)
    account = asked.case().question
    assert account is not None
    answers: dict[str, tuple[Question, Answer]] = {
        "a no": (asked.case().questions[0], Decline()),
        "an account": (account, AccountGiven(iban=IBANS[0])),
    }
    for text, (question, answer) in answers.items():
        asked.truth.texts[Sid(text)] = Text(PHONE, text, asked.now)
        report = QuestionAnswered(
            question_id=question.question_id,
            case_id=asked.case().case_id,
            person_id=asked.person().person_id,
            answer=answer,
            text=text,
            message_id=Sid(text),
            received_at=asked.now,
        )
        asked.publishes(report)
    assert asked.case().reason is EndReason.WITHDRAWN
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


@pytest.mark.parametrize("read", ["each at once", "both together"])
@pytest.mark.parametrize("mode", list(DecisionMode))
def test_a_no_after_the_consent_is_taken_back_however_soon(read: str, mode: DecisionMode) -> None:
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    if mode is DecisionMode.OFFICER:
        town.reads(IBANS[0])
        town.passes(minutes=1)
    town.world.write(PHONE, "0")
    if read == "each at once":
        town.world.settle()
    town.passes(seconds=1)
    town.reads("1")
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == town.now
    assert town.case().state is State.ACCOUNT_SENT
    town.comes_to_rest()


def test_two_noes_and_a_yes_that_are_read_together_end_with_the_yes(asked: Town) -> None:
    asked.reads("1")
    asked.passes(minutes=1)
    asked.world.write(PHONE, "0")
    asked.world.write(PHONE, "0")
    asked.world.write(PHONE, "1")
    asked.world.settle()
    assert asked.case().state is State.ACCOUNT_SENT
    asked.comes_to_rest()


@pytest.mark.parametrize("read", ["the end, then the closing", "the closing, then the end"])
def test_who_confirmed_an_account_that_is_closed_by_then_has_not_kept_silent(read: str) -> None:
    """All was read late: the end of the term, that the account is closed, and the confirmation in time."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "account", "title")
    town.reads("1")
    assert town.told()[-1] == "account"
    town.world.write(PHONE, "5")
    town.reaches(town.waits_for("term"))
    if read == "the closing, then the end":
        town.hears("closed")
    town.world.ring()
    town.hears("closed")
    while town.world.cases.waiting():
        town.case_works()
    town.world.settle()
    town.passes(hours=9)
    assert town.case().state is State.ACCOUNT_SENT
    assert town.told().count("account") == 2
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
    town.comes_to_rest()
