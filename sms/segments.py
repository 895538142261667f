"""How many parts an SMS is sent in: what the carrier bills, and what an old handset has to join."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM_ALONE, _GSM_PART = 160, 153
_UCS2_ALONE, _UCS2_PART = 70, 67
_LAST_OF_ONE_UNIT = "\uffff"


def is_gsm7(text: str) -> bool:
    """Whether the text fits the GSM 7-bit alphabet. No Kazakh or Russian text does."""
    return all(character in _BASIC or character in _EXTENDED for character in text)


def count_segments(text: str) -> int:
    """The number of parts. Neither an escaped character nor a surrogate pair is split between two parts."""
    if is_gsm7(text):
        widths = [2 if character in _EXTENDED else 1 for character in text]
        alone, part = _GSM_ALONE, _GSM_PART
    else:
        widths = [2 if character > _LAST_OF_ONE_UNIT else 1 for character in text]
        alone, part = _UCS2_ALONE, _UCS2_PART
    if sum(widths) <= alone:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts
