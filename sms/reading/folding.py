"""What people type, brought to one form: invisible characters, width, case, lookalikes, keyboard layouts."""

import re
import unicodedata
from collections.abc import Iterator

_LOOKALIKES = str.maketrans("abcehkmoptxyiəǝ03", "авсенкмортхуіәәоз")

_TELLING_KEYS = 4
# да, нет, жоқ on a Russian keyboard. Other short words have the keys of too many: "st" those of "ие".
_SHORT_BY_KEYS = frozenset(["lf", "ytn", ";jr"])
# da, net, joq, stop. "утв" is what is approved, and typed on the keys of "end".
_CYRILLIC_BY_KEYS = frozenset(["вф", "туе", "ощй", "ыещз"])
_BEGINS_NO_WORD = re.compile(r"\b[ьъы]")
_ENGLISH_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./&"
_RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбю.?"
_KEYS_TO_RUSSIAN = str.maketrans(_ENGLISH_KEYS, _RUSSIAN_KEYS)
_KEYS_TO_ENGLISH = str.maketrans(_RUSSIAN_KEYS[:-2], _ENGLISH_KEYS[:-2])

_SOUNDS = (
    {"shch": "щ", "zh": "ж", "kh": "х", "ch": "ч", "sh": "ш", "ts": "ц"}
    | {"ya": "я", "yu": "ю", "yo": "е", "ye": "е"}
    | dict(zip("abcdefghijklmnopqrstuvwxyz", "абсдефгхижклмнопкрстуввхиз", strict=True))
    | dict(zip("äəǝáöóüūúğǵñńıíïýşžčç", "ааааооуууггнниииишжчч", strict=True))
)
_SOUND = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_PLAIN = str.maketrans("әғқҡңөұүһіїыйэщё", "агккноуухииииеше", "ъь")

