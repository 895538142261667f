"""The first load says what is missing, goes on where it was, and is complete when the workers have all."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from ops.demo.processes import DemoError, run_command
from ops.demo.sample import PHONE, TITLE, Published, lines
from schemas.values import check_iin
from tests.integration.reader import records_in

PEOPLE = 300
AGO = datetime.now(UTC) - timedelta(days=9)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    with KafkaBroker(tmp_path / "kafka") as broker:
        yield broker


def iins(count: int) -> Iterator[str]:
    """Made-up people, all born on one day."""
    return islice((iin for number in range(9_999) for iin in _right(f"7001013{number:04d}")), count)


def _right(begins: str) -> Iterator[str]:
    for digit in range(10):
        with suppress(ValueError):
            yield check_iin(f"{begins}{digit}")


def phones(people: list[str]) -> str:
    return lines(
        [
            Published(PHONE, {"iin": iin, "phone": f"+7701{number:07d}", "registered_at": AGO.isoformat()})
            for number, iin in enumerate(people)
        ]
    )


@pytest.mark.timeout(240)
async def test_a_first_load_goes_on_where_it_was_and_says_when_it_is_complete(
    broker: KafkaBroker, tmp_path: Path
) -> None:
    people = list(iins(PEOPLE))
    facts = tmp_path / "facts.jsonl"
    facts.write_text(phones(people))
    installation = Installation(broker.address, tmp_path)
    await run_command(installation.env, "topics", "apply")
    with pytest.raises(DemoError) as nobody:
        await run_command(installation.env, "load", str(facts), "--patience", "2")
    told = " ".join(str(nobody.value).split())
    assert f"{PEOPLE} published, 0 refused" in told
    assert f"the intake has {PEOPLE} records left" in told
    assert "not complete" in told

    async with installation:
        again = await run_command(installation.env, "load", str(facts))
        assert f"going on after line {PEOPLE}" in again
        assert "complete: the workers have all of it" in again
        with facts.open("a") as more:
            more.write(phones(people[:1]).replace("+77010000000", "+77779999999"))
        grown = await run_command(installation.env, "load", str(facts))
        assert "1 published, 0 refused" in grown
    assert len(await records_in(broker.address, PHONE)) == PEOPLE + 1


@pytest.mark.timeout(120)
async def test_rights_are_no_facts_and_another_file_is_not_gone_on_with(
    broker: KafkaBroker, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    [iin] = iins(1)
    award = {"iin": iin, "title": "peoples_hero", "award_id": "A-1", "awarded_on": AGO.date().isoformat()}
    facts.write_text(lines([Published(TITLE, award)]))
    installation = Installation(broker.address, tmp_path)
    await run_command(installation.env, "topics", "apply")
    with pytest.raises(DemoError, match="0 published, 1 refused"):
        await run_command(installation.env, "load", str(facts), "--patience", "2")
    assert await records_in(broker.address, TITLE) == []
    facts.write_text(phones([iin]))
    with pytest.raises(DemoError, match="noted of a file that began otherwise"):
        await run_command(installation.env, "load", str(facts), "--patience", "2")
