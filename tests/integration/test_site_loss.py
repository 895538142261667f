"""Three sites, each with a broker and a worker: one is lost for good, then a second one for a while."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.brokers.cluster import KafkaCluster
from ops.reach import free_port
from tests.crash.kills.sms_record import RecordReader
from tests.integration.stage import Stage

DAY = 60.0
PARTITIONS = 6


def waits(stage: Stage, published: Mapping[str, datetime]) -> dict[datetime, float]:
    """For how many seconds each number waited for its first SMS, by when its right was published."""
    reader = RecordReader(stage.record)
    reader.read()
    first: dict[str, datetime] = {}
    for message in reader.messages.values():
        if not message.inbound:
            first[message.phone] = min(first.get(message.phone, message.at), message.at)
    return {at: (first[phone] - at).total_seconds() for phone, at in published.items()}


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_lost_site_costs_time_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with KafkaCluster(tmp_path / "kafka", [free_port() for _ in range(6)]) as cluster:
        async with Stage(cluster.address, tmp_path, day=DAY, partitions=PARTITIONS) as stage:
            stage.env["JARDEM_KAFKA_REPLICATION"] = "3"
            await stage.apply_topics()
            hooks = await stage.webhooks("webhooks")
            workers = [await stage.worker(f"site-{number}") for number in (1, 2, 3)]
            for process in (hooks, *workers):
                assert await process.ready(), process.tail()
            publishing = asyncio.create_task(stage.publish(75, rate=1.0))
            await asyncio.sleep(20)

            lost_at = datetime.now(UTC)
            cluster.node(1).kill()
            await workers[0].lose()
            await publishing
            published = dict(stage.published_at)

            cluster.node(2).kill()
            refused = asyncio.create_task(stage.publish(5, rate=5.0))
            await asyncio.sleep(20)
            assert not refused.done(), "one broker alone must not acknowledge"
            await asyncio.to_thread(cluster.node(2).start)
            await refused
            judged = await stage.settle(400)
            told = waits(stage, published)
    before = max(seconds for at, seconds in told.items() if at + timedelta(seconds=seconds) < lost_at)
    after = max(seconds for at, seconds in told.items() if at + timedelta(seconds=seconds) >= lost_at)
    with capsys.disabled():
        sys.stdout.write(
            f"\nthe longest wait for the first SMS: {before:.1f} s before, {after:.1f} s after a site "
            f"was lost; {judged.entitlements} entitlements, {judged.lost} lost, {judged.doubled} doubled; "
            f"{judged.sms} SMS, {judged.sms_twice} twice, {judged.in_doubt} in doubt\n"
        )
    assert judged.breaches == []
    assert judged.lost == judged.doubled == judged.sms_twice == 0
    assert judged.entitlements == 80
