"""What is told of one made-up case, event by event, as the desks, the carrier and operators would tell it."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from ops.bench.people import Log, somebody
from schemas.base import Event
from schemas.cabinet import Accepted
from schemas.canonical import data_of, digest, text_digest
from schemas.ids import (
    CaseId,
    DecisionId,
    MessageId,
    PersonId,
    PhoneId,
    Pseudonyms,
    RecordKind,
    Sid,
    case_id_of,
    decision_id_of,
    derived_id,
    message_id_of,
    question_id_of,
)
from schemas.messages import (
    MessageAccepted,
    MessageReceived,
    MessageStatusReported,
    MessageToSend,
)
from schemas.outcomes import (
    AdvanceCause,
    BenefitDecided,
    CaseAdvanced,
    DecisionDrafted,
    OrdinaryRoute,
    ProcessEnded,
)
from schemas.questions import Details, NoticeKind, NoticeRequested, QuestionAsked, QuestionKind
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.values import EndReason, Ground, Language, Scheme
from schemas.words import Words
from streams.records import Record
from streams.signing import Signer

_GROUNDS = {"4-2": 30, "4-3": 10, "1-1": 5, "7": 100, "8": 40, "8-1": 15}
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


class CaseEvents:
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
