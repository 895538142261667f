"""Histories of made-up cases as topics would hold them: for the benchmark and tests of the read model.

The records are those of the contract, written by its models; which of them a case has is chosen by a seed.
No law is applied here: a history is plausible, and nobody's decision.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from schemas.base import Event
from schemas.cabinet import Accepted
from schemas.canonical import data_of, digest, text_digest
from schemas.cloudevents import encode, wrap
from schemas.ids import (
    CaseId,
    DecisionId,
    MessageId,
    PersonId,
    PhoneId,
    Pseudonyms,
    QuestionId,
    RecordKind,
    Sid,
    case_id_of,
    decision_id_of,
    derived_id,
    explanation_id_of,
    message_id_of,
    question_id_of,
)
from schemas.messages import (
    MessageAccepted,
    MessageInDoubt,
    MessageReceived,
    MessageStatusReported,
    MessageToSend,
)
from schemas.operators import ActObject, OperatorActed
from schemas.outcomes import (
    AdvanceCause,
    BenefitDecided,
    CaseAdvanced,
    DecisionDrafted,
    DecisionQuestioned,
    OrdinaryRoute,
    ProcessEnded,
)
from schemas.questions import Details, NoticeKind, NoticeRequested, QuestionAsked, QuestionKind
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.values import EndReason, Ground, Language, Scheme, check_iin
from schemas.words import Words
from streams.records import Record
from streams.signing import Signer, load_signer

Plot = Literal[
    "granted",
    "waits",
    "misunderstood",
    "no_reply",
    "declined",
    "unreachable",
    "refused",
    "to_sign",
    "to_hear",
    "queued",
    "awaiting_rules",
    "held",
    "shadow",
    "doubt",
]
"""What becomes of a case."""

PLOTS: tuple[Plot, ...] = get_args(Plot)
_WEIGHTS: Mapping[Plot, int] = {
    "granted": 330,
    "waits": 170,
    "misunderstood": 20,
    "no_reply": 150,
    "declined": 70,
    "unreachable": 130,
    "refused": 30,
    "to_sign": 40,
    "to_hear": 10,
    "queued": 20,
    "awaiting_rules": 10,
    "held": 4,
    "shadow": 13,
    "doubt": 3,
}
_GROUNDS = {"4-2": 30, "4-3": 10, "1-1": 5, "7": 100, "8": 40, "8-1": 15}
_PARTITIONS = 4
_WORDS = Words(kk="мәтін", ru="текст", en="text")
_ROUTE = OrdinaryRoute(
    where=(),
    call=("1414",),
    home_visit=_WORDS,
    representative=_WORDS,
    forms=(),
    category=None,
    documents=None,
    verified=False,
)
_OFFER = "Е-макет: арнаулы мемлекеттік жәрдемақы. Келісемін - 1, бас тартамын - 0.\nДа - 2, нет - 0. *0015"
_LAWFUL = ("R2, R3", "R6", "R7", "R8")


@dataclass(slots=True)
class Log:
    """Where records are put: each into a partition by its key, at the next offset of it."""

    ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    def record(self, topic: str, key: str, event: Event, at: datetime, id_: str, source: str) -> Record:
        """The event as it stands in its topic."""
        partition = sum(key.encode()) % _PARTITIONS
        headers, value = encode(wrap(event, id_=id_, source=source, time=at, extensions={}))
        offset = self.ends[topic, partition]
        self.ends[topic, partition] += 1
        return Record(topic, partition, offset, at, key.encode(), value, headers)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A made-up person: nobody is meant."""

    iin: str
    phone: str
    iban: str


def somebody(number: int) -> Somebody:
    """The person with this number; each IIN is right by its check digit."""
    for birth in range(3):
        eleven = f"{(number * 7919 + birth) % 90 + 10:02d}{number % 12 + 1:02d}{number % 28 + 1:02d}"
        eleven += f"{number % 4 + 3}{number // 4 % 10_000:04d}"
        for check in "0123456789":
            try:
                iin = check_iin(eleven + check)
            except ValueError:
                continue
            return Somebody(iin, f"+7701{number:07d}", _iban(number))
    return somebody(number + 1_000_003)


