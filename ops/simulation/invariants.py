"""The promises, checked at each step against what truly happened."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from ops.simulation.carrier_model import STALE, Sms
from ops.simulation.desk_model import Application, Told
from ops.simulation.ground_truth import GroundTruth, Known, Put, Tried
from ops.simulation.promises import BrokenPromiseError, demand
from ops.simulation.public_record import PublicRecord
from ops.simulation.reading import says_stop
from ops.simulation.scenario import HOURS, Scenario
from ops.simulation.service_truth import ServiceTruth
from rules.person import Case, Person
from rules.policy import DecisionMode
from rules.service import Service
from rules.states import DRAFTED, State
from rules.terms import is_working_day, term_end
from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.ids import CaseId, MessageId, QuestionId, Sid, explanation_id_of, message_id_of
from schemas.messages import (
    MessageDeferred,
    MessageRejected,
    MessageToSend,
    SentTimeWanted,
)
from schemas.outcomes import BenefitDecided, CaseAdvanced, Decision, DecisionDrafted, ProcessEnded
from schemas.questions import (
    Consent,
    Decline,
    NoticeKind,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
    QuestionNotAnswered,
    QuestionNotReached,
    QuestionSent,
    QuestionSentTime,
)
from schemas.received import ReceivedEvent
from schemas.times import ALMATY
from schemas.values import EndReason
from sms.conversation.hours import next_morning
from sms.conversation.line import Line
from sms.reading.answers import read_offer

_JUST = timedelta(minutes=30)
_ORDERED = timedelta(seconds=3)
_EXPLANATIONS = 3
_GROUND_4 = 4
_NOTICE = 3
_BEFORE_OFFER = frozenset({State.RECEIVED, State.QUEUED, State.AWAITING_RULES, State.ENDED})
_ORDER = "order-225-2021/1"
_IN_FORCE, _REPEALED = date(2021, 7, 20), date(2023, 7, 1)


class Invariants:
    """Watches both desks and the carrier. Keeps what has to be compared later."""

    def __init__(self, truth: GroundTruth, scenario: Scenario) -> None:
        self.truth = truth
        self.scenario = scenario
        self.public = PublicRecord(scenario.mode, truth)
        self.outcomes: dict[CaseId, dict[str, BenefitDecided | ProcessEnded]] = {}
        self.steps: dict[CaseId, dict[int, CaseAdvanced]] = {}
        self._subjects: dict[tuple[object, ...], str] = {}
        self._ids: dict[str, tuple[object, ...]] = {}
        self._questions: dict[MessageId, QuestionAsked] = {}
        self._consents: dict[Sid, CaseId] = {}
        self._sent: set[MessageId] = set()
        self._explained: dict[QuestionId, set[MessageId]] = {}
        self._acts = ServiceTruth()

    # The case desk.

    def served(self, done: Application[Service]) -> None:
        """An act on the whole service was applied in a partition."""
        demand(not done.effects, "what is said of the service tells nothing of anybody")
        self._acts.learn(done.key, done.record)

    def case(self, done: Application[Person]) -> None:
        """The case desk applied an event."""
        known = self.truth.known(done.after.person_id)
        known.learn(done.record.data, done.record.time)
        for effect in done.effects:
            self._once(effect)
            match effect.data:
                case QuestionAsked() as asked:
                    self._offered(done, asked, known)
                    demand(asked.phone == known.phone, "a question goes to the registered number only")
                    self.truth.asked[asked.question_id] = asked
                    self._questions[message_id_of(asked.question_id)] = asked
                case NoticeRequested() as notice:
                    demand(notice.phone == known.phone, "a notice goes to the registered number only")
                case CaseAdvanced() as step:
                    before = self.steps.setdefault(step.case_id, {}).setdefault(step.step, step)
                    demand(before == step, "a step that is told again is told alike")
                case DecisionDrafted() as draft:
                    demand(draft.case_id not in known.held, "nothing is drafted while a case is held")
                    self._consented(draft, known)
                    self._undenied(done.after.cases[draft.case_id], known)
                    self._rests(draft, known)
                case BenefitDecided() as decision:
                    self._decided(done, decision, known)
                    self.outcomes.setdefault(decision.case_id, {})[effect.id] = decision
                case ProcessEnded() as ended:
                    demand(ended.ordinary_route.where, "every ending tells the ordinary route")
                    self.outcomes.setdefault(ended.case_id, {})[effect.id] = ended
                case _:
                    pass
        binding = [case for case in done.after.cases.values() if _binds(case)]
        demand(len(binding) <= 1, "at most one case of a person is consented to or granted")
        waiting = [case for case in done.after.cases.values() if case.state is State.QUEUED]
        demand(all(case.consent is None for case in waiting), "who waits is not consented to")
        match done.record.data:
            case QuestionAnswered() as report:
                self._answered(done, report, known)
            case QuestionSentTime() as told:
                self._sent_time(done, told, known)
            case _:
                pass

    def _once(self, effect: Told) -> None:
        """Whatever is told twice is told under the same id, and an id tells one thing."""
        subject = _subject(effect.data)
        if subject is None:
            return
        known = self._subjects.setdefault(subject, effect.id)
        demand(known == effect.id, "what is sent again has the same id", effect.name)
        demand(self._ids.setdefault(effect.id, subject) == subject, "an id tells one thing", effect.name)

    def _decided(self, done: Application[Person], decision: BenefitDecided, known: Known) -> None:
        case = done.before.cases[decision.case_id]
        self._consented(decision, known)
        self._undenied(case, known)
        demand(not known.dead, "no decision after a death")
        self._ruled(decision)
        demand(not known.revoked(case.record_id), "no decision after a revocation")
        signed = isinstance(done.record.data, DecisionSigned)
        if decision.outcome == "granted":
            stands = known.stands_in_the_way(decision.application_date, case.case_id)
            demand(not stands, "no grant where the benefit is on record")
            own = known.benefit is not None and known.benefit.case_id == case.case_id
            demand(signed or own or not known.receives, "an officer looks at an application that may be ours")
            demand(decision.iban, "no grant without an account")
        else:
            demand(signed or decision.refusal_ground == _GROUND_4, "the rules refuse on ground 4 only")
            demand(decision.iban is None, "a refusal names no account")
        if signed:
            demand(decision.officer, "what was signed names the officer")
            if decision.outcome == "refused":
                self._heard(decision, known)
        else:
            demand(self.scenario.mode is DecisionMode.AUTO, "an officer decides in officer mode")
            demand(decision.case_id not in known.held, "nothing is decided while a case is held")
            self._rests(decision, known)

    def _offered(self, done: Application[Person], asked: QuestionAsked, known: Known) -> None:
        if asked.kind is QuestionKind.OFFER:
            before = done.before.cases.get(asked.case_id)
            if before is None or before.state in _BEFORE_OFFER:
                ground = done.after.cases[asked.case_id].ground
                stops = self._acts.stops(done.key, done.record, done.after.person_id, ground)
                demand(not stops, "nothing is offered while operators have stopped that", stops)
                demand(asked.case_id not in known.held, "nothing is offered while a case is held")
            at = done.record.appended_at or done.record.time
            demand(self._in_force(at), "nothing is offered while no rules are in force")

    def _in_force(self, instant: datetime) -> bool:
        """Whether rules count at this instant (R20, R21)."""
        day = instant.astimezone(ALMATY).date()
        return day >= _IN_FORCE and (day < _REPEALED or not self.scenario.strict)

    def _ruled(self, decision: Decision) -> None:
        """The rules of the application date decide, and the decision names them."""
        day = decision.application_date
        named = _ORDER if day < _REPEALED else f"{_ORDER}+repealed"
        lawful = day >= _IN_FORCE and (day < _REPEALED or not self.scenario.strict)
        demand(lawful and decision.rules_version == named, "the rules of the application date decide")

    def _heard(self, decision: BenefitDecided, known: Known) -> None:
        """Nobody is refused unheard: they were told of it, and three working days lay between (R30)."""
        held_on = known.heard.get(decision.decision_id)
        demand(held_on, "no refusal is signed without a hearing")
        steps = self.steps[decision.case_id].values()
        told = [step for step in steps if _intends(step)]
        # Of another draft, which is void, nobody was told by what was said of the one before.
        anew = told and any(step.note == "drafted_again" and step.step > told[-1].step for step in steps)
        if told and held_on and not anew:
            day = told[-1].at.astimezone(ALMATY).date()
            between = [day + timedelta(days=n) for n in range(1, (held_on - day).days)]
            worked = sum(map(is_working_day, between))
            demand(worked >= _NOTICE, "a hearing is told of three working days before")

    def _consented(self, decision: Decision, known: Known) -> None:
        """A decision, made or drafted, uses a consent that came from the person's own number of then."""
        text = self.truth.texts.get(decision.evidence.consent_to_service.message_id)
        demand(text, "no decision without a consent that somebody wrote")
        read = read_offer(text.text) if text else None
        demand(isinstance(read, Consent), "no decision without a consent")
        case = self._consents.setdefault(decision.evidence.consent_to_service.message_id, decision.case_id)
        demand(case == decision.case_id, "one text consents to one application")
        at = decision.evidence.consent_to_service.at
        demand(text and text.told_at(at), "a consent was received when a copy of it says so")
        own = text is not None and known.registered_at(at) == text.phone
        demand(own, "no consent is used from a number that was not the registered one")

    def _undenied(self, case: Case, known: Known) -> None:
        """Of all the "yes" and "no" that the case was told of, the one that was received last is a "yes".

        What was received within a few seconds is in no order: the SMS API's list has whole ones, and calls
        take a while.
        """
        asked = {question.question_id: question for question in case.questions}
        said = [
            each
            for (case_id, _), each in known.said.items()
            if case_id == case.case_id and isinstance(each.answer, Consent | Decline)
            if each.question_id in asked and asked[each.question_id].open_at(each.received_at)
        ]
        last = max(said, key=lambda each: each.received_at)
        agreed = max(each.received_at for each in said if isinstance(each.answer, Consent))
        undenied = isinstance(last.answer, Consent) or last.received_at - agreed < _ORDERED
        demand(undenied, "no decision against the last word")

    def _rests(self, decision: Decision, known: Known) -> None:
        """A decision's evidence says what is known of the offer when it is made, or drafted."""
        message_id = decision.evidence.questions[0].message_id
        sendings = self.truth.sendings(self._questions[message_id].question_id)
        starts = {_starts(put, known) for put in sendings if put.message_id == message_id}
        demand(decision.evidence.questions[0].sent_at in starts, "the evidence tells when the offer was sent")

    def _answered(self, done: Application[Person], report: QuestionAnswered, known: Known) -> None:
        if not self._counts(done, report.case_id):
            return
        consent = done.after.cases[report.case_id].consent
        if consent and consent != done.before.cases[report.case_id].consent:
            # It may be one that this text undid, before it turned out to have been received earlier.
            report = known.said[report.case_id, consent.message_id]
        elif consent is None and isinstance(report.answer, Consent):
            # A "no" turned out to be behind it, which was looked at when it came.
            return
        text = self.truth.texts[report.message_id]
        demand(self.truth.put(report.question_id), "no answer counts for a question that never left")
        ends = self.ends(report.question_id, known)
        # What waits for an officer, or for rules, can be taken back whatever term is over.
        answered = done.before.cases[report.case_id]
        waits = answered.withheld or answered.state in DRAFTED | {State.AWAITING_RULES}
        voids = waits and isinstance(report.answer, Decline)
        demand(voids or ends is None or report.received_at < ends, "a late answer never counts")
        own = known.registered_at(report.received_at) == text.phone
        demand(own, "an answer counts from the registered number only")

    def _counts(self, done: Application[Person], case_id: CaseId) -> bool:
        """Whether an answer counted for its case; nothing else may have happened to another."""
        before, after = done.before.cases, done.after.cases
        for each, case in before.items():
            states = {case.state, after[each].state}
            waits = bool(states & {State.QUEUED, State.AWAITING_RULES})
            waits = waits or after[each].reason is EndReason.ANOTHER_GROUND or case.withheld is not None
            same = each == case_id or after[each] == case or waits
            demand(same, "an answer moves no other case")
        return case_id in before and _learnt(before[case_id]) != _learnt(after[case_id])

    def ends(self, question_id: QuestionId, known: Known) -> datetime | None:
        """When a question's term ends, as far as the case can know; None where a sending failed."""
        sent = [put for put in self.truth.sendings(question_id) if put.message_id in known.sent]
        if not sent or any(put.message_id in known.failed for put in sent):
            return None
        return term_end(_starts(sent[-1], known), self.scenario.term)

    def _sent_time(self, done: Application[Person], told: QuestionSentTime, known: Known) -> None:
        sendings = self.truth.sendings(told.question_id)
        demand(sendings, "no sent time of a question that never left")
        demand(told.sent_at in {put.told_at for put in sendings}, "a sent time is the SMS API's own")
        if self._counts(done, told.case_id):
            ends = self.ends(told.question_id, known)
            timely = [
                text
                for text in self.truth.texts.values()
                if text.phone == sendings[0].asked.phone == known.registered_at(text.received_at)
                and (ends is None or text.received_at < ends)
            ]
            demand(timely, "a late answer never counts")

    # The SMS desk.

    def line(self, done: Application[Line]) -> None:
        """The SMS desk applied an event."""
        self._over(done.key, done.record)
        for effect in done.effects:
            self._once(effect)
        demand(sum(1 for message in done.after.messages if message.handed_at) <= 1, "one message at a time")
        for effect in done.effects:
            match effect.data:
                case MessageToSend() as message:
                    self._handed(done, message)
                case QuestionAnswered() as report:
                    self._attributed(report)
                case QuestionNotAnswered() as report:
                    self._unattributed(report)
                case _:
                    pass

    def _over(self, phone: str, record: ReceivedEvent) -> None:
        """Note which questions and people this line has been told to be done with."""
        data = record.data
        asked = [question for question in self.truth.asked.values() if question.phone == phone]
        match data:
            case QuestionClosed():
                self.truth.over.add(data.question_id)
            case PersonWithdrawn() if (phone, record.id) not in self.truth.withdrawals:
                self.truth.withdrawals.add((phone, record.id))
                self.truth.withdrawn.add((phone, data.person_id))
                self.truth.over |= {q.question_id for q in asked if q.person_id == data.person_id}
            case QuestionAsked():
                self.truth.withdrawn.discard((phone, data.person_id))
                others = {q.question_id for q in asked if q.case_id == data.case_id}
                self.truth.over |= others - {data.question_id}
            case NoticeRequested():
                self.truth.withdrawn.discard((phone, data.person_id))
            case _:
                pass

    def _handed(self, done: Application[Line], sent: MessageToSend) -> None:
        message = done.after.message(sent.message_id)
        if message is None:
            raise BrokenPromiseError("what is handed over is known")
        demand(sent.phone == done.key, "a line sends to its own number")
        gone = (done.key, message.person_id) in self.truth.withdrawn
        demand(not gone, "no SMS for somebody who died or left the number")
        question_id = message.question_id
        if message.asks and question_id:
            asked = self._questions.setdefault(sent.message_id, self.truth.asked[question_id])
            if asked.kind is QuestionKind.OFFER:
                self._stopped(done.after, sent)
            for put in self.truth.puts.get(done.key, ()):
                other = put.asked.question_id
                demand(other == question_id or other in self.truth.over, "one open question per number")
        elif message.notice is None and question_id and not message.resent:
            explained = self._explained.setdefault(question_id, set())
            explained.add(message.message_id)
            # One more, uncounted, for an answer of an earlier question.
            explained.discard(explanation_id_of(question_id, "echo"))
            demand(len(explained) <= _EXPLANATIONS, "at most three explanations per question")

    def _stopped(self, line: Line, offer: MessageToSend) -> None:
        """No offer between a STOP that was read and the next day's morning."""
        unread = {text.sid for text in line.held_texts}
        for sid in set(line.heard) - unread:
            text = self.truth.texts[sid]
            stops = text.phone == offer.phone and says_stop(text.text)
            until = next_morning(text.received_at)
            kept = not stops or not text.received_at <= offer.requested_at < until
            demand(kept, "after a STOP nobody is offered anything before the next morning")

    def _attributed(self, report: QuestionAnswered) -> None:
        text = self.truth.texts[report.message_id]
        demand(text.told_at(report.received_at), "an answer was received when a copy of it says so")
        text = replace(text, received_at=report.received_at)
        meant = self.truth.meant(text)
        if not self.truth.unsure(text):
            right = meant is not None and meant.asked.case_id == report.case_id
            demand(right, "a text answers the question that left last before it, or the no before that")

    def _unattributed(self, report: QuestionNotAnswered) -> None:
        text = self.truth.texts[report.message_id]
        demand(text.told_at(report.received_at), "a text was received when a copy of it says so")
        text = replace(text, received_at=report.received_at)
        meant = self.truth.meant(text)
        own = meant is not None and meant.asked.question_id == report.question_id
        demand(
            not own or self.truth.untold(text), "what is no answer came when another question was the last"
        )

    # The carrier.

    def handed(self, message: MessageToSend, at: datetime) -> None:
        """A message is in the carrier's hands."""
        asked = self._questions.get(message.message_id)
        if asked:
            tried = self.truth.tried.setdefault(message.phone, {})
            known = tried.get(message.message_id)
            # A worker whose clock lags may hand over once more what another has: the doubt begins with the
            # earlier of the two stamps, whichever of them came first.
            requested = min(known.requested, message.requested_at) if known else message.requested_at
            tried[message.message_id] = Tried(asked.question_id, requested, known.at if known else at)

    def reported(self, report: Event) -> None:
        """The carrier reports. What it refused, and what it gave back without a doubt, has not left."""
        match report:
            case MessageRejected() | MessageDeferred(may_have_left=False):
                self.truth.tried.get(report.phone, {}).pop(report.message_id, None)
            case _:
                pass

    def taken(self, sms: Sms) -> None:
        """The SMS API took a message: it is on its way and can't be called back."""
        message = sms.message
        demand(message.message_id not in self._sent, "no SMS twice")
        self._sent.add(message.message_id)
        self.truth.last_sms[message.phone] = sms
        asked = self._questions.get(message.message_id)
        if asked:
            before = self.truth.sendings(asked.question_id)
            failed = all(put.sid in self.truth.failed for put in before)
            demand(failed, "what has reached is not sent again")
            tried = self.truth.tried.get(message.phone, {}).get(message.message_id)
            unsure_from = min(sms.requested, tried.requested) if tried else sms.requested
            self.truth.left(Put(asked, message.message_id, sms.sid, unsure_from, sms.at, sms.told_at))
        if self.scenario.quiet:
            self._quiet(sms)

    def _quiet(self, sms: Sms) -> None:
        if HOURS.next_opening(sms.at) == sms.at or HOURS.next_opening(sms.at - STALE) == sms.at - STALE:
            return
        written = [text for text in self.truth.texts.values() if text.phone == sms.message.phone]
        just = [text for text in written if text.as_called.received_at >= sms.at - _JUST - STALE]
        at = f"{sms.at.astimezone(ALMATY):%H:%M}"
        demand(just, "in quiet hours only answers go out", at)


