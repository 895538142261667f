"""An open question keeps the words and the version with which it was put, whatever becomes of the texts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.deadlines import DeadlineElapsed
from schemas.ids import MessageId, QuestionId, Sid, message_id_of, resent_id_of
from schemas.messages import Failure, MessageAccepted, MessageStatusReported, MessageToSend
from schemas.questions import Details, NoticeKind, QuestionClosed, QuestionKind, QuestionSent
from schemas.values import Language
from sms.catalogues import load_texts
from sms.texts import Texts
from tests.unit.sms.number import NOON, PHONE, SECOND, Number, accepted, notice

OURS = load_texts()
OTHERS = Texts(
    {
        language: {key: text.replace("Е-макет", "МӘС") for key, text in texts.items()}
        for language, texts in OURS.catalogues.items()
    },
    "1+others",
)
FIRST = message_id_of(QuestionId("q"))
OFFER = OURS.question(QuestionKind.OFFER, None, Details(iin_tail="0015"))


def restarted_with_others(number: Number) -> None:
    number.policy = replace(number.policy, texts=OTHERS)


def not_reached(number: Number, failure: Failure = "passing") -> None:
    number.hears(
        MessageStatusReported(
            phone=PHONE,
            sid=Sid(f"SM-{FIRST}"),
            status="undelivered",
            error_code=30003,
            failure=failure,
            at=number.now,
        )
    )


def wakes(number: Number) -> MessageToSend:
    """What goes out at the next instant at which the line is woken."""
    due = number.wake
    assert due
    number.now = due[0]
    [message] = number.hears(DeadlineElapsed(deadline="wake", version=due[1], due=due[0]))
    assert isinstance(message, MessageToSend)
    return message


def sent(number: Number, message: MessageToSend) -> QuestionSent:
    [told, *_] = number.carries(message)
    assert isinstance(told, QuestionSent)
    return told


def test_a_question_that_waits_for_the_morning_goes_out_as_it_was_put(number: Number) -> None:
    number.now = NOON + timedelta(hours=10)
    assert number.asks() == []
    restarted_with_others(number)
    message = wakes(number)
    assert message.text == OFFER
    told = sent(number, message)
    assert (told.text, told.text_version) == (OFFER, "1")


def test_a_sending_that_failed_is_repeated_in_the_same_words(put: Number) -> None:
    restarted_with_others(put)
    not_reached(put)
    message = wakes(put)
    assert message.text == OFFER
    told = sent(put, message)
    assert (told.text, told.text_version) == (OFFER, "1")


def forget_the_message(number: Number) -> None:
    """Another message is accepted so long after that the first one is kept no more."""
    number.now = NOON + timedelta(hours=73)
    number.hears(notice(NoticeKind.GRANTED, case="another"))
    number.hears(accepted(MessageId("n"), number.now))
    assert number.line.deliveries[0].message is None


def test_a_sending_that_is_known_to_have_failed_days_after_is_repeated_in_the_same_words(put: Number) -> None:
    forget_the_message(put)
    restarted_with_others(put)
    not_reached(put, "ours")
    message = wakes(put)
    assert (message.message_id, message.text) == (resent_id_of(FIRST), OFFER)
    told = sent(put, message)
    assert (told.text, told.text_version) == (OFFER, "1")


def test_a_question_of_before_its_words_were_kept_has_those_of_today(put: Number) -> None:
    forget_the_message(put)
    assert put.line.current
    put.line = put.line.with_(current=put.line.current.with_(text=None, text_version=None))
    restarted_with_others(put)
    not_reached(put, "ours")
    message = wakes(put)
    assert message.text == OTHERS.question(QuestionKind.OFFER, None, Details(iin_tail="0015"))
    assert sent(put, message).text_version == "1+others"


def test_a_question_behind_another_is_put_in_the_words_of_the_day_on_which_its_turn_comes(
    put: Number,
) -> None:
    put.asks("second", case="other")
    restarted_with_others(put)
    [message] = put.hears(QuestionClosed(phone=PHONE, question_id=QuestionId("q"), closed_at=NOON + SECOND))
    assert isinstance(message, MessageToSend)
    told = sent(put, message)
    assert (told.question_id, told.text_version) == ("second", "1+others")
    assert told.text == OTHERS.question(QuestionKind.OFFER, None, Details(iin_tail="0015"))


def test_a_question_that_is_put_no_more_keeps_its_version_and_not_its_words(put: Number) -> None:
    assert put.line.current
    assert (put.line.current.text, put.line.current.text_version) == (OFFER, "1")
    put.hears(QuestionClosed(phone=PHONE, question_id=QuestionId("q"), closed_at=NOON + SECOND))
    [past] = put.line.past
    assert (past.text, past.text_version) == (None, "1")


def test_what_is_explained_and_told_is_in_the_words_of_today(put: Number) -> None:
    restarted_with_others(put)
    [_, explained] = put.reads("what?", NOON + SECOND)
    assert isinstance(explained, MessageToSend)
    assert explained.text == OTHERS.explanation(QuestionKind.OFFER, None, Details(iin_tail="0015"))


@pytest.mark.parametrize("language", list(Language))
def test_the_language_and_the_sender_of_a_question_are_told(number: Number, language: Language) -> None:
    [message] = number.asks(kind=QuestionKind.ACCOUNT, language=language)
    assert isinstance(message, MessageToSend)
    told = sent(number, message)
    assert (told.language, told.carrier, told.sender) == (language, "twilio", "+77010000000")


def test_an_acceptance_of_before_names_no_carrier(number: Number) -> None:
    [message] = number.asks()
    assert isinstance(message, MessageToSend)
    [told] = number.hears(
        MessageAccepted(
            phone=PHONE, message_id=message.message_id, attempt=1, sid=Sid("SM"), accepted_at=NOON
        )
    )
    assert isinstance(told, QuestionSent)
    assert (told.carrier, told.sender) == (None, None)


def test_the_report_of_a_sending_of_before_is_read() -> None:
    told = QuestionSent.model_validate_json(
        '{"person_id":"p","question_id":"q","case_id":"c","message_id":"m","text":"t",'
        '"sent_at":"2021-07-15T06:00:00Z"}'
    )
    assert (told.text_version, told.language, told.carrier, told.sender) == (None, None, None, None)