def _iban(number: int) -> str:
    account = f"125KZT{number:010d}"
    digits = "".join(str(int(sign, 36)) for sign in account + "KZ00")
    return f"KZ{98 - int(digits) % 97:02d}{account}"


class History:
    """One case, told as it goes on."""

    def __init__(self, number: int, log: Log, pseudonyms: Pseudonyms, signer: Signer, at: datetime) -> None:
        self.chance = random.Random(number)  # noqa: S311 - a seed is to give the same again
        self.who = somebody(number)
        self.log, self.signer, self.at = log, signer, at
        self.person: PersonId = pseudonyms.person(self.who.iin)
        self.phone: PhoneId = pseudonyms.phone(self.who.phone)
        (ground,) = self.chance.choices(list(_GROUNDS), list(_GROUNDS.values()))
        self.ground = Ground(ground)
        self.record_id = f"A-{number}"
        record: RecordKind = "award" if self._kind == "title" else "certificate"
        self.case: CaseId = case_id_of(self.person, record, self.record_id)
        self.language: Language | None = None
        self.state, self.step, self.asked = "new", 0, 0
        self.previous: str | None = None
        self.until: datetime | None = None
        self.last: str | None = None

    @property
    def _kind(self) -> Literal["title", "disability"]:
        return "title" if self.ground.startswith("4-") else "disability"

    def later(self, **ago: float) -> None:
        """Time goes on."""
        self.at += timedelta(**ago)

    def entitled(self) -> Iterator[Record]:
        """The registry tells of the entitlement, and a case begins."""
        event: Event
        if self._kind == "title":
            title: Literal["peoples_hero", "hero_of_labour"] = "peoples_hero"
            event = TitleAwarded(
                iin=self.who.iin, title=title, award_id=self.record_id, awarded_on=self.at.date()
            )
        else:
            event = DisabilityEstablished.model_validate(
                {
                    "iin": self.who.iin,
                    "certificate_id": self.record_id,
                    "established_on": self.at.date(),
                    "group": "2",
                    "legal_ground": str(self.ground),
                    "first_time": True,
                }
            )
        id_ = f"event-{self.record_id}"
        yield self.log.record(event.name, self.record_id, event, self.at, id_, "urn:registry")
        yield self.moved("received", cause=(event.name, id_))

    def moved(self, to: str, note: str | None = None, cause: tuple[str, str] | None = None) -> Record:
        """A step of the case."""
        self.step += 1
        step = CaseAdvanced(
            case_id=self.case,
            step=self.step,
            previous=self.previous,
            from_=self.state,
            to=to,
            cause=AdvanceCause(
                type=(cause or ("deadline.elapsed", ""))[0], id=(cause or ("", f"d{self.step}"))[1]
            ),
            rule=self.chance.choice(_LAWFUL),
            note=note,
            ground=self.ground,
            language=self.language,
            until=self.until,
            at=self.at,
        )
        self.state, self.previous = to, digest(data_of(step))
        return self._out(step, f"{self.case}-{self.step}")

    def _out(self, event: Event, id_: str) -> Record:
        return self.log.record(
            event.name, self.person, event, self.at, derived_id(id_, event.name), "urn:jardem:case-desk"
        )

    def _line(self, event: Event, id_: str) -> Record:
        topic = MessageToSend.name if isinstance(event, MessageToSend) else "sms.inbox.v1"
        return self.log.record(
            topic, self.phone, event, self.at, derived_id(id_, event.name), "urn:jardem:case-desk"
        )

    def ask(self, kind: QuestionKind) -> Iterator[Record]:
        """A question is asked, handed over and taken."""
        question = question_id_of(self.case, self.asked)
        self.asked += 1
        name = {"offer": "offer", "one_application": "choice", "account": "account"}[kind]
        self.until = None
        yield self.moved(f"{name}_asked")
        yield self._line(
            QuestionAsked(
                question_id=question,
                case_id=self.case,
                person_id=self.person,
                phone=self.who.phone,
                kind=kind,
                language=self.language,
                details=Details(iin_tail=self.who.iin[-4:]),
            ),
            question,
        )
        yield self.sent(message_id_of(question), _OFFER)

    def sent(self, message: MessageId, text: str) -> Record:
        """A message goes to the carrier."""
        event = MessageToSend(
            phone=self.who.phone, message_id=message, text=text, attempt=1, requested_at=self.at
        )
        return self._line(event, message)

    def taken(self, status: str = "delivered", code: int | None = None) -> Iterator[Record]:
        """The SMS API takes the last question, reports of it, and its term begins."""
        question = question_id_of(self.case, self.asked - 1)
        message, sid = message_id_of(question), Sid(f"SM{self.case}-{self.asked}")
        self.later(seconds=self.chance.randint(1, 30))
        accepted = MessageAccepted(
            phone=self.who.phone, message_id=message, attempt=1, sid=sid, accepted_at=self.at
        )
        yield self._line(accepted, message)
        self.until = self.at + timedelta(days=3)
        yield self.moved(self.state.replace("_asked", "_sent"), cause=("question.sent", question))
        report = MessageStatusReported(
            phone=self.who.phone, sid=sid, status=status, error_code=code, at=self.at
        )
        yield self._line(report, f"{sid}{status}")

    def wrote(
        self, text: str, moved: Mapping[str, Any], event: str = "question.answered"
    ) -> Iterator[Record]:
        """The citizen writes, and the case takes the step that this causes."""
        self.later(minutes=self.chance.randint(1, 2000))
        sid = Sid(f"SM-in-{self.case}-{self.step}")
        received = MessageReceived(phone=self.who.phone, text=text, sid=sid, received_at=self.at)
        record = self._line(received, sid)
        yield record
        cause = derived_id(derived_id("urn:jardem:case-desk", derived_id(sid, received.name)), event, "0")
        yield self.moved(**moved, cause=(event, cause))

    def evidence(self) -> dict[str, Any]:
        """What a decision rests on."""
        question = question_id_of(self.case, 0)
        consent = {
            "at": self.at,
            "question_id": question,
            "message_id": f"SM-in-{self.case}-3",
            "text_version": "1",
            "text_sha256": text_digest(_OFFER),
        }
        asked = {
            "question_id": question,
            "kind": "offer",
            "phone_id": self.phone,
            "language": None,
            "text": _OFFER,
            "sha256": text_digest(_OFFER),
            "text_version": "1",
            "sent_at": self.at,
            "term_ends": self.until,
            "message_id": message_id_of(question),
        }
        return {
            "source": {
                "event": "registry.title-awarded.v1",
                "time": self.at,
                "id": f"event-{self.record_id}",
                "source": "urn:registry",
                "sha256": text_digest(self.record_id),
                "record": self._kind,
                "record_id": self.record_id,
                "record_date": self.at.date(),
            },
            "number": {"phone_id": self.phone, "registered_at": self.at, "event_sha256": None},
            "questions": [asked],
            "answers": [
                {
                    "question_id": question,
                    "meaning": f"consent_{self.language}",
                    "phone_id": self.phone,
                    "text": "1",
                    "sha256": text_digest("1"),
                    "received_at": self.at,
                    "message_id": f"SM-in-{self.case}-3",
                }
            ],
            "consent_to_service": consent,
            "consent_to_data": consent,
            "sender": {"carrier": "twilio", "from": "1414"},
        }

    def decision_id(self) -> DecisionId:
        """The id of the decision that the consent leads to."""
        return decision_id_of(self.person, self.case, Sid("consent"))

    def decision(self, model: type[DecisionDrafted | BenefitDecided], outcome: str) -> Record:
        """A decision, or its draft."""
        refused = outcome == "refused"
        content = {
            "decision_id": self.decision_id(),
            "case_id": self.case,
            "step": self.step + 1,
            "iin": self.who.iin,
            "outcome": outcome,
            "ground": self.ground,
            "refusal_ground": 4 if refused else None,
            "scheme": Scheme.STANDALONE,
            "language": self.language,
            "application_date": self.at.date(),
            "iban": None if refused else self.who.iban,
            "account_source": None if refused else "given",
            "decided_at": self.at,
            "rules_version": "order-225-2021/1",
            "evidence": self.evidence(),
        }
        return self._out(model.model_validate(content), f"{self.case}-{self.step}")

    def accepted(self) -> Record:
        """The document that says that the consent counts."""
        claims = Accepted(
            kind="accepted",
            document_id=derived_id(self.case, "document", "accepted", str(self.step)),
            case_id=self.case,
            step=self.step,
            issued_at=self.at,
            step_sha256=self.previous or "",
            iin=self.who.iin,
            ground=self.ground,
            language=self.language,
            rules_version="order-225-2021/1",
            texts_version="1",
            policies={},
            application_date=self.at.date(),
            scheme=None,
            decision_due=self.at.date() + timedelta(days=12),
            evidence={"answers": [{"message_id": "SM", "meaning": "consent_kk"}]},
        )
        return self._out(self.signer.issue(claims), f"{self.case}-accepted")

    def ended(self, reason: EndReason) -> Iterator[Record]:
        """The case ends, and the person is told."""
        event = ProcessEnded(
            case_id=self.case,
            step=self.step + 1,
            iin=self.who.iin,
            ground=self.ground,
            reason=reason,
            ended_at=self.at,
            scheme=None,
            consented_on=None,
            ordinary_route=_ROUTE,
        )
        self.until = None
        yield self._out(event, f"{self.case}-{self.step}")
        yield self.moved("ended", note=str(reason))
        notice = NoticeRequested(
            notice_id=MessageId(derived_id(self.case, "notice")),
            case_id=self.case,
            person_id=self.person,
            phone=self.who.phone,
            kind=NoticeKind.NO_REPLY,
            language=self.language,
            details=Details(),
        )
        yield self._line(notice, notice.notice_id)

    def consents(self) -> Iterator[Record]:
        """From the offer to the account."""
        yield from self.ask(QuestionKind.OFFER)
        yield from self.taken()
        self.language = self.chance.choice(list(Language))
        self.until = None
        yield from self.wrote(
            "1" if self.language is Language.KAZAKH else "2", {"to": self.state, "note": "accepted"}
        )
        yield self.accepted()
        yield from self.ask(QuestionKind.ACCOUNT)
        yield from self.taken("sent")

    def gives_account(self, to: str) -> Iterator[Record]:
        """The citizen writes the account, and the decision is made or drafted."""
        outcome = "refused" if to in {"refused", "awaiting_hearing"} else "granted"
        drafts = to.startswith("awaiting_")
        self.until = self.at + timedelta(days=self.chance.randint(-2, 12)) if drafts else None
        yield self.decision(DecisionDrafted if drafts else BenefitDecided, outcome)
        yield from self.wrote(self.who.iban, {"to": to})

    def plays(self, plot: Plot) -> Iterator[Record]:
        """All that is told of the case."""
        yield from self.entitled()
        self.later(seconds=self.chance.randint(3, 90_000))
        yield from getattr(self, f"_{plot}")()

    def _granted(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("granted")
        if self.chance.random() < 0.9:  # noqa: PLR2004 - most grants are recorded
            recorded = BenefitRecorded(
                iin=self.who.iin,
                benefit="special_state_benefit",
                status="assigned",
                recorded_on=self.at.date(),
                case_id=self.case,
            )
            yield self.log.record(
                recorded.name, self.person, recorded, self.at, derived_id(self.case, "recorded"), "urn:sc"
            )
        elif self.chance.random() < 0.1:  # noqa: PLR2004 - few are questioned
            learnt = DecisionQuestioned(
                case_id=self.case,
                decision_id=self.decision_id(),
                iin=self.who.iin,
                reason="revoked",
                at=self.at,
            )
            yield self._out(learnt, f"{self.case}-questioned")

    def _waits(self) -> Iterator[Record]:
        yield from self.ask(QuestionKind.OFFER)
        yield from self.taken("sent")

    def _misunderstood(self) -> Iterator[Record]:
        yield from self._waits()
        yield from self.wrote(
            f"мой ИИН {self.who.iin}, звоните {self.who.phone}",
            {"to": "offer_sent", "note": "not_understood"},
            "question.not-understood",
        )
        yield self.sent(explanation_id_of(question_id_of(self.case, 0), "1"), "1 немесе 2")

    def _no_reply(self) -> Iterator[Record]:
        yield from self._waits()
        self.later(days=3)
        reasons = (EndReason.NO_REPLY, EndReason.NO_REPLY, EndReason.NOT_UNDERSTOOD)
        yield from self.ended(self.chance.choice(reasons))

    def _declined(self) -> Iterator[Record]:
        yield from self._waits()
        self.until = None
        yield from self.wrote("0", {"to": "ended", "note": "declined"})

    def _unreachable(self) -> Iterator[Record]:
        reasons = (EndReason.PHONE_NOT_REGISTERED, EndReason.NUMBER_NOT_REACHABLE, EndReason.DECEASED)
        reason = self.chance.choice((*reasons, EndReason.ALREADY_RECEIVING, EndReason.UNDELIVERABLE))
        if reason is EndReason.UNDELIVERABLE:
            yield from self.ask(QuestionKind.OFFER)
            yield from self.taken("undelivered", self.chance.choice((30003, 30005, 30006)))
        yield from self.ended(reason)

    def _refused(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("refused")

    def _to_sign(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("awaiting_signature")

    def _to_hear(self) -> Iterator[Record]:
        yield from self.consents()
        yield from self.gives_account("awaiting_hearing")

    def _queued(self) -> Iterator[Record]:
        yield self.moved("queued", note="queued")

    def _awaiting_rules(self) -> Iterator[Record]:
        yield self.moved("awaiting_rules", note="rules_awaited")

    def _held(self) -> Iterator[Record]:
        act = OperatorActed(
            act="hold",
            object=ActObject(kind="case", id=self.case),
            person_id=self.person,
            reason=f"позвонил с {self.who.phone}, ИИН {self.who.iin}",
            operator="operator-3",
        )
        id_ = derived_id(self.case, "hold")
        yield self.log.record(act.name, self.person, act, self.at, id_, "urn:jardem:console")
        yield self.moved("received", note="held", cause=(act.name, id_))

    def _shadow(self) -> Iterator[Record]:
        yield self.moved("received", note=self.chance.choice(("shadow", "offers_paused", "outside_pilot")))

    def _doubt(self) -> Iterator[Record]:
        yield from self.ask(QuestionKind.OFFER)
        message = message_id_of(QuestionId(question_id_of(self.case, 0)))
        doubt = MessageInDoubt(
            phone=self.who.phone, message_id=message, attempt=1, tried_at=self.at, at=self.at
        )
        yield self._line(doubt, f"{message}-doubt")


NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
"""The present instant of the histories: what is told of them lies in the 120 days before it."""

_SPAN = timedelta(days=120)


def histories(cases: int, pseudonyms: Pseudonyms, log: Log, seed: int = 0) -> Iterator[Record]:
    """So many cases, one after the other, with what became of each by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same seed gives the same again
    signer = load_signer(None, "")
    plots = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=cases)
    waiting = {"waits", "misunderstood", "to_sign", "to_hear"}
    for number, plot in enumerate(plots):
        back = timedelta(days=4) if plot in waiting else _SPAN
        begins = NOW - back * chance.random() - timedelta(hours=40)
        yield from History(seed * 1_000_000 + number, log, pseudonyms, signer, begins).plays(plot)
