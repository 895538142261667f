"""`jardem rules show`: which rules are in force on a day, and what they say."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from rules.data.shipped import shipped
from rules.rule_sets import Category, GroundEntry, InForce, Permissions, RuleSet, SubCategory
from rules.terms import local_day
from streams.settings.settings import Settings


def today(settings: Settings) -> date:
    """The local day, by the clock of these settings."""
    return local_day(settings.clock().now())


def rules_on(day: date, settings: Settings) -> InForce | None:
    """The rules of this day as these settings count them. Raises `BadRuleSetsError`."""
    allowed = Permissions(repealed=settings.repealed_rules_count, drafts=settings.draft_rules_count)
    return shipped().on(day, allowed)


def as_json(day: date, found: InForce | None) -> str:
    """What is in force, as one JSON object; `set` is null where nothing is."""
    told: dict[str, Any] = {
        "day": day.isoformat(),
        "rules_version": found.version if found else None,
        "set": found.rules.model_dump(mode="json") if found else None,
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def as_lines(day: date, found: InForce | None) -> Iterator[str]:
    """The same to read."""
    if found is None:
        yield f"{day}: no rules are in force; what they need waits"
        yield from (f"  {_span(rules)}: {_marked(rules)}" for rules in shipped().sets)
        return
    rules = found.rules
    yield f"{day}: {found.version}"
    yield f"  {rules.title.en}"
    yield f"  in force {_span(rules)}{'; a draft, unverified' if rules.draft else ''}"
    if not rules.in_force(day):
        yield "  repealed by then: they count because repealed rules are allowed"
    yield "grounds"
    for ground, entry in rules.grounds.items():
        yield f"  {ground:4}{_mapping(entry)}{_title(rules, ground)}"
    yield "categories"
    for category in rules.categories:
        of = [
            ground
            for ground, entry in rules.grounds.items()
            if entry.verified and category.n in entry.categories
        ]
        yield f"  {category.n:<6}{_person(category)}{f'; verified for {of[0]}' if of else ''}"
        yield from (f"  {part.id:<6}{_person(part)}" for part in category.sub)
    yield "policies that they do not bear"
    yield from (f"  {name}: {', '.join(values)}" for name, values in rules.policies.items())


def _span(rules: RuleSet) -> str:
    if rules.repealed_from is None:
        return f"from {rules.in_force_from} on"
    return f"from {rules.in_force_from} to {rules.repealed_from - timedelta(days=1)}"


def _marked(rules: RuleSet) -> str:
    return f"{rules.version}{' (a draft)' if rules.draft else ''}"


def _mapping(entry: GroundEntry) -> str:
    told = " or ".join(str(n) for n in entry.categories)
    return f"category {told}, {'verified' if entry.verified else 'unverified: told to nobody'}"


def _title(rules: RuleSet, ground: str) -> str:
    return "".join(f"; the title {title.kk}" for title in rules.titles.values() if title.ground == ground)


def _person(part: Category | SubCategory) -> str:
    return f"L{part.lines}  {part.en}{' (!)' if part.ambiguous else ''}"
