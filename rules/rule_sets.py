"""The rules by the day on which they are in force (R20, R21), checked when they are read.

Pure: the data comes from `rules/data/shipped.py`. A fault in it is refused by the name of what is wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from rules.policy import DecisionMode, TermPolicy
from schemas.registry import TitleAwarded
from schemas.values import Ground, Place
from schemas.words import Text, Words

REPEALED = "+repealed"
"""Stands behind the version of rules that ran past their repeal."""

_POLICIES: dict[str, frozenset[str]] = {
    "term_policy": frozenset(TermPolicy),
    "decision_mode": frozenset(DecisionMode),
}
_TITLES = frozenset(get_args(TitleAwarded.model_fields["title"].annotation))
_VERSION = re.compile(r"[a-z0-9-]+/[0-9]+")


class BadRuleSetsError(ValueError):
    """Rule sets that contradict themselves or lack something: a line for each fault."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


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

    def named(self, version: str) -> RuleSet:
        """The rules with this version, which may end as that of repealed ones does. Raises `KeyError`."""
        for rules in self.sets:
            if rules.version == version.removesuffix(REPEALED):
                return rules
        raise KeyError(version)


def rule_sets(data: Mapping[str, Any]) -> RuleSets:
    """The rule sets of a file's data. Raises `BadRuleSetsError`, which names every fault."""
    unknown, given_sets = sorted(set(data) - {"set"}), data.get("set")
    if (
        unknown
        or not given_sets
        or not isinstance(given_sets, list)
        or not all(isinstance(given, dict) for given in given_sets)
    ):
        raise BadRuleSetsError(f"a file of rule sets holds [[set]] and nothing else{_listed(unknown)}")
    read: list[RuleSet] = []
    problems: list[str] = []
    raw: dict[str, dict[str, Any]] = {}
    for given in given_sets:
        version = given.get("version")
        if not isinstance(version, str) or not _VERSION.fullmatch(version) or version in raw:
            problems.append(f"{version} is no version of its own, like order-225-2021/1")
            continue
        follows = given.get("follows")
        if follows is not None and (not isinstance(follows, str) or follows not in raw):
            problems.append(f"{version}: follows {follows}, which does not stand before it")
            continue
        # A day of repeal is never that of the rules before.
        former = {name: part for name, part in raw.get(follows or "", {}).items() if name != "repealed_from"}
        raw[version] = former | {name: part for name, part in given.items() if name != "follows"}
        try:
            rules = RuleSet.model_validate(raw[version])
        except ValidationError as error:
            problems += _said(error, raw[version])
            continue
        problems += [f"{version}: {fault}" for fault in _faults(rules)]
        read.append(rules)
    read.sort(key=lambda rules: rules.in_force_from)
    problems += _overlaps(read)
    if problems:
        raise BadRuleSetsError(*problems)
    return RuleSets(tuple(read))


def _faults(rules: RuleSet) -> Iterator[str]:
    """What a set of the right shape says that can't be."""
    if rules.repealed_from and rules.repealed_from <= rules.in_force_from:
        yield f"is repealed on {rules.repealed_from}, not after it comes into force"
    yield from _category_faults(rules)
    yield from _ground_faults(rules)
    if set(rules.titles) != _TITLES:
        titles = ", ".join(sorted(rules.titles)) or "none"
        yield f"titles are {titles}, but the registry's {', '.join(sorted(_TITLES))}"
    for name, values in rules.policies.items():
        unknown = sorted(set(values) - _POLICIES.get(name, frozenset()))
        if name not in _POLICIES:
            yield f"policies: {name} is no policy that rules can forbid"
        elif unknown:
            yield f"policies: {name} has no value {', '.join(unknown)}"


def _category_faults(rules: RuleSet) -> Iterator[str]:
    numbers = [category.n for category in rules.categories]
    yield from (
        f"category {n} stands there twice" for n in sorted({n for n in numbers if numbers.count(n) > 1})
    )
    papers = [("papers", (*rules.papers.everybody, *rules.papers.residents_of_baikonur))]
    for category in rules.categories:
        parts: Sequence[Category | SubCategory] = category.sub or (category,)
        ids = [part.id if isinstance(part, SubCategory) else str(part.n) for part in parts]
        if category.sub and ids != [f"{category.n}.{place}" for place in range(1, len(parts) + 1)]:
            yield f"category {category.n}: its sub-categories are {', '.join(ids)}, not numbered from .1 on"
        for name, part in zip(ids, parts, strict=True):
            papers += [(f"category {name}", tuple(part.documents.papers()))] if part.documents else []
    for name, keys in papers:
        lacking = [key for key in keys if key not in rules.documents]
        if lacking:
            yield f"{name}: names {', '.join(lacking)}, which the documents lack"


def _ground_faults(rules: RuleSet) -> Iterator[str]:
    categories = {category.n: category for category in rules.categories}
    for ground in Ground:
        entry = rules.grounds.get(ground)
        if entry is None:
            yield f"ground {ground} is missing"
            continue
        lacking = [str(n) for n in entry.categories if n not in categories]
        if lacking:
            yield f"ground {ground}: there is no category {', '.join(lacking)}"
        elif entry.verified and (len(entry.categories) > 1 or categories[entry.categories[0]].sub):
            yield f"ground {ground}: is verified, but which papers it needs is not told by one category"


def _overlaps(sets: Sequence[RuleSet]) -> Iterator[str]:
    for earlier, later in pairwise(sets):
        if earlier.in_force(later.in_force_from):
            yield f"{earlier.version} and {later.version} are both in force on {later.in_force_from}"


def _said(error: ValidationError, given: Mapping[str, Any]) -> Iterator[str]:
    """A line for each fault of shape, with the names of the parts that it lies in."""
    for problem in error.errors():
        names: list[str] = [str(given["version"])]
        part: Any = given
        for step in problem["loc"]:
            part = part[step] if _leads(part, step) else None
            names.append(_name(step, part))
        yield f"{': '.join(name for name in names if name)}: {problem['msg'].removeprefix('Value error, ')}"


def _leads(part: object, step: str | int) -> bool:
    return isinstance(part, list) or (isinstance(part, dict) and step in part)


def _name(step: str | int, part: object) -> str:
    """How a part is called: a category by its number, everything else by its key."""
    if isinstance(step, int) and isinstance(part, dict):
        return next((str(part[key]) for key in ("n", "id", "place") if key in part), str(step))
    return str(step)


def _listed(names: Sequence[str]) -> str:
    return f", not {', '.join(names)}" if names else ""