_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00016fe4\U000e0000-\U000e0fff"
    # Blank pictures, the box around a digit, and what dictation leaves in the place of an object.
    "\u2800\U0001d159\u20e3\ufffc]"
)
_STRESS = frozenset("\u0300\u0301")
_DROPPED_CATEGORIES = frozenset(["Cc", "Sk", "Zl", "Zp", "Zs", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"])
_DROPPED_SYMBOLS = frozenset("+=<>|❗❕")
_DOUBTFUL_PUNCTUATION = frozenset("?%@&")
_LATIN, _CYRILLIC = re.compile(r"[a-z]"), re.compile(r"[а-ӿ]")
_ORDINAL = re.compile(r"(?<=\d)[-–]?(?:[іиi]?н?ш[іиiы]|[dдтtнn][іиi]|shi|[гк][ае]|ы?й|ой|ую|ое|е)(?!\w)")
# A disability group, or which text or number it was: "2-я", "2-й номер".
_OF_SOMETHING = re.compile(
    rf"\d[-–]?а?я(?!\w)|{_ORDINAL.pattern}\s+(?:мой\s+|моя\s+|мое\s+|менің\s+)?(?:номер|смс|sms|н[өо]м[іи]р|ответ|жауап)"
)
_CLOSING = re.compile(r"[.,!]+(?=\s|$)")
_BOUND_DIGITS = re.compile(r"\d[^\w\s]+\d")
_SAD_FACE = re.compile(r"(?:[:;=]['’-]?[(/\\|]+|\({2,})(?=\s|$)")
_DIGIT_FOR_LETTER = {"o": "0", "о": "0", "з": "3"}
_LETTER_FOR_DIGIT = re.compile(r"\s*[-\"'«“„(\[<*#]?\s*(?P<letter>[oоз])\s*[\"'»”“)\]>*]?[.,]?\s*")
_REPEATED_LETTERS = re.compile(r"([^\W\d_])\1+")
_REPEATED_SYLLABLES = re.compile(r"([^\W\d_]{2,4}?)\1+")
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


def visible(text: str) -> str:
    """The text without what nobody sees in it, and every sign that asks as a question mark.

    Unseen are the characters of category Cf, the other ones that Unicode calls ignorable (fillers, selectors,
    joiners, tags), control characters that are no blanks, and blank pictures.
    """
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() or character.isspace() else ""
    category = unicodedata.category(character)
    if category == "Cf" or _IGNORABLE.match(character) or (category == "Cc" and not character.isspace()):
        return ""
    name = unicodedata.name(character, "")
    return "?" if "QUESTION" in name or "INTERROBANG" in name else character


def flatten(text: str) -> str:
    """NFKC, and the digits of any script and style as ASCII. The case is kept."""
    flat = unicodedata.normalize("NFKC", text.replace("№", " "))
    return "".join(str(unicodedata.digit(character, character)) for character in flat)


def lower(flat: str) -> str:
    """Lower case with ё as е. Every character keeps its place."""
    small = "".join(each.lower() if len(each.lower()) == 1 else each for each in flat)
    return small.replace("ё", "е")


def fold(text: str) -> str:
    """A visible text, flattened and in lower case. Alone the letters O and З are digits."""
    folded = lower(flatten(text))
    alone = _LETTER_FOR_DIGIT.fullmatch(folded)
    return _DIGIT_FOR_LETTER[alone["letter"]] if alone else folded


def layouts(folded: str) -> Iterator[str]:
    """The text as typed, then as if the keyboard had been in the other layout: `lf` is `да`.

    Not where it may be another word: few keys, two alphabets.
    """
    yield folded
    # After a word they are meant as such, though their keys are letters in the Russian layout.
    typed = _CLOSING.sub(" ", folded)
    if _LATIN.search(typed) and _CYRILLIC.search(typed):
        return
    if _LATIN.search(typed) and all(map(_is_telling, typed.split())):
        other = typed.translate(_KEYS_TO_RUSSIAN)
        if not _LATIN.search(other) and not _BEGINS_NO_WORD.search(other):
            yield other
    if _CYRILLIC.search(typed) and all(word in _CYRILLIC_BY_KEYS for word in typed.split()):
        yield typed.translate(_KEYS_TO_ENGLISH)


def _is_telling(typed: str) -> bool:
    """Whether the keys are enough to tell a word by, or are those of a short answer."""
    return typed.isdigit() or len(typed) >= _TELLING_KEYS or typed in _SHORT_BY_KEYS


def as_english_keys(folded: str) -> str:
    """What the same keys give in the English layout."""
    return folded.translate(_KEYS_TO_ENGLISH)


def words(flat: str) -> list[str] | None:
    """The words, numbers and pictures of the text without its punctuation: `1-ші` is the number `1`.

    None where a character makes the whole doubtful: a question mark, a percent sign, a letter struck through,
    a sad face, or digits that punctuation binds together, as in `1-1` and `1.5`.
    """
    if _OF_SOMETHING.search(lower(flat)):
        return None
    flat = _ORDINAL.sub("", flat)
    if _BOUND_DIGITS.search(flat) or _SAD_FACE.search(flat):
        return None
    kept: list[str] = []
    for character in flat:
        category = unicodedata.category(character)
        if character in _STRESS:
            continue
        if character in _DOUBTFUL_PUNCTUATION:
            return None
        if category in _DROPPED_CATEGORIES or character in _DROPPED_SYMBOLS:
            kept.append(" ")
        elif category[0] in "LN":
            kept.append(character)
        elif category == "So":
            kept.append(f" {character} ")
        else:
            return None
    return "".join(kept).split()


def forms(word: str) -> tuple[str, ...]:
    """What a word can be meant to be, whatever alphabet it was typed in.

    As typed; in Cyrillic, by the look and by the sound of its letters; and once, where it was typed over and
    over. Cyrillic comes without what a Russian keyboard lacks: `қ` as `к`, `і` as `и`.
    """
    if word.isdigit():
        return (word,)
    found = [undouble(word), plain(word.translate(_LOOKALIKES))]
    found.append(plain(_SOUND.sub(lambda match: _SOUNDS[match.group()], word)))
    for each in tuple(found):
        repeated = _REPEATED_SYLLABLES.fullmatch(each)
        if repeated:
            found.append(repeated[1])
    return tuple(dict.fromkeys(each for each in found if each))


def plain(word: str) -> str:
    """The word in the letters that every Cyrillic keyboard has, repeated ones once."""
    return undouble(word.translate(_PLAIN))


def undouble(word: str) -> str:
    """Repeated letters as one: `дааа` is `да`. A single letter over and over stays, and so do digits."""
    single = _REPEATED_LETTERS.sub(r"\1", word)
    return single if len(single) > 1 else word


def pieces(word: str) -> list[str]:
    """Letters and digits that were typed together, apart: `r1` is `r` and `1`."""
    return _LETTERS_OR_DIGITS.findall(word)
