import unicodedata
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Consent,
    Details,
    QuestionKind,
    Separately,
    Together,
)
from schemas.values import Language, check_iban, mask_iban
from sms.catalogues import load_texts
from sms.reading import answers
from sms.reading.answers import read_account, read_offer
from tests.unit.sms.answer_samples import READERS, SHOWN, Sample, read, samples

TEXTS = load_texts()

SAMPLES = samples()
AGREED = {"kk", "ru"}
CONSENTS = [sample.text for sample in SAMPLES if sample.question == "offer" and sample.expected in AGREED]
CONFIRMATIONS = [sample.text for sample in SAMPLES if sample.expected == "confirm"]
ACCOUNTS = [sample for sample in SAMPLES if sample.expected.startswith("KZ")]
DOUBTS = (
    *("?", "❓", "‽", "не", "нет", "жоқ", "емес", "ма", "ли", "па", "или", "немесе", "әлде", "но", "бірақ"),
    *("если", "0", "👎", "🤔", "подумаю", "мүмкін", "наверное", "қате", "ошибка", "ошиблась", "не мой"),
    *("чужой", "закрыт", "stop", "not", "mistake", "ne", "emes", "отказываюсь", "кейін", "потом", "жабық"),
)
DETAILS = {
    "offer": Details(iin_tail="0017"),
    "one": Details(iin_tail="0017"),
    "account": Details(iin_tail="0017"),
    "known": Details(iin_tail="0017", account=SHOWN),
}
KINDS = {"offer": QuestionKind.OFFER, "one": QuestionKind.ONE_APPLICATION}
OPTIONS = {
    "offer": {
        "1: келісемін, деректерімді пайдалануға да, қазақша.": "kk",
        "2: согласие, и на использование данных, по-русски.": "ru",
        "0: жоқ/нет.": "no",
        "0: жоқ/нет. 3 күн/дня. 1414": "no",
    },
    "one": {
        "3 - бірге.": "together",
        "4 - бөлек.": "separately",
        "3 - вместе.": "together",
        "4 - отдельно.": "separately",
        "Бас тарту: 0. Жауап мерзімі 3 күн.": "no",
        "Отказ: 0. Срок ответа 3 дня.": "no",
    },
    "account": {"Бас тарту: 0. Мерзімі 3 күн.": "no", "Отказ: 0. Срок 3 дня.": "no"},
    "known": {
        "Дұрыс: 5.": "confirm",
        "Верно: 5.": "confirm",
        "Бас тарту: 0. Мерзімі 3 күн.": "no",
        "Отказ: 0. Срок 3 дня.": "no",
    },
}
INVISIBLE = [
    *(chr(code) for code in range(0x20000) if unicodedata.category(chr(code)) == "Cf"),
    *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\ufe00\ufe0e\ufe0f\uffa0\ufff0",
    *"\x00\x08\x1b\x7f\x9f\ufffc\U000e0001\U000e0041\U000e0100\U000e01ef",
]


def question_text(question: str, language: Language | None) -> str:
    return TEXTS.question(KINDS.get(question, QuestionKind.ACCOUNT), language, DETAILS[question])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.question}-{ascii(sample.text)[:40]}")
def test_each_answer_of_the_corpora_reads_as_it_says(sample: Sample) -> None:
    assert read(sample.question, sample.text) == sample.expected


def test_the_corpora_are_large_and_have_every_reading() -> None:
    assert len(set(SAMPLES)) == len({(sample.question, sample.text) for sample in SAMPLES})
    found = Counter((sample.question, sample.expected[:2]) for sample in SAMPLES)
    assert min(found["offer", reading] for reading in ("kk", "ru", "no", "-")) >= 100
    assert min(found["one", reading] for reading in ("to", "se", "no", "-")) >= 20
    assert min(found["known", reading] for reading in ("KZ", "co", "no", "-")) >= 20
    assert found["account", "KZ"] >= 100


