"""Workers of the last release and of this code on one broker, under load, until only this code's are left."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ops.brokers.kafka import KafkaBroker
from streams.exits import Exit
from tests.crash.kills.invariants import Judged
from tests.crash.kills.people import STORIES
from tests.crash.kills.processes import Supervised
from tests.integration.release import code_of, run_of
from tests.integration.stage import Stage
from tests.integration.waiting import until

BEFORE = "c122d1638e540431ea42645d7592f2e841a9fe23"
"""v0.1.0, by its commit: clones may have no tags."""
DAY = 40.0
PARTITIONS = 4


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return code_of(BEFORE, tmp_path_factory.mktemp("release"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "kafka") as broker:
        yield broker


@pytest.fixture
async def stage(broker: KafkaBroker, before: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """With the topics that the release before makes."""
    async with Stage(broker.address, tmp_path, day=DAY, partitions=PARTITIONS) as stage:
        await run_of(before, stage.env, "topics", "apply")
        yield stage


async def ready(*processes: Supervised) -> None:
    for process in processes:
        assert await process.ready(), process.tail()


def told(capsys: pytest.CaptureFixture[str], judged: Judged, exits: dict[str, list[int]]) -> None:
    with capsys.disabled():
        sys.stdout.write(
            f"\n{judged.entitlements} entitlements, {judged.lost} lost, {judged.doubled} doubled; "
            f"{judged.sms} SMS, {judged.sms_twice} twice, {judged.in_doubt} in doubt; "
            f"{dict(judged.outcomes)}; ended by themselves: {exits}\n"
        )


def sound(judged: Judged) -> None:
    assert judged.breaches == []
    assert judged.lost == judged.doubled == judged.sms_twice == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_workers_are_replaced_one_by_one_under_load(
    stage: Stage, before: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = await stage.webhooks("webhooks-old", before)
    old = [await stage.worker(f"old-{number}", before) for number in (0, 1)]
    await ready(hooks, *old)
    publishing = asyncio.create_task(stage.publish(60, rate=1.0))
    await asyncio.sleep(10)
    await stage.apply_topics()
    new = [await stage.worker("new-0")]
    await ready(*new)
    await asyncio.sleep(15)
    await old[0].stop()
    new.append(await stage.worker("new-1"))
    await ready(new[1])
    await old[1].stop()
    await hooks.stop()
    await ready(await stage.webhooks("webhooks-new"))
    await publishing
    judged = await stage.settle(300)
    exits = {name: stage.exits(name) for name in ("old-0", "old-1", "new-0", "new-1")}
    told(capsys, judged, exits)
    sound(judged)
    assert {story.expected for story in STORIES} <= set(judged.outcomes)
    assert exits["new-0"] == exits["new-1"] == []
    assert set(exits["old-0"] + exits["old-1"]) <= {Exit.UNREADABLE_TABLE, Exit.CRASHED}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_an_old_worker_that_gets_a_partition_back_ends_and_harms_nothing(
    stage: Stage, before: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = await stage.webhooks("webhooks-old", before)
    old = await stage.worker("old", before)
    await ready(hooks, old)
    await stage.apply_topics()
    new = await stage.worker("new")
    await ready(new)
    publishing = asyncio.create_task(stage.publish(30, rate=1.0))
    await asyncio.sleep(20)
    # The new one has written by now; all of it goes to the old one.
    await new.stop()
    await until(lambda: bool(stage.exits("old")), 60)
    assert set(stage.exits("old")) <= {Exit.UNREADABLE_TABLE, Exit.CRASHED}
    await ready(await stage.worker("new"))
    await old.stop()
    await publishing
    judged = await stage.settle(300)
    told(capsys, judged, {"old": stage.exits("old")})
    sound(judged)
