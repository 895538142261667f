"""A scenario at work: plays actions on both cores, and then lets everything come to rest."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from agents.desks import case_desk, sms_desk
from agents.documents import Documents
from ops.simulation import office
from ops.simulation.actions import (
    Action,
    Carry,
    Crash,
    Edge,
    Land,
    Office,
    Operate,
    Pass,
    Publish,
    Repeat,
    Ring,
    Settle,
    Sign,
    Spoil,
    Status,
    Work,
    Write,
)
from ops.simulation.carrier_model import Carrier, Sms
from ops.simulation.desk_model import (
    LIMITS,
    PLAIN,
    Application,
    Desk,
    Inbox,
    Posted,
    as_sent,
    opened,
    received_event,
    spoiled,
)
from ops.simulation.facts import fact
from ops.simulation.forgetting import check_forgotten
from ops.simulation.ground_truth import GroundTruth, Text
from ops.simulation.invariants import Invariants
from ops.simulation.promises import BrokenPromiseError, demand
from ops.simulation.quiescence import check_line, check_person
from ops.simulation.scenario import IBANS, IINS, REPEALED, Scenario, person_id
from rules.hearing import RefusalGround
from rules.issuing import Issued
from rules.person import Person
from rules.service import Service
from rules.terms import local_day
from schemas.base import Event
from schemas.deadlines import Deadline
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import SERVICE, CaseId, PersonId, Sid, person_of
from schemas.messages import (
    Failure,
    MessageReceived,
    MessageStatusReported,
    MessageToSend,
)
from schemas.operators import OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.questions import CasePurged, QuestionKind
from schemas.received import ReceivedEvent
from schemas.registry import EntitlementRevoked
from sms.conversation.line import Line
from streams import dead_letters, topics
from streams.officer_signatures import OfficerSignatures
from streams.records import Outgoing
from streams.signing import load_signer

_LONGEST_REST = 3000
_LONG_AFTER = timedelta(days=30)
_CONSOLE = "urn:jardem:console"
_OTHERS = ("urn:registry", "urn:webhooks", _CONSOLE)
_GROUNDS: tuple[RefusalGround, ...] = (1, 2, 3)
_DAYS = (9, 20, 60)
_LARGE = "x" * LIMITS.largest_effect
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
        documents = Documents(load_signer(None, ""), OfficerSignatures(), Issued("1", {}))
        people = case_desk(scenario.policy, PLAIN, documents=documents)
        lines = sms_desk(scenario.line_policy, PLAIN)
        self.cases: Desk[Person] = Desk(people, self._watch_case)
        self.lines: Desk[Line] = Desk(lines, self._watch_line)
        self.carrier = Carrier(self._taken, scenario.held)
        self._published: list[Outgoing] = []
        self._tell = tell
        self._kept_texts: list[tuple[MessageReceived, bool]] = []
        self._unreported: list[Sms] = []
        self._drafts: list[DecisionDrafted] = []
        self._spoiled: set[str] = set()
        self._count = 0
        self._operated = False
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
            Office: self._office,
            Operate: self._operate,
            Spoil: self._spoil,
            Settle: self._settle,
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
        at = self.now - timedelta(minutes=action.ago)
        data = fact(action.fact, number, at, self.scenario.numbers)
        self.publish(person_id(number), data, at)

    def publish(self, person: PersonId, data: Event, at: datetime | None = None) -> None:
        """Put an event into the case desk's inbox, as the intake does: of what happened then, or now."""
        if isinstance(data, DecisionSigned):
            self.truth.signed.append(data)
        self._note(f"published for {person}: {data.name} {_brief(data)}")
        event = received_event("urn:registry", str(self._number()), at or self.now, data)
        self.cases.post(person, event, self.now)

    def _write(self, action: Write) -> None:
        phone = self.scenario.numbers[action.phone % self.scenario.phones]
        text = self._agreeing(phone) if action.text is None else action.text
        self.write(phone, text, late=action.late, called=action.called)

    def write(self, phone: str, text: str, *, late: bool = False, called: bool = False) -> None:
        """A citizen writes; the text is in the inbox at once, or kept for the list and a late call."""
        self._note(f"{phone} writes {text!r}{' (it comes late)' if late else ''}")
        sid = Sid(f"IN{self._number()}")
        self.truth.texts[sid] = Text(phone, text, self.now)
        received = MessageReceived(phone=phone, text=text, sid=sid, received_at=self.now)
        if not late:
            self._text(received)
            return
        if called:
            self._kept_texts.append((received, True))
        self._kept_texts.append((received, False))

    def _text(self, received: MessageReceived) -> None:
        """A text reaches the inbox. Each copy of it bears the same event."""
        self.truth.landed.append(received.sid)
        event = received_event("urn:webhooks", received.sid, received.received_at, received)
        self.lines.post(received.phone, event, self.now)

    def _land(self, action: Land) -> None:
        if not self._kept_texts:
            return
        received, called = self._kept_texts.pop(action.pick % len(self._kept_texts))
        if called:
            if received.sid not in self.truth.landed:
                self.truth.called(received.sid, self.now)
            received = received.with_(received_at=self.now)
        how = "by a late call" if called else "by the list"
        self._note(f"the text {received.text!r} from {received.phone} reaches the inbox {how}")
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
        lost = crash is not None and (not crash.wrote or crash.half == "shared")
        restore = self.truth.memory(key) if lost else None
        sent = desk.work(key, count, now, crash)
        for refused in desk.taken_out():
            data = refused.posted.data
            large = data is not None and refused.posted.event_id in self._spoiled
            expected = data is None or (large and refused.reason == "its effect is too large")
            # A draft of long ago is void, or decided otherwise; and a hearing may come too early.
            officers = isinstance(data, DecisionSigned | HearingRecorded | TermExtended | OperatorActed)
            expected = expected or (officers and ": " in refused.reason)
            demand(" raised " not in refused.reason, "nothing raises", refused.reason)
            demand(expected, "only what is spoiled is a dead letter", refused.reason)
        if restore:
            restore()
        if crash:
            self._note(f"the worker dies; table written: {crash.wrote}, effects sent: {len(sent)}")
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
                    self._drafts.append(data)

    @property
    def published(self) -> list[ReceivedEvent]:
        """What went to everybody, as whoever reads it sees it."""
        return [opened(sent) for sent in self._published]

    def _carry(self, action: Carry) -> None:
        ready = self.carrier.waiting()
        if ready:
            self.carry(ready[action.pick % len(ready)], action.outcome)

    def carry(self, phone: str, outcome: str = "accept") -> None:
        """The carrier takes the next message of a number."""
        for report, sent in self.carrier.carry(phone, outcome, self.now):
            self._note(f"the carrier to {phone}: {report.name}")
            self.invariants.reported(report)
            self.lines.deliver(phone, sent, self.now)

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
        self.lines.post(report.phone, self._event("urn:webhooks", report), self.now)

    def _repeat(self, action: Repeat) -> None:
        found = [(inbox, posted) for inbox in self._inboxes() for posted in inbox.records[: inbox.done]]
        read = [(inbox, posted) for inbox, posted in found if self._may_repeat(posted)]
        if read:
            inbox, posted = read[action.pick % len(read)]
            self._note(f"a repeated {posted.event.name if posted.event else 'dead letter'}")
            inbox.repeat(posted, self.now)

    def _inboxes(self) -> list[Inbox]:
        return [inbox for each in (self.cases, self.lines, self.carrier) for inbox in each.inboxes.values()]

    def _may_repeat(self, posted: Posted) -> bool:
        """What others publish may come again at any time; what we send again, we send soon."""
        if not posted.readable or posted.source in _OTHERS:
            return True
        key = posted.record.key or b""
        return any(desk.remembers(key.decode(), key, posted.event_id) for desk in (self.cases, self.lines))

    def _sign(self, action: Sign) -> None:
        if self._drafts:
            self.sign(self._drafts[action.pick % len(self._drafts)], granted=action.granted)

    def sign(self, draft: DecisionDrafted, *, granted: bool = True) -> None:
        """An officer signs a draft."""
        refused_on = None if granted else self._ground(draft)
        self.publish(person_of(draft.decision_id), office.signed(draft, self.now, refused_on))

    def _ground(self, draft: DecisionDrafted) -> RefusalGround:
        """On which an officer refuses: that of which the person was told, if they were."""
        case = self.cases.state(person_of(draft.decision_id)).cases.get(draft.case_id)
        told = case.hearing.refusal_ground if case and case.hearing else None
        return told or draft.refusal_ground or 1

    def _office(self, action: Office) -> None:
        if self.settle_doubt(action.pick):
            return
        if action.what == "manual_route":
            people = [person for person in self.cases.states() if person.cases]
            if people:
                person = people[action.pick % len(people)]
                self.publish(person.person_id, office.manual(next(iter(person.cases))))
        elif self._drafts:
            draft = self._drafts[action.pick % len(self._drafts)]
            self.publish(person_of(draft.decision_id), self._said(draft, action))

    def _operate(self, action: Operate) -> None:
        match action.what:
            case "hold" | "resume_case" | "note" as what:
                found = [person for person in self.cases.states() if person.cases]
                if found:
                    person = found[action.pick % len(found)]
                    cases = list(person.cases)
                    self.publish(person.person_id, office.on_case(what, cases[action.pick % len(cases)]))
            case what:
                self.act(office.on_service(what, action.pick))

    def act(self, act: OperatorActed) -> None:
        """Put an act on the whole service into every partition, as the intake does."""
        self._operated = True
        self._note(f"an operator: {act.act} {act.object.id} {act.details or ''}".rstrip())
        event = self._event(_CONSOLE, act)
        for number in range(self.scenario.people):
            self.cases.deliver(person_id(number), as_sent(event, SERVICE), self.now)

    def _resume_everything(self) -> None:
        """Whatever was stopped goes on in the end."""
        self.settle()
        if self._operated:
            for act in office.everything_goes_on():
                self.act(act)
        for person in self.cases.states():
            for case in person.cases.values():
                if case.held and not case.decided:
                    self.publish(person.person_id, office.on_case("resume_case", case.case_id))

    def _settle(self, _: Settle) -> None:
        """Mostly an operator looks after what is in doubt before all is worked through."""
        if self._count % 3:
            self.settle_doubt(self._count)
        self.settle()

    def settle_doubt(self, pick: int) -> bool:
        """An operator says the truth of a message in doubt; False where there is none."""
        doubts = [
            (phone, message)
            for phone in self.lines.inboxes
            for message in self.lines.state(phone).messages
            if message.doubted_at
        ]
        if not doubts:
            return False
        phone, message = doubts[pick % len(doubts)]
        sms = self.carrier.truly(message.message_id)
        acted = office.settled(message.message_id, sms.at if sms else None)
        self._note(f"an operator says of a message to {phone}: {acted.act}")
        self.lines.post(phone, self._event("urn:registry", acted), self.now)
        return True

    def _said(self, draft: DecisionDrafted, action: Office) -> Event:
        today = local_day(self.now)
        match action.what:
            case "intend":
                return office.intended(draft, _GROUNDS[action.pick % len(_GROUNDS)])
            case "extend":
                return office.extended(draft, today + timedelta(days=_DAYS[action.pick % len(_DAYS)]))
            case what:
                return office.heard(draft, today, objection=what == "object")

    def hear(self, draft: DecisionDrafted) -> None:
        """An officer records that the person was heard today (R30)."""
        self.publish(person_of(draft.decision_id), office.heard(draft, local_day(self.now)))

    def _wait_for_hearing(self, draft: DecisionDrafted) -> None:
        case = self.cases.state(person_of(draft.decision_id)).cases[draft.case_id]
        if case.hearing and case.hearing.until and not case.hearing.held_on:
            self.now = max(self.now, case.hearing.until)
            self.hear(draft)
            self.settle()

    def ring(self) -> None:
        """Tell of every deadline that has come."""
        for desk, key, deadline in self.waits():
            if deadline.at <= self.now:
                self._note(f"the deadline {deadline.name.rpartition('/')[2]} of {key} has come")
                told = desk.elapsed(key, deadline)
                desk.deliver(key, told, self.now)

    def waits(self) -> list[tuple[Desk[Any], str, Deadline]]:
        """What is waited for, by which key of which desk."""
        return [(desk, *each) for desk in (self.cases, self.lines) for each in desk.deadlines()]

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
        for sms in [sms for sms in self._unreported if sms.sent_at <= self.now]:
            self._unreported.remove(sms)
            self.status(sms, "sent")

    def _coming(self) -> list[datetime]:
        """The instants at which something happens by itself."""
        coming = [deadline.at for _, _, deadline in self.waits() if not self._in_vain(deadline)]
        return coming + [sms.sent_at for sms in self._unreported]

    def _in_vain(self, deadline: Deadline) -> bool:
        """Whether it is waited for rules that will never be in force again."""
        return deadline.name.endswith("/rules") and deadline.at >= REPEALED

    def rest(self) -> None:
        """Let every text land, every deadline come and every draft be signed; then check the outcomes."""
        while self._kept_texts:
            self._land(Land(0))
        self._resume_everything()
        for _ in range(_LONGEST_REST):
            self.settle()
            coming = self._coming()
            if coming:
                self.now = max(self.now, min(coming))
                self.ring()
            elif self._unsigned():
                draft = self._unsigned()[-1]
                if draft.outcome == "refused":
                    self._wait_for_hearing(draft)
                self.sign(draft, granted=draft.outcome == "granted")
            else:
                break
        else:
            raise BrokenPromiseError("the scenario comes to rest")
        self.invariants.public.complete()
        for person in self.cases.states():
            check_person(person, self.invariants)
        for line in self.lines.states():
            check_line(line, self.invariants)
        for desk in (self.cases, self.lines):
            unread = sum(not each.readable for inbox in desk.inboxes.values() for each in inbox.records)
            demand(desk.unreadable == unread, "what nobody can read is a dead letter once")
        self._purge_all()

    def purge(self, phone: str, case_id: CaseId) -> None:
        """A number is told that a case is purged."""
        purged = CasePurged(phone=phone, case_id=case_id)
        self.lines.post(phone, self._event("urn:jardem:case-desk", purged), self.now)

    def _purge_all(self) -> None:
        """Long after, every case is purged; a number is told so twice, as after a crash."""
        self.now += _LONG_AFTER
        cases = [case_id for person in self.cases.states() for case_id in person.cases]
        for phone in self.lines.inboxes:
            for case_id in cases * 2:
                self.purge(phone, case_id)
        self.settle()
        for key, value in self.lines.table.items():
            check_forgotten(self.lines.state(key.decode()), value)

    def _unsigned(self) -> list[DecisionDrafted]:
        cases = [case for person in self.cases.states() for case in person.cases.values()]
        drafts = {case.draft.decision_id for case in cases if case.draft}
        return [draft for draft in self._drafts if draft.decision_id in drafts]

    def _spoil(self, action: Spoil) -> None:
        """A record that can't be read, or whose effects are too large to be sent."""
        number = action.pick % self.scenario.people
        data = EntitlementRevoked(iin=IINS[number], record_id="title", record="title")
        self._note(f"a revocation is spoiled: {action.how}")
        if action.how == "large":
            # What the audit log would quote of it is more than a record may hold.
            event = received_event("urn:registry", f"{self._number()}-{_LARGE}", self.now, data)
            self._spoiled.add(event.id)
            self.cases.post(person_id(number), event, self.now)
        else:
            desk: Desk[Any] = self.cases
            key: str = person_id(number)
            if action.pick % 3 == 0:
                desk, key = self.lines, self.scenario.numbers[number % self.scenario.phones]
            good = as_sent(self._event("urn:registry", data), key)
            desk.deliver(key, spoiled(good, action.how), self.now, readable=False)

    # What the desks did.

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
        self._note(f"SMS to {sms.message.phone}: {sms.message.text.splitlines()[0]}")
        self.invariants.taken(sms)
        if self.scenario.reports:
            self._unreported.append(sms)

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

    def _note_effects(self, done: Application[Any]) -> None:
        if self._tell:
            told = [f"{effect.name} {_brief(effect.data)}".strip() for effect in done.effects]
            told += done.remarks
            self._tell(self.now, f"  {done.record.name} -> {', '.join(told) or 'nothing'}")


def _brief(event: Event) -> str:
    shown = ("from_", "to", "kind", "outcome", "reason", "note", "status", "benefit", "fact", "phone")
    found = [str(getattr(event, name)) for name in shown if getattr(event, name, None) is not None]
    return f"({' '.join(found)})" if found else ""
