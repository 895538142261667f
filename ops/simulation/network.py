"""Both cores on their desks, and the carrier: what one of them sends, the other has in its inbox."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agents.desks import case_desk, sms_desk
from agents.documents import Documents
from ops.simulation.actions import Crash
from ops.simulation.carrier_model import Carrier, Sms
from ops.simulation.desk_model import LIMITS, PLAIN, Application, Desk, Inbox, Posted, opened, received_event
from ops.simulation.ground_truth import GroundTruth
from ops.simulation.invariants import Invariants
from ops.simulation.promises import BrokenPromiseError, demand
from ops.simulation.scenario import REPEALED, Scenario
from rules.issuing import Issued
from rules.person import Person
from rules.service import Service
from schemas.base import Event
from schemas.deadlines import Deadline
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import CaseId, PersonId
from schemas.messages import Failure, MessageReceived, MessageStatusReported, MessageToSend
from schemas.operators import OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.questions import CasePurged
from schemas.received import ReceivedEvent
from sms.conversation.line import Line
from streams import dead_letters, topics
from streams.officer_signatures import OfficerSignatures
from streams.records import Outgoing
from streams.signing import load_signer

CONSOLE = "urn:jardem:console"
LONGEST_REST = 3000
"""In so many rounds everything comes to rest, or never."""

_OTHERS = ("urn:registry", "urn:webhooks", CONSOLE)
_LEFT = ("sent", "delivered", "undelivered")

Teller = Callable[[datetime, str], None]


class Network:
    """Both desks, the carrier, and what goes to and fro between them, in a time that goes on by hand.

    `now` is the present instant in UTC. `tell` hears of everything worth telling, with the instant.
    """

    def __init__(self, scenario: Scenario, tell: Teller | None = None) -> None:
        self.scenario = scenario
        self.now = scenario.origin
        self.truth = GroundTruth()
        self.invariants = Invariants(self.truth, scenario)
        documents = Documents(load_signer(None, ""), OfficerSignatures(), Issued("1", {}))
        people = case_desk(scenario.policy, PLAIN, documents=documents)
        lines = sms_desk(scenario.line_policy, PLAIN)
        self.cases: Desk[Person] = Desk(people, self._watch_case)
        self.lines: Desk[Line] = Desk(lines, self._watch_line)
        self.carrier = Carrier(self._taken, scenario.held)
        self.drafts: list[DecisionDrafted] = []
        self.spoiled: set[str] = set()
        self.count = 0
        self._published: list[Outgoing] = []
        self._unreported: list[Sms] = []
        self._tell = tell

    def batch(self, desk: Desk[Any], key: str, count: int, crash: Crash | None, now: datetime) -> None:
        """A desk takes so many records of a partition, at `now` by its clock, and may die of it."""
        lost = crash is not None and (not crash.wrote or crash.half == "shared")
        restore = self.truth.memory(key) if lost else None
        sent = desk.work(key, count, now, crash)
        for refused in desk.taken_out():
            data = refused.posted.data
            large = data is not None and refused.posted.event_id in self.spoiled
            expected = data is None or (large and refused.reason == "its effect is too large")
            # A draft of long ago is void, or decided otherwise; and a hearing may come too early.
            officers = isinstance(data, DecisionSigned | HearingRecorded | TermExtended | OperatorActed)
            expected = expected or (officers and ": " in refused.reason)
            demand(" raised " not in refused.reason, "nothing raises", refused.reason)
            demand(expected, "only what is spoiled is a dead letter", refused.reason)
        if restore:
            restore()
        if crash:
            self.note(f"the worker dies; table written: {crash.wrote}, effects sent: {len(sent)}")
        for each in sent:
            self._deliver(each)

    def _deliver(self, sent: Outgoing) -> None:
        key = (sent.key or b"").decode()
        match sent.topic:
            case topics.SMS_OUTBOX:
                given = self.carrier.deliver(key, sent, self.now)
                if isinstance(given, MessageToSend):
                    self.invariants.handed(given, self.now)
            case topics.SMS_INBOX:
                self.lines.deliver(key, sent, self.now)
            case topics.CASE_INBOX:
                self.cases.deliver(key, sent, self.now)
            case dead_letters.DEAD_LETTERS:
                pass
            case _:
                self.invariants.public.heard(sent)
                self._published.append(sent)
                data = opened(sent).data if sent.topic == DecisionDrafted.name else None
                if isinstance(data, DecisionDrafted):
                    self.drafts.append(data)

    @property
    def published(self) -> list[ReceivedEvent]:
        """What went to everybody, as whoever reads it sees it."""
        return [opened(sent) for sent in self._published]

    def event(self, source: str, data: Event) -> ReceivedEvent:
        """An event of now from somebody outside."""
        return received_event(source, str(self.number()), self.now, data)

    def publish(self, person: PersonId, data: Event, at: datetime | None = None) -> None:
        """Put an event into the case desk's inbox, as the intake does: of what happened then, or now."""
        if isinstance(data, DecisionSigned):
            self.truth.signed.append(data)
        self.note(f"published for {person}: {data.name} {_brief(data)}")
        event = received_event("urn:registry", str(self.number()), at or self.now, data)
        self.cases.post(person, event, self.now)

    def text_lands(self, received: MessageReceived) -> None:
        """A text reaches the inbox. Each copy of it bears the same event."""
        self.truth.landed.append(received.sid)
        event = received_event("urn:webhooks", received.sid, received.received_at, received)
        self.lines.post(received.phone, event, self.now)

    def purge(self, phone: str, case_id: CaseId) -> None:
        """A number is told that a case is purged."""
        purged = CasePurged(phone=phone, case_id=case_id)
        self.lines.post(phone, self.event("urn:jardem:case-desk", purged), self.now)

    def carry(self, phone: str, outcome: str = "accept") -> None:
        """The carrier takes the next message of a number."""
        for report, sent in self.carrier.carry(phone, outcome, self.now):
            self.note(f"the carrier to {phone}: {report.name}")
            self.invariants.reported(report)
            self.lines.deliver(phone, sent, self.now)

    def status(self, sms: Sms, status: str, *, failure: Failure = "passing") -> None:
        """The SMS API tells what became of a message; that it has left, only when it has."""
        if status in _LEFT and self.now < sms.sent_at:
            status = "queued"
        failed = status in ("undelivered", "failed")
        if failed:
            self.truth.failed.setdefault(sms.sid, self.now)
        report = MessageStatusReported(
            phone=sms.message.phone,
            sid=sms.sid,
            status=status,
            error_code=30005 if failed else None,
            undeliverable=failed and failure == "permanent",
            failure=failure if failed else None,
            at=self.now,
        )
        self.note(f"status of {sms.sid} to {report.phone}: {status}{', ' + failure if failed else ''}")
        self.lines.post(report.phone, self.event("urn:webhooks", report), self.now)

    def repeat(self, pick: int) -> None:
        """A record that was read long ago is in its inbox once more."""
        found = [(inbox, posted) for inbox in self._inboxes() for posted in inbox.records[: inbox.done]]
        read = [(inbox, posted) for inbox, posted in found if self._may_be_repeated(posted)]
        if read:
            inbox, posted = read[pick % len(read)]
            self.note(f"a repeated {posted.event.name if posted.event else 'dead letter'}")
            inbox.repeat(posted, self.now)

    def _inboxes(self) -> list[Inbox]:
        return [inbox for each in (self.cases, self.lines, self.carrier) for inbox in each.inboxes.values()]

    def _may_be_repeated(self, posted: Posted) -> bool:
        """What others publish may come again at any time; what we send again, we send soon.

        A desk may know for a while yet what it need not know any longer, and forget it before the repeat.
        """
        if not posted.readable or posted.source in _OTHERS:
            return True
        sent_at, key = posted.record.timestamp, posted.record.key or b""
        if sent_at is None or self.now - sent_at >= LIMITS.keep:
            return False
        return any(desk.remembers(key.decode(), key, posted.event_id) for desk in (self.cases, self.lines))

    def ring(self) -> None:
        """Tell of every deadline that has come."""
        for desk, key, deadline in self.waits():
            if deadline.at <= self.now:
                self.note(f"the deadline {deadline.name.rpartition('/')[2]} of {key} has come")
                told = desk.elapsed(key, deadline)
                desk.deliver(key, told, self.now)

    def waits(self) -> list[tuple[Desk[Any], str, Deadline]]:
        """What is waited for, by which key of which desk."""
        return [(desk, *each) for desk in (self.cases, self.lines) for each in desk.deadlines()]

    def coming(self) -> list[datetime]:
        """The instants at which something happens by itself."""
        coming = [deadline.at for _, _, deadline in self.waits() if not self._in_vain(deadline)]
        return coming + [sms.sent_at for sms in self._unreported]

    def _in_vain(self, deadline: Deadline) -> bool:
        """Whether it is waited for rules that will never be in force again."""
        return deadline.name.endswith("/rules") and deadline.at >= REPEALED

    def settle(self) -> None:
        """Work through all that waits, without trouble."""
        for _ in range(LONGEST_REST):
            self._report_left()
            people, lines, phones = self.cases.waiting(), self.lines.waiting(), self.carrier.waiting()
            for key in people:
                self.batch(self.cases, key, 100, None, self.now)
            for key in lines:
                self.batch(self.lines, key, 100, None, self.now)
            for phone in phones:
                self.carry(phone)
            if not (people or lines or phones):
                return
        raise BrokenPromiseError("the desks come to rest")

    def _report_left(self) -> None:
        for sms in [sms for sms in self._unreported if sms.sent_at <= self.now]:
            self._unreported.remove(sms)
            self.status(sms, "sent")

    def _watch_case(self, done: Application[Any]) -> None:
        self._note_effects(done)
        if isinstance(done.after, Service):
            self.invariants.served(done)
            return
        self.invariants.case(done)

    def _watch_line(self, done: Application[Line]) -> None:
        self._note_effects(done)
        self.invariants.line(done)

    def _taken(self, sms: Sms) -> None:
        self.note(f"SMS to {sms.message.phone}: {sms.message.text.splitlines()[0]}")
        self.invariants.taken(sms)
        if self.scenario.reports:
            self._unreported.append(sms)

    def number(self) -> int:
        """A number that nothing else in this run has."""
        self.count += 1
        return self.count

    def note(self, text: str) -> None:
        """Tell something of what happens now."""
        if self._tell:
            self._tell(self.now, text)

    def _note_effects(self, done: Application[Any]) -> None:
        if self._tell:
            told = [f"{effect.name} {_brief(effect.data)}".strip() for effect in done.effects]
            told += done.remarks
            self._tell(self.now, f"  {done.record.name} -> {', '.join(told) or 'nothing'}")


def _brief(event: Event) -> str:
    shown = ("from_", "to", "kind", "outcome", "reason", "note", "status", "benefit", "fact", "phone")
    found = [str(getattr(event, name)) for name in shown if getattr(event, name, None) is not None]
    return f"({' '.join(found)})" if found else ""
