"""What the case desk signs for the cabinet verifies, and what officers sign is verified before it counts."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agents.desks import case_desk
from agents.documents import Documents
from agents.event_desk import EventDesk
from rules.issuing import Issued
from rules.person import Person
from rules.policy import DecisionMode, Policy
from schemas.base import Event
from schemas.cabinet import Accepted, CabinetNotified, Claims, Decided, Ended, HearingNotice
from schemas.cabinet import TermExtended as TermExtendedDocument
from schemas.canonical import data_of
from schemas.cloudevents import encode, wrap
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.ids import MessageId, Pseudonyms, Sid
from schemas.outcomes import BenefitDecided, DecisionDrafted
from schemas.portal import PhoneRegistered
from schemas.questions import AccountGiven, Answer, Consent, Decline, QuestionAnswered, QuestionSent
from schemas.registry import TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.values import Language
from streams.dead_letters import UnreadableRecordError
from streams.key_set import DEMO_KEYS
from streams.officer_signatures import OfficerSignatures, decision_bytes, load_officers, signed_bytes
from streams.records import Outgoing, Record
from streams.signing import load_signer, verify_document
from tests.officers import OFFICER, jwk, jws

IIN, PHONE, IBAN = "850101300015", "+77011234567", "KZ86125KZT5004100100"
NOW = datetime(2021, 7, 22, 5, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"key")
PERSON = PSEUDONYMS.person(IIN)
ISSUED = Issued("1", {"term_policy": "exclusive_roll"})


class Bench:
    """The case desk with its documents, and one person."""

    def __init__(self, mode: DecisionMode, officers: OfficerSignatures) -> None:
        signing = Documents(load_signer(None, ""), officers, ISSUED)
        policy = Policy(decision_mode=mode)
        self.desk: EventDesk[Person] = case_desk(policy, PSEUDONYMS, documents=signing).desk
        self.person = self.desk.empty(PERSON.encode())
        self.now = NOW
        self.sent: list[Outgoing] = []

    def reads(self, *events: Event) -> list[Outgoing]:
        sent: list[Outgoing] = []
        for event in events:
            self.now += timedelta(seconds=1)
            id_ = str(self.now.timestamp())
            headers, value = encode(wrap(event, id_=id_, source="test", time=self.now, extensions={}))
            record = Record(self.desk.inbox, 0, 0, self.now, PERSON.encode(), value, headers)
            _, received = self.desk.read(record)
            self.person, effects = self.desk.apply(self.person, received, self.now + timedelta(seconds=9))
            sent += effects
        self.sent += sent
        return sent

    def answers(self, answer: Answer) -> list[Outgoing]:
        """The open question is sent and answered so."""
        [case] = self.person.cases.values()
        question = case.questions[-1]
        names = {
            "question_id": question.question_id,
            "case_id": case.case_id,
            "person_id": self.person.person_id,
        }
        sent = QuestionSent(**names, message_id=MessageId("m"), text="the text", sent_at=self.now)  # type: ignore[arg-type]
        self.reads(sent)
        return self.reads(
            QuestionAnswered(
                **names,  # type: ignore[arg-type]
                answer=answer,
                text="as written",
                message_id=Sid(f"IN{len(self.sent)}"),
                received_at=self.now,
            )
        )

    def offered(self) -> "Bench":
        self.reads(
            PhoneRegistered(iin=IIN, phone=PHONE, registered_at=NOW),
            TitleAwarded(iin=IIN, title="peoples_hero", award_id="A", awarded_on=date(2021, 7, 20)),
        )
        return self


def of(kind: type[Event], sent: list[Outgoing]) -> list[Event]:
    return [
        kind.model_validate_json(outgoing.value or b"")
        for outgoing in sent
        if dict(outgoing.headers)["ce_type"].decode() == f"kz.jardem.{kind.name}"
    ]


@pytest.fixture
def nobody() -> OfficerSignatures:
    return OfficerSignatures()


@pytest.fixture
def officers(tmp_path_factory: pytest.TempPathFactory) -> OfficerSignatures:
    file = tmp_path_factory.mktemp("officers") / "keys.json"
    file.write_text(json.dumps({"keys": [jwk("ES256")]}))
    return load_officers(file, None)


def test_a_grant_is_told_to_the_cabinet_by_a_document_that_verifies(nobody: OfficerSignatures) -> None:
    bench = Bench(DecisionMode.AUTO, nobody).offered()
    bench.answers(Consent(language=Language.KAZAKH))
    sent = bench.answers(AccountGiven(iban=IBAN))
    [decision], [notified] = of(BenefitDecided, sent), of(CabinetNotified, sent)
    assert isinstance(notified, CabinetNotified)
    assert isinstance(decision, BenefitDecided)
    found = verify_document(notified.document, DEMO_KEYS)
    assert isinstance(found.claims, Decided)
    assert found.claims.decision == data_of(decision)
    assert (found.claims.step, found.claims.issued_at) == (decision.step, decision.decided_at)
    [case] = bench.person.cases.values()
    assert found.claims.step_sha256 == case.log_sha256
    assert (notified.kind, notified.iin, found.claims.demo) == ("decided", IIN, True)


def test_an_ending_is_told_too_and_the_same_event_again_makes_the_same_document(
    nobody: OfficerSignatures,
) -> None:
    first, second = (Bench(DecisionMode.AUTO, nobody).offered() for _ in range(2))
    sent = [bench.answers(Decline()) for bench in (first, second)]
    assert sent[0] == sent[1]
    [notified] = of(CabinetNotified, sent[0])
    assert isinstance(notified, CabinetNotified)
    claims = verify_document(notified.document, DEMO_KEYS).claims
    assert isinstance(claims, Ended)
    assert claims.ending["reason"] == "declined"


def told_documents(sent: list[Outgoing]) -> list[Claims]:
    notified = of(CabinetNotified, sent)
    tokens = [each.document for each in notified if isinstance(each, CabinetNotified)]
    return [verify_document(token, DEMO_KEYS).claims for token in tokens]


def test_a_consent_that_counts_is_accepted_with_its_day_its_term_and_its_evidence(
    nobody: OfficerSignatures,
) -> None:
    bench = Bench(DecisionMode.AUTO, nobody).offered()
    [accepted] = told_documents(bench.answers(Consent(language=Language.RUSSIAN)))
    assert isinstance(accepted, Accepted)
    assert (accepted.application_date, accepted.decision_due) == (date(2021, 7, 22), date(2021, 8, 3))
    assert (accepted.language, accepted.rules_version) == ("ru", "order-225-2021/1")
    evidence: Any = accepted.evidence
    assert evidence["consent_to_data"] == evidence["consent_to_service"]
    [question], [answer] = evidence["questions"], evidence["answers"]
    assert (question["text"], answer["text"], answer["meaning"]) == ("the text", "as written", "consent_ru")
    assert question["phone_id"] == answer["phone_id"] == PSEUDONYMS.phone(PHONE)


def test_an_ending_tells_what_was_asked_and_nothing_where_nothing_was(nobody: OfficerSignatures) -> None:
    bench = Bench(DecisionMode.AUTO, nobody).offered()
    [ended] = told_documents(bench.answers(Decline()))
    assert isinstance(ended, Ended)
    evidence: Any = ended.evidence
    assert [question["text"] for question in evidence["questions"]] == ["the text"]
    assert (evidence["answers"], evidence["consent_to_data"]) == ([], None)
    unasked = Bench(DecisionMode.AUTO, nobody)
    title = TitleAwarded(iin=IIN, title="peoples_hero", award_id="A", awarded_on=date(2021, 7, 20))
    [ended] = told_documents(unasked.reads(title))
    assert isinstance(ended, Ended)
    assert (ended.ending["reason"], ended.evidence) == ("phone_not_registered", None)


def test_a_hearing_and_an_extension_are_told_by_documents_and_stand_in_the_decision(
    nobody: OfficerSignatures,
) -> None:
    bench = Bench(DecisionMode.OFFICER, nobody).offered()
    bench.answers(Consent(language=Language.KAZAKH))
    record = BenefitRecorded(
        iin=IIN, benefit="special_state_benefit", status="paid", recorded_on=date(2021, 7, 1)
    )
    sent = bench.reads(record)
    [draft] = of(DecisionDrafted, sent)
    assert isinstance(draft, DecisionDrafted)
    [hearing] = told_documents(sent)
    assert isinstance(hearing, HearingNotice)
    assert (hearing.decision_id, hearing.refusal_ground) == (draft.decision_id, 4)
    assert (hearing.not_before, hearing.until) == (date(2021, 7, 28), datetime(2021, 7, 27, 18, tzinfo=UTC))
    extension = TermExtended(
        decision_id=draft.decision_id, until=date(2021, 8, 20), reason="a record is checked", officer="o"
    )
    [extended] = told_documents(bench.reads(extension))
    assert isinstance(extended, TermExtendedDocument)
    assert (extended.until, extended.reason) == (date(2021, 8, 20), "a record is checked")
    bench.now += timedelta(days=6)
    heard = {"decision_id": draft.decision_id, "held_on": "2021-07-28", "objection": True, "officer": "o"}
    bench.reads(HearingRecorded.model_validate(heard))
    refusal = {
        "decision_id": draft.decision_id,
        "outcome": "refused",
        "refusal_ground": 4,
        "officer": "o",
        "signed_at": bench.now,
    }
    [decided] = told_documents(bench.reads(DecisionSigned.model_validate(refusal)))
    assert isinstance(decided, Decided)
    assert decided.hearing is not None
    assert (decided.hearing.told_at, decided.hearing.objection) == (hearing.told_at, True)
    assert decided.appeal is not None


def drafted(officers: OfficerSignatures) -> tuple[Bench, DecisionDrafted]:
    bench = Bench(DecisionMode.OFFICER, officers).offered()
    bench.answers(Consent(language=Language.KAZAKH))
    [draft] = of(DecisionDrafted, bench.answers(AccountGiven(iban=IBAN)))
    assert isinstance(draft, DecisionDrafted)
    return bench, draft


def signature(draft: DecisionDrafted, at: datetime, *, outcome: str = "granted") -> DecisionSigned:
    content = signed_bytes(
        data_of(draft), outcome="granted", refusal_ground=None, officer=OFFICER, signed_at=at
    )
    return DecisionSigned.model_validate(
        {
            "decision_id": draft.decision_id,
            "outcome": outcome,
            "refusal_ground": None if outcome == "granted" else 1,
            "officer": OFFICER,
            "signed_at": at,
            "signature": jws("ES256", content),
        }
    )


def test_what_an_officer_signed_is_decided_and_bears_the_bytes_that_were_signed(
    officers: OfficerSignatures,
) -> None:
    bench, draft = drafted(officers)
    signed = signature(draft, bench.now)
    [decision] = of(BenefitDecided, bench.reads(signed))
    assert isinstance(decision, BenefitDecided)
    content = signed_bytes(
        data_of(draft), outcome="granted", refusal_ground=None, officer=OFFICER, signed_at=signed.signed_at
    )
    assert decision_bytes(data_of(decision)) == content
    assert (
        officers.verify(decision.signature, content, officer=OFFICER, signed_at=decision.decided_at).officer
        == OFFICER
    )


@pytest.mark.parametrize("fault", ["no signature", "another outcome", "another officer"])
def test_a_signature_that_does_not_verify_is_a_dead_letter_and_changes_nothing(
    officers: OfficerSignatures, fault: str
) -> None:
    bench, draft = drafted(officers)
    signed = signature(draft, bench.now, outcome="refused" if fault == "another outcome" else "granted")
    if fault == "no signature":
        signed = signed.model_copy(update={"signature": None})
    if fault == "another officer":
        signed = signed.model_copy(update={"officer": "somebody else"})
    before = bench.person
    with pytest.raises(UnreadableRecordError, match=r"^signature: "):
        bench.reads(signed)
    assert bench.person == before
