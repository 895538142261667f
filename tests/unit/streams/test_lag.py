from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams import metrics
from streams.transport.batch import AssignedPartition
from streams.transport.consumer_thread import Levels
from streams.transport.lag import LagWatch, Standing
from streams.tuning import Tuning

IN, OUT = TP("in", 0), TP("out", 1)


def test_a_partition_that_stands_is_told_of_once_when_patience_has_ended() -> None:
    standing = Standing(30)
    assert list(standing.look({IN: 5}, 0)) == []
    assert list(standing.look({IN: 5, OUT: 1}, 29)) == []
    assert list(standing.look({IN: 5, OUT: 1}, 31)) == [(IN, 5, 31)]
    assert list(standing.look({IN: 5, OUT: 1}, 60)) == [(OUT, 1, 31)]
    assert list(standing.look({IN: 5, OUT: 1}, 90)) == []


def test_a_partition_that_moves_stands_anew() -> None:
    standing = Standing(30)
    for now in range(0, 300, 20):
        assert list(standing.look({IN: now}, now)) == []
    assert list(standing.look({}, 300)) == []
    assert list(standing.look({IN: 280}, 320)) == []
    assert list(standing.look({IN: 280}, 350)) == [(IN, 280, 30)]


class Stage:
    """A worker that holds a partition of a topic, and brokers that know the topic by another id."""

    def __init__(self, held: str, now: dict[str, str]) -> None:
        self.rejoined, self.now = 0, now
        assigned = AssignedPartition("in", 0, committed=3, topic_id=held)
        self.app: Any = SimpleNamespace(
            task=lambda _: None,
            tuning=Tuning(),
            ready=SimpleNamespace(is_set=lambda: True),
            consumer=SimpleNamespace(
                assigned={IN: assigned},
                levels=self._levels,
                rejoin=self._rejoin,
            ),
        )

    async def _levels(self, tps: Iterable[TP], topics: Iterable[str]) -> Levels:
        assert (list(tps), list(topics)) == ([IN], ["in"])
        return Levels({IN: 9}, {IN: 5}, self.now)

    async def _rejoin(self) -> None:
        self.rejoined += 1

    async def look(self) -> int:
        await LagWatch(self.app)._look()
        return self.rejoined


@pytest.mark.parametrize(
    ("held", "now", "rejoined"),
    [
        ("a", {"in": "b"}, 1),
        ("a", {"in": "a"}, 0),
        ("a", {"other": "b"}, 0),
        ("a", {}, 0),
        ("", {"in": "a"}, 0),
    ],
)
async def test_the_group_is_told_of_a_topic_that_has_another_id(
    held: str, now: dict[str, str], rejoined: int
) -> None:
    assert await Stage(held, now).look() == rejoined


async def test_the_lag_goes_to_the_end_of_the_log_and_what_is_held_back_is_part_of_it() -> None:
    await Stage("a", {"in": "a"}).look()
    assert metrics.LAG.labels("in", 0)._value.get() == 6
    assert metrics.HELD_BACK.labels("in", 0)._value.get() == 4
