"""What the watch takes for another worker's writes, and what it does not."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.transport.changelog_watch import ChangelogWatch

CHANGELOG = TP("changelog", 0)


class Stage:
    """A worker with one table of one partition, whose changelog this worker believes to end at 10."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.written: int | None = 10
        self.meanwhile: Callable[[], None] = lambda: None
        self.repaired: list[int] = []
        self.leased = True
        table = SimpleNamespace(changelog_topic_name="changelog", partitions_owned=lambda: [0])
        changelogs = SimpleNamespace(
            settled=lambda *_: self.written, repair_from=lambda _, __, end: self.repaired.append(end)
        )
        self.app: Any = SimpleNamespace(
            task=lambda _: None,
            tables={"table": table},
            ready=asyncio.Event(),
            should_stop=False,
            consumer_generation_id=1,
            lease=SimpleNamespace(valid=lambda: self.leased),
            consumer=SimpleNamespace(highwaters=self._highwaters),
            producer=SimpleNamespace(changelogs=changelogs),
        )
        self.app.ready.set()

    async def _highwaters(self, *tps: TP) -> dict[TP, int]:
        assert tps == (CHANGELOG,)
        self.meanwhile()
        return {CHANGELOG: self.end}

    async def look(self) -> list[int]:
        await ChangelogWatch(self.app)._look()
        return self.repaired


async def test_what_stands_behind_our_own_writes_is_anothers() -> None:
    assert await Stage(end=12).look() == [12]
    assert await Stage(end=10).look() == []


async def test_nobody_is_asked_while_we_write() -> None:
    stage = Stage(end=12)
    stage.written = None
    assert await stage.look() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda stage: setattr(stage, "written", 12),
        lambda stage: setattr(stage, "written", None),
        lambda stage: setattr(stage, "leased", False),
        lambda stage: setattr(stage.app, "consumer_generation_id", 2),
        lambda stage: setattr(stage.app, "should_stop", True),
        lambda stage: stage.app.ready.clear(),
    ],
    ids=["we wrote", "we write", "we may have lost it", "another generation", "we stop", "we rebalance"],
)
async def test_what_came_meanwhile_is_nobodys_fault(change: Callable[[Stage], None]) -> None:
    stage = Stage(end=12)
    stage.meanwhile = lambda: change(stage)
    assert await stage.look() == []