@given(st.text(max_size=60))
def test_reading_never_raises(text: str) -> None:
    for reader in READERS.values():
        reader(text)


@given(st.sampled_from(CONSENTS), st.sampled_from(DOUBTS), st.data())
def test_a_consent_with_a_doubt_anywhere_in_it_is_no_consent(
    text: str, doubt: str, data: st.DataObject
) -> None:
    places = [0, *(place for place, letter in enumerate(text) if letter.isspace()), len(text)]
    place = data.draw(st.sampled_from(places))
    assert not isinstance(read_offer(f"{text[:place]} {doubt} {text[place:]}"), Consent)


@given(st.sampled_from(CONFIRMATIONS), st.sampled_from(DOUBTS), st.sampled_from([" ", "\n", ", "]))
def test_a_confirmation_with_a_doubt_beside_it_is_none(text: str, doubt: str, gap: str) -> None:
    for doubtful in (f"{text}{gap}{doubt}", f"{doubt}{gap}{text}"):
        assert not isinstance(read_account(doubtful, shown=SHOWN), AccountConfirmed)


@pytest.mark.parametrize("denial", ["Неверно", "нет,", "Дұрыс емес", "Жоқ, басқа", "другой"])
def test_the_account_shown_is_not_given_anew_where_it_is_denied(denial: str) -> None:
    for sample in ACCOUNTS:
        denied = f"{denial} {sample.expected}"
        assert read_account(denied, shown=mask_iban(sample.expected)) is None
        assert read_account(denied, shown="KZ**0000") == AccountGiven(iban=sample.expected)


@given(st.sampled_from(ACCOUNTS), st.sampled_from(DOUBTS), st.sampled_from([" ", "\n", ", "]))
def test_an_account_with_a_doubt_beside_it_is_none(sample: Sample, doubt: str, gap: str) -> None:
    assert read(sample.question, f"{sample.text}{gap}{doubt}") == "-"
    if not (sample.question == "known" and doubt in ("нет", "жоқ")):
        assert read(sample.question, f"{doubt}{gap}{sample.text}") == "-"


@given(
    st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.sampled_from([" ", "\n", ", ", " или ", " / "])
)
def test_two_right_accounts_are_none(one: Sample, other: Sample, gap: str) -> None:
    if one.expected != other.expected:
        assert read_account(f"{one.text}{gap}{other.text}", shown=None) is None


@given(st.sampled_from(SAMPLES), st.data())
def test_what_nobody_sees_changes_no_reading(sample: Sample, data: st.DataObject) -> None:
    text = sample.text
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.sampled_from(INVISIBLE)) + text[place:]
    assert read(sample.question, text) == sample.expected


@pytest.mark.parametrize("question", OPTIONS)
def test_an_option_copied_back_is_what_it_says(question: str) -> None:
    shown = " ".join(question_text(question, language) for language in Language)
    for option, reading in OPTIONS[question].items():
        assert option in shown
        for copied in (option, option.rstrip("."), option.upper(), f"«{option}»", f"  {option}\n"):
            assert read(question, copied) == reading


@pytest.mark.parametrize("question", OPTIONS)
def test_several_options_are_no_answer(question: str) -> None:
    for one, other in permutations(OPTIONS[question], 2):
        if OPTIONS[question][one] != OPTIONS[question][other]:
            for gap in (" ", "\n", ""):
                assert read(question, f"{one}{gap}{other}") == "-"


@pytest.mark.parametrize("question", OPTIONS)
def test_our_own_text_sent_back_is_no_answer(question: str) -> None:
    for language in (None, *Language):
        whole = question_text(question, language)
        for quoted in (whole, f"> {whole}", f"Fwd: {whole}", whole.replace("\n", " ")):
            assert read(question, quoted) == "-"


