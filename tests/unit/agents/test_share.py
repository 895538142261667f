"""Which part of a topic a worker holds, as its app tells it."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.app import StreamApp
from streams.transport.consumer import Consumer


def app(held: dict[str, int], known: dict[str, int]) -> Any:
    """As much of an app as knows what it holds and what the broker has."""
    partitions = {topic: set(range(count)) for topic, count in known.items()}
    assigned = {TP(topic, number): None for topic, count in held.items() for number in range(count)}
    thread = SimpleNamespace(_consumer=SimpleNamespace(partitions_for_topic=partitions.get))
    consumer = SimpleNamespace(assigned=assigned, _thread=thread)
    consumer.partitions_of = lambda topic: Consumer.partitions_of(consumer, topic)  # type: ignore[arg-type]
    return SimpleNamespace(consumer=consumer)


@pytest.mark.parametrize(
    ("held", "known", "share"),
    [
        ({"out": 4, "in": 4}, {"out": 4, "in": 4}, 1.0),
        ({"out": 1, "in": 3}, {"out": 4, "in": 4}, 0.25),
        ({"out": 3}, {"out": 12}, 0.25),
        ({"in": 4}, {"out": 4, "in": 4}, 0.0),
        ({}, {"out": 4}, 0.0),
        ({"out": 2}, {}, 0.0),
    ],
)
def test_a_share_is_what_is_held_of_what_the_broker_has(
    held: dict[str, int], known: dict[str, int], share: float
) -> None:
    assert StreamApp.share_of(app(held, known), "out") == share


def test_nothing_is_held_before_the_consumer_has_started() -> None:
    unstarted = app({"out": 1}, {"out": 1})
    unstarted.consumer._thread._consumer = None
    assert StreamApp.share_of(unstarted, "out") == 0
