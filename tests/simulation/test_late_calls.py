"""A text of which a call tells late, and the SMS API's list when it was written: the earlier counts."""

from datetime import timedelta

import pytest

from ops.simulation import office
from ops.simulation.actions import CaseAct, Crash, Land, Write
from ops.simulation.scenario import IBANS, Scenario, person_id
from rules import answers
from rules.policy import DecisionMode
from rules.states import State
from schemas.messages import MessageReceived
from schemas.values import EndReason
from tests.simulation.town import PHONE, Town, at

SECOND = timedelta(seconds=1)
END = at(26, 0)
"""When the term of an offer of the 22nd is over."""


@pytest.fixture
def asked() -> Town:
    """A hero was offered at ten of the 22nd, and it is two seconds to the end of the term."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    assert town.waits_for("term") == END
    town.passes(days=3, hours=13, minutes=59, seconds=58)
    return town


def writes(town: Town, text: str) -> None:
    """A citizen writes; neither the call nor the list has brought it yet."""
    town.world.do(Write(0, text, late=True, called=True))


def operates(town: Town, act: CaseAct) -> None:
    """An operator does something to the case."""
    town.world.publish(person_id(0), office.on_case(act, town.case().case_id))
    town.world.settle()


def lands(town: Town, *, settled: bool = True) -> None:
    """The call comes while there is one, then what the list has."""
    town.world.do(Land(0))
    if settled:
        town.world.settle()


def test_a_consent_in_time_whose_call_comes_late_counts_once_the_list_tells_it(asked: Town) -> None:
    writes(asked, "1")
    asked.passes(seconds=4)
    lands(asked)
    assert asked.case().reason is EndReason.NO_REPLY
    assert asked.told()[-1] in ("no_reply", "answered_late")
    lands(asked)
    consent = asked.case().consent
    assert consent is not None
    assert consent.received_at == END - 2 * SECOND
    assert asked.case().state is State.ACCOUNT_SENT
    asked.reads(IBANS[0])
    assert asked.case().state is State.GRANTED
    asked.comes_to_rest()


def test_it_counts_too_where_the_line_reads_both_before_it_hears_of_the_end(asked: Town) -> None:
    """As after an outage: the end of the term is told to the case after the answers to the line."""
    writes(asked, "1")
    asked.reaches(END + 2 * SECOND)
    lands(asked, settled=False)
    lands(asked, settled=False)
    asked.line_works(count=2)
    assert [each.received_at for each in asked.line().told_earlier] == [END - 2 * SECOND]
    asked.rings()
    assert asked.case().consent is not None
    assert asked.line().told_earlier == ()
    asked.comes_to_rest()


@pytest.mark.parametrize("text", ["1", "кто это?"])
def test_an_earlier_instant_that_changes_nothing_tells_the_case_nothing(asked: Town, text: str) -> None:
    asked.world.now -= timedelta(hours=5)
    writes(asked, text)
    asked.passes(seconds=20)
    lands(asked)
    steps, told = len(asked.steps()), asked.told()
    lands(asked)
    assert (len(asked.steps()), asked.told()) == (steps, told)
    asked.passes(hours=10)
    assert asked.told().count("explanation") == (text != "1")
    asked.comes_to_rest()


def test_who_wrote_in_time_what_nobody_understood_was_not_silent(asked: Town) -> None:
    writes(asked, "кто это?")
    asked.passes(seconds=4)
    lands(asked)
    lands(asked)
    assert asked.case().reason is EndReason.NOT_UNDERSTOOD
    asked.comes_to_rest()


def test_it_answers_what_was_asked_when_it_was_written(family: Town) -> None:
    """The first of a family has a second left, the text is told of when the next has been asked."""
    family.passes(days=3, hours=13, minutes=59, seconds=59)
    writes(family, "0")
    family.passes(hours=12)
    assert family.told()[-1] == "offer"
    assert family.case(person=1).state is State.OFFER_SENT
    family.world.do(Land(1))
    family.world.do(Land(0))
    family.world.settle()
    assert family.case().reason is EndReason.DECLINED
    assert family.case(person=1).state is State.OFFER_SENT
    family.comes_to_rest()


def test_what_was_taken_for_an_answer_in_time_answers_nothing_else_as_well(family: Town) -> None:
    """The clock of the SMS API may be behind, and the text an answer to what was asked last after all."""
    family.passes(days=3, hours=13, minutes=59, seconds=59)
    writes(family, "0")
    family.passes(hours=12)
    lands(family)
    assert family.case(person=1).reason is EndReason.DECLINED
    lands(family)
    assert family.case().reason is EndReason.NO_REPLY
    family.comes_to_rest()


@pytest.mark.parametrize("text", ["0", "1"])
def test_an_answer_in_time_to_a_later_question_is_told_once(asked: Town, text: str) -> None:
    """A "no" closes its question itself, and was in time all the same."""
    asked.world.now -= timedelta(hours=5)
    asked.reads("1")
    asked.passes(minutes=1)
    writes(asked, text)
    asked.passes(seconds=20)
    lands(asked)
    before, steps = asked.told(), len(asked.steps())
    lands(asked)
    assert (asked.told(), len(asked.steps())) == (before, steps)
    asked.comes_to_rest()
    answers = [done.data for done in asked.world.lines.inboxes[PHONE].records if done.data]
    assert sum(isinstance(each, MessageReceived) for each in answers) == 3


@pytest.mark.parametrize("text", ["0", "1", "бас тартамын"])
@pytest.mark.parametrize("question", ["offer", "account"])
@pytest.mark.parametrize("read", ["together", "one by one", "behind the end"])
def test_a_call_at_the_very_end_is_too_late_and_the_list_is_not(
    asked: Town, question: str, text: str, read: str
) -> None:
    """A "no" that closes its question, and the end of the term, may be of the same instant."""
    if question == "account":
        asked.world.now -= timedelta(hours=5)
        asked.reads("1")
        text = IBANS[0] if text == "1" else text
    writes(asked, text)
    asked.reaches(asked.waits_for("term"))
    if read == "behind the end":
        asked.rings()
    lands(asked, settled=read != "together")
    lands(asked, settled=read != "together")
    if read == "together":
        asked.line_works(count=2)
    asked.rings()
    expected = (None,) if text in ("1", IBANS[0]) else (EndReason.DECLINED, EndReason.WITHDRAWN)
    assert asked.case().reason in expected
    asked.comes_to_rest()


@pytest.mark.parametrize("ending", ["waits for a signature", "is decided", "has ended"])
def test_what_was_too_late_by_both_is_told_once(ending: str) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    if ending != "has ended":
        town.reads("1")
        town.passes(minutes=1)
        town.reads(IBANS[0])
    town.passes(days=4, hours=5)
    if ending == "is decided":
        town.world.sign(town.drafts()[-1])
        town.world.settle()
    writes(town, "1" if ending == "has ended" else "0")
    town.passes(seconds=2)
    lands(town)
    told, notes = town.told(), town.notes()
    town.passes(minutes=1)
    lands(town)
    assert (town.told(), town.notes()) == (told, notes)
    town.comes_to_rest()
    assert len(town.told()) == len(told)


def test_what_was_too_late_by_both_counts_where_the_term_is_moved_behind_it() -> None:
    """The SMS API held the offer back, and tells of it only when the texts have come."""
    town = Town(Scenario(people=1, held=timedelta(hours=30)))
    town.learns("phone0", "title")
    end = town.waits_for("term")
    town.passes(days=3, hours=14, seconds=10)
    assert town.now > end
    writes(town, "1")
    town.passes(days=1)
    lands(town)
    lands(town)
    assert town.case().consent is None
    # Moved by a day and more: behind the text, and before the call.
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == end + 10 * SECOND
    town.comes_to_rest()


@pytest.mark.parametrize("late", [True, False])
def test_the_evidence_tells_the_earlier_instant(*, late: bool) -> None:
    """A consent of the last seconds of a day is of that day, though its call came on the next one."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(hours=13, minutes=59, seconds=58)
    writes(town, "1")
    town.passes(seconds=5)
    lands(town)
    written = at(23, 0) - 2 * SECOND
    if late:
        steps = len(town.steps())
        lands(town)
        assert len(town.steps()) == steps
    town.passes(minutes=1)
    town.reads(IBANS[0])
    if not late:
        # Decided by then, on what was known.
        lands(town)
    [decision] = town.decisions()
    assert decision.outcome == "granted"
    expected = written if late else written + 5 * SECOND
    assert decision.evidence.consent_to_service.at == expected
    assert decision.evidence.answers[0].received_at == expected
    assert decision.application_date.day == (22 if late else 23)
    town.comes_to_rest()


