"""What the topics hold of a case: what was told of it, and the events of its person that moved it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ops.handled import handled_up_to
from ops.replay.told import STEPS, TOPICS, Cause, Told, cause_of, event_of
from ops.topic_records import Item, Read, event_data, read_topics
from ops.verify.topic import NoSuchCaseError
from schemas.cloudevents import decode
from schemas.ids import SERVICE
from sms.texts import Texts
from streams.records import Record
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, SMS_INBOX

_NEVER = datetime.min.replace(tzinfo=UTC)
_ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was told of the case, and the events of its person that the worker has handled.

    `read_at` is when the desk read an event, in virtual time, as what it told then says; of an event that no
    step came of nobody knows it. `offsets` has the place of each event that is kept. `unhandled` are those
    that wait for the worker. `cut_off`: the beginning of the person's inbox is not kept any more.
    `texts_since` is the real time since when all texts that were asked for are kept. `acts` is what was said
    of the whole service in the partition of the person.
    """

    told: Told
    events: tuple[Record, ...]
    read_at: Mapping[Cause, datetime]
    offsets: Mapping[Cause, int]
    unhandled: int
    cut_off: bool
    texts_since: datetime
    acts: tuple[Record, ...] = ()

    def in_order(self) -> list[Record]:
        """The events and the acts, in the order in which they stand in the inbox."""
        return sorted((*self.events, *self.acts), key=lambda record: (record.partition, record.offset))


def read_recorded(case_id: str, settings: Settings, texts: Texts) -> Recorded:
    """Read a case from the topics. Raises `NoSuchCaseError` and `TopicError`."""
    log = _Log(Told(case_id, texts))
    read_topics(settings, [STEPS], log.take)
    if not log.told.steps:
        raise NoSuchCaseError(f"there is no case {case_id} in {STEPS}")
    # Asked before the inbox is read: what is handled meanwhile is not in the log that was read.
    handled = handled_up_to(settings, [CASE_INBOX])
    taken = _Taken(log.told, log.person)
    read = read_topics(settings, [*TOPICS, CASE_INBOX], taken.take)
    events = sorted(taken.events, key=lambda record: (record.partition, record.offset))
    offsets = {event_of(record): record.offset for record in reversed(events)}
    last_told = max((offsets.get(cause_of(step), -1) for step in log.told.steps), default=-1)
    played = [
        record
        for record in events
        if record.offset <= last_told
        or record.offset < handled.get((CASE_INBOX, record.partition), record.offset + 1)
    ]
    return Recorded(
        log.told,
        tuple(played),
        taken.read_at,
        offsets,
        len(events) - len(played),
        any(read.begins.get((CASE_INBOX, record.partition), 0) > 0 for record in events) or not events,
        taken.texts_since(read),
        tuple(act for act in taken.acts if act.partition in {record.partition for record in events}),
    )


@dataclass(slots=True)
class _Log:
    """Takes the log, and learns from the first step of the case whose it is."""

    told: Told
    person: bytes | None = None

    def take(self, item: Item) -> None:
        before = len(self.told.steps)
        self.told.take(item)
        if self.person is None and len(self.told.steps) > before and isinstance(item, Record):
            self.person = item.key


@dataclass(slots=True)
class _Taken:
    """Takes the other topics: the person's events, and what was told of the case."""

    told: Told
    person: bytes | None
    events: list[Record] = field(default_factory=list)
    acts: list[Record] = field(default_factory=list)
    read_at: dict[Cause, datetime] = field(default_factory=dict)
    _first_texts: dict[int, datetime] = field(default_factory=dict)

    def take(self, item: Item) -> None:
        if item.topic == CASE_INBOX:
            if isinstance(item, Record) and item.key == self.person:
                self.events.append(item)
            elif isinstance(item, Record) and item.key == SERVICE.encode():
                self.acts.append(item)
            return
        if item.topic == STEPS:
            # The case's own are taken already; what other cases of the person did has its instants too.
            if isinstance(item, Record) and item.key == self.person:
                self._note(item)
            return
        if item.topic == SMS_INBOX and isinstance(item, Record):
            self._first_texts.setdefault(item.partition, item.timestamp or _ALWAYS)
        self.told.take(item)

    def _note(self, item: Record) -> None:
        """Note when the desk read a step's cause. Of a step told twice the later one was kept."""
        try:
            cause = cause_of(event_data(item, STEPS))
            self.read_at[cause] = decode(item.value, item.headers, timestamp=item.timestamp).time
        except ValueError:
            return

    def texts_since(self, read: Read) -> datetime:
        """Since when every text is kept: of partitions whose beginning is gone, since the first record."""
        begun_later = [
            number for (topic, number), begin in read.begins.items() if topic == SMS_INBOX and begin
        ]
        return max((self._first_texts.get(number, _ALWAYS) for number in begun_later), default=_NEVER)
