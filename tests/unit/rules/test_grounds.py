from datetime import date
from typing import Literal

import pytest

from rules.grounds import entitlement, scheme_without_choice
from rules.policy import CapacityMissing, Policy, TermPolicy
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.values import EndReason, Ground

IIN = "850101300015"
DAY = date(2021, 7, 19)


@pytest.mark.parametrize(
    ("title", "ground"), [("peoples_hero", Ground.PEOPLES_HERO), ("hero_of_labour", Ground.HERO_OF_LABOUR)]
)
@pytest.mark.parametrize("posthumous", [False, True])
def test_titles_give_the_grounds_4_2_and_4_3_and_are_not_offered_to_the_dead(
    title: Literal["peoples_hero", "hero_of_labour"],
    ground: Ground,
    posthumous: bool,  # noqa: FBT001
) -> None:
    right = entitlement(
        TitleAwarded(iin=IIN, title=title, award_id="A-7", awarded_on=DAY, posthumous=posthumous), Policy()
    )
    assert (right.ground, right.record, right.record_id) == (ground, "award", "A-7")
    assert right.barred is (EndReason.DECEASED if posthumous else None)


@pytest.mark.parametrize("named", ["1-1", "7", "8", "8-1"])
@pytest.mark.parametrize(
    ("group", "first_time", "in_baikonur", "barred"),
    [
        ("1", True, False, None),
        ("2", True, False, None),
        ("3", True, False, None),
        ("child", True, False, EndReason.MANUAL_ROUTE),
        ("1", False, False, EndReason.MANUAL_ROUTE),
        ("1", True, True, EndReason.MANUAL_ROUTE),
    ],
)
def test_a_disability_names_its_ground_and_goes_the_manual_route_where_no_rule_exists(
    named: Literal["1-1", "7", "8", "8-1"],
    group: Literal["1", "2", "3", "child"],
    first_time: bool,  # noqa: FBT001
    in_baikonur: bool,  # noqa: FBT001
    barred: EndReason | None,
) -> None:
    right = entitlement(
        DisabilityEstablished(
            iin=IIN,
            certificate_id="C-7",
            established_on=DAY,
            group=group,
            legal_ground=named,
            first_time=first_time,
            in_baikonur=in_baikonur,
        ),
        Policy(),
    )
    assert (right.ground, right.record, right.record_id) == (Ground(named), "certificate", "C-7")
    assert right.barred is barred


def test_only_disabilities_leave_the_choice_of_the_one_application() -> None:
    chosen = {ground for ground in Ground if scheme_without_choice(ground) is None}
    assert chosen == set(Ground) - {Ground.PEOPLES_HERO, Ground.HERO_OF_LABOUR}


def test_terms_roll_unless_it_is_said_otherwise() -> None:
    assert Policy().term is TermPolicy.EXCLUSIVE_ROLL


@pytest.mark.parametrize(
    ("capacity", "missing", "obstacle"),
    [
        ("full", CapacityMissing.MANUAL, None),
        ("guardian", CapacityMissing.FULL, "guardian"),
        ("minor", CapacityMissing.FULL, "minor"),
        (None, CapacityMissing.FULL, None),
        (None, CapacityMissing.MANUAL, "capacity_unknown"),
    ],
)
def test_wards_and_minors_go_the_manual_way_and_who_is_unknown_as_the_policy_has_it(
    capacity: str | None, missing: CapacityMissing, obstacle: str | None
) -> None:
    title = {"iin": IIN, "title": "peoples_hero", "award_id": "A", "awarded_on": DAY}
    event = TitleAwarded.model_validate({**title, "legal_capacity": capacity})
    right = entitlement(event, Policy(capacity_missing=missing))
    assert right.obstacle == obstacle
    assert right.barred == (EndReason.MANUAL_ROUTE if obstacle else None)
