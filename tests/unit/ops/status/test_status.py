"""`jardem status` against a read model that holds histories."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import pytest_asyncio
from rich.console import Console

from ops.console.context import Console as Running
from ops.read_model.views import Freshness, Overview, Service
from ops.status.command import written
from ops.status.screen import screen
from ops.status.standing import Standing, standing_of
from tests.browser.console import CASES, told

ZONE = "Asia/Almaty"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with told(tmp_path_factory.mktemp("status")) as (made, _):
        yield made.console


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def standing(running: Running) -> Standing:
    return await standing_of(running.queries, running.clock.now())


def shown(what: Standing) -> str:
    said = io.StringIO()
    Console(file=said, width=200, force_terminal=False).print(screen(what, ZONE))
    return said.getvalue()


async def test_the_screen_says_how_many_cases_stand_where(running: Running) -> None:
    found = await standing(running)
    said = shown(found)
    assert f"{CASES} cases" in said
    assert found.overview.by_state
    for state, count in found.overview.by_state.items():
        assert [line for line in said.splitlines() if state.replace("_", " ") in line and str(count) in line]


async def test_json_has_the_same_numbers_with_instants_as_text(running: Running) -> None:
    found = await standing(running)
    content: dict[str, Any] = json.loads(written(found))
    assert content["overview"]["by_state"] == found.overview.by_state
    assert content["overview"]["funnel"][0] == ["entitled", found.overview.funnel[0][1]]
    assert content["at"].endswith("Z")
    assert content["fresh"] is found.freshness.fresh
    assert [date.fromisoformat(day) for day, _ in content["overview"]["term_ends"]]


AT = datetime(2021, 7, 15, 4, tzinfo=UTC)
NOTHING = Overview(
    at=AT,
    cases=0,
    funnel=(),
    by_state={},
    endings={},
    term_ends=(),
    uptake=(),
    sms_status={},
    sms_errors={},
    dead_letters=0,
    in_doubt=0,
    questioned=0,
    not_understood=0,
    overdue={},
    per_day=(),
)
ON = Service(
    paused=False,
    paused_grounds=(),
    pilot=False,
    pilot_share=None,
    pilot_persons=0,
    shadow=False,
    daily_sms=None,
)


async def test_what_is_behind_is_never_shown_as_fresh() -> None:
    behind = Standing(AT, Freshness(AT, 17, "broker_away"), NOTHING, ON)
    said = shown(behind)
    assert "NOT up to date, as of 2021-07-15 10:00:00 Asia/Almaty, 17 records behind: broker away." in said
    assert "Up to date" not in said
    fresh = replace(behind, freshness=Freshness(AT, 0, None))
    assert "Up to date" in shown(fresh)


async def test_how_operators_have_set_the_service_is_said() -> None:
    held = replace(
        ON,
        paused=True,
        paused_grounds=("4-2",),
        pilot=True,
        pilot_share=2.5,
        pilot_persons=3,
        shadow=True,
        daily_sms=100,
        waiting={"outside_pilot": 7},
    )
    said = shown(Standing(AT, Freshness(AT, 0, None), NOTHING, held))
    for words in ("paused", "4-2", "2.5 %, 3 listed", "nothing is sent", "100", "waiting: outside pilot"):
        assert words in said
