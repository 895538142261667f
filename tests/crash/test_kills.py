"""The hundred kills in three minutes: some of each kind. `make crash` is the long one."""

import sys
from pathlib import Path

import pytest

from tests.crash.kills.people import STORIES
from tests.crash.kills.plan import Act, Fault, Kind, Plan, schedule
from tests.crash.kills.run import run
from tests.crash.kills.run_verdict import told

# A term of a minute and a half: after an outage the carrier spreads what it gave back over one minute.
SHORT = Plan(seed=1, kills=6, rate=2, day=30, longest=8, pause=1.5, silent=24)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_nothing_is_lost_or_doubled_whoever_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = await run(SHORT, tmp_path)
    assert verdict.sound, told(verdict)
    assert verdict.kills >= SHORT.kills - 1
    assert {hurt.fault.kind for hurt in verdict.hurts} == set(Kind)
    expected = {story.expected for story in STORIES}
    assert expected <= set(verdict.judged.outcomes), "somebody of every story comes to an end"
    for why in verdict.skipped:
        with capsys.disabled():
            sys.stdout.write(f"\nleft out: {why}\n")


def test_a_seed_makes_one_order_of_faults() -> None:
    plan = Plan(seed=7, kills=100)
    assert schedule(plan) == schedule(plan)
    assert schedule(plan) != schedule(Plan(seed=8, kills=100))


@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_kills_are_a_hundred_and_of_every_kind(seed: int) -> None:
    faults = schedule(Plan(seed=seed, kills=100))
    assert sum(fault.counts for fault in faults) == 100
    done: set[tuple[Kind, Act]] = {(fault.kind, fault.act) for fault in faults}
    assert {(kind, act) for kind in Kind for act in (Act.KILL, Act.STOP, Act.FREEZE)} <= done
    assert {(Kind.BROKER, Act.SLOW), (Kind.SMS_API, Act.SLOW), (Kind.WORKER, Act.DISK_FULL)} <= done
    assert any(_longer_than_the_session(fault) for fault in faults)


def _longer_than_the_session(fault: Fault) -> bool:
    return fault.act is Act.FREEZE and fault.kind is Kind.WORKER and fault.seconds > 30
