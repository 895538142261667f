"""A number goes on after its cases were purged, and none of its later stories is the worse for it."""

from random import Random

import pytest

from ops.simulation.making import few_actions
from ops.simulation.scenario import scenario
from ops.simulation.world import World
from tests.simulation.town import PHONE, Town


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_a_second_story_after_all_was_purged_keeps_every_promise(first: int) -> None:
    for seed in range(first, first + 20):
        chance = Random(seed)  # noqa: S311 - repeatable, not secret
        town = scenario(chance)
        world = World(town)
        world.play(few_actions(chance, town))
        world.play(few_actions(chance, town))


def test_a_late_answer_on_a_number_of_two_is_for_nobody_when_its_case_is_purged(family: Town) -> None:
    """Else the one who kept silent would be told of an answer that was never theirs."""
    family.passes(days=5)
    family.reads("НЕТ")
    family.passes(days=40)
    family.purges(person=1)
    steps = [family.case(person=0).step, family.case(person=1).step]
    family.reads("1")
    assert [family.case(person=0).step, family.case(person=1).step] == steps
    family.purges(person=0)
    assert family.line(PHONE).phone is None