def test_of_a_prompt_call_nothing_is_told_again(asked: Town) -> None:
    asked.world.now -= timedelta(hours=5)
    writes(asked, "1")
    asked.passes(seconds=0.9)
    lands(asked)
    inbox = asked.world.cases.inboxes[person_id(0)]
    before = len(inbox.records)
    lands(asked)
    assert len(inbox.records) == before


def test_an_answer_in_time_is_not_forgotten_behind_forty_others(asked: Town) -> None:
    writes(asked, "1")
    asked.reaches(END + 2 * SECOND)
    lands(asked, settled=False)
    lands(asked, settled=False)
    for _ in range(50):
        asked.world.write(PHONE, "рахмет")
    asked.line_works(count=52)
    asked.rings()
    assert asked.case().consent is not None
    asked.comes_to_rest()


def test_a_later_copy_and_the_same_once_more_change_nothing(asked: Town) -> None:
    writes(asked, "1")
    asked.passes(seconds=4)
    lands(asked)
    lands(asked)
    before, sent = asked.line(), asked.texts()
    [sid] = asked.truth.texts
    for seconds in (0, 1, 60):
        copy = MessageReceived(phone=PHONE, text="1", sid=sid, received_at=END + seconds * SECOND)
        asked.world._text(copy)
        asked.world.settle()
    assert (asked.line(), asked.texts()) == (before, sent)


