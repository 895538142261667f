"""The 7-bit alphabet of GSM with its extension and the national tables (3GPP TS 23.038, 6.2.1 and A.2, A.3).

One character an octet, as operators hand it over by SMPP; nothing is packed.
"""

from collections.abc import Mapping

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TURKISH = (
    "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
)
_PORTUGUESE = (
    "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€ÓÂ\x1bÊâÃõ !\"#º%&'()*+,-./0123456789:;<=>?"
    "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
)
_EXTENSION: Mapping[int, str] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_ESCAPE = 0x1B
_SPACE = " "
_SEVEN_BITS = 0x7F

LOCKING: Mapping[int, str] = {0: _BASIC, 1: _TURKISH, 3: _PORTUGUESE}
"""The tables that a user data header may put in the place of the basic one, by national language."""
SHIFTS: Mapping[int, Mapping[int, str]] = {
    0: _EXTENSION,
    1: {**_EXTENSION, 0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    2: {
        **_EXTENSION,
        0x09: "ç",
        0x41: "Á",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x61: "á",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
    },
    3: {
        **_EXTENSION,
        0x05: "ê",
        0x09: "ç",
        0x0B: "Ô",
        0x0C: "ô",
        0x0E: "Á",
        0x0F: "á",
        0x12: "Φ",
        0x13: "Γ",
        0x15: "Ω",
        0x16: "Π",
        0x17: "Ψ",
        0x18: "Σ",
        0x19: "Θ",
        0x1F: "Ê",
        0x41: "À",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x5B: "Ã",
        0x5C: "Õ",
        0x61: "Â",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
        0x7B: "ã",
        0x7C: "õ",
        0x7F: "â",
    },
}
"""The tables behind an escape, by national language: Turkish, Spanish, Portuguese, and the common one."""

_OCTETS: Mapping[str, bytes] = {
    **{character: bytes((_ESCAPE, code)) for code, character in _EXTENSION.items()},
    **{character: bytes((code,)) for code, character in enumerate(_BASIC) if code != _ESCAPE},
}


def encode(text: str) -> list[bytes]:
    """The octets of each character: one, or two for an escaped one, which must not be parted.

    Raises `ValueError` where a character is not in the alphabet.
    """
    try:
        return [_OCTETS[character] for character in text]
    except KeyError:
        raise ValueError("a character is not in GSM's alphabet") from None


def decode(octets: bytes, *, locking: int = 0, shift: int = 0) -> str:
    """The text, by the national tables that its header named; for a language not known here the common ones.

    What the tables do not have is read as TS 23.038 wants it: an escaped code as it is without the escape.
    """
    basic, shifted = LOCKING.get(locking, _BASIC), SHIFTS.get(shift, _EXTENSION)
    found: list[str] = []
    escaped = False
    for octet in octets:
        code = octet & _SEVEN_BITS
        if code == _ESCAPE:
            found += [_SPACE] if escaped else []
            escaped = not escaped
        else:
            found.append(shifted.get(code, basic[code]) if escaped else basic[code])
            escaped = False
    return "".join(found)
