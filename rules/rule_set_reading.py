"""Reading rule sets, checked: a fault in the data is refused by the name of what is wrong (R20, R21)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

from pydantic import ValidationError

from rules.policy import DecisionMode, TermPolicy
from rules.rule_sets import Category, RuleSet, RuleSets, SubCategory
from schemas.registry import TitleAwarded
from schemas.values import Ground

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
