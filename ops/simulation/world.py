"""A scenario at work: plays actions on both cores, and then lets everything come to rest."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from ops.simulation.actions import (
    Action,
    Carry,
    Crash,
    Edge,
    Land,
    Pass,
    Publish,
    Repeat,
    Ring,
    Settle,
    Sign,
    Status,
    Work,
    Write,
)
from ops.simulation.carrier_model import Carrier, Sms
from ops.simulation.desk_model import Application, Desk, Ids, SentEvent, Shape, received_event
from ops.simulation.facts import fact
from ops.simulation.ground_truth import GroundTruth, Text
from ops.simulation.invariants import BrokenPromiseError, Invariants
from ops.simulation.quiescence import check_line, check_person
from ops.simulation.scenario import IBANS, PHONES, Scenario, person_id
from rules import person
from rules.deadlines import deadlines as case_deadlines
from rules.lifecycle import advance
from rules.person import Person
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned
from schemas.ids import derived_id
from schemas.messages import (
    Failure,
    MessageReceived,
    MessageStatusReported,
    MessageToSend,
)
from schemas.outcomes import DecisionDrafted
from schemas.questions import (
    QuestionKind,
)
from schemas.received import ReceivedEvent
from schemas.routes import Effect, PublicOut, ToCarrier, ToCase, ToLine
from sms.conversation import line
from sms.conversation.converse import converse
from sms.conversation.converse import deadlines as line_deadlines
from sms.conversation.line import Line

_LONGEST_REST = 3000
_LEFT = ("sent", "delivered", "undelivered")
_AGREEING = {QuestionKind.OFFER: "1", QuestionKind.ONE_APPLICATION: "4", QuestionKind.ACCOUNT: IBANS[0]}

Teller = Callable[[datetime, str], None]


class World:
    """One run. `tell` hears of everything worth telling, with the instant."""

    def __init__(self, scenario: Scenario, tell: Teller | None = None) -> None:
        self.scenario = scenario
        self.now = scenario.origin
        self.truth = GroundTruth()
        self.invariants = Invariants(self.truth, scenario)
        ids = Ids()
        self.cases: Desk[Person] = Desk("case-desk", ids, _PEOPLE, self._advance, self._watch_case)
        self.lines: Desk[Line] = Desk("sms-desk", ids, _LINES, self._converse, self._watch_line)
        self.carrier = Carrier(ids, self._taken, scenario.held)
        self.published: list[ReceivedEvent] = []
        self._tell = tell
        self._kept_texts: list[MessageReceived] = []
        self._reported: set[str] = set()
        self._drafts: list[DecisionDrafted] = []
        self._count = 0
        self._playing: dict[type[Any], Callable[[Any], None]] = {
            Publish: self._publish,
            Write: self._write,
            Land: self._land,
            Pass: self._pass,
            Edge: self._edge,
            Ring: lambda _: self.ring(),
            Work: self._work,
            Carry: self._carry,
            Status: self._status,
            Repeat: self._repeat,
            Sign: self._sign,
            Settle: lambda _: self.settle(),
        }

    def play(self, actions: Sequence[Action]) -> None:
        """Play the actions, come to rest, and check what must be true then. Raises `BrokenPromiseError`."""
        for action in actions:
            self.do(action)
        self.rest()

    def do(self, action: Action) -> None:
        """Play one action."""
        self._playing[type(action)](action)

    # The actions.

    def _publish(self, action: Publish) -> None:
        number = action.person % self.scenario.people
        data = fact(action.fact, number, self.now - timedelta(minutes=action.ago))
        self.publish(person_id(number), data)

    def publish(self, key: str, data: Event) -> None:
        """Put an event into the case desk's inbox, as the intake does."""
        self._note(f"published for {key}: {data.name} {_brief(data)}")
        self.cases.post(key, self._event("urn:registry", data))

    def _write(self, action: Write) -> None:
        phone = PHONES[action.phone % len(PHONES)]
        self.write(phone, self._agreeing(phone) if action.text is None else action.text, late=action.late)

    def write(self, phone: str, text: str, *, late: bool = False) -> None:
        """A citizen writes; the webhook has it in the inbox at once, or keeps it."""
        self._note(f"{phone} writes {text!r}{' (the webhook is slow)' if late else ''}")
        sid = f"IN{self._number()}"
        self.truth.texts[sid] = Text(phone, text, self.now)
        received = MessageReceived(phone=phone, text=text, sid=sid, received_at=self.now)
        if late:
            self._kept_texts.append(received)
        else:
            self._text(received)

    def _text(self, received: MessageReceived) -> None:
        """A text reaches the inbox, with the instant at which the carrier brought it first."""
        id_ = str(self._number())
        self.truth.landed.append(received.sid)
        self.lines.post(received.phone, received_event("urn:webhooks", id_, received.received_at, received))

    def _land(self, action: Land) -> None:
        if self._kept_texts:
            received = self._kept_texts.pop(action.pick % len(self._kept_texts))
            self._note(f"the text {received.text!r} from {received.phone} reaches the inbox")
            self._text(received)

    def _pass(self, action: Pass) -> None:
        self.now += timedelta(seconds=action.seconds)

    def _edge(self, action: Edge) -> None:
        coming = self._coming()
        if coming:
            self.now = max(self.now, min(coming) + timedelta(milliseconds=action.milliseconds))

    def _work(self, action: Work) -> None:
        ready: list[tuple[Desk[Any], str]] = [(self.cases, key) for key in self.cases.waiting()]
        ready += [(self.lines, key) for key in self.lines.waiting()]
        if ready:
            desk, key = ready[action.pick % len(ready)]
            self._batch(desk, key, action.count, action.crash, self.now - timedelta(seconds=action.lag))

    def _batch(self, desk: Desk[Any], key: str, count: int, crash: Crash | None, now: datetime) -> None:
        restore = self.truth.memory(key) if crash and not crash.wrote else None
        sent = desk.work(key, count, now, crash)
        if restore:
            restore()
        if crash:
            self._note(f"the worker dies; table written: {crash.wrote}, effects sent: {len(sent)}")
        for record in sent:
            self._deliver(record)

    def _deliver(self, record: SentEvent) -> None:
        match record.data:
            case ToCarrier() as message:
                if isinstance(message, MessageToSend):
                    self.invariants.handed(message, self.now)
                self.carrier.post(record, message.phone)
            case ToLine() as event:
                self.lines.post(event.phone, record)
            case ToCase() as event:
                self.cases.post(event.person_id, record)
            case PublicOut() as event:
                self.published.append(record)
                if isinstance(event, DecisionDrafted):
                    self._drafts.append(event)
            case other:
                assert_never(other)

    def _carry(self, action: Carry) -> None:
        ready = self.carrier.waiting()
        if ready:
            self.carry(ready[action.pick % len(ready)], action.outcome)

    def carry(self, phone: str, outcome: str = "accept") -> None:
        """The carrier takes the next message of a number."""
        for report in self.carrier.carry(phone, outcome, self.now):
            self._note(f"the carrier to {phone}: {report.name}")
            self.invariants.reported(report.data)
            self.lines.post(phone, report)

    def _status(self, action: Status) -> None:
        if self.carrier.api:
            sms = self.carrier.api[action.pick % len(self.carrier.api)]
            self.status(sms, action.status, failure=action.failure)

    def status(self, sms: Sms, status: str, *, failure: Failure = "passing") -> None:
        """The SMS API tells what became of a message; that it has left, only when it has."""
        if status in _LEFT and self.now < sms.sent_at:
            status = "queued"
        failed = status in ("undelivered", "failed")
        if failed:
            self.truth.failed.add(sms.sid)
        report = MessageStatusReported(
            phone=sms.message.phone,
            sid=sms.sid,
            status=status,
            error_code=30005 if failed else None,
            undeliverable=failed and failure == "permanent",
            failure=failure if failed else None,
            at=self.now,
        )
        self._note(f"status of {sms.sid} to {report.phone}: {status}{', ' + failure if failed else ''}")
        self.lines.post(report.phone, self._event("urn:webhooks", report))

    def _repeat(self, action: Repeat) -> None:
        inboxes = [*self.cases.inboxes.values(), *self.lines.inboxes.values(), *self.carrier.inboxes.values()]
        read = [(inbox, record) for inbox in inboxes for record in inbox.records[: inbox.done]]
        if read:
            inbox, record = read[action.pick % len(read)]
            self._note(f"a repeated {record.name}")
            inbox.records.append(record)

    def _sign(self, action: Sign) -> None:
        if self._drafts:
            self.sign(self._drafts[action.pick % len(self._drafts)], granted=action.granted)

    def sign(self, draft: DecisionDrafted, *, granted: bool = True) -> None:
        """An officer signs a draft."""
        signed = DecisionSigned(
            decision_id=draft.decision_id,
            outcome="granted" if granted else "refused",
            refusal_ground=None if granted else 1,
            officer="officer-7",
            signed_at=self.now,
        )
        self.publish(draft.decision_id.partition(".")[0], signed)

    def ring(self) -> None:
        """Tell of every deadline that has come."""
        for desk, key, at, (name, version) in list(self._waits()):
            if at <= self.now:
                elapsed = DeadlineElapsed(deadline=name, version=version, due=at)
                id_ = derived_id(key, name, str(version), at.isoformat())
                self._note(f"the deadline {name.rpartition('/')[2]} of {key} has come")
                desk.post(key, received_event("urn:jardem:deadlines", id_, at, elapsed))

    def _waits(self) -> Iterator[tuple[Desk[Any], str, datetime, tuple[str, int]]]:
        for key, people in self.cases.table.items():
            for each in case_deadlines(people.state):
                yield self.cases, key, each.at, (each.name, each.version)
        for key, lines in self.lines.table.items():
            for each in line_deadlines(lines.state):
                yield self.lines, key, each.at, (each.name, each.version)

    def settle(self) -> None:
        """Work through all that waits, without trouble."""
        for _ in range(_LONGEST_REST):
            self._report_left()
            people, lines, phones = self.cases.waiting(), self.lines.waiting(), self.carrier.waiting()
            for key in people:
                self._batch(self.cases, key, 100, None, self.now)
            for key in lines:
                self._batch(self.lines, key, 100, None, self.now)
            for phone in phones:
                self.carry(phone)
            if not (people or lines or phones):
                return
        raise BrokenPromiseError("the desks come to rest")

    def _report_left(self) -> None:
        if self.scenario.reports:
            for sms in self.carrier.api:
                if sms.sent_at <= self.now and sms.sid not in self._reported:
                    self._reported.add(sms.sid)
                    self.status(sms, "sent")

    def _coming(self) -> list[datetime]:
        """The instants at which something happens by itself."""
        coming = [at for _, _, at, _ in self._waits()]
        if self.scenario.reports:
            coming += [sms.sent_at for sms in self.carrier.api if sms.sid not in self._reported]
        return coming

    def rest(self) -> None:
        """Let every text land, every deadline come and every draft be signed; then check the outcomes."""
        while self._kept_texts:
            self._land(Land(0))
        for _ in range(_LONGEST_REST):
            self.settle()
            coming = self._coming()
            if coming:
                self.now = max(self.now, min(coming))
                self.ring()
            elif self._unsigned():
                self.sign(self._unsigned()[-1])
            else:
                break
        else:
            raise BrokenPromiseError("the scenario comes to rest")
        for people in self.cases.table.values():
            check_person(people.state, self.invariants)
        for lines in self.lines.table.values():
            check_line(lines.state, self.invariants)

    def _unsigned(self) -> list[DecisionDrafted]:
        people = [kept.state for kept in self.cases.table.values()]
        drafts = {case.draft.decision_id for each in people for case in each.cases.values() if case.draft}
        return [draft for draft in self._drafts if draft.decision_id in drafts]

    # The cores.

    def _advance(
        self, person: Person, record: ReceivedEvent, now: datetime
    ) -> tuple[Person, Sequence[Effect]]:
        advanced = advance(person, record, now, self.scenario.policy)
        self._note_effects(record, advanced.effects, advanced.remarks)
        return advanced.state, advanced.effects

    def _converse(self, line: Line, record: ReceivedEvent, now: datetime) -> tuple[Line, Sequence[Effect]]:
        conversed = converse(line, record, now, self.scenario.line_policy)
        self._note_effects(record, conversed.effects, conversed.remarks)
        return conversed.state, conversed.effects

    def _watch_case(self, done: Application[Person]) -> None:
        self.invariants.case(done)

    def _watch_line(self, done: Application[Line]) -> None:
        self.invariants.line(done)

    def _taken(self, sms: Sms) -> None:
        self._note(f"SMS to {sms.message.phone}: {sms.message.text.splitlines()[0]}")
        self.invariants.taken(sms)

    def _agreeing(self, phone: str) -> str:
        """What agrees with the question that this number got last."""
        put = next(iter(self.truth.puts.get(phone, ())[-1:]), None)
        if put is None:
            return "1"
        return "5" if put.asked.details.account else _AGREEING[put.asked.kind]

    # The telling.

    def _event(self, source: str, data: Event) -> ReceivedEvent:
        return received_event(source, str(self._number()), self.now, data)

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _note(self, text: str) -> None:
        if self._tell:
            self._tell(self.now, text)

    def _note_effects(self, record: ReceivedEvent, effects: Sequence[Effect], remarks: Sequence[str]) -> None:
        if self._tell:
            told = [f"{effect.name} {_brief(effect)}".strip() for effect in effects] + list(remarks)
            self._tell(self.now, f"  {record.name} -> {', '.join(told) or 'nothing'}")


def _brief(event: Event) -> str:
    shown = ("from_", "to", "kind", "outcome", "reason", "note", "status", "benefit", "fact", "phone")
    found = [str(getattr(event, name)) for name in shown if getattr(event, name, None) is not None]
    return f"({' '.join(found)})" if found else ""


def _nobody(key: str) -> Person:
    return Person(person_id=key)


def _silence(_key: str) -> Line:
    return Line()


_PEOPLE = Shape(_nobody, person.VERSION, person.UPCASTS)
_LINES = Shape(_silence, line.VERSION, {})
