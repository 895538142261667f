"""The rules by the day on which they are in force (R20, R21).

Pure: the data comes from `rules/data/shipped.py`, read and checked by `rules/rule_set_reading.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from schemas.values import Ground, Place
from schemas.words import Text, Words

REPEALED = "+repealed"
"""Stands behind the version of rules that ran past their repeal."""


class _Data(BaseModel):
    """A part of the file. A name that it does not know is a fault: it is most likely mistyped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Named(_Data):
    """A part whose own text stands beside its other fields."""

    kk: Text
    ru: Text
    en: Text

    @property
    def words(self) -> Words:
        """Its text."""
        return Words(kk=self.kk, ru=self.ru, en=self.en)


class Document(_Named):
    """A paper. `confirmed`: state systems confirm it, nobody is asked for it (R17); or only where it says."""

    confirmed: StrictBool = False
    confirmed_where: Words | None = None


class Needed(_Data):
    """Papers by their key: all of them, any of them, or as the order has it "and (or)". One of the three."""

    all: tuple["str | Needed", ...] = ()
    any: tuple["str | Needed", ...] = ()
    and_or: tuple["str | Needed", ...] = ()

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if len([items for items in (self.all, self.any, self.and_or) if items]) != 1:
            raise ValueError("has one of all, any and and_or, not empty")
        return self

    @property
    def items(self) -> tuple["str | Needed", ...]:
        """What stands in it, however it is joined."""
        return self.all or self.any or self.and_or

    def papers(self) -> Iterator[str]:
        """The keys of all papers in it, in their order."""
        for item in self.items:
            if isinstance(item, str):
                yield item
            else:
                yield from item.papers()


class SubCategory(_Named):
    """A part of a category (R18). `lines` are those of the order; `ambiguous`: it can be read otherwise."""

    id: Text
    lines: Text
    ambiguous: StrictBool = False
    documents: Needed


class Category(_Named):
    """A category of persons and the papers that prove it, or its parts (R18)."""

    n: int = Field(ge=1)
    lines: Text
    ambiguous: StrictBool = False
    documents: Needed | None = None
    sub: tuple[SubCategory, ...] = ()

    @model_validator(mode="after")
    def _papers_once(self) -> Self:
        if bool(self.documents) == bool(self.sub):
            raise ValueError("has either documents or sub-categories")
        return self


class GroundEntry(_Data):
    """The categories that a ground may be. `verified`: a source says that it is this one."""

    categories: tuple[int, ...] = Field(min_length=1)
    verified: StrictBool


class Title(_Named):
    """A title that needs no application, and its ground (R1)."""

    ground: Ground


class Papers(_Data):
    """The papers that do not depend on the category (R25)."""

    everybody: tuple[str, ...]
    residents_of_baikonur: tuple[str, ...]


class Venue(_Data):
    """A place to apply at (R19, R26-R28)."""

    name: Words
    hours: Words
    condition: Words | None = None


class Form(_Data):
    """The form of application that a place takes (R23)."""

    place: Place
    name: Words


class Route(_Data):
    """The ordinary route: the places in the order in which to go, for titles and for disabilities."""

    call: tuple[Text, ...] = Field(min_length=1)
    titles: tuple[Place, ...] = Field(min_length=1)
    disability: tuple[Place, ...] = Field(min_length=1)
    places: dict[Place, Venue]
    home_visit: Words
    representative: Words
    forms: tuple[Form, ...]

    @model_validator(mode="after")
    def _places_are_there(self) -> Self:
        named = (*self.titles, *self.disability, *(form.place for form in self.forms))
        lacking = sorted({place for place in named if place not in self.places})
        if lacking:
            raise ValueError(f"names {', '.join(lacking)}, which its places lack")
        return self


class Appeal(_Data):
    """The right of complaint (R32)."""

    body: Words
    term: Words
    court: Words


class RuleSet(_Data):
    """The rules of one time: in force from a day up to another, which does not count."""

    version: str
    title: Words
    in_force_from: date
    repealed_from: date | None = None
    draft: StrictBool
    grounds: dict[Ground, GroundEntry]
    titles: dict[str, Title]
    papers: Papers
    documents: dict[str, Document]
    categories: tuple[Category, ...]
    policies: dict[str, tuple[str, ...]]
    route: Route
    appeal: Appeal

    def in_force(self, day: date) -> bool:
        """Whether they are in force on this day."""
        return self.in_force_from <= day and (self.repealed_from is None or day < self.repealed_from)

    def forbids(self, policy: str, value: str) -> bool:
        """Whether these rules do not bear this value of a policy."""
        return value in self.policies.get(policy, ())

    def category(self, n: int) -> Category:
        """The category with this number. Raises `KeyError`."""
        for category in self.categories:
            if category.n == n:
                return category
        raise KeyError(n)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What counts beside the rules in force: repealed ones past their repeal, and drafts."""

    repealed: bool = False
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of a day, with the version that a decision names."""

    rules: RuleSet
    version: str


@dataclass(frozen=True, slots=True)
class RuleSets:
    """All rule sets, the oldest first. On no day are two of them in force."""

    sets: tuple[RuleSet, ...]

    def on(self, day: date, allowed: Permissions) -> InForce | None:
        """The rules of this day, or None where there are none.

        Past their repeal the latest rules count where that is allowed and nothing else is in force.
        """
        counted = [rules for rules in self.sets if allowed.drafts or not rules.draft]
        for rules in counted:
            if rules.in_force(day):
                return InForce(rules, rules.version)
        past = [rules for rules in counted if rules.repealed_from and rules.repealed_from <= day]
        if allowed.repealed and past:
            return InForce(past[-1], past[-1].version + REPEALED)
        return None

    def nearest(self, day: date, allowed: Permissions) -> RuleSet:
        """The rules of this day, or of those that nobody calls a draft the last before it, or the first.

        Where to apply has to be told on days without rules, too.
        """
        found = self.on(day, allowed)
        if found:
            return found.rules
        sound = [rules for rules in self.sets if not rules.draft]
        before = [rules for rules in sound if rules.in_force_from <= day]
        return (before or sound)[-1 if before else 0]

    def named(self, version: str) -> RuleSet:
        """The rules with this version, which may end as that of repealed ones does. Raises `KeyError`."""
        for rules in self.sets:
            if rules.version == version.removesuffix(REPEALED):
                return rules
        raise KeyError(version)
