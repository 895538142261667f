"""Where a backup cuts while workers work: whatever they were at, what is restored lacks nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition

from ops.backup import cut
from ops.backup.cut import Cut, make_cut, replaced

INBOX, TABLE, TOLD = (
    TopicPartition(name, 0) for name in ("case.inbox.v1", "jardem-people-changelog", "case.advanced.v1")
)


class Worker:
    """A desk with one key that is never at rest while it is looked at, as the brokers see it.

    Each record of the inbox has one effect. `values` has for each value of the table how many records it has
    handled, and of how many of them it has forgotten the effects: what it says at the end of its batch.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.read = self.told = self.committed = 0
        self.values: list[tuple[int, int]] = []

    def works(self, batches: int) -> None:
        """Fold some batches; the values and effects of each are acknowledged before the next begins."""
        for _ in range(batches):
            acknowledged = self.read
            self.read += self._chance.randint(1, 3)
            self.values.append((self.read, acknowledged))
            self.told = self.read

    # -- what the backup asks of the brokers

    def list_group_offsets(self, groups: Mapping[str, None]) -> dict[str, dict[TopicPartition, Any]]:
        if self._chance.random() < 0.2:
            self.committed = self.read
        (group,) = groups
        return {group: {INBOX: SimpleNamespace(offset=self.committed)}}

    def list_partition_offsets(
        self,
        asked: Mapping[TopicPartition, Any],
        isolation_level: object,  # noqa: ARG002 - as kafka-python has it
    ) -> dict[TopicPartition, Any]:
        ends = {INBOX: self.read + 1, TABLE: len(self.values), TOLD: self.told}
        found = {each: SimpleNamespace(offset=ends[each]) for each in asked}
        self.works(self._chance.randint(0, 3))
        return found


@pytest.mark.parametrize("seed", range(50))
def test_whatever_a_table_has_forgotten_is_in_the_logs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "_PAUSE", 0.0)
    worker = Worker(Random(seed))  # noqa: S311 - a history to be repeated, not a secret
    worker.works(3)
    found = make_cut(worker, "jardem", [TOLD, INBOX, TABLE])
    handled, forgotten = worker.values[found.ends[TABLE] - 1]
    assert found.ends[TOLD] >= forgotten, "nobody would send it again"
    assert found.ends[INBOX] >= handled, "it has read what the inbox has not"
    assert handled >= found.committed[INBOX], "nobody would read it again"


@pytest.mark.parametrize(
    ("minutes", "end", "lag", "gone"),
    [(29, 9, 30, False), (31, 9, 30, True), (31, 5, 30, False), (1, 9, 0, True), (1, 5, 0, False)],
)
def test_what_was_replaced_long_ago_may_be_gone(minutes: int, end: int, lag: int, *, gone: bool) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    taken = Cut(at, begins={TABLE: 0, TOLD: 0}, ends={TABLE: 5, TOLD: 5}, committed={})
    lags = {TABLE.topic: timedelta(minutes=lag), TOLD.topic: timedelta(0)}
    found = replaced(taken, lags, {TABLE: end, TOLD: 99}, at + timedelta(minutes=minutes))
    assert found == ([TABLE] if gone else [])
