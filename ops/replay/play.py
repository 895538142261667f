"""The play itself: a person's recorded events, one by one, through the fold and the desk of the worker."""

from dataclasses import dataclass, replace
from typing import Any

from agents.sharing_desk import SharingDesk
from ops.replay.recorded import Recorded
from ops.replay.told import TOPICS, Told, event_of
from rules.person import Person
from rules.service import Service
from schemas.deadlines import Deadline
from streams.clock import Clock
from streams.fold import Fold, Opened, fold_limits, load
from streams.records import Outgoing, Record
from streams.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Played:
    """What a play told of the case, what the person then waits for, and the records that were refused."""

    told: Told
    waits: tuple[Deadline, ...]
    refused: tuple[str, ...]


def play(recorded: Recorded, desk: SharingDesk[Person, Service], told: Told, clock: Clock) -> Played:
    """Play the events of the person, in their order; what comes of the case is taken by `told`.

    Each is read when it was read: the end of a grace is counted from then, and the event that tells it says
    when that was. Where nobody knows, it is the instant at which the event was put into the inbox. A repeat
    changes nothing, as at the desk. What was said of the whole service stands among the events.
    """
    kept = replace(desk.shared.desk, told=lambda *_: None)
    shared = replace(desk.shared, desk=kept)
    quiet = replace(desk, desk=replace(desk.desk, told=lambda *_: None), shared=shared)
    limits = fold_limits(Tuning())
    table: dict[bytes, bytes] = {}
    recent: dict[bytes, Opened[Person | Service]] = {}
    refused: list[str] = []
    for record in recorded.in_order():
        # All before it is committed: what it sends is sent for the first time.
        fold: Fold[Person | Service, Any] = Fold(
            quiet, limits, table.get, recent, committed=record.offset, wall=record.milliseconds or 0
        )
        put_at = clock.now() if record.timestamp is None else clock.virtual(record.timestamp)
        fold.take(record, recorded.read_at.get(event_of(record), put_at))
        refused += [f"{each.record.position} is refused: {each.reason}" for each in fold.refused]
        values = fold.values()
        table |= values
        for _ in fold.written(values):
            pass
        for number, sent in enumerate(fold.effects):
            if sent.topic in TOPICS:
                told.take(_as_read(sent, number, record))
    states = [load(quiet, key, data).state for key, data in table.items()]
    waits = tuple(
        each
        for state in states
        for each in quiet.deadlines(state)
        if each.name.partition("/")[0] == told.case_id
    )
    return Played(told, waits, tuple(refused))


def _as_read(sent: Outgoing, number: int, cause: Record) -> Record:
    """What was sent, as it would be read."""
    return Record(sent.topic, 0, number, cause.timestamp, sent.key, sent.value, sent.headers)
