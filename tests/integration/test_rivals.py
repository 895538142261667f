"""The floor as a rival on a real broker, in an environment of its own: prepared, driven, stopped."""

from pathlib import Path

import pytest

from ops.bench.installed import OUR_CODE
from ops.bench.measured import OURS
from ops.bench.rival import Rival, rivals
from ops.bench.stand import stand, started
from ops.bench.subject import Subject


class Silent:
    def doing(self, what: str) -> None:
        pass

    def progress(self, done: int, of: int) -> None:
        pass


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_floor_does_full_cases_under_the_load(tmp_path: Path) -> None:
    (manifest,) = [one for one in rivals() if one.name == "floor"]
    assert "aiokafka" in await Rival(manifest, tmp_path, tmp_path).prepare()
    async with stand(None, Silent()) as on:
        await Subject(OURS, OUR_CODE).on(on).prepare(on.beside.kafka)
        floor = Rival(manifest, tmp_path, on.folder / "floor")
        async with started(on, floor):
            played = await on.play(floor, 60, in_flight=10, warm_up=10)
    assert played.faults == [], floor.tail()
    assert played.result["complete"] == 60
    assert played.result["rate"] > 0
    assert played.seconds["service"] > 0
    assert played.seconds["broker"] > 0
