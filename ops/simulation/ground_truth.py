"""What truly happened in a scenario, kept apart from the cores, for the invariants to compare with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from ops.simulation.carrier_model import Sms
from ops.simulation.reading import answer_to
from schemas.base import Event
from schemas.emaket import DecisionSigned, HearingRecorded
from schemas.ids import CaseId, DecisionId, MessageId, PersonId, QuestionId, Sid
from schemas.operators import ActObject, OperatorActed
from schemas.portal import PhoneRegistered
from schemas.questions import (
    Decline,
    QuestionAnswered,
    QuestionAsked,
    QuestionKind,
    QuestionNotAnswered,
    QuestionNotReached,
    QuestionSent,
    QuestionSentTime,
)
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import BenefitRecorded
from schemas.values import is_kazakh_mobile


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a citizen wrote.

    `received_at` is when the SMS API had it. `called_at` is when it called us with it, where that was much
    later: for as long as nothing else is known it was received then.
    """

    phone: str
    text: str
    received_at: datetime
    called_at: datetime | None = None

    def told_at(self, instant: datetime) -> bool:
        """Whether a copy of the text told that it was received at this instant."""
        return instant in (self.received_at, self.called_at)

    @property
    def as_called(self) -> "Text":
        """The text as the call told of it."""
        return replace(self, received_at=self.called_at or self.received_at)


@dataclass(frozen=True, slots=True)
class Put:
    """A question that truly left, as the message that bears this sid at the SMS API.

    Between `unsure_from` and `put_at` nobody can tell what a text answers. `told_at` is when the SMS API sent
    it, as it tells that.
    """

    asked: QuestionAsked
    message_id: MessageId
    sid: Sid
    unsure_from: datetime
    put_at: datetime
    told_at: datetime

    def starts(self, *, told: bool) -> datetime:
        """When its term starts: at the acceptance, or at the later sending once that was told."""
        return max(self.put_at, self.told_at) if told else self.put_at


@dataclass(frozen=True, slots=True)
class Tried:
    """A question that was handed to the carrier, as one message, and did not surely come back.

    `at` is when; `requested` is that instant by the desk's clock, which may lag.
    """

    question_id: QuestionId
    requested: datetime
    at: datetime


