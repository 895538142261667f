"""The two desks: the lifecycle of a person's cases, and the conversation on a number."""

from dataclasses import replace
from datetime import datetime

from agents.documents import Documents
from agents.event_desk import EventDesk, Shape
from agents.sharing_desk import Shared, SharingDesk
from rules import person_versions, service, withholding
from rules.deadlines import deadlines as case_deadlines
from rules.lifecycle import advance
from rules.person import Person
from rules.policy import Policy
from rules.service import OPEN, Service
from schemas import catalogue
from schemas.deadlines import Deadline
from schemas.emaket import DecisionSigned
from schemas.ids import NOBODY, SERVICE, PersonId, Pseudonyms
from schemas.messages import MessageReceived
from schemas.received import ReceivedEvent
from schemas.stored import Stored
from schemas.turned import Turned
from sms.conversation import earlier_copies, line
from sms.conversation.converse import LinePolicy, converse
from sms.conversation.converse import deadlines as line_deadlines
from sms.conversation.line import Line
from streams.clock import Clock
from streams.events import number_key
from streams.topics import CASE_INBOX, SMS_INBOX

REAL_TIME = Clock()


def case_desk(
    policy: Policy,
    pseudonyms: Pseudonyms,
    clock: Clock = REAL_TIME,
    documents: Documents | None = None,
) -> SharingDesk[Person, Service]:
    """The case desk: its keys are people, by pseudonym. Without `documents` nothing is signed or verified.

    Under one more key each partition keeps what is in force of the whole service, as the people see it.
    """
    policy = replace(policy, pseudonyms=pseudonyms)

    def turn(state: Person, event: ReceivedEvent, now: datetime, shared: Stored | None) -> Turned[Person]:
        if documents and isinstance(event.data, DecisionSigned):
            documents.check(state, event.data)
        in_force = shared.before(event.offset) if isinstance(shared, Service) else OPEN
        turned = advance(state, event, now, policy, in_force)
        return documents.with_documents(turned, event, policy) if documents else turned

    people = EventDesk(
        name="people",
        inbox=CASE_INBOX,
        source="urn:jardem:case-desk",
        shape=Shape(Person, person_versions.VERSION, person_versions.UPCASTS),
        known=catalogue.CASE_EVENTS,
        empty=lambda key: Person(person_id=PersonId(key.decode())),
        turn=turn,
        waits=lambda state: case_deadlines(state, policy),
        subject=lambda state: state.person_id,
        pseudonyms=pseudonyms,
        clock=clock,
    )
    kept = EventDesk(
        name=people.name,
        inbox=people.inbox,
        source=people.source,
        shape=Shape(Service, service.VERSION, service.UPCASTS),
        known=people.known,
        empty=lambda _: Service(),
        turn=lambda state, event, *_: service.obey(state, event),
        waits=lambda _: (),
        subject=lambda _: NOBODY,
        pseudonyms=pseudonyms,
        clock=clock,
    )
    return SharingDesk(
        people, Shared(SERVICE.encode(), kept, Service.settled, _newest_revision, withholding.seen)
    )


def _newest_revision(state: Service) -> Deadline | None:
    """What tells those who wait that the service has changed, and when."""
    now = state.now
    return Deadline(now.at, SERVICE, now.revision) if now.at else None


def sms_desk(policy: LinePolicy, pseudonyms: Pseudonyms, clock: Clock = REAL_TIME) -> EventDesk[Line]:
    """The SMS desk: its keys are numbers, by pseudonym. A line learns its number from its first event."""

    def turn(state: Line, event: ReceivedEvent, now: datetime, _: Stored | None) -> Turned[Line]:
        return converse(state, event, now, policy)

    def more(state: Line, event: ReceivedEvent) -> bool:
        return isinstance(event.data, MessageReceived) and earlier_copies.is_earlier(state, event.data)

    return EventDesk(
        name="lines",
        inbox=SMS_INBOX,
        source="urn:jardem:sms-desk",
        shape=Shape(Line, line.VERSION),
        known=catalogue.LINE_EVENTS,
        empty=lambda _: Line(),
        turn=turn,
        waits=line_deadlines,
        # What a line sends is for nobody outside.
        subject=lambda _: NOBODY,
        pseudonyms=pseudonyms,
        clock=clock,
        keyed=lambda event: number_key(event, pseudonyms),
        more=more,
    )
