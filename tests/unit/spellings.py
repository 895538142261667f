"""Ways to write an IIN, a phone or an IBAN: separators, prefixes, scripts, cases, encodings, neighbours."""

import unicodedata
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import strategies as st

SEPARATORS = ["", " ", "-", ".", "/", "_", ":", ") (", "\u00a0", "\u2011", "\u200b", "~", "%20", "+"]
LETTERS = ["x", "№"]
SCRIPTS = [
    "0123456789",
    "٠١٢٣٤٥٦٧٨٩",
    "۰۱۲۳۴۵۶۷۸۹",
    "०१२३४५६७८९",
    "০১২৩৪৫৬৭৮৯",
    "๐๑๒๓๔๕๖๗๘๙",
    "０１２３４５６７８９",
    "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "⓪①②③④⑤⑥⑦⑧⑨",
    "〇一二三四五六七八九",
]
PREFIXES = ["", "8", "7", "+7", "007", "8 ", "+7 (", "00 7-", "810 7 "]
ENCODED: list[Callable[[str], str]] = [
    str,
    lambda text: quote(text, safe=""),
    lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).replace("%", "%25"),
    lambda text: "".join(f"&#{ord(sign)};" for sign in text),
]


def grouped(text: str, size: int, separator: str) -> str:
    """The text with a separator after every so many signs."""
    return separator.join(text[at : at + size] for at in range(0, len(text), size))


def spellings(number: str) -> st.SearchStrategy[str]:
    """The number, whole, in whatever spelling, with something before and behind it."""

    def spelt(
        prefix: str, separator: str, size: int, script: str, *, small: bool, encoded: Callable[[str], str]
    ) -> str:
        core = prefix + number.removeprefix("+7") if number.startswith("+7") else number
        if number.isdecimal():
            # Where it was taken for a number, leading zeros are gone.
            core = number.lstrip("0") if small else number
        text = (core.lower() if small else core).translate(str.maketrans(SCRIPTS[0], script))
        return encoded(grouped(text, size, separator))

    core = st.builds(
        spelt,
        st.sampled_from(PREFIXES),
        # Letters between an account's letters make it another account.
        st.sampled_from(SEPARATORS if number.startswith("KZ") else SEPARATORS + LETTERS),
        st.integers(1, 8),
        st.sampled_from(SCRIPTS),
        small=st.booleans(),
        encoded=st.sampled_from(ENCODED),
    )
    around = st.sampled_from(["", "portal-", "1", "-1", "/people/", "urn:tel:", "award 2021 "])
    return st.tuples(around, core, around).map("".join)


assert all(unicodedata.numeric(sign) == at % 10 for at, sign in enumerate("".join(SCRIPTS)))