@dataclass(slots=True)
class Known:
    """What the case desk has read about a person.

    `sent` and `failed` are the messages of questions that it was told to have left, and not to have reached;
    `told` are those whose sent time it was told, with that. `heard` is when there was a hearing on a draft.
    `held` are the cases that an operator holds. `said` are the answers of each case, as the earliest copy has
    each.
    """

    registrations: list[PhoneRegistered] = field(default_factory=list)
    death_at: datetime | None = None
    posthumous_at: dict[str, datetime] = field(default_factory=dict)
    annulled_at: datetime | None = None
    published_at: dict[str, datetime] = field(default_factory=dict)
    revoked_at: dict[str, datetime] = field(default_factory=dict)
    restored_at: dict[str, datetime] = field(default_factory=dict)
    benefit: BenefitRecorded | None = None
    sent: set[MessageId] = field(default_factory=set)
    failed: set[MessageId] = field(default_factory=set)
    told: set[tuple[MessageId | None, datetime]] = field(default_factory=set)
    heard: dict[DecisionId, date] = field(default_factory=dict)
    held: set[CaseId] = field(default_factory=set)
    said: dict[tuple[CaseId, Sid], QuestionAnswered] = field(default_factory=dict)

    def copy(self) -> "Known":
        """The same, whatever is learnt afterwards."""
        return replace(
            self,
            registrations=list(self.registrations),
            posthumous_at=dict(self.posthumous_at),
            published_at=dict(self.published_at),
            revoked_at=dict(self.revoked_at),
            restored_at=dict(self.restored_at),
            sent=set(self.sent),
            failed=set(self.failed),
            told=set(self.told),
            heard=dict(self.heard),
            held=set(self.held),
            said=dict(self.said),
        )

    def learn(self, fact: Event, at: datetime) -> None:  # noqa: C901, PLR0912 - one line for each kind
        """Read a fact that became true at an instant; an older one than known changes nothing."""
        match fact:
            case PhoneRegistered():
                newest = self.registrations[-1] if self.registrations else None
                if newest is None or fact.registered_at >= newest.registered_at:
                    self.registrations.append(fact)
            case DeathRegistered():
                self.death_at = max(self.death_at or at, at)
            case DeathAnnulled():
                self.annulled_at = max(self.annulled_at or at, at)
            case EntitlementRevoked():
                self.revoked_at[fact.record_id] = max(self.revoked_at.get(fact.record_id, at), at)
            case EntitlementRestored():
                self.restored_at[fact.record_id] = max(self.restored_at.get(fact.record_id, at), at)
            case TitleAwarded():
                self.published_at[fact.award_id] = max(self.published_at.get(fact.award_id, at), at)
                if fact.posthumous:
                    self.posthumous_at[fact.award_id] = max(self.posthumous_at.get(fact.award_id, at), at)
            case BenefitRecorded():
                if self.benefit is None or fact.recorded_on >= self.benefit.recorded_on:
                    self.benefit = fact
            case OperatorActed(act="hold", object=ActObject(kind="case", id=case_id)):
                self.held.add(CaseId(case_id))
            case OperatorActed(act="resume", object=ActObject(kind="case", id=case_id)):
                self.held.discard(CaseId(case_id))
            case QuestionAnswered():
                before = self.said.get((fact.case_id, fact.message_id))
                if before is None or fact.received_at < before.received_at:
                    self.said[fact.case_id, fact.message_id] = fact
            case QuestionNotAnswered():
                said = self.said.get((fact.case_id, fact.message_id))
                if said and fact.received_at < said.received_at:
                    self.said[fact.case_id, fact.message_id] = said.with_(received_at=fact.received_at)
            case HearingRecorded():
                self.heard[fact.decision_id] = fact.held_on
            case QuestionSentTime():
                self.told.add((fact.message_id, fact.sent_at))
            case QuestionSent():
                self.sent.add(fact.message_id)
            case QuestionNotReached():
                self.failed.add(fact.message_id)
            case _:
                pass

    @property
    def phone(self) -> str | None:
        """The number to which a message may go."""
        phone = self.registrations[-1].phone if self.registrations else None
        return phone if phone and is_kazakh_mobile(phone) and not self.dead else None

    def registered_at(self, instant: datetime) -> str | None:
        """The number that was the registered one at an instant, as far as is known now."""
        before = [fact.phone for fact in self.registrations if fact.registered_at <= instant]
        return before[-1] if before else None

    def revoked(self, record_id: str) -> bool:
        """Whether a record stands revoked."""
        revoked, restored = self.revoked_at.get(record_id), self.restored_at.get(record_id)
        published = self.published_at.get(record_id)
        if revoked is None or (restored is not None and restored >= revoked):
            return False
        return published is None or published <= revoked

    @property
    def dead(self) -> bool:
        """Whether somebody says of the person that they have died, and nobody took it back later."""
        said = [at for award, at in self.posthumous_at.items() if not self.revoked(award)]
        if self.death_at:
            said.append(self.death_at)
        return any(self.annulled_at is None or at > self.annulled_at for at in said)

    def stands_in_the_way(self, application: date, case_id: str) -> bool:
        """Whether the record is of another application than this case's, made on that day."""
        if not self.receives or self.benefit is None or self.benefit.case_id == case_id:
            return False
        unsaid = self.benefit.status == "applied" and self.benefit.case_id is None
        return not unsaid or self.benefit.recorded_on < application

    @property
    def receives(self) -> bool:
        """Whether the benefit is on record."""
        return self.benefit is not None and self.benefit.status != "ended"


