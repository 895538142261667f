"""A value with heavy effects is written once more when they are committed, whoever owns it by then."""

import pytest

from streams import envelope
from streams.records import Outgoing
from tests.integration.ledger import Ledger

pytestmark = pytest.mark.kafka


async def _remembered(ledger: Ledger, key: bytes) -> list[Outgoing]:
    values = {record.key: record.value for record in await ledger.read(ledger.changelog)}
    return [effect for each in envelope.load(values[key]).handled.values() for effect in each.effects()]


async def _beside(ledger: Ledger, key: bytes) -> bytes:
    """Another key that lives in the same partition."""
    home = {record.partition for record in await ledger.read(ledger.inbox) if record.key == key}
    for number in range(40):
        other = f"n{number}".encode()
        await ledger.events(other, {"id": f"probe-{number}"})
        if {r.partition for r in await ledger.read(ledger.inbox) if r.key == other} == home:
            return other
    raise AssertionError


@pytest.mark.parametrize("restarted", [False, True], ids=["the same worker", "a new one"])
async def test_heavy_effects_go_with_the_next_batch_after_their_commit(
    ledger: Ledger, *, restarted: bool
) -> None:
    await ledger.start()
    await ledger.events(b"a", {"id": "one", "add": 5, "big": 20_000})
    await ledger.until_said("one")
    await ledger.until(ledger.no_lag)
    assert len(await _remembered(ledger, b"a")) == 1
    if restarted:
        assert await ledger.end() == 0
        await ledger.start()
    await _beside(ledger, b"a")

    async def settled() -> bool:
        return await _remembered(ledger, b"a") == []

    await ledger.until(settled)
    said = await ledger.said()
    assert [effect["id"] for effect in said if effect["sum"]] == ["one"], "nothing is sent again"
    await ledger.events(b"a", {"id": "one", "add": 5}, {"id": "two", "add": 1})
    assert (await ledger.until_said("two"))[-1]["sum"] == 6, "and it is known to have been handled"
