"""Texts as user data and back, by data_coding (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from sms.smpp import alphabet
from sms.smpp.pdu import MalformedPduError
from sms.smpp.status import Status

Default = Literal["gsm", "latin1"]
"""What an operator means by its default alphabet, data_coding 0."""


class Coding(IntEnum):
    """The values of data_coding that we know."""

    DEFAULT = 0x00
    ASCII = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    BINARY = 0x04
    CYRILLIC = 0x06
    UCS2 = 0x08


_CODECS = {Coding.ASCII: "latin-1", Coding.LATIN_1: "latin-1", Coding.CYRILLIC: "iso8859-5"}
_UTF16 = "utf-16-be"
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": _UTF16}
# Whole octets of 3GPP TS 23.038: general data coding (00xx), with or without a message class, and class 1111.
_GENERAL, _CLASSES = 0xC0, 0xF0
_ALPHABET_BITS = 0x0C


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text's data_coding, and the octets of each of its characters: no part of it may begin within one."""

    coding: int
    characters: list[bytes]

    @property
    def octets(self) -> bytes:
        """All of it."""
        return b"".join(self.characters)

    @property
    def is_gsm(self) -> bool:
        """Whether each character is one of GSM's septets, of which a part of an SMS takes more."""
        return self.coding == Coding.DEFAULT


def encode(text: str, default: Default = "gsm") -> Encoded:
    """In the operator's default alphabet where all of it is in there, else as UCS-2."""
    try:
        if default == "gsm":
            return Encoded(Coding.DEFAULT, alphabet.encode(text))
        # GSM's alphabet lacks half of its characters: how they reach a handset is the operator's matter.
        return Encoded(Coding.LATIN_1, [character.encode("latin-1") for character in text])
    except ValueError:
        return Encoded(Coding.UCS2, [character.encode(_UTF16, "surrogatepass") for character in text])


def decode(octets: bytes, coding: int, default: Default = "gsm", *, locking: int = 0, shift: int = 0) -> str:
    """The text of user data without its header. What is no character becomes U+FFFD, and is read as a doubt.

    `locking` and `shift` are the national languages that the header named. Raises `MalformedPduError` where
    the data are no text.
    """
    kind = _kind(coding)
    if kind is Coding.UCS2:
        mark = octets[:2]
        return (
            octets[2:].decode(_MARKS[mark], "replace") if mark in _MARKS else octets.decode(_UTF16, "replace")
        )
    if kind is Coding.DEFAULT and default == "gsm":
        return alphabet.decode(octets, locking=locking, shift=shift)
    if kind is Coding.DEFAULT:
        return octets.decode("latin-1")
    if kind in _CODECS:
        return octets.decode(_CODECS[kind], "replace")
    raise MalformedPduError("a data_coding is none of text", Status.ESME_RX_P_APPN)


def _kind(coding: int) -> Coding:
    """What a data_coding says of the alphabet: by SMPP's table, else by the scheme of GSM."""
    if coding in set(Coding):
        return Coding(coding)
    if coding & _CLASSES == _CLASSES:
        return Coding.BINARY if coding & 0x04 else Coding.DEFAULT
    if coding & _GENERAL == 0 and coding & 0x10:
        return {0x00: Coding.DEFAULT, 0x08: Coding.UCS2}.get(coding & _ALPHABET_BITS, Coding.BINARY)
    return Coding.BINARY