def _binds(case: Case) -> bool:
    ended = case.state in (State.ENDED, State.REFUSED, State.QUEUED)
    return case.state is State.GRANTED or (case.consent is not None and not ended)


def _starts(put: Put, known: Known) -> datetime:
    return put.starts(told=(put.message_id, put.told_at) in known.told)


def _learnt(case: Case) -> tuple[object, ...]:
    return case.consent and case.consent.message_id, case.scheme, case.account


def _subject(data: Event) -> tuple[object, ...] | None:
    return _case_subject(data) or _line_subject(data)


def _case_subject(data: Event) -> tuple[object, ...] | None:  # noqa: PLR0911 - one line for each kind
    match data:
        case QuestionAsked():
            return "asked", data.question_id
        case NoticeRequested(kind=NoticeKind.ANSWERED_LATE):
            return "late", data.notice_id
        case NoticeRequested(kind=NoticeKind.REMINDER):
            # A term that is moved to another day is reminded of once more.
            return "reminder", data.question_id, data.details.until
        case NoticeRequested():
            return "notice", data.notice_id
        case BenefitDecided():
            return "decided", data.case_id
        case CaseAdvanced():
            return "step", data.case_id, data.step
        case _:
            return None


def _line_subject(data: Event) -> tuple[object, ...] | None:
    """What a line tells. A message is known to the carrier by its own id and attempt, not by the event's."""
    match data:
        case SentTimeWanted():
            return "inquiry", data.sid, data.attempt
        case QuestionAnswered():
            # A text that turns out to have come earlier is told anew.
            return "answer", data.message_id, data.received_at
        case QuestionNotAnswered():
            return "no answer", data.message_id, data.received_at
        case QuestionSent():
            return "sent", data.message_id
        case QuestionNotReached():
            return "not reached", data.message_id
        case _:
            return None


def _intends(step: CaseAdvanced) -> bool:
    """Whether the person is told by this step that a refusal is intended."""
    return step.to == State.AWAITING_HEARING and step.from_ != step.to
