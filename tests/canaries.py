"""A person whose IIN, number, account and words occur nowhere else, to be looked for where nobody belongs."""

import base64
from collections.abc import Sequence

from ops.bench.people import somebody

WHO = somebody(7_391)
TEXT = "zhok-canary-7391"
"""What the person writes."""

CANARIES = (WHO.iin, WHO.phone, WHO.iban, TEXT)


def found_in(*told: str | bytes | object, canaries: Sequence[str] = CANARIES) -> list[str]:
    """The canaries that stand in what was told: plain, in base64, in hex or in UTF-16.

    A number is found without its plus, and what is neither text nor bytes by how it is written out.

    >>> found_in(f"from {WHO.phone[1:]}") == [WHO.phone]
    True
    """
    octets = b"\n".join(
        each if isinstance(each, bytes) else (each if isinstance(each, str) else repr(each)).encode()
        for each in told
    )
    return [each for each in canaries if any(form in octets for form in _forms(each.lstrip("+")))]


def _forms(text: str) -> list[bytes]:
    plain = text.encode()
    # In base64 a text stands in one of three ways, by where in a group of three octets it begins.
    shifted = [
        base64.b64encode(b"\0" * lead + plain)[_BEGIN[lead] :][: _SURE[lead](len(plain))] for lead in range(3)
    ]
    return [plain, plain.hex().encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), *shifted]


_BEGIN = (0, 2, 3)
"""So many signs are still of what stands before."""
_SURE = (
    lambda size: size * 8 // 6,
    lambda size: (size * 8 - 4) // 6,
    lambda size: (size * 8 - 2) // 6,
)
"""So many signs after that are of the text alone."""