@pytest.mark.parametrize("crash", [Crash(wrote, sent) for wrote in (False, True) for sent in (0, 1, 5)])
def test_a_worker_that_dies_over_the_earlier_copy_loses_nothing(asked: Town, crash: Crash) -> None:
    writes(asked, "1")
    asked.passes(seconds=4)
    lands(asked)
    lands(asked, settled=False)
    asked.line_works(crash=crash)
    asked.world.settle()
    assert asked.case().state is State.ACCOUNT_SENT
    assert asked.told().count("account") == 1
    asked.comes_to_rest()


def test_who_was_put_back_by_an_older_registration_is_asked_in_time_by_the_list() -> None:
    """The number turns out to have been another's since an instant between the text and its call."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    operates(town, "hold")
    town.passes(minutes=1)
    written = town.now
    writes(town, IBANS[0])
    town.passes(seconds=1.5)
    lands(town)
    town.passes(seconds=60)
    town.learns("no_phone", ago=town.now - written - SECOND)
    lands(town)
    operates(town, "resume_case")
    assert town.case().account == IBANS[0]


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_an_account_that_is_closed_does_not_come_back_with_the_list(mode: DecisionMode) -> None:
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "account", "title")
    town.reads("1")
    operates(town, "hold")
    town.passes(minutes=1)
    writes(town, IBANS[1])
    town.passes(seconds=10)
    lands(town)
    town.passes(minutes=1)
    town.learns("closed")
    lands(town)
    operates(town, "resume_case")
    assert town.decisions() == []
    assert town.case().account is None


@pytest.mark.parametrize("happened", ["a no of the same instant", "a no behind it", "revoked before"])
def test_what_was_in_time_by_the_call_is_not_noted_twice(happened: str) -> None:
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    if happened == "revoked before":
        town.learns("revoked_title")
    writes(town, IBANS[0] if happened == "a no behind it" else "0")
    town.passes(seconds=10)
    if happened == "a no of the same instant":
        town.world.write(PHONE, "0")
    lands(town)
    if happened == "a no behind it":
        town.passes(minutes=1)
        town.reads("0")
    steps, told = len(town.steps()), town.told()
    lands(town)
    assert (len(town.steps()), town.told()) == (steps, told)
    town.comes_to_rest()


def test_who_confirmed_a_closed_account_is_asked_for_another_one_once() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "account", "title")
    town.reads("1")
    town.reaches(town.waits_for("term") - 10 * SECOND)
    writes(town, "5")
    town.reaches(town.now + 5 * SECOND)
    lands(town, settled=False)
    town.reaches(town.waits_for("term"))
    town.world.ring()
    town.hears("closed")
    while town.world.cases.waiting():
        town.case_works()
    town.world.settle()
    steps, told = len(town.steps()), town.told()
    lands(town)
    assert (len(town.steps()), town.told()) == (steps, told)
    town.comes_to_rest()


def test_a_no_behind_a_consent_whose_call_comes_late_is_not_taken_back_by_it() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "1")
    town.passes(seconds=5)
    town.reads("0")
    assert town.case().reason is EndReason.DECLINED
    town.passes(seconds=5)
    lands(town)
    assert town.case().consent is not None
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.decisions() == []
    town.reads("1")
    assert town.case().consent is not None
    town.comes_to_rest()


def test_a_consent_behind_a_no_whose_call_comes_late_stands() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(seconds=5)
    agreed = town.now
    town.reads("1")
    town.passes(seconds=5)
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    lands(town)
    consent = town.case().consent
    assert consent is not None
    assert consent.received_at == agreed
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.case().state is State.GRANTED
    town.comes_to_rest()


@pytest.mark.parametrize("mode", list(DecisionMode))
def test_a_consent_that_was_sent_twice_does_not_take_a_no_back_by_its_late_call(mode: DecisionMode) -> None:
    """By the list the second "1" was an echo at the account question."""
    town = Town(Scenario(people=1, mode=mode))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    writes(town, "1")
    town.passes(seconds=5)
    town.reads("0")
    town.passes(seconds=5)
    lands(town)
    assert town.case().consent is not None
    if mode is DecisionMode.OFFICER:
        town.reads(IBANS[0])
        assert len(town.drafts()) == 1
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    assert town.case().draft is None
    town.comes_to_rest()


def test_a_consent_that_only_the_list_brings_is_behind_a_no_that_was_written_before_it() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(minutes=5)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=5)
    lands(town)
    assert town.case().reason is EndReason.DECLINED
    lands(town)
    assert town.case().reason is EndReason.DECLINED
    lands(town)
    assert town.case().consent is not None
    town.comes_to_rest()


def test_a_no_that_was_late_by_its_call_counts_once_where_the_term_is_moved_behind_it() -> None:
    town = Town(Scenario(people=1, held=timedelta(hours=30)))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.reaches(town.waits_for("term") + 10 * SECOND)
    town.rings()
    town.reads("1")
    lands(town)
    assert town.case().reason is EndReason.NO_REPLY
    lands(town)
    assert town.case().reason is EndReason.DECLINED
    town.world.status(town.world.carrier.api[0], "sent")
    town.world.settle()
    assert town.case().consent is not None
    assert town.case().state is State.ACCOUNT_SENT
    town.comes_to_rest()


def test_of_two_that_say_the_same_nothing_is_told_again() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(seconds=5)
    town.reads("0")
    town.passes(seconds=5)
    lands(town)
    steps, told = len(town.steps()), town.told()
    lands(town)
    assert (len(town.steps()), town.told()) == (steps, told)
    town.reads("1")
    assert town.case().consent is not None
    town.comes_to_rest()


def test_fractions_of_a_second_put_nothing_in_another_order() -> None:
    """The list says that the "no" came at the full second, in which the "yes" was written before it."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(seconds=0.2)
    town.reads("1")
    town.passes(seconds=0.7)
    lands(town)
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_a_prompt_call_over_midnight_is_of_the_day_before() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(hours=13, minutes=59, seconds=59.5)
    writes(town, "1")
    town.passes(seconds=1)
    lands(town)
    lands(town)
    town.passes(minutes=1)
    town.reads(IBANS[0])
    [decision] = town.decisions()
    assert decision.application_date.day == 22
    town.comes_to_rest()


def test_of_two_accounts_that_were_late_by_their_calls_the_first_written_counts(asked: Town) -> None:
    asked.world.now -= timedelta(hours=5)
    asked.reads("1")
    asked.passes(minutes=1)
    asked.reaches(asked.waits_for("term") - 20 * SECOND)
    writes(asked, IBANS[0])
    asked.reaches(asked.now + SECOND)
    writes(asked, IBANS[1])
    asked.reaches(asked.now + 60 * SECOND)
    for pick in (2, 0, 1, 0):
        asked.world.do(Land(pick))
    asked.line_works(count=4)
    asked.rings()
    assert asked.case().account == IBANS[0]
    asked.comes_to_rest()


def test_a_no_that_the_list_finds_in_time_voids_a_draft() -> None:
    """Its call came when the number was another's already, and the account was read just before."""
    town = Town(Scenario(people=1, mode=DecisionMode.OFFICER))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.reads(IBANS[0])
    assert town.case().state is State.AWAITING_SIGNATURE
    writes(town, "0")
    town.passes(minutes=1)
    town.learns("no_phone")
    town.passes(minutes=1)
    lands(town)
    assert town.case().state is State.AWAITING_SIGNATURE
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


@pytest.mark.parametrize("together", [True, False])
def test_a_no_of_the_instant_of_another_answer_is_known_to_have_been_before_a_consent(
    *, together: bool
) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "disability")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(minutes=1)
    town.reads("1")
    town.passes(minutes=1)
    town.world.write(PHONE, "4")
    lands(town, settled=False)
    lands(town, settled=not together)
    lands(town)
    town.world.settle()
    case = town.case("disability")
    assert (case.consent is not None, case.reason) == (True, None)
    town.comes_to_rest()


