from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas import values
from schemas.values import (
    Iban,
    Iin,
    Phone,
    check_iban,
    check_iin,
    check_phone,
    check_uuid,
    is_kazakh_mobile,
    mask_iban,
)

IBAN = "KZ86125KZT5004100100"


def digits(weights: tuple[int, ...], number: str) -> int:
    return sum(w * int(d) for w, d in zip(weights, number, strict=True)) % 11


@given(st.text("0123456789", min_size=11, max_size=11))
def test_an_iin_has_one_check_digit_at_most_by_the_two_sums_of_weights(eleven: str) -> None:
    first = digits(tuple(range(1, 12)), eleven)
    check = first if first < 10 else digits((3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2), eleven)
    for last in range(10):
        number = f"{eleven}{last}"
        if last == check and number != "0" * 12:
            assert check_iin(number) == number
        else:
            with pytest.raises(ValueError, match="IIN"):
                check_iin(number)


@pytest.mark.parametrize(
    ("iin", "why"),
    [
        ("850101300016", "check digit"),
        ("000000000000", "zeros"),
        ("85010130001", "12 digits"),
        ("8501013000155", "12 digits"),
        ("850101300015\n", "12 digits"),
        (" 850101300015", "12 digits"),
        ("85010130001a", "12 digits"),
        ("٨٥٠١٠١٣٠٠٠١٥", "12 digits"),
        ("", "12 digits"),
    ],
)
def test_a_wrong_iin_says_what_is_wrong_and_repeats_nothing(iin: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as problem:
        check_iin(iin)
    assert not iin or iin not in str(problem.value)


def test_the_second_weights_are_used_where_the_first_give_ten() -> None:
    assert digits(tuple(range(1, 12)), "77030350003") != 10
    tens = [f"{n:011d}" for n in range(85010130000, 85010130200)]
    ten = next(eleven for eleven in tens if digits(tuple(range(1, 12)), eleven) == 10)
    second = digits((3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2), ten)
    assert check_iin(f"{ten}{second}") == f"{ten}{second}"


def test_a_birth_date_that_cannot_be_is_no_reason_to_refuse() -> None:
    eleven = "99993900001"
    check = digits(tuple(range(1, 12)), eleven)
    assert check < 10
    assert check_iin(f"{eleven}{check}")


@pytest.mark.parametrize(
    "typed", [IBAN, "kz86 125k zt50 0410 0100", " KZ86\t125KZT5004100100\n", "KZ75125KZT1001300335"]
)
def test_a_kazakh_iban_is_made_compact(typed: str) -> None:
    assert check_iban(typed) == "".join(typed.split()).upper()


@pytest.mark.parametrize(
    ("iban", "why"),
    [
        ("KZ86125KZT5004100101", "check digits"),
        ("KZ68125KZT5004100100", "check digits"),
        ("KZ86125KZT500410010", "18 more"),
        ("KZ86125KZT50041001000", "18 more"),
        ("KZ86A25KZT5004100100", "18 more"),
        ("DE89370400440532013000", "starts with KZ"),
        ("86125KZT5004100100", "starts with KZ"),
        ("", "starts with KZ"),
    ],
)
def test_a_wrong_iban_says_what_is_wrong_and_repeats_nothing(iban: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as problem:
        check_iban(iban)
    assert not iban or iban not in str(problem.value)


def test_an_unknown_bank_is_no_reason_to_refuse() -> None:
    account = "999ABCDEFGHIJKLM"
    number = int("".join(str(int(c, 36)) for c in f"{account}KZ00"))
    unknown = f"KZ{98 - number % 97:02d}{account}"
    assert check_iban(unknown) == unknown


def test_an_account_is_shown_masked() -> None:
    assert mask_iban(IBAN) == "KZ**0100"


@pytest.mark.parametrize(
    ("phone", "mobile"),
    [
        *((f"+77{code}1234567", True) for code in ("00", "01", "02", "05", "06", "07", "08")),
        *((f"+77{code}1234567", True) for code in ("47", "60", "61", "62", "63", "64")),
        *((f"+77{code}1234567", True) for code in ("71", "75", "76", "77", "78", "85")),
        *((f"+77{code}1234567", False) for code in ("03", "04", "09", "27", "65", "72", "74", "79", "86")),
        ("+79161234567", False),
        ("+7701123456", False),
        ("+770112345678", False),
        ("+77011234567\n", False),
        ("77011234567", False),
        ("+996701234567", False),
    ],
)
def test_mobile_numbers_of_kazakhstan(phone: str, mobile: bool) -> None:  # noqa: FBT001
    assert is_kazakh_mobile(phone) is mobile


@pytest.mark.parametrize("phone", ["+77011234567", "+12025550", "+123456789012345"])
def test_a_phone_is_e164(phone: str) -> None:
    assert check_phone(phone) == phone


@pytest.mark.parametrize(
    "phone",
    [
        "77011234567",
        "+07011234567",
        "+1234567",
        "+1234567890123456",
        "+7 701 123 45 67",
        "+77011234567\n",
        "",
    ],
)
def test_what_is_not_e164_is_refused(phone: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        check_phone(phone)


@pytest.mark.parametrize("kind", [Iin, Iban, Phone])
def test_the_annotated_types_check(kind: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python("nothing of the kind")


def test_an_iban_among_a_megabyte_of_blanks_is_refused_and_not_remembered() -> None:
    assert check_iban(" ".join("KZ86125KZT5004100100")) == "KZ86125KZT5004100100"
    before = values._checked_iban.cache_info().currsize
    with pytest.raises(ValueError, match="longer than one can be written"):
        check_iban("KZ86125KZT5004100100" + " " * 1_000_000)
    assert values._checked_iban.cache_info().currsize == before


_UUID = "0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11"


@pytest.mark.parametrize(
    "written",
    [_UUID, _UUID.upper(), f"{{{_UUID.upper()}}}", f"urn:uuid:{_UUID}", f"URN:UUID:{_UUID.upper()}"],
)
def test_a_uuid_is_read_in_each_usual_spelling_as_we_write_it(written: str) -> None:
    assert check_uuid(written) == _UUID


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        f" {_UUID}",
        f"{_UUID}\n",
        f"{_UUID}\0",
        f"{{{_UUID}",
        f"{_UUID}}}",
        f"{{urn:uuid:{_UUID}}}",
        f"urn:{_UUID}",
        _UUID.replace("-", ""),
        _UUID.replace("-", "\u2010"),
        _UUID.replace("1", "\u0661"),
        _UUID.replace("c", "g"),
        _UUID * 2,
        "a" * 2_000_000,
    ],
)
def test_what_is_no_uuid_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="32 hex digits") as problem:
        check_uuid(text)
    assert not text.strip() or text not in str(problem.value)
