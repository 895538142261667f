"""Short rows of actions that make a story of one person, which chance alone would seldom tell to its end."""

from collections.abc import Callable, Sequence
from random import Random

from ops.simulation.actions import Action, Land, Office, Pass, Publish, Ring, Settle, Sign, Write
from ops.simulation.scenario import Scenario

_OVER_TWO_DAYS = 3000
"""So many minutes ago: on an earlier day than a consent of now."""
_DAY = 24 * 3600.0
_NEWEST, _HALF = 59, 0.5


def _revoked(chance: Random, person: int, _: int) -> list[Action]:
    """A right is revoked, and stands again."""
    revoked = chance.choice(("revoked", "revoked_title"))
    again = chance.choice(("restored", "title"))
    return [*_learns(person, "title"), *_learns(person, revoked), *_learns(person, again)]


def _died(chance: Random, person: int, phone: int) -> list[Action]:
    """A person dies, and does not."""
    death = chance.choice(("death", "death", "posthumous"))
    return [*_learns(person, death), *_learns(person, "annulled"), Write(phone, None)]


def _posthumous(chance: Random, person: int, phone: int) -> list[Action]:
    """A title is awarded posthumously, and what was said of it and of the death is read in any order."""
    said = [
        Publish(person, fact, ago)
        for fact in ("posthumous", "revoked_posthumous", "restored_posthumous", "death", "annulled", "title")
        for ago in chance.sample(range(_NEWEST), chance.randrange(3))
    ]
    chance.shuffle(said)
    read: list[Action] = [action for fact in said for action in (fact, Settle())]
    return [*_learns(person, f"phone{phone}"), *read, Write(phone, None)]


def _moves(_: Random, person: int, phone: int) -> list[Action]:
    """A number goes from a person to the next one, who may be asked on it."""
    number = f"phone{phone}"
    left = [*_learns(person, number), *_learns(person, "no_phone")]
    return [*left, *_learns(person + 1, number), Write(phone, None)]


def _decided(chance: Random, person: int, phone: int) -> list[Action]:
    """A person agrees to all, and the benefit turns out to be on record, or is on record no longer."""
    agreed = [*_learns(person, f"phone{phone}"), *_agrees(phone), *_agrees(phone)]
    recorded = Publish(person, "applied", chance.choice((0, _OVER_TWO_DAYS)))
    return [*agreed, recorded, Settle(), *_agrees(phone), *_learns(person, "ended")]


def _withdrawn(_: Random, person: int, phone: int) -> list[Action]:
    """A person agrees, and takes it back."""
    return [*_learns(person, f"phone{phone}"), *_agrees(phone), Write(phone, "0"), Settle()]


def _heard(chance: Random, person: int, phone: int) -> list[Action]:
    """A person agrees, a refusal is intended, they are heard, and an officer signs."""
    agreed = [*_learns(person, f"phone{phone}"), *_agrees(phone), *_agrees(phone), *_agrees(phone)]
    newest = _NEWEST - chance.randrange(3)
    intended: Action = Publish(person, "applied", _OVER_TWO_DAYS)
    if chance.random() < _HALF:
        intended = Office(newest, "intend")
    held = Office(newest, chance.choice(("hear", "object")))
    extended = Office(newest, "extend")
    waited = chance.choice((Pass(6 * _DAY), Pass(6 * _DAY), Pass(_DAY)))
    signed = Sign(newest, granted=False)
    return [*agreed, intended, Settle(), extended, waited, Ring(), held, Settle(), signed, Settle()]


def _called_late(chance: Random, person: int, phone: int) -> list[Action]:
    """A person answers, and the call tells of it when the question may be over; then the list does."""
    wrote = Write(phone, None, late=True, called=True)
    waited = Pass(chance.choice((20.0, _DAY, 2 * _DAY, 4 * _DAY)))
    told: tuple[Action, ...] = (Land(0), Settle(), Land(0), Settle())
    return [*_learns(person, f"phone{phone}"), wrote, waited, Ring(), *told, *_agrees(phone)]


def _learns(person: int, fact: str) -> tuple[Action, Action]:
    return Publish(person, fact), Settle()


def _agrees(phone: int) -> tuple[Action, Action]:
    return Write(phone, None), Settle()


_TALES: tuple[Callable[[Random, int, int], list[Action]], ...] = (
    *(_revoked, _revoked, _died, _posthumous, _moves, _decided, _decided, _withdrawn, _heard, _heard),
    _called_late,
)


def tale(chance: Random, setting: Scenario) -> list[Action]:
    """A story of somebody."""
    person, phone = chance.randrange(setting.people), chance.randrange(setting.phones)
    return chance.choice(_TALES)(chance, person, phone)


def strewn(chance: Random, made: Sequence[Action], told: Sequence[Action]) -> list[Action]:
    """The actions with those of a story between them, in order, after everybody's right has arisen."""
    places = sorted(chance.randrange(len(made) // 3, len(made) + 1) for _ in told)
    found: list[Action] = list(made)
    for place, action in reversed(list(zip(places, told, strict=True))):
        found.insert(place, action)
    return found
