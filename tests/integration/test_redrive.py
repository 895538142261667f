"""Dead letters on a real broker: sent back when their cause is mended, once and again, and laid aside."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.processes import DemoError, run_command
from schemas.ids import case_id_of
from tests.integration.acts import Somebody, act, until_told
from tests.integration.reader import records_in, unhandled

DIES_BETWEEN = """
import asyncio, os, sys
from datetime import UTC, datetime
from ops.dead_letters.acting import Said, acknowledged, redrive
from ops.dead_letters.letter import place_from
from ops.dead_letters.reading import read_letters
from streams.records import Outgoing
from streams.settings.load import load_settings

settings, place = load_settings("dead-letters"), place_from(sys.argv[1])
letter = read_letters(settings, [place]).letter(place)

async def main() -> None:
    async with acknowledged(settings) as send:
        async def send_and_die(outgoing: Outgoing) -> None:
            await send(outgoing)
            os.kill(os.getpid(), 9)
        await redrive(letter, Said("operator-3", "it dies", datetime.now(UTC)), send_and_die)

asyncio.run(main())
"""


class Letters:
    """The terminal's commands on an installation."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    async def json(self, *arguments: str) -> dict[str, Any]:
        said = await run_command(self.installation.env, "dead-letters", *arguments, "--json")
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found

    async def of(self, case_id: str, *more: str) -> list[dict[str, Any]]:
        """The dead letters that are about a case, by what is shown of them."""
        listed = await self.json("list", "--topic", "case.inbox.v1", "--limit", "1000", *more)
        shown = [(each, await self.json("show", each["id"])) for each in listed["letters"]]
        return [each for each, whole in shown if case_id in whole["value"]]

    async def close(self, act: str, id_: str, *more: str) -> dict[str, Any]:
        return await self.json(act, id_, "--reason", "the case is there now", "--operator", "me", *more)


async def handled(kafka: str) -> None:
    """Wait until the worker has handled all that was sent back, and what came of it."""
    async with asyncio.timeout(90):
        while await unhandled(kafka, "jardem", "intake.redriven.v1", "case.inbox.v1"):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


@pytest.mark.timeout(300)
async def test_an_act_that_came_before_its_case_is_redriven_and_counts_once(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    somebody = Somebody("+77015550174", "660202300173")
    case_id = case_id_of(somebody.person_id, "award", somebody.award_id)
    more = {"JARDEM_PSEUDONYM_KEY": somebody.key}
    async with Installation(kafka.address, tmp_path, hours="off", more=more) as installation:
        letters = Letters(installation)
        await act(installation, "manual_route", {"kind": "case", "id": case_id}, person_id=somebody.person_id)
        [letter] = await until_told(lambda: letters.of(case_id))
        assert letter["obstacle"] is None
        await somebody.award(installation)
        steps = await until_told(lambda: somebody.steps(kafka.address), 2)
        assert steps[-1]["case_id"] == case_id

        # Whoever sends it back dies before it is told: the record is back, and the letter is still open.
        died = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DIES_BETWEEN, letter["id"]), env={**installation.env}
        )
        assert await died.wait() == -9
        await until_told(lambda: ended(kafka.address, somebody))
        steps = await somebody.steps(kafka.address)
        assert [each["id"] for each in await letters.of(case_id)] == [letter["id"]]

        closed = await letters.close("redrive", letter["id"])
        assert [each["id"] for each in closed["redriven"]] == [letter["id"]]
        assert await letters.of(case_id) == []
        [known] = await letters.of(case_id, "--all")
        assert [done["act"] for done in known["done"]] == ["redrive"]
        with pytest.raises(DemoError, match="was redriven already"):
            await letters.close("redrive", letter["id"])
        await letters.close("redrive", letter["id"], "--again")
        installation.worker.kill()
        await installation.worker.start()
        await handled(kafka.address)
        assert await somebody.steps(kafka.address) == steps
        assert len(await letters.of(case_id, "--all")) == 1
        back = [
            record
            for record in await records_in(kafka.address, "intake.redriven.v1")
            if case_id.encode() in (record.value or b"")
        ]
        assert len(back) == 3


async def ended(kafka: str, somebody: Somebody) -> list[dict[str, Any]]:
    return [each for each in await somebody.steps(kafka) if each["note"] == "manual_route"]


@pytest.mark.timeout(240)
async def test_what_still_cannot_be_read_is_a_dead_letter_again_and_may_be_laid_aside(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    somebody = Somebody("+77015550175", "660202300173")
    case_id = case_id_of(somebody.person_id, "award", somebody.award_id)
    more = {"JARDEM_PSEUDONYM_KEY": somebody.key}
    async with Installation(kafka.address, tmp_path, hours="off", more=more) as installation:
        letters = Letters(installation)
        await act(installation, "manual_route", {"kind": "case", "id": case_id}, person_id=somebody.person_id)
        [letter] = await until_told(lambda: letters.of(case_id))
        await letters.close("redrive", letter["id"])
        [again] = await until_told(lambda: letters.of(case_id))
        assert again["id"] != letter["id"]
        assert again["topic"] == "case.inbox.v1"
        await letters.close("discard", again["id"])
        assert await letters.of(case_id) == []
        with pytest.raises(DemoError, match="was discarded already"):
            await letters.close("discard", again["id"])
        with pytest.raises(DemoError, match="there is no dead letter"):
            await letters.json("show", "999999")
