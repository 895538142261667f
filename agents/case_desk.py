"""The case desk: the pure lifecycle of a person's cases, bound to its inbox and its table."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from rules import person
from rules.deadlines import waits
from rules.lifecycle import advance
from rules.person import Person
from rules.policy import Policy
from rules.standings import AmbiguousRecordError
from schemas import catalogue
from schemas.ids import Pseudonyms
from schemas.received import ReceivedEvent
from schemas.stored import dump_stored, load_stored
from streams.dead_letters import Unreadable
from streams.deadlines import Deadline, elapsed
from streams.events import Effects, read
from streams.records import Outgoing, Record
from streams.topics import CASE_INBOX

_log = structlog.get_logger(__name__)


class CaseDesk:
    """What makes a desk the case desk."""

    name = "people"
    inbox = CASE_INBOX

    def __init__(self, policy: Policy, pseudonyms: Pseudonyms) -> None:
        self._policy = policy
        self._effects = Effects("urn:jardem:case-desk", pseudonyms)

    def empty(self, key: bytes) -> Person:
        """A person of whom nothing is known."""
        return Person(person_id=key.decode())

    def load(self, data: bytes) -> Person:
        """The person from the table. Raises `UnreadableValueError`."""
        return load_stored(Person, data, person.VERSION, person.UPCASTS)

    def dump(self, state: Person) -> bytes:
        """The person for the table."""
        return dump_stored(state, person.VERSION)

    def read(self, record: Record) -> tuple[str, ReceivedEvent]:
        """The event of an inbox record."""
        return read(record, catalogue.CASE_EVENTS)

    def apply(self, state: Person, event: ReceivedEvent, now: datetime) -> tuple[Person, Sequence[Outgoing]]:
        """Advance the person's cases. Raises `Unreadable` where it can't be told which one is meant."""
        try:
            advanced = advance(state, event, now, self._policy)
        except AmbiguousRecordError as error:
            raise Unreadable(str(error)) from None
        for remark in advanced.remarks:
            _log.info(remark, about=event.name, id=event.id)
        effects = self._effects.outgoing(advanced.effects, event, now, person_id=state.person_id)
        return advanced.person, effects

    def deadlines(self, state: Person) -> Sequence[Deadline]:
        """What the person's cases wait for."""
        return [Deadline(at=wait.at, name=wait.name, version=wait.version) for wait in waits(state)]

    def elapsed(self, key: bytes, deadline: Deadline) -> Outgoing:
        """Tell this desk that a deadline elapsed."""
        return elapsed(self.inbox, key, deadline)