@dataclass(slots=True)
class GroundTruth:
    """Texts by sid, questions by id, what was handed over and what left by number, what is over.

    `landed` are the sids of the texts in the order in which they reached the inbox; `failed` are those of the
    messages of which the SMS API has reported that they did not reach. `withdrawals` are the events by which
    numbers were told of those who are `withdrawn`. `signed` is what officers have signed.
    """

    texts: dict[Sid, Text] = field(default_factory=dict)
    landed: list[Sid] = field(default_factory=list)
    asked: dict[QuestionId, QuestionAsked] = field(default_factory=dict)
    puts: dict[str, list[Put]] = field(default_factory=dict)
    tried: dict[str, dict[MessageId, Tried]] = field(default_factory=dict)
    last_sms: dict[str, Sms] = field(default_factory=dict)
    failed: dict[Sid, datetime] = field(default_factory=dict)
    over: set[QuestionId] = field(default_factory=set)
    withdrawn: set[tuple[str, PersonId]] = field(default_factory=set)
    withdrawals: set[tuple[str, str]] = field(default_factory=set)
    people: dict[PersonId, Known] = field(default_factory=dict)
    signed: list[DecisionSigned] = field(default_factory=list)
    _sendings: dict[QuestionId, list[Put]] = field(default_factory=dict)

    def memory(self, key: str) -> Callable[[], None]:
        """What restores what a desk has read by now: a worker that dies forgets what it did not write."""
        person_id = PersonId(key)  # that of a line is nobody's
        known, over, withdrawn = self.people.get(person_id), set(self.over), set(self.withdrawn)
        known, withdrawals = known.copy() if known else None, set(self.withdrawals)

        def restore() -> None:
            if known is None:
                self.people.pop(person_id, None)
            else:
                self.people[person_id] = known
            self.over, self.withdrawn, self.withdrawals = over, withdrawn, withdrawals

        return restore

    def known(self, person_id: PersonId) -> Known:
        """What is known of a person."""
        return self.people.setdefault(person_id, Known())

    def called(self, sid: Sid, at: datetime) -> None:
        """The SMS API calls us with a text, late."""
        self.texts[sid] = replace(self.texts[sid], called_at=at)

    def left(self, put: Put) -> None:
        """A question has left."""
        self.puts.setdefault(put.asked.phone, []).append(put)
        self._sendings.setdefault(put.asked.question_id, []).append(put)

    def sendings(self, question_id: QuestionId) -> Sequence[Put]:
        """Each time that a question left: more than once only where it did not reach."""
        return self._sendings.get(question_id, ())

    def put(self, question_id: QuestionId) -> Put | None:
        """How a question left first, if it did."""
        sendings = self.sendings(question_id)
        return sendings[0] if sendings else None

    def unsure(self, text: Text) -> bool:
        """Whether the text may have been read as the answer to another question than it is.

        It may have been taken for the answer to what was put before the call.
        """
        return self.untold(text) or self.meant(text.as_called) is not self.meant(text)

    def untold(self, text: Text) -> bool:
        """Whether the text came while a question was leaving, or after one that was handed over and given up.

        A line does not know whether that one left, so no later text answers what was put before it.
        """
        leaving = [
            put for put in self.puts.get(text.phone, ()) if put.unsure_from <= text.received_at <= put.put_at
        ]
        if any(put is self.put(put.asked.question_id) for put in leaving):
            return True
        meant = self.meant(text)
        if meant and self._passed_over(meant, text):
            return True
        return any(
            tried.requested <= text.received_at and (meant is None or meant.put_at <= tried.at)
            for tried in self.tried.get(text.phone, {}).values()
            if self.put(tried.question_id) is None
        )

    def _passed_over(self, put: Put, text: Text) -> bool:
        """Whether it was told that the question did not reach, and somebody else was asked before it."""
        failed_at = self.failed.get(put.sid)
        others = [each for each in self.puts[text.phone] if each.asked.case_id != put.asked.case_id]
        before = any(each.put_at <= put.put_at for each in others)
        return failed_at is not None and failed_at <= text.received_at and before

    def meant(self, text: Text) -> Put | None:
        """The question that the text answers: the one that left last before it."""
        before = [put for put in self.puts.get(text.phone, ()) if put.put_at <= text.received_at]
        return before[-1] if before else None

    def after_a_no(self, text: Text) -> CaseId | None:
        """The case whose question was refused last before the text, if none was put in between.

        Its offer may be taken up again by that text. A "no" that reached the inbox after it takes back
        nothing.
        """
        meant = self.meant(text)
        if meant is None or meant.asked.kind is QuestionKind.OFFER:
            return None
        for sid in self.landed:
            known = self.texts[sid]
            if known is text:
                return None
            before = known.phone == text.phone and known.received_at <= text.received_at
            refused = before and self.meant(known) == meant and not self.unsure(known)
            if refused and isinstance(answer_to(meant.asked, known.text), Decline):
                return meant.asked.case_id
        return None
