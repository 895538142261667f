import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sms import (
    AccountConfirmed,
    AccountGiven,
    Answer,
    Consent,
    Decline,
    Separately,
    Together,
)
from schemas.values import check_iban
from sms.answers import read_account, read_offer, read_one_application

CORPUS = Path(__file__).with_name("answers.tsv")


class Sample(NamedTuple):
    offer: str
    one: str
    account: str
    known: str
    text: str


def samples() -> list[Sample]:
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Sample(offer, one, account, known, json.loads(text)) for offer, one, account, known, text in rows]


def code(answer: Answer | None) -> str:  # noqa: PLR0911 - one line for each reading
    match answer:
        case Consent(language=language):
            return language.value
        case Decline():
            return "no"
        case Together():
            return "together"
        case Separately():
            return "separately"
        case AccountConfirmed():
            return "confirm"
        case AccountGiven(iban=iban):
            return iban
        case None:
            return "-"


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: ascii(sample.text)[:40])
def test_each_answer_of_the_corpus_reads_as_it_says(sample: Sample) -> None:
    assert sample == Sample(
        offer=code(read_offer(sample.text)),
        one=code(read_one_application(sample.text)),
        account=code(read_account(sample.text, known=False)),
        known=code(read_account(sample.text, known=True)),
        text=sample.text,
    )


def test_the_corpus_is_large_and_has_every_reading() -> None:
    offers = Counter(sample.offer for sample in samples())
    assert sum(offers.values()) >= 300
    assert min(offers[reading] for reading in ("kk", "ru", "no", "-")) >= 50
    assert len({sample.text for sample in samples()}) == sum(offers.values())


@given(st.text(max_size=60))
def test_reading_never_raises(text: str) -> None:
    read_offer(text)
    read_one_application(text)
    read_account(text, known=True)
    read_account(text, known=False)


@given(st.sampled_from([sample for sample in samples() if sample.offer in ("kk", "ru")]), st.data())
def test_a_consent_with_a_refusal_or_a_question_beside_it_is_no_consent(
    sample: Sample, data: st.DataObject
) -> None:
    doubt = data.draw(st.sampled_from(["нет", "жоқ", "0", "не", "?", "👎", "или", "емес", "stop"]))
    text = data.draw(st.sampled_from([f"{doubt} {sample.text}", f"{sample.text} {doubt}"]))
    signed = "iPhone" in sample.text or "Galaxy" in sample.text
    if not signed:
        assert not isinstance(read_offer(text), Consent)


@given(
    st.text(alphabet="0123456789ABCDEFGHJKZTXOabckztАВСЕКМНОРТХЗавсекмнортхз -.", min_size=10, max_size=40)
)
def test_an_account_is_only_ever_a_valid_one(text: str) -> None:
    answer = read_account(f"KZ{text}", known=False)
    if answer is not None:
        assert isinstance(answer, AccountGiven)
        assert check_iban(answer.iban) == answer.iban


@pytest.mark.parametrize("position", range(4, 20))
def test_one_wrong_character_of_an_account_is_noticed(position: int) -> None:
    good = "KZ86125KZT5004100100"
    for wrong in "0123456789ABCXYZ":
        if wrong != good[position]:
            assert read_account(good[:position] + wrong + good[position + 1 :], known=True) is None
