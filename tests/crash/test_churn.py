"""The churn in two minutes: both stores, both numbers of partitions. `make churn` runs it for longer."""

from pathlib import Path

import pytest

from tests.crash.churn import Plan, run


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize(("store", "partitions", "seed"), [("memory", 12, 5), ("rocksdb", 4, 7)])
def test_nothing_is_lost_or_doubled(store: str, partitions: int, seed: int, tmp_path: Path) -> None:
    plan = Plan(kafka="", store=store, partitions=partitions, seconds=50, seed=seed)
    verdict = run(plan, tmp_path)
    assert verdict.sound, vars(verdict)
    assert verdict.source > 400 * plan.seconds


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.parametrize(("brokers", "faults"), [(1, {"stall", "bounce"}), (3, {"stall", "bounce", "move"})])
def test_brokers_that_stall_crash_and_hand_over_lose_nothing(
    brokers: int, faults: set[str], tmp_path: Path
) -> None:
    # Each fault has its turn at every other act.
    plan = Plan(kafka="", seconds=25 + 20 * len(faults), seed=3, freeze=False, brokers=brokers, faults=True)
    verdict = run(plan, tmp_path)
    assert verdict.sound, vars(verdict)
    assert faults <= set(verdict.actions)
