"""Whether a text could name a person, in whatever spelling; and what is passed on as it is all the same."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import PUBLIC_IN
from schemas.personal import could_name_somebody, number_in, trace_names_somebody
from schemas.registry import DeathRegistered
from tests.unit.public_events import DATA, IBAN, IIN, PHONE
from tests.unit.spellings import spellings

ZEROS = "001231500110"
LETTERS = "KZ78999ABCDEFGHIJKLM"
NUMBERS = [IIN, ZEROS, PHONE, "+77472345678", "+12025550", "+491701234567", IBAN, LETTERS]
PERSON = PUBLIC_IN["registry.death-registered.v1"].model_validate(DATA["registry.death-registered.v1"])
PORTAL = PUBLIC_IN["portal.phone-registered.v1"].model_validate(DATA["portal.phone-registered.v1"])
ACCOUNT = PUBLIC_IN["statecorp.account-known.v1"].model_validate(DATA["statecorp.account-known.v1"])
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@given(st.sampled_from(NUMBERS).flatmap(spellings))
def test_no_spelling_of_a_number_passes(text: str) -> None:
    assert could_name_somebody(text)


@given(spellings(IIN))
def test_the_iin_of_the_event_is_found_in_whatever_spelling(text: str) -> None:
    assert number_in(text, PERSON) == "iin"


@given(spellings(PHONE))
def test_the_phone_of_the_event_is_found_in_whatever_spelling(text: str) -> None:
    assert number_in(text, PORTAL) == "phone"


@given(spellings(IBAN) | spellings(IBAN[4:]))
def test_the_account_of_the_event_is_found_in_whatever_spelling(text: str) -> None:
    assert number_in(text, ACCOUNT) == "iban"


@pytest.mark.parametrize(
    "text",
    [
        "portal-87011234567-1",
        "850101-300015",
        "8️⃣5️⃣0️⃣1️⃣0️⃣1️⃣3️⃣0️⃣0️⃣0️⃣1️⃣5️⃣",
        "00000000-0000-0000-0000-850101300015",
        "87011234-5670-4000-8000-0000000000ab",
        "85010130-0015-4abc-8abc-abcdefabcdef",
        "urn:uuid:850101ab-300015",
        "100%850101300015",
        "a" * 1001,
        "%" + "25" * 20 + "38",
        "award-" + str(uuid.UUID(int=7)) + "-7011234567",
        "ΚΖ83999ABCDEFGHIJKLM 1234567",
    ],
)
def test_what_could_hide_a_number_does_not_pass(text: str) -> None:
    assert could_name_somebody(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "e-1",
        "A-2021-17",
        "award/17",
        "urn:registry:awards",
        "https://registry.gov.kz/awards#2021",
        "c9bf9e57-1685-4c89-bafb-ff5af830be8a",
        "urn:uuid:C9BF9E57-1685-4C89-BAFB-FF5AF830BE8A",
        "марапат-№17",
        "KZ",
        "1234%36",
    ],
)
def test_what_has_no_room_for_a_number_passes(text: str) -> None:
    assert not could_name_somebody(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        # The seven digits of 701 123-45-67 stand in each.
        ("c1234a56-7b00-4c89-bafb-ff5af830be8a", None),
        ("urn:uuid:C1234A56-7B00-4C89-BAFB-FF5AF830BE8A", None),
        ("c9bf9e57-1685-4c89-bafb-ff5af830be8a/1234567", "phone"),
        ("12345670-0000-4c89-bafb-ff5af830be8a", "phone"),
        ("c1234a567b004c89bafbff5af830be8a", "phone"),
    ],
)
def test_a_number_is_found_in_a_uuid_only_where_it_has_room_for_one(text: str, field: str | None) -> None:
    assert number_in(text, PORTAL) == field
    assert could_name_somebody(text) == (field is not None)


def test_most_random_ids_stay_as_they_are() -> None:
    random = [str(uuid.UUID(int=(n * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)) for n in range(1, 1001)]
    assert sum(map(could_name_somebody, random)) < 250


def test_a_trace_of_the_w3c_passes_unless_it_names_the_person() -> None:
    assert not trace_names_somebody(TRACE, PERSON)
    assert not trace_names_somebody(TRACE, PORTAL)
    assert not trace_names_somebody("00-a-b-01", PERSON)
    for named in (
        f"00-{IIN:0>32}-b7ad6b7169203331-01",
        f"00-{IIN:0<32}-b7ad6b7169203331-01",
        f"00-{IIN}cd43dd8448eb211c8031-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{IIN}abcd-01",
        f"00-{PHONE[1:]:0>32}-b7ad6b7169203331-01",
        f"00-{IIN}-b7ad6b7169203331-01",
        f"{TRACE}-{PHONE}",
        IIN,
    ):
        assert trace_names_somebody(named, PERSON)


def test_an_event_without_numbers_finds_none() -> None:
    closed = PUBLIC_IN["statecorp.account-known.v1"].model_validate({"iin": IIN, "iban": None})
    assert number_in(IBAN, closed) is None
    signed = PUBLIC_IN["emaket.decision-signed.v1"].model_validate(DATA["emaket.decision-signed.v1"])
    assert number_in(IIN, signed) is None
    assert number_in("1", PERSON) is None


def test_leading_zeros_of_an_iin_may_be_lost() -> None:
    died = DeathRegistered.model_validate({"iin": "000101500110", "died_on": "2021-07-13"})
    assert number_in("x-101500110", died) == "iin"
