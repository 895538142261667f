"""Value types: the IIN, phone numbers, bank accounts, languages, and how each is recognised."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from schemas.marks import Personal

_IIN = re.compile(r"[0-9]{12}")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_WRITTEN_UUID = re.compile(rf"(?:urn:uuid:)?{_UUID}|\{{{_UUID}\}}", re.ASCII | re.IGNORECASE)
_KAZAKH_MOBILE = re.compile(r"\+77(?:0[0-25-8]|47|6[0-4]|7[15-8]|85)[0-9]{7}")
_FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_NO_DIGIT = 10
_KEPT = 4096
# With blanks between its letters; what is remembered may not grow with what is written.
_LONGEST_IBAN = 64
"""How many numbers are known to be right: the events of one person come close together, and bear the same."""


def _weighted(digits: Iterable[int], weights: Iterable[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11


@lru_cache(maxsize=_KEPT)
def check_iin(value: str) -> str:
    """Return the individual identification number unchanged, or raise `ValueError` saying what is wrong.

    The birth date inside may be wrong by law, so nothing but the check digit is looked at.

    >>> check_iin("850101300015")
    '850101300015'
    >>> check_iin("850101300016")
    Traceback (most recent call last):
    ValueError: the check digit of the IIN is wrong
    """
    if not _IIN.fullmatch(value):
        raise ValueError("an IIN has exactly 12 digits")
    if value == "0" * 12:
        raise ValueError("an IIN of zeros belongs to nobody")
    *digits, last = (int(digit) for digit in value)
    check = _weighted(digits, _FIRST_WEIGHTS)
    if check == _NO_DIGIT:
        check = _weighted(digits, _SECOND_WEIGHTS)
    if check != last:
        raise ValueError("the check digit of the IIN is wrong")
    return value


def check_phone(value: str) -> str:
    """Return a phone number in E.164 form unchanged, or raise `ValueError`."""
    if not _E164.fullmatch(value):
        raise ValueError("a phone number is written in E.164: a plus sign and 8 to 15 digits")
    return value


def is_kazakh_mobile(phone: str) -> bool:
    """Whether the number is a mobile number of Kazakhstan; +7 alone is shared with Russia.

    >>> is_kazakh_mobile("+77011234567"), is_kazakh_mobile("+79161234567")
    (True, False)
    """
    return _KAZAKH_MOBILE.fullmatch(phone) is not None


def check_iban(value: str) -> str:
    """Return a Kazakh IBAN in its compact upper-case form, or raise `ValueError` saying what is wrong.

    A bank that is not known to us is no reason to refuse: only form and check digits are looked at.

    >>> check_iban("kz86 125k zt50 0410 0100")
    'KZ86125KZT5004100100'
    """
    if len(value) > _LONGEST_IBAN:
        raise ValueError("the account is an IBAN of Kazakhstan, and is longer than one can be written")
    return _checked_iban(value)


@lru_cache(maxsize=_KEPT)
def _checked_iban(value: str) -> str:
    compact = re.sub(r"\s", "", value).upper()
    if not compact.startswith("KZ"):
        raise ValueError("the account is an IBAN of Kazakhstan: it starts with KZ")
    try:
        return str(IBAN(compact))
    except (SchwiftyException, ValueError):
        raise ValueError(
            "the IBAN is wrong: KZ, 18 more letters and digits, and matching check digits"
        ) from None


def check_uuid(value: str) -> str:
    """Return a UUID as we write it, from capitals, braces or a URN too, or raise `ValueError`.

    All of them name the same thing (RFC 9562), and libraries write each. Without its hyphens it is none.

    >>> check_uuid("urn:uuid:0B7E1F52-3C0A-5D6B-9A51-3F6F2F0A9C11")
    '0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11'
    """
    found = _WRITTEN_UUID.fullmatch(value)
    if found is None:
        raise ValueError("a UUID has 32 hex digits in five groups, parted by hyphens")
    return (found[1] or found[2]).lower()


def mask_iban(iban: str) -> str:
    """The account as it may be shown in an SMS: country and the last four characters.

    >>> mask_iban("KZ86125KZT5004100100")
    'KZ**0100'
    """
    return f"{iban[:2]}**{iban[-4:]}"


Iin = Annotated[str, AfterValidator(check_iin), Personal()]
Phone = Annotated[str, AfterValidator(check_phone), Personal()]
Iban = Annotated[str, AfterValidator(check_iban), Personal()]

Uuid = AfterValidator(check_uuid)
"""Stands in the annotation of an id that is a UUID: `Annotated[CaseId, Uuid]`."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A digest in lower-case hex."""


class Language(StrEnum):
    """The language that the recipient chose together with the consent (R3)."""

    KAZAKH = "kk"
    RUSSIAN = "ru"


class Ground(StrEnum):
    """The sub-paragraph of Article 4 of the Law on which the benefit rests (R1, R7)."""

    PEOPLES_HERO = "4-2"
    HERO_OF_LABOUR = "4-3"
    DISABILITY_1_1 = "1-1"
    DISABILITY_7 = "7"
    DISABILITY_8 = "8"
    DISABILITY_8_1 = "8-1"


class Place(StrEnum):
    """Where a person can apply on the ordinary route (R19)."""

    STATE_CORPORATION = "state_corporation"
    PROVIDER = "provider"
    PORTAL = "portal"


class EndReason(StrEnum):
    """Why a proactive process ended without a decision. None of them is a refusal (R6)."""

    NO_REPLY = "no_reply"
    NOT_UNDERSTOOD = "not_understood"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    PHONE_NOT_REGISTERED = "phone_not_registered"
    NUMBER_NOT_REACHABLE = "number_not_reachable"
    UNDELIVERABLE = "undeliverable"
    ALREADY_RECEIVING = "already_receiving"
    ANOTHER_GROUND = "another_ground"
    DECEASED = "deceased"
    REVOKED = "revoked"
    MANUAL_ROUTE = "manual_route"


class Scheme(StrEnum):
    """Whether the benefit is asked for alone or together with the disability allowance (R7)."""

    STANDALONE = "standalone"
    ONE_APPLICATION = "one_application"
