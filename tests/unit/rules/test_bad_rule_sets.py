"""What is wrong with a file of rule sets is refused by its name."""

import tomllib
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from rules.data.shipped import read, shipped
from rules.rule_set_reading import BadRuleSetsError, rule_sets

Data = dict[str, Any]
ORDER, DRAFT = "order-225-2021/1", "social-code-2023/0"


def data() -> Data:
    return tomllib.loads((files("rules.data") / "rule_sets.toml").read_text(encoding="utf-8"))


def problems(given: Data) -> list[str]:
    with pytest.raises(BadRuleSetsError) as caught:
        rule_sets(given)
    assert str(caught.value) == "; ".join(caught.value.problems)
    return list(caught.value.problems)


def put(path: str, value: object) -> Callable[[Data], None]:
    """Changes what stands at a path in the first set; `...` takes it away."""

    def change(given: Data) -> None:
        *parents, last = path.split("/")
        place: Any = given["set"][0]
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        key = int(last) if isinstance(place, list) else last
        if value is ...:
            del place[key]
        else:
            place[key] = value

    return change


def both(given: str) -> list[str]:
    """The same fault in the order and in the draft, which follows it."""
    return [f"{ORDER}: {given}", f"{DRAFT}: {given}"]


TRUE = True
MISSING = "Field required"
EMPTY = "String should have at least 1 character"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("categories/3/ru", ...), both(f"categories: 4: ru: {MISSING}")),
        (put("categories/3/kk", " "), both(f"categories: 4: kk: {EMPTY}")),
        (put("categories/5/sub/7/en", ...), both(f"categories: 6: sub: 6.8: en: {MISSING}")),
        (put("documents/kinship/kk", ...), both(f"documents: kinship: kk: {MISSING}")),
        (
            put("documents/kinship/confirmed_where/en", ""),
            both(f"documents: kinship: confirmed_where: en: {EMPTY}"),
        ),
        (
            put("documents/identity/confirmed", "yes"),
            both("documents: identity: confirmed: Input should be a valid boolean"),
        ),
        (put("appeal/court/ru", ""), both(f"appeal: court: ru: {EMPTY}")),
        (put("title/kk", ""), [f"{ORDER}: title: kk: {EMPTY}"]),
        (put("route/forms/1/name/ru", ...), both(f"route: forms: provider: name: ru: {MISSING}")),
        (put("route/places/portal/hours/kk", ""), both(f"route: places: portal: hours: kk: {EMPTY}")),
        (put("route/places/provider", ...), both("route: names provider, which its places lack")),
        (
            put("route/titles", ["moon"]),
            both("route: titles: 0: Input should be 'state_corporation', 'provider' or 'portal'"),
        ),
        (put("routes", {}), both("routes: Extra inputs are not permitted")),
        (put("grounds/8-1", ...), [f"{ORDER}: ground 8-1 is missing"]),
        (
            put("grounds/4-2/categories", []),
            [f"{ORDER}: grounds: 4-2: categories: Tuple should have at least 1 item after validation, not 0"],
        ),
        (put("grounds/4-2/categories", [19]), [f"{ORDER}: ground 4-2: there is no category 19"]),
        (
            put("grounds/1-1/verified", TRUE),
            [f"{ORDER}: ground 1-1: is verified, but which papers it needs is not told by one category"],
        ),
        (
            put("grounds/4-2/categories", [6]),
            [f"{ORDER}: ground 4-2: is verified, but which papers it needs is not told by one category"],
        ),
        (
            put("titles/hero_of_labour", ...),
            both("titles are peoples_hero, but the registry's hero_of_labour, peoples_hero"),
        ),
        (
            put("titles/hero_of_labour/ground", "4-4"),
            both("titles: hero_of_labour: ground: Input should be '4-2', '4-3', '1-1', '7', '8' or '8-1'"),
        ),
        (put("grounds/4-2/categories", [19, 20]), [f"{ORDER}: ground 4-2: there is no category 19, 20"]),
        (
            put("grounds/4-2/categories", [4, 5]),
            [f"{ORDER}: ground 4-2: is verified, but which papers it needs is not told by one category"],
        ),
        (put("categories/3/n", ...), both(f"categories: 3: n: {MISSING}")),
        (
            put("policies/decision_mode", ["nobody", "anybody", "auto"]),
            both("policies: decision_mode has no value anybody, nobody"),
        ),
        (
            put("categories/3/documents/all", ["medal", "identity", "order"]),
            both("category 4: names medal, order, which the documents lack"),
        ),
        (put("titles", {}), both("titles are none, but the registry's hero_of_labour, peoples_hero")),
        (
            put("titles/hero", {"ground": "4-2", "kk": "к", "ru": "г", "en": "h"}),
            both(
                "titles are hero, hero_of_labour, peoples_hero, "
                "but the registry's hero_of_labour, peoples_hero"
            ),
        ),
        (put("policies/zone", ["any"]), both("policies: zone is no policy that rules can forbid")),
        (put("policies/term_policy", ["hours_24"]), both("policies: term_policy has no value hours_24")),
        (
            put("categories/4/n", 4),
            [
                *both("category 4 stands there twice"),
            ],
        ),
        (
            put("categories/6/sub/0/id", "7.2"),
            both("category 7: its sub-categories are 7.2, 7.2, 7.3, 7.4, 7.5, not numbered from .1 on"),
        ),
        (put("categories/3/documents", ...), both("categories: 4: has either documents or sub-categories")),
        (
            put("categories/3/documents", {"all": ["a"], "any": ["b"]}),
            both("categories: 4: documents: has one of all, any and and_or, not empty"),
        ),
        (
            put("categories/3/documents/all", ["medal"]),
            both("category 4: names medal, which the documents lack"),
        ),
        (
            put("categories/8/documents/all/0/any/1", "medal"),
            both("category 9: names medal, which the documents lack"),
        ),
        (put("papers/everybody", ["passport"]), both("papers: names passport, which the documents lack")),
        (
            put("repealed_from", date(2021, 7, 20)),
            [f"{ORDER}: is repealed on 2021-07-20, not after it comes into force"],
        ),
        (put("repealed_from", date(2023, 7, 2)), [f"{ORDER} and {DRAFT} are both in force on 2023-07-01"]),
        (put("repealed_from", ...), [f"{ORDER} and {DRAFT} are both in force on 2023-07-01"]),
        (put("draft", ...), [f"{ORDER}: draft: {MISSING}"]),
        (
            put("in_force_from", "soon"),
            [f"{ORDER}: in_force_from: Input should be a valid date or datetime, input is too short"],
        ),
    ],
)
def test_a_fault_is_refused_by_its_name(change: Callable[[Data], None], said: list[str]) -> None:
    given = data()
    change(given)
    assert [line for line in problems(given) if line in said] == said, problems(given)