@pytest.mark.parametrize("digit", ["1", "2", "3", "4", "5"])
def test_a_digit_answers_one_question_only(digit: str) -> None:
    answers = [reader(digit) for reader in READERS.values()]
    assert sum(answer is not None for answer in answers) == 1
    kinds = {"1": Consent, "2": Consent, "3": Together, "4": Separately, "5": AccountConfirmed}
    assert any(isinstance(answer, kinds[digit]) for answer in answers)


@pytest.mark.parametrize("question", READERS)
@pytest.mark.parametrize("no", ["0", "БАС ТАРТАМЫН", "ОТКАЗЫВАЮСЬ", "Я отказываюсь.", "бас тартамын, рахмет"])
def test_a_no_is_heard_at_any_question(question: str, no: str) -> None:
    assert read(question, no) == "no"


@pytest.mark.parametrize("question", READERS)
@pytest.mark.parametrize("stop", ["СТОП", "STOP", "stopall", "Unsubscribe", "0 стоп", "отказываюсь, СТОП"])
def test_a_stop_is_heard_at_any_question_and_beside_a_no(question: str, stop: str) -> None:
    assert read(question, stop) == "stop"


@pytest.mark.parametrize(
    "signature",
    [
        *("Отправлено с iPhone", "Отправлено с моего iPhone", "Отправлено с устройства Samsung"),
        *("Отправлено из мобильной Почты Mail.ru", "Отправлено из Яндекс.Почты для мобильных"),
        *("Sent from my iPhone", "Sent from my Galaxy S21", "Sent from Yahoo Mail on Android"),
        *("Sent from Outlook for iOS", "Get Outlook for Android", "iPhone-нан жіберілді"),
        *("-- ", "--\nИванова Анна", "С уважением, Иванова А.А."),
    ],
)
def test_a_signature_is_cut_where_a_line_begins_with_it(signature: str) -> None:
    for question, text, expected in (("offer", "Да", "ru"), ("offer", "1", "kk"), ("known", "5", "confirm")):
        assert read(question, f"{text}\n{signature}") == expected
        assert read(question, f"{text} {signature} не мой номер") == "-"
        assert read(question, f"{text}\n{signature}\nэто не я") == "-"
    iban = "KZ86125KZT5004100100"
    assert read("account", f"{iban}\n\n{signature}") == iban
    assert read("account", f"{iban}\n{signature}\nне мой счет") == "-"


@pytest.mark.parametrize("question", READERS)
def test_a_signature_alone_is_no_answer(question: str) -> None:
    for signature in ("Отправлено с iPhone", "Sent from my iPhone 5", "Отправлено с телефона 1", "-- \n"):
        assert read(question, signature) == "-"


@given(
    st.text(alphabet="0123456789ABCDEFGHJKZTXOabckztАВСЕКМНОРТХЗавсекмнортхз -.", min_size=10, max_size=40)
)
def test_an_account_is_only_ever_a_valid_one(text: str) -> None:
    answer = read_account(f"KZ{text}", shown=None)
    if isinstance(answer, AccountGiven):
        assert check_iban(answer.iban) == answer.iban


@pytest.mark.parametrize("position", range(4, 20))
def test_one_wrong_character_of_an_account_is_noticed(position: int) -> None:
    good = "KZ86125KZT5004100100"
    for wrong in "0123456789ABCXYZ":
        if wrong != good[position]:
            assert read_account(good[:position] + wrong + good[position + 1 :], shown=SHOWN) is None


@given(st.from_regex(r"KZ[0-9]{5}[A-Z0-9]{13}", fullmatch=True))
def test_an_account_alone_is_read_as_in_full(text: str) -> None:
    digits = int("".join(str(int(sign, 36)) for sign in f"{text[4:]}KZ00"))
    for alone in (text, f"KZ{98 - digits % 97:02d}{text[4:]}"):
        assert read_offer(alone) == answers._read_offer.__wrapped__(alone)
        for shown in (SHOWN, None):
            assert read_account(alone, shown=shown) == answers._read_account.__wrapped__(alone, shown=shown)
