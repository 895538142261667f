"""How a decision is told: by SMS, and in the personal cabinet."""

from datetime import date, timedelta

import pytest

from schemas.cabinet import CabinetNotified
from schemas.canonical import data_of
from schemas.questions import NoticeKind, NoticeRequested
from schemas.values import EndReason, Language
from streams.jws import NotVerifiedError
from streams.key_set import DEMO_KEYS
from streams.signing import verify_document
from tests.unit.every_rule.story import (
    PAY_HERE,
    TEXTS,
    Story,
    decisions,
    documents,
    drafted,
    endings,
    heard,
    notes,
    notices,
    recorded,
    signature,
)
from tests.unit.rules.case_desk import IBAN, REGISTERED, TITLE, only

REFUSALS = (NoticeKind.REFUSED, NoticeKind.REFUSED_1, NoticeKind.REFUSED_2, NoticeKind.REFUSED_3)


def test_r9_the_decision_is_told_by_sms() -> None:
    """A grant and a refusal alike, on the registered number, in the language of the consent."""
    granted = Story().consented().answers(PAY_HERE)
    refused = Story().consented().reads(recorded("paid"))
    told = [each for each in [*granted, *refused] if isinstance(each, NoticeRequested)]
    assert [(each.kind, each.phone, each.language) for each in told] == [
        (NoticeKind.GRANTED, REGISTERED.phone, Language.KAZAKH),
        (NoticeKind.REFUSED, REGISTERED.phone, Language.KAZAKH),
    ]


def test_r31_the_act_is_a_signed_document_and_the_sms_only_tells_of_it() -> None:
    """The whole decision stands in a document that verifies; changed by a letter it does not."""
    effects = Story().consented().answers(PAY_HERE)
    [decided], [told] = decisions(effects), documents(effects)
    assert told.kind == "decided"
    assert told.decision == data_of(decided)
    [notified] = [each for each in effects if isinstance(each, CabinetNotified)]
    head, payload, signed = notified.document.split(".")
    with pytest.raises(NotVerifiedError):
        verify_document(f"{head}.{payload[:-2]}AA.{signed}", DEMO_KEYS)
    [notice] = [each for each in effects if isinstance(each, NoticeRequested)]
    assert IBAN not in TEXTS.notice(notice.kind, notice.language, notice.details)


def test_r32_whoever_is_refused_is_told_of_the_right_of_complaint() -> None:
    """The SMS says that there is one, and the document to whom, until when, and of the court behind it."""
    for kind in REFUSALS:
        for language, words in (
            (Language.KAZAKH, "Шағымдануға құқығыңыз бар"),
            (Language.RUSSIAN, "вправе обжаловать"),
        ):
            assert words in TEXTS.catalogues[language][kind]
    [refused] = documents(Story().consented().reads(recorded("paid")))
    [granted] = documents(Story().consented().answers(PAY_HERE))
    assert refused.kind == granted.kind == "decided"
    assert granted.appeal is None
    assert refused.appeal
    assert "статья 91" in refused.appeal.body.ru
    assert "трех месяцев" in refused.appeal.term.ru
    assert "суд" in refused.appeal.court.ru


def test_d13_who_has_no_number_is_told_in_the_cabinet() -> None:
    """An ending and a refusal stand there also where no SMS can go, and the log says that none went."""
    unasked = Story().reads(TITLE)
    [ended] = documents(unasked)
    assert ended.kind == "ended"
    assert ended.ending["reason"] == EndReason.PHONE_NOT_REGISTERED
    story, draft = drafted(on_record=True)
    story.now += timedelta(minutes=1)
    story.reads(REGISTERED.model_copy(update={"phone": None, "registered_at": story.now}))
    story.now += timedelta(days=6)
    story.reads(heard(draft, date(2021, 7, 28)))
    effects = story.reads(signature(draft, story.now, 4))
    assert [each.kind for each in documents(effects)] == ["decided"]
    assert (notices(effects), "no_number_to_tell" in notes(effects)) == ([], True)
    assert (endings(effects), len(only(effects, CabinetNotified))) == ([], 1)