def test_an_unknown_ground_is_refused() -> None:
    given = data()
    given["set"][0]["grounds"]["9"] = {"categories": [4], "verified": False}
    [line] = problems(given)
    assert line.startswith(f"{ORDER}: grounds: 9: ")
    assert "Input should be '4-2', '4-3', '1-1', '7', '8' or '8-1'" in line


@pytest.mark.parametrize("version", [None, "", "order 225", "order-225", 225, ORDER])
def test_a_set_has_a_version_of_its_own(version: object) -> None:
    given = data()
    given["set"][1]["version"] = version
    assert problems(given) == [f"{version} is no version of its own, like order-225-2021/1"]


@pytest.mark.parametrize("follows", ["order-1/1", DRAFT, ["order-1/1"]])
def test_a_set_follows_one_that_stands_before_it(follows: object) -> None:
    given = data()
    given["set"][1]["follows"] = follows
    assert problems(given) == [f"{DRAFT}: follows {follows}, which does not stand before it"]


def test_a_set_alone_has_to_say_all_itself() -> None:
    given = data()
    del given["set"][1]["follows"]
    assert f"{DRAFT}: categories: {MISSING}" in problems(given)


@pytest.mark.parametrize("given", [{}, {"set": []}, {"set": [1]}, {"set": {}}])
def test_a_file_holds_sets(given: Data) -> None:
    assert problems(given) == ["a file of rule sets holds [[set]] and nothing else"]


def test_a_file_holds_nothing_but_sets() -> None:
    given = data() | {"sets": [], "rules": {}}
    assert problems(given) == ["a file of rule sets holds [[set]] and nothing else, not rules, sets"]


def test_all_faults_of_all_sets_are_told_at_once() -> None:
    given = data()
    put("grounds/1-1", ...)(given)
    put("grounds/8", ...)(given)
    put("policies/zone", ["any"])(given)
    zone = both("policies: zone is no policy that rules can forbid")
    missing = [f"{ORDER}: ground 1-1 is missing", f"{ORDER}: ground 8 is missing"]
    assert problems(given) == [*missing, *zone]
    given["set"].insert(1, {"version": "order 1"})
    given["set"].insert(2, {"version": "order-1/1", "follows": "order-0/1"})
    assert problems(given) == [
        *missing,
        zone[0],
        "order 1 is no version of its own, like order-225-2021/1",
        "order-1/1: follows order-0/1, which does not stand before it",
        zone[1],
    ]


@pytest.mark.parametrize("content", [b"[[set]", b"\xff"])
def test_a_file_that_is_no_toml_is_refused(content: bytes) -> None:
    with pytest.raises(BadRuleSetsError, match=r"^rule_sets.toml cannot be read: "):
        read(content)


def test_the_file_is_read_once() -> None:
    assert shipped() is shipped()
    given = data()
    assert rule_sets(given) == shipped()
    assert read((files("rules.data") / "rule_sets.toml").read_bytes()) == shipped()
    given["set"].reverse()
    given["set"][0] = {**given["set"][1], **given["set"][0]}
    del given["set"][0]["follows"], given["set"][0]["repealed_from"]
    assert [rules.version for rules in rule_sets(given).sets] == [ORDER, DRAFT]
