"""Where a backup cuts: a place in every log from which workers go on as after a kill.

A value of a table forgets the effects of an event when the brokers have them, and the event itself some time
after its record is committed. So a cut must not have a table's value with logs of before it. The ends are
asked for between two looks at what is committed, first of the tables, then of what is told to others, then of
the inboxes; where nothing was committed meanwhile that is such a place: what effects a table has forgotten
are in the logs, what it remembers is read again and known by its id, and what it has read is in the inbox.
Where the logs are ahead of the tables, the events are read again too, and told once more: in the same words,
as long as release, texts and policies are the same.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.consumer.fetcher import IsolationLevel

from ops.backup.group import committed as group_offsets
from ops.backup.record_file import BackupError
from schemas.catalogue import PUBLIC_IN
from streams.dead_letters import REDRIVEN_LETTERS
from streams.topics import CASE_INBOX, CHANGELOGS, SMS_INBOX, SMS_OUTBOX

_TRIES = 200
_PAUSE = 0.05
_READ = {CASE_INBOX, SMS_INBOX, SMS_OUTBOX, REDRIVEN_LETTERS, *PUBLIC_IN}

Offsets = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """The beginnings and ends of the logs, and up to where the group had read; `at` is when."""

    at: datetime
    begins: Offsets
    ends: Offsets
    committed: Offsets


def make_cut(admin: Any, group: str, partitions: Sequence[TopicPartition]) -> Cut:  # noqa: ANN401
    """Find a cut, while workers work. Raises `BackupError` where they commit too often for it."""
    for _ in range(_TRIES):
        at = datetime.now(UTC)
        committed = group_offsets(admin, group)
        ends: dict[TopicPartition, int] = {}
        for some in _in_turn(partitions):
            ends |= _listed(admin, some, OffsetSpec.LATEST)
        if group_offsets(admin, group) == committed:
            return Cut(at, _listed(admin, partitions, OffsetSpec.EARLIEST), ends, committed)
        time.sleep(_PAUSE)
    raise BackupError(
        f"the workers committed between every two of {_TRIES} looks: stop them, take the backup, and start "
        "them again"
    )


def replaced(cut: Cut, lags: Mapping[str, timedelta], ends: Offsets, now: datetime) -> list[TopicPartition]:
    """The partitions of tables from which the brokers may have removed a value that the cut has.

    They do so once a newer value of its key is as old as the topic's `lags` says, so not before that time has
    passed since the cut, and never where nothing has come since. `ends` are those of now.
    """
    took = now - cut.at
    tables = [each for each in cut.ends if each.topic in CHANGELOGS]
    return [each for each in tables if took >= lags[each.topic] and ends[each] != cut.ends[each]]


def ends_of_tables(admin: Any, cut: Cut) -> Offsets:  # noqa: ANN401 - the same
    """Where the tables' logs end now."""
    return _listed(admin, [each for each in cut.ends if each.topic in CHANGELOGS], OffsetSpec.LATEST)


def _in_turn(partitions: Iterable[TopicPartition]) -> list[list[TopicPartition]]:
    """The tables, what is told to others, the inboxes."""
    turns: list[list[TopicPartition]] = [[], [], []]
    for each in partitions:
        turns[0 if each.topic in CHANGELOGS else 2 if each.topic in _READ else 1].append(each)
    return turns


def _listed(admin: Any, partitions: Iterable[TopicPartition], which: OffsetSpec) -> dict[TopicPartition, int]:  # noqa: ANN401
    # What somebody's open transaction holds back is not read by anybody, and not by the backup.
    asked = dict.fromkeys(partitions, which)
    if not asked:
        return {}
    found = admin.list_partition_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED)
    return {each: known.offset for each, known in found.items()}