def test_of_two_calls_that_are_prompt_the_list_puts_none_in_another_order() -> None:
    """Both were written in the second of which the list tells, and their calls took more than one."""
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "1")
    writes(town, "0")
    town.passes(seconds=1.1)
    lands(town)
    town.passes(seconds=0.2)
    town.world.do(Land(1))
    town.world.settle()
    assert town.case().reason is EndReason.WITHDRAWN
    for pick in (1, 0):
        town.world.do(Land(pick))
        town.world.settle()
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_a_no_of_before_a_revocation_in_error_lets_nothing_of_before_it_count() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "0")
    town.passes(minutes=1)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=1)
    town.learns("revoked_title")
    town.passes(minutes=1)
    town.learns("restored")
    town.passes(minutes=1)
    lands(town)
    lands(town)
    lands(town)
    assert town.case().consent is None
    assert town.case().reason is EndReason.DECLINED
    town.comes_to_rest()


def test_a_no_of_another_of_the_family_moves_no_consent_before_its_offer(family: Town) -> None:
    family.passes(hours=13, minutes=58)
    writes(family, "1")
    family.passes(minutes=1)
    family.reads("0")
    family.passes(hours=10, minutes=5)
    lands(family)
    lands(family)
    family.reads(IBANS[0])
    [decision] = family.decisions()
    assert decision.evidence.consent_to_service.at >= decision.evidence.questions[0].sent_at
    family.comes_to_rest()


def test_a_consent_that_was_stored_before_its_word_was_is_moved_before_a_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "1")
    town.passes(minutes=1)
    town.world.do(Write(0, "0", late=True))
    town.passes(minutes=3)
    with monkeypatch.context() as before:
        before.setattr(answers, "note_yes_or_no", lambda _turn, case, _report: case)
        lands(town)
    lands(town)
    lands(town)
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()


def test_what_the_line_tells_again_a_day_later_does_nothing_again() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "1")
    town.passes(minutes=1)
    town.reads("0")
    town.passes(minutes=3)
    lands(town)
    lands(town)
    inbox = town.world.cases.inboxes[person_id(0)]
    told = [each for each in inbox.records if each.event and each.event.name == "question.answered"]
    assert len(told) == 3
    for _ in range(26):
        # Until the desk has forgotten the ids.
        town.passes(hours=1)
        town.learns("account", "closed")
    before = town.told(), town.notes()
    for each in told:
        inbox.repeat(each, town.now)
    town.world.settle()
    assert (town.told(), town.notes()) == before


@pytest.mark.parametrize("happened", ["a no of the same instant", "revoked"])
def test_a_word_that_stands_already_is_not_noted_once_more(happened: str) -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.passes(minutes=1)
    writes(town, "1")
    town.passes(minutes=1)
    if happened == "revoked":
        town.reads("0")
        town.passes(minutes=1)
        lands(town)
        town.learns("revoked_title")
    else:
        lands(town, settled=False)
        town.world.write(PHONE, "0")
        town.world.settle()
    steps, told = len(town.steps()), town.told()
    lands(town)
    assert (len(town.steps()), town.told()) == (steps, told)


def test_a_no_when_nothing_is_consented_to_is_the_last_word_before_what_only_the_list_brings() -> None:
    town = Town(Scenario(people=1))
    town.learns("phone0", "title")
    town.reads("1")
    town.passes(minutes=1)
    town.reads("0")
    town.passes(minutes=1)
    town.world.do(Write(0, "1", late=True))
    town.passes(minutes=1)
    town.reads("0")
    assert town.notes()[-1] == "answered_without_consent"
    lands(town)
    assert town.case().consent is None
    assert town.case().reason is EndReason.WITHDRAWN
    town.comes_to_rest()
