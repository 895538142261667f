"""What people type, brought to one form: width, case, lookalike letters, keyboard layouts."""

import re
import unicodedata
from collections.abc import Iterator

_LATIN_LOOKALIKES = "abcehkmoptxyiəǝ"
_CYRILLIC_LOOKALIKES = "авсенкмортхуіәә"
_TO_CYRILLIC = str.maketrans(_LATIN_LOOKALIKES + "03", _CYRILLIC_LOOKALIKES + "оз")
_TO_LATIN = str.maketrans(_CYRILLIC_LOOKALIKES[:-1] + "қһ0", _LATIN_LOOKALIKES[:-1] + "kho")

_ENGLISH_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./&"
_RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбю.?"
_KEYS_TO_RUSSIAN = str.maketrans(_ENGLISH_KEYS, _RUSSIAN_KEYS)
_KEYS_TO_ENGLISH = str.maketrans(_RUSSIAN_KEYS[:-2], _ENGLISH_KEYS[:-2])

_NUMERO = "№"
_STRESS = frozenset("\u0300\u0301")
_QUESTION = frozenset("?¿؟")
_DROPPED_CATEGORIES = frozenset(
    ["Cc", "Sk", "Zl", "Zp", "Zs", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Me"]
)
_DROPPED_SYMBOLS = frozenset("+=<>|~")
_DOUBTFUL_PUNCTUATION = frozenset("%@&")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")
_BOUND_DIGITS = re.compile(r"\d[^\w\s]+\d")
_REPEATED = re.compile(r"([^\W\d_])\1+")
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


def fold(text: str) -> str:
    """NFKC, case folding, ё as е, and no selectors of emoji style. Digits of any script become ASCII."""
    flat = unicodedata.normalize("NFKC", text.replace(_NUMERO, " ")).casefold()
    flat = _VARIATION_SELECTORS.sub("", flat).replace("ё", "е")
    return "".join(str(unicodedata.decimal(character, character)) for character in flat)


def layouts(folded: str) -> Iterator[str]:
    """The text as typed, then as if the keyboard had been in the other layout: `lf` is `да`."""
    yield folded
    # Full stops at the end are meant as such, though their key is a letter in the Russian layout.
    typed = folded.rstrip(" .,!")
    for keys in (_KEYS_TO_RUSSIAN, _KEYS_TO_ENGLISH):
        other = typed.translate(keys)
        if other != typed:
            yield other


def as_english_keys(folded: str) -> str:
    """What the same keys give in the English layout."""
    return folded.translate(_KEYS_TO_ENGLISH)


def words(folded: str) -> list[str] | None:
    """The words, numbers and pictures of the text without its punctuation.

    None where a character makes the whole doubtful: a question mark, a percent sign, a letter struck through,
    or digits that punctuation binds together, as in `1-1` and `1.5`.
    """
    if _BOUND_DIGITS.search(folded):
        return None
    kept: list[str] = []
    for character in folded:
        if character in _QUESTION or character in _DOUBTFUL_PUNCTUATION:
            return None
        category = unicodedata.category(character)
        if character in _STRESS or (category == "Cf"):
            continue
        if category in _DROPPED_CATEGORIES or character in _DROPPED_SYMBOLS:
            kept.append(" ")
        elif category[0] in "LN":
            kept.append(character)
        elif category == "So":
            kept.append(f" {character} ")
        else:
            return None
    return "".join(kept).split()


def spellings(word: str) -> tuple[str, ...]:
    """The word as typed, and with the letters of one alphabet taken for their lookalikes in the other."""
    if word.isdigit():
        return (word,)
    return undouble(word), undouble(word.translate(_TO_CYRILLIC)), undouble(word.translate(_TO_LATIN))


def undouble(word: str) -> str:
    """Repeated letters as one: `дааа` is `да`. A single letter over and over stays, and so do digits."""
    single = _REPEATED.sub(r"\1", word)
    return single if len(single) > 1 else word


def pieces(word: str) -> list[str]:
    """Letters and digits that were typed together, apart: `r1` is `r` and `1`."""
    return _LETTERS_OR_DIGITS.findall(word)
