"""What the topics hold of one person under keys: their cases, their numbers, and what is not handled yet."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from ops.handled import handled_up_to
from ops.topic_records import Item, event_data, read_topics
from ops.verify.topic import TOPIC as STEPS
from schemas.ids import PersonId, PhoneId, Pseudonyms
from streams import envelope, summary
from streams.encryption.sealed import is_sealed, key_ids
from streams.encryption.vault import INBOXES
from streams.records import Record
from streams.settings.settings import Settings
from streams.topics import CASE_INBOX, CHANGELOGS

PEOPLE, LINES, _ = CHANGELOGS
_PHONE = re.compile(rb'"phone": ?"(\+[0-9]{7,15})"')
PURGED = "purged"
"""The note of the step by which a case forgets whom it was about: its retention is over (R34)."""


@dataclass(slots=True)
class Standings:
    """The last step of each of a person's cases."""

    steps: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def take(self, item: Item) -> None:
        """Take a record of the audit log."""
        try:
            step = event_data(item, STEPS)
            case_id, number = str(step["case_id"]), int(step["step"])
        except (KeyError, TypeError, ValueError):
            return
        if number > self.steps.get(case_id, (0,))[0]:
            self.steps[case_id] = number, str(step.get("to")), str(step.get("note"))

    def obstacles(self) -> list[str]:
        """A line for each case that still keeps whom it is about."""
        return [
            f"{case_id} is {state}, and its retention is not over: it has not forgotten whom it is about"
            for case_id, (_, state, note) in sorted(self.steps.items())
            if note != PURGED
        ]


def standings_of(settings: Settings, person_id: PersonId) -> Standings:
    """Where a person's cases stand. Raises `TopicError`."""
    found = Standings()
    read_topics(settings, [STEPS], found.take, {person_id.encode()})
    return found


def numbers_of(settings: Settings, person_id: PersonId, pseudonyms: Pseudonyms) -> set[PhoneId]:
    """The numbers on which the person is known, or was asked of late. Raises `TopicError`."""
    phones: set[str] = set()

    def take(item: Item) -> None:
        if isinstance(item, Record) and item.value is not None and not is_sealed(summary.body(item.value)):
            said = envelope.load(item.value).state if item.topic == PEOPLE else item.value
            phones.update(found.decode() for found in _PHONE.findall(said))

    read_topics(settings, [PEOPLE, CASE_INBOX], take, {person_id.encode()})
    return {pseudonyms.phone(phone) for phone in phones}


def shared(settings: Settings, numbers: Collection[PhoneId], own: bytes | None) -> set[PhoneId]:
    """Those of the numbers in whose newest row somebody else has a part. Raises `TopicError`."""
    found: dict[PhoneId, bool] = {}

    def take(item: Item) -> None:
        if isinstance(item, Record) and item.key is not None:
            inner = set(key_ids(None if item.value is None else summary.body(item.value))[1:])
            found[PhoneId(item.key.decode())] = bool(inner - {own})

    read_topics(settings, [LINES], take, {number.encode() for number in numbers}, opens=False)
    return {number for number, others in found.items() if others}


def unhandled(settings: Settings, subjects: Collection[str]) -> int:
    """How many records of these subjects the workers have not handled yet. Raises `TopicError`."""
    waiting: list[tuple[tuple[str, int], int]] = []

    def take(item: Item) -> None:
        if isinstance(item, Record):
            waiting.append(((item.topic, item.partition), item.offset))

    names = {subject.encode() for subject in subjects}
    read_topics(settings, INBOXES, take, names, opens=False)
    handled = handled_up_to(settings, INBOXES)
    return sum(offset >= handled.get(place, 0) for place, offset in waiting)
