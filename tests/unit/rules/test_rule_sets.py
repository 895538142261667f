"""The rule sets of the package: what is in force on which day, and every category as the order has it."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.data.shipped import shipped
from rules.rule_sets import Category, Needed, Permissions, RuleSet, SubCategory
from schemas.values import Ground
from schemas.words import Words

ORDER, DRAFT = "order-225-2021/1", "social-code-2023/0"
NEITHER, REPEALED, DRAFTS = Permissions(), Permissions(repealed=True), Permissions(drafts=True)
BOTH = Permissions(repealed=True, drafts=True)


@pytest.mark.parametrize(
    ("day", "neither", "repealed", "drafts", "both"),
    [
        (date(2015, 1, 1), None, None, None, None),
        (date(2021, 7, 19), None, None, None, None),
        (date(2021, 7, 20), ORDER, ORDER, ORDER, ORDER),
        (date(2023, 6, 30), ORDER, ORDER, ORDER, ORDER),
        (date(2023, 7, 1), None, f"{ORDER}+repealed", DRAFT, DRAFT),
        (date(2035, 12, 31), None, f"{ORDER}+repealed", DRAFT, DRAFT),
    ],
)
def test_the_rules_of_a_day_follow_from_the_dates_of_force_and_what_is_allowed(
    day: date, neither: str | None, repealed: str | None, drafts: str | None, both: str | None
) -> None:
    found = [shipped().on(day, allowed) for allowed in (NEITHER, REPEALED, DRAFTS, BOTH)]
    assert [rules and rules.version for rules in found] == [neither, repealed, drafts, both]


DAYS = (date(2035, 12, 31) - date(2015, 1, 1)).days


@given(st.integers(0, DAYS))
def test_on_no_day_are_two_sets_in_force(after: int) -> None:
    day = date(2015, 1, 1) + timedelta(days=after)
    assert len([rules for rules in shipped().sets if rules.in_force(day)]) <= 1
    for allowed in (NEITHER, REPEALED, DRAFTS, BOTH):
        found = shipped().on(day, allowed)
        if found:
            assert found.version.endswith("+repealed") is not found.rules.in_force(day)
            assert allowed.drafts or not found.rules.draft


def test_every_single_day_of_twenty_years_has_one_set_or_none() -> None:
    days = [date(2015, 1, 1) + timedelta(days=after) for after in range(DAYS + 1)]
    assert all(sum(rules.in_force(day) for rules in shipped().sets) <= 1 for day in days)


def test_a_set_is_found_by_its_version_also_as_a_decision_names_it() -> None:
    first, draft = shipped().sets
    assert (first.version, first.draft, draft.version, draft.draft) == (ORDER, False, DRAFT, True)
    assert shipped().named(ORDER) is first
    assert shipped().named(f"{ORDER}+repealed") is first
    with pytest.raises(KeyError):
        shipped().named("order-225-2021/2")


def test_the_draft_says_nothing_that_a_source_confirms() -> None:
    first, draft = shipped().sets
    assert not any(entry.verified for entry in draft.grounds.values())
    assert (draft.categories, draft.documents, draft.route) == (
        first.categories,
        first.documents,
        first.route,
    )
    assert draft.repealed_from is None


def test_only_the_titles_have_a_category_that_a_source_confirms() -> None:
    [rules, _] = shipped().sets
    verified = {ground: entry.categories for ground, entry in rules.grounds.items() if entry.verified}
    assert verified == {Ground.PEOPLES_HERO: (4,), Ground.HERO_OF_LABOUR: (5,)}
    assert {name: title.ground for name, title in rules.titles.items()} == {
        "peoples_hero": Ground.PEOPLES_HERO,
        "hero_of_labour": Ground.HERO_OF_LABOUR,
    }


def test_no_number_of_hours_is_a_reading_of_days() -> None:
    [rules, _] = shipped().sets
    assert rules.forbids("term_policy", "hours_72")
    assert not rules.forbids("term_policy", "exclusive_roll")
    assert not rules.forbids("decision_mode", "auto")


def test_state_systems_confirm_what_the_order_lists_and_no_more() -> None:
    [rules, _] = shipped().sets
    assert {key for key, document in rules.documents.items() if document.confirmed} == {
        "identity",
        "residence",
        "disability_reference",
    }
    assert {key for key, document in rules.documents.items() if document.confirmed_where} == {
        "birth_certificate",
        "marriage_certificate",
        "kinship",
    }
    assert rules.papers.everybody == ("identity",)
    assert rules.papers.residents_of_baikonur == ("baikonur_residence",)


# Category or part, lines of the order, its papers; (!) where the order can be read otherwise.
CATEGORIES = """
1    441-443    war_veteran_certificate
2    444-451    award_certificate &| war_participant_certificate
3    452-457    cosmonaut_document
4    458-461    peoples_hero_document
5    462-465    hero_of_labour_document
6    466-655    -
6.1  480-503    ussr_certificate
6.2  504-528    ussr_certificate
6.3  529-540    ussr_certificate
6.4  541-556    ussr_certificate
6.5  557-586    ussr_certificate
6.6  587-602    leningrad_medal_certificate | leningrad_badge_certificate | ussr_certificate
6.7  603-626    child_prisoner_certificate | forced_detention_reference | ussr_certificate
6.8  627-655    chernobyl_certificate | radiation_work_document | radiation_work_reference
7    656-797    -
7.1  659-689 !  serviceman_disability_certificate & wound_reference & \
(hostilities_reference | ussr_certificate)
7.2  690-713    ussr_certificate & wound_reference & internal_affairs_reference
7.3  714-746    ussr_certificate & wound_reference & hostilities_reference
7.4  747-765    ussr_certificate & wound_reference & troops_service_document
7.5  766-797 !  ussr_certificate & (radiation_disability_reference | expert_council_conclusion)
8    798-917    -
8.1  813-878 !  (ussr_certificate & (foreign_hostilities_reference | military_card)) | \
(ussr_certificate & ((afghan_service_document & wound_medical_documents) | war_award_certificate))
8.2  879-893    tajik_border_reference
8.3  894-905    iraq_reference
8.4  906-917    karabakh_reference
9    918-932    (serviceman_death_paper | missing_reference) & kinship
10   933-953    marriage_certificate & spouse_death_certificate & spouse_disability_document
11   957-1056   -
11.1 957-975    death_paper & service_death_reference & kinship
11.2 976-991    death_paper & peacetime_death_reference & kinship
11.3 992-1005   death_paper & duty_death_document & kinship
11.4 1006-1027  death_certificate & cleanup_death_document & kinship
11.5 1028-1056  death_certificate & radiation_death_document & kinship
12   1057-1075  ussr_certificate | award_certificate | archival_reference | award_work_book
13   1076-1130  work_book | work_documents | wartime_service_paper
14   1131-1145 ! (chernobyl_accident_certificate | chernobyl_accident_document) & birth_certificate
15   1146-1154  disability_reference & russian_pension_document
16   1155-1161  disability_reference & russian_pension_document
17   1162-1175 ! (disability_reference | pensioner_certificate) & \
(rehabilitation_certificate | rehabilitation_reference | rehabilitation_judgment)
18   1176-1192  personal_pensioner_certificate | special_merit_extract
"""
ROWS = [re.split(r"\s+", row, maxsplit=2) for row in CATEGORIES.strip().splitlines()]


def parts() -> dict[str, Category | SubCategory]:
    found: dict[str, Category | SubCategory] = {}
    for category in shipped().sets[0].categories:
        found[str(category.n)] = category
        found |= {part.id: part for part in category.sub}
    return found


def written(needed: Needed | str | None, *, inside: bool = False) -> str:
    if needed is None or isinstance(needed, str):
        return needed or "-"
    by = " & " if needed.all else " | " if needed.any else " &| "
    text = by.join(written(item, inside=True) for item in needed.items)
    return f"({text})" if inside else text


@pytest.mark.parametrize(("name", "lines", "papers"), ROWS, ids=[row[0] for row in ROWS])
def test_a_category_is_as_the_order_has_it(name: str, lines: str, papers: str) -> None:
    part = parts()[name]
    assert part.lines == lines
    assert part.ambiguous is papers.startswith("!")
    assert written(part.documents) == papers.removeprefix("!").strip()


def test_the_table_has_all_18_categories_and_22_parts() -> None:
    assert [row[0] for row in ROWS] == list(parts())
    assert len([name for name in parts() if "." not in name]) == 18
    assert len([name for name in parts() if "." in name]) == 22


def texts(rules: RuleSet) -> list[Words]:
    """Every text of a set."""
    named = [rules.title, rules.route.home_visit, rules.route.representative]
    named += [rules.appeal.body, rules.appeal.term, rules.appeal.court]
    named += [form.name for form in rules.route.forms]
    for venue in rules.route.places.values():
        named += [venue.name, venue.hours, *([venue.condition] if venue.condition else [])]
    for document in rules.documents.values():
        named += [document.words, *([document.confirmed_where] if document.confirmed_where else [])]
    return named + [part.words for part in parts().values()]


KAZAKH_ONLY = re.compile("[әғқңөұүіһӘҒҚҢӨҰҮІҺ]")


@pytest.mark.parametrize("rules", shipped().sets, ids=lambda rules: rules.version)
def test_every_text_is_in_its_language_and_names_nobody_by_a_disability(rules: RuleSet) -> None:
    assert len(texts(rules)) > 110
    for words in texts(rules):
        assert not re.search("мүгедек(?!т)", words.kk + words.ru)
        assert not re.search("инвалид(?!ност)", words.ru, re.IGNORECASE)
        assert not re.search("disabled", words.en)
        assert re.search("[а-яёәғқңөұүіһ]", words.kk)
        # Names of titles and awards are quoted as they are.
        assert not KAZAKH_ONLY.search(re.sub("«[^»]*»", "", words.ru)), words.ru
        assert not re.search("[А-яЁё]", re.sub('"[^"]*"', "", words.en)), words.en
        assert not re.search("  |^ | $|\n", f"{words.kk}|{words.ru}|{words.en}")


def test_every_paper_is_asked_for_by_somebody_but_the_residence_that_systems_know() -> None:
    rules = shipped().sets[0]
    used = {key for part in parts().values() if part.documents for key in part.documents.papers()}
    used |= {*rules.papers.everybody, *rules.papers.residents_of_baikonur}
    assert set(rules.documents) - used == {"residence"}


def test_a_category_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match=r"^99$"):
        shipped().sets[0].category(99)
