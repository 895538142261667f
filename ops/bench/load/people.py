"""The citizens of the load, by number: nobody is meant, and no two of them are alike."""

from dataclasses import dataclass

MOST = 10_000_000
"""There are so many; numbers go from 0."""

_FIRST = tuple(range(1, 12))
_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_NONE = 10


@dataclass(frozen=True, slots=True)
class Citizen:
    """A made-up citizen with a number of their own."""

    number: int
    iin: str
    phone: str
    iban: str


def citizen(number: int) -> Citizen:
    """The citizen with this number, from 0 to `MOST` - 1. Raises `ValueError` for others."""
    if not 0 <= number < MOST:
        raise ValueError(f"there are citizens from 0 to {MOST - 1} only")
    return Citizen(number, _iin(number), f"+7701{number:07d}", _iban(number))


def _iin(number: int) -> str:
    """Twelve digits that are right by their check digit, of somebody born between 1930 and 1999.

    Of the four who may have a number the first is taken whose digits have a check digit at all.
    """
    serial, rest = number % 10_000, number // 10_000
    year, rest = rest % 35, rest // 35
    month, day = rest % 12 + 1, rest // 12 + 1
    for later, century in ((30, 3), (65, 3), (30, 4), (65, 4)):
        eleven = f"{year + later:02d}{month:02d}{day:02d}{century}{serial:04d}"
        check = check_digit(eleven)
        if check is not None:
            return f"{eleven}{check}"
    raise ValueError(f"citizen {number} has no IIN that is right")


def check_digit(eleven: str) -> int | None:
    """The last digit of an IIN of which these are the first eleven; None where there is none."""
    for weights in (_FIRST, _SECOND):
        rest = sum(weight * int(digit) for weight, digit in zip(weights, eleven, strict=True)) % 11
        if rest != _NONE:
            return rest
    return None


def _iban(number: int) -> str:
    account = f"125KZT{number:010d}"
    digits = "".join(str(int(sign, 36)) for sign in account + "KZ00")
    return f"KZ{98 - int(digits) % 97:02d}{account}"
