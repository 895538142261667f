"""A person for the table of rules: each question is sent and answered in one go."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from agents.documents import Documents
from rules.issuing import Issued
from rules.policy import DecisionMode, Policy, TermPolicy
from rules.turn import Advanced
from schemas.base import Event
from schemas.cabinet import CabinetNotified, Document
from schemas.emaket import DecisionSigned, HearingRecorded
from schemas.outcomes import BenefitDecided, CaseAdvanced, DecisionDrafted, DecisionQuestioned, ProcessEnded
from schemas.questions import AccountGiven, Consent, NoticeKind, NoticeRequested
from schemas.received import ReceivedEvent
from schemas.registry import DisabilityEstablished, TitleAwarded
from schemas.statecorp import BenefitRecorded
from schemas.times import ALMATY
from schemas.values import Language
from sms.catalogues import load_texts
from streams.key_set import DEMO_KEYS
from streams.officer_signatures import OfficerSignatures
from streams.signing import load_signer, verify_document
from tests.unit.rules.case_desk import IBAN, IIN, REGISTERED, TITLE, Desk

TEXTS = load_texts()
SENDER = "+77010000000"
YES = Consent(language=Language.KAZAKH)
PAY_HERE = AccountGiven(iban=IBAN)
SECOND_TITLE = TitleAwarded(iin=IIN, title="hero_of_labour", award_id="B", awarded_on=date(2021, 7, 19))
DISABILITY = DisabilityEstablished(
    iin=IIN,
    certificate_id="C",
    established_on=date(2021, 7, 19),
    group="2",
    legal_ground="7",
    first_time=True,
)

_DOCUMENTS = Documents(load_signer(None, ""), OfficerSignatures(), Issued("1", {}))


class Story(Desk):
    """One person, and the documents about them.

    Without another word the law decides alone, and terms do not roll.
    """

    def __init__(self, mode: DecisionMode = DecisionMode.AUTO, **policies: Any) -> None:
        super().__init__(Policy(**({"term": TermPolicy.EXCLUSIVE, "decision_mode": mode} | policies)))

    def turn(self, cause: ReceivedEvent) -> Advanced:
        return _DOCUMENTS.with_documents(super().turn(cause), cause, self.policy)

    def offered(self, right: Event = TITLE) -> "Story":
        """The offer has left."""
        self.reads(REGISTERED, right)
        self.leaves()
        return self

    def consented(self, right: Event = TITLE) -> "Story":
        """The offer was answered by a consent in Kazakh."""
        self.offered(right).answers(YES)
        return self


def drafted(*, on_record: bool = False, **policies: Any) -> tuple[Story, DecisionDrafted]:
    """A draft for an officer: of a grant, or where the benefit is on record of a refusal."""
    story = Story(DecisionMode.OFFICER, **policies).consented()
    effects = story.reads(recorded("paid")) if on_record else story.answers(PAY_HERE)
    return story, draft_in(effects)


def draft_in(effects: Iterable[Event]) -> DecisionDrafted:
    [draft] = [each for each in effects if isinstance(each, DecisionDrafted)]
    return draft


def recorded(status: str, day: date = date(2021, 7, 1), **more: Any) -> BenefitRecorded:
    return BenefitRecorded.model_validate(
        {"iin": IIN, "benefit": "special_state_benefit", "status": status, "recorded_on": day, **more}
    )


def signature(
    draft: DecisionDrafted, at: datetime, ground: int | None = None, officer: str = "officer-7"
) -> DecisionSigned:
    """A grant, or a refusal on a ground."""
    content = {
        "decision_id": draft.decision_id,
        "outcome": "refused" if ground else "granted",
        "refusal_ground": ground,
        "officer": officer,
        "signed_at": at,
        "signature": "a.b.c",
    }
    return DecisionSigned.model_validate(content)


def heard(draft: DecisionDrafted, day: date) -> HearingRecorded:
    return HearingRecorded(decision_id=draft.decision_id, held_on=day, objection=False, officer="officer-7")


# What came of it.


def decisions(effects: Iterable[Event]) -> list[BenefitDecided]:
    return [each for each in effects if isinstance(each, BenefitDecided)]


def endings(effects: Iterable[Event]) -> list[ProcessEnded]:
    return [each for each in effects if isinstance(each, ProcessEnded)]


def questioned(effects: Iterable[Event]) -> list[str]:
    return [each.reason for each in effects if isinstance(each, DecisionQuestioned)]


def documents(effects: Iterable[Event]) -> list[Document]:
    """What the personal cabinet is told, as far as its signature verifies."""
    told = [each.document for each in effects if isinstance(each, CabinetNotified)]
    return [verify_document(token, DEMO_KEYS).claims for token in told]


def notices(effects: Iterable[Event]) -> list[NoticeKind]:
    return [each.kind for each in effects if isinstance(each, NoticeRequested)]


def notes(effects: Iterable[Event]) -> list[str | None]:
    return [each.note for each in effects if isinstance(each, CaseAdvanced)]


def almaty(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2021) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ALMATY).astimezone(UTC)
