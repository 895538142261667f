"""The drill: a backup under load, the brokers lost for good, and the service goes on from the backup."""

import asyncio
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.processes import run_command
from ops.demo.recognise import kind_of
from tests.crash.kills.sms_record import RecordReader
from tests.integration.stage import Stage

DAY = 40.0
PARTITIONS = 4


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_service_restored_from_a_backup_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = tmp_path / "backup"
    lost = KafkaBroker(tmp_path / "lost")
    with lost:
        async with Stage(lost.address, tmp_path, day=DAY, partitions=PARTITIONS) as stage:
            await stage.apply_topics()
            hooks = await stage.webhooks("webhooks-lost")
            workers = [await stage.worker(f"lost-{number}") for number in (0, 1)]
            for process in (hooks, *workers):
                assert await process.ready(), process.tail()
            publishing = asyncio.create_task(stage.publish(40, rate=2.0))
            await asyncio.sleep(8)
            began = monotonic()
            taken = await run_command(stage.env, "backup", "take", str(backup))
            took = monotonic() - began
            sent_then = len(_sent(stage))
            await publishing
            await asyncio.sleep(4)
            await asyncio.gather(*(process.stop() for process in (hooks, *workers)))
            lost.kill()
            died = datetime.now(UTC)
            shutil.rmtree(tmp_path / "lost")
            sent_after = len(_sent(stage)) - sent_then
            assert sent_after > 5, "SMS left of which the backup knows nothing"

            with KafkaBroker(tmp_path / "new") as new:
                stage.kafka = new.address
                began = monotonic()
                said = await run_command(stage.env, "backup", "restore", str(backup))
                restored = monotonic() - began
                await stage.apply_topics()
                settings = dict(re.findall(r"(JARDEM_RESTORED_\w+)=(\S+)", said))
                assert datetime.fromisoformat(settings["JARDEM_RESTORED_FROM"]) < died
                hooks = await stage.webhooks("webhooks-new")
                workers = [await stage.worker(f"new-{number}", **settings) for number in (0, 1)]
                for process in (hooks, *workers):
                    assert await process.ready(), process.tail()
                await stage.publish_again()
                judged = await stage.settle(300)
                verified = await run_command(stage.env, "verify", "--log")
                await asyncio.gather(*(process.stop() for process in (hooks, *workers)))
    with capsys.disabled():
        sys.stdout.write(
            f"\nbackup {took:.1f} s ({taken.splitlines()[-1]}), restore {restored:.1f} s; {sent_after} SMS "
            f"left after the backup; {judged.sms} SMS, {judged.sms_twice} twice, {judged.in_doubt} in doubt; "
            f"{judged.outcomes}; {verified.splitlines()[-1]}\n"
        )
    unknown = [each for each in judged.breaches if _of_the_lost(each, stage, died)]
    assert [each for each in judged.breaches if each not in unknown] == []
    assert judged.lost == judged.doubled == judged.sms_twice == 0
    assert sum(judged.outcomes.values()) == 40


def _of_the_lost(breach: str, stage: Stage, died: datetime) -> bool:
    """Whether it is that an SMS which left before the loss is with reason no message of the restored system.

    A text that was explained waits for its question now, and is not explained again.
    """
    found = re.match(r"the API's (SM\w+) of \S+ to \S+ belongs to 0 messages$", breach)
    if found is None:
        return False
    reader = RecordReader(stage.record)
    reader.read()
    message = reader.messages[found[1]]
    return message.at < died and str(kind_of(message.text)).startswith("explain_")


def _sent(stage: Stage) -> list[str]:
    reader = RecordReader(stage.record)
    reader.read()
    return [sid for sid, message in reader.messages.items() if not message.inbound]
