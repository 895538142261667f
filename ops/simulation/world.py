"""A scenario at work: plays actions on the network, and then lets everything come to rest."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from ops.simulation import office
from ops.simulation.actions import (
    Action,
    Carry,
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
from ops.simulation.desk_model import LIMITS, Desk, as_sent, received_event, spoiled
from ops.simulation.facts import fact
from ops.simulation.forgetting import check_forgotten
from ops.simulation.ground_truth import Text
from ops.simulation.network import CONSOLE, LONGEST_REST, Network, Teller
from ops.simulation.promises import BrokenPromiseError, demand
from ops.simulation.quiescence import check_line, check_person
from ops.simulation.scenario import IBANS, IINS, Scenario, person_id
from rules.hearing import RefusalGround
from rules.terms import local_day
from schemas.base import Event
from schemas.ids import SERVICE, Sid, person_of
from schemas.messages import MessageReceived
from schemas.operators import OperatorActed
from schemas.outcomes import DecisionDrafted
from schemas.questions import QuestionKind
from schemas.registry import EntitlementRevoked

_LONG_AFTER = timedelta(days=30)
_GROUNDS: tuple[RefusalGround, ...] = (1, 2, 3)
_DAYS = (9, 20, 60)
_LARGE = "x" * LIMITS.largest_effect
_AGREEING = {QuestionKind.OFFER: "1", QuestionKind.ONE_APPLICATION: "4", QuestionKind.ACCOUNT: IBANS[0]}


class World(Network):
    """One run: what registries, citizens, officers and operators do, and what must be true at rest."""

    def __init__(self, scenario: Scenario, tell: Teller | None = None) -> None:
        super().__init__(scenario, tell)
        self.kept_texts: list[tuple[MessageReceived, bool]] = []
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
            Repeat: lambda action: self.repeat(action.pick),
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

    def _write(self, action: Write) -> None:
        phone = self.scenario.numbers[action.phone % self.scenario.phones]
        text = self._agreeing(phone) if action.text is None else action.text
        self.write(phone, text, late=action.late, called=action.called)

    def write(self, phone: str, text: str, *, late: bool = False, called: bool = False) -> None:
        """A citizen writes; the text is in the inbox at once, or kept for the list and a late call."""
        self.note(f"{phone} writes {text!r}{' (it comes late)' if late else ''}")
        sid = Sid(f"IN{self.number()}")
        self.truth.texts[sid] = Text(phone, text, self.now)
        received = MessageReceived(phone=phone, text=text, sid=sid, received_at=self.now)
        if not late:
            self.text_lands(received)
            return
        if called:
            self.kept_texts.append((received, True))
        self.kept_texts.append((received, False))

    def _land(self, action: Land) -> None:
        if not self.kept_texts:
            return
        received, called = self.kept_texts.pop(action.pick % len(self.kept_texts))
        if called:
            if received.sid not in self.truth.landed:
                self.truth.called(received.sid, self.now)
            received = received.with_(received_at=self.now)
        how = "by a late call" if called else "by the list"
        self.note(f"the text {received.text!r} from {received.phone} reaches the inbox {how}")
        self.text_lands(received)

    def _pass(self, action: Pass) -> None:
        self.now += timedelta(seconds=action.seconds)

    def _edge(self, action: Edge) -> None:
        coming = self.coming()
        if coming:
            self.now = max(self.now, min(coming) + timedelta(milliseconds=action.milliseconds))

    def _work(self, action: Work) -> None:
        ready: list[tuple[Desk[Any], str]] = [(self.cases, key) for key in self.cases.waiting()]
        ready += [(self.lines, key) for key in self.lines.waiting()]
        if ready:
            desk, key = ready[action.pick % len(ready)]
            self.batch(desk, key, action.count, action.crash, self.now - timedelta(seconds=action.lag))

    def _carry(self, action: Carry) -> None:
        ready = self.carrier.waiting()
        if ready:
            self.carry(ready[action.pick % len(ready)], action.outcome)

    def _status(self, action: Status) -> None:
        if self.carrier.api:
            sms = self.carrier.api[action.pick % len(self.carrier.api)]
            self.status(sms, action.status, failure=action.failure)

    def _sign(self, action: Sign) -> None:
        if self.drafts:
            self.sign(self.drafts[action.pick % len(self.drafts)], granted=action.granted)

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
        elif self.drafts:
            draft = self.drafts[action.pick % len(self.drafts)]
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
        self.note(f"an operator: {act.act} {act.object.id} {act.details or ''}".rstrip())
        event = self.event(CONSOLE, act)
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
        if self.count % 3:
            self.settle_doubt(self.count)
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
        self.note(f"an operator says of a message to {phone}: {acted.act}")
        self.lines.post(phone, self.event("urn:registry", acted), self.now)
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

    def rest(self) -> None:
        """Let every text land, every deadline come and every draft be signed; then check the outcomes."""
        while self.kept_texts:
            self._land(Land(0))
        self._resume_everything()
        for _ in range(LONGEST_REST):
            self.settle()
            coming = self.coming()
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
        return [draft for draft in self.drafts if draft.decision_id in drafts]

    def _spoil(self, action: Spoil) -> None:
        """A record that can't be read, or whose effects are too large to be sent."""
        number = action.pick % self.scenario.people
        data = EntitlementRevoked(iin=IINS[number], record_id="title", record="title")
        self.note(f"a revocation is spoiled: {action.how}")
        if action.how == "large":
            # What the audit log would quote of it is more than a record may hold.
            event = received_event("urn:registry", f"{self.number()}-{_LARGE}", self.now, data)
            self.spoiled.add(event.id)
            self.cases.post(person_id(number), event, self.now)
        else:
            desk: Desk[Any] = self.cases
            key: str = person_id(number)
            if action.pick % 3 == 0:
                desk, key = self.lines, self.scenario.numbers[number % self.scenario.phones]
            good = as_sent(self.event("urn:registry", data), key)
            desk.deliver(key, spoiled(good, action.how), self.now, readable=False)

    def _agreeing(self, phone: str) -> str:
        """What agrees with the question that this number got last."""
        put = next(iter(self.truth.puts.get(phone, ())[-1:]), None)
        if put is None:
            return "1"
        return "5" if put.asked.details.account else _AGREEING[put.asked.kind]
