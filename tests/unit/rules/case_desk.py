"""One person for tests, and the events that their cases read."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from rules import withholding
from rules.deadlines import deadlines
from rules.lifecycle import advance
from rules.person import Case, Person
from rules.policy import Policy, TermPolicy
from rules.service import OPEN
from rules.turn import Advanced
from schemas.base import Event
from schemas.deadlines import Deadline, DeadlineElapsed
from schemas.ids import SERVICE, CaseId, MessageId, PersonId, QuestionId, Sid, case_id_of, question_id_of
from schemas.operators import ActObject, OperatorActed
from schemas.outcomes import AdvanceCause, CaseAdvanced
from schemas.portal import PhoneRegistered
from schemas.questions import Answer, QuestionAnswered, QuestionSent
from schemas.received import ReceivedEvent
from schemas.registry import DisabilityEstablished, TitleAwarded

IIN = "850101300015"
SENDER = "+77010000000"
PHONE, OTHER = "+77011234567", "+77471234567"
IBAN = "KZ86125KZT5004100100"
NOON = datetime(2021, 7, 22, 6, tzinfo=UTC)
TERM_ENDS = datetime(2021, 7, 25, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TITLE = TitleAwarded(iin=IIN, title="peoples_hero", award_id="A", awarded_on=date(2021, 7, 19))
DISABILITY = DisabilityEstablished(
    iin=IIN, certificate_id="C", established_on=NOON.date(), group="2", legal_ground="7", first_time=True
)
REGISTERED = PhoneRegistered(iin=IIN, phone=PHONE, registered_at=NOON)
PERSON = PersonId("9f2c" * 16)
CASE = case_id_of(PERSON, "award", "A")
OFFER = question_id_of(CASE, 0)
ACCOUNT = question_id_of(CASE, 1)


class Desk:
    """One person and what came out of their cases."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.person = Person(person_id=PERSON)
        self.policy = policy or Policy(term=TermPolicy.EXCLUSIVE)
        self.service = OPEN
        self.now = NOON
        self.remarks: Sequence[str] = ()
        self._count = 0
        self._texts = 0

    def reads(self, *facts: Event, at: datetime | None = None) -> list[Event]:
        """Read these facts now; `at` is when they happened, as their sender says."""
        effects: list[Event] = []
        for fact in facts:
            self._count += 1
            cause = ReceivedEvent(
                f"h{self._count}",
                "urn:test",
                f"e{self._count}",
                at or self.now,
                "d" * 64,
                fact,
                appended_at=self.now,
            )
            done = self.turn(cause)
            self.person, self.remarks = done.state, done.remarks
            effects += done.effects
        return effects

    def turn(self, cause: ReceivedEvent) -> Advanced:
        return advance(self.person, cause, self.now, self.policy, self.service)

    @property
    def case(self) -> Case:
        return self.person.cases[CASE]

    def sent(
        self, question_id: QuestionId = OFFER, at: datetime | None = None, *, case_id: CaseId = CASE
    ) -> list[Event]:
        return self.reads(
            QuestionSent(
                question_id=question_id,
                case_id=case_id,
                person_id=PERSON,
                message_id=MessageId("m"),
                text="the text",
                sent_at=at or self.now,
            )
        )

    def hears(
        self,
        answer: Answer | None,
        question_id: QuestionId = OFFER,
        at: datetime | None = None,
        *,
        case_id: CaseId = CASE,
        message: str = "",
    ) -> list[Event]:
        """An answer comes, by default with a text of its own."""
        self._texts += 1
        message = message or ("IN" if self._texts == 1 else f"IN{self._texts}")
        return self.reads(
            QuestionAnswered(
                question_id=question_id,
                case_id=case_id,
                person_id=PERSON,
                answer=answer,
                text="as written",
                message_id=Sid(message),
                received_at=at or self.now,
            )
        )

    @property
    def last(self) -> Case:
        """The case that arose last."""
        return list(self.person.cases.values())[-1]

    def leaves(self, at: datetime | None = None, message: str = "m") -> list[Event]:
        """The open question leaves, by this message."""
        case, question = self.last, self.last.question
        assert question
        sent = QuestionSent(
            question_id=question.question_id,
            case_id=case.case_id,
            person_id=PERSON,
            message_id=MessageId(message),
            text=f"the text of {question.kind}",
            text_version="1",
            carrier="twilio",
            sender=SENDER,
            sent_at=at or self.now,
        )
        return self.reads(sent)

    def answers(self, answer: Answer, at: datetime | None = None) -> list[Event]:
        """The open question is answered; it leaves before, if it has not left."""
        question = self.last.question
        assert question
        if question.sent_at is None:
            self.leaves()
        return self.hears(answer, question.question_id, at, case_id=self.last.case_id)

    def rings(self, name: str) -> list[Event]:
        """What the case waits for has come."""
        wait = next(each for each in self.waits() if each.name.endswith(f"/{name}"))
        self.now = wait.at
        return self.reads(DeadlineElapsed(deadline=wait.name, version=wait.version, due=wait.at))

    def changes(self, **service: object) -> list[Event]:
        """The service is changed so, and whoever waits for that is told."""
        self.service = self.service.with_(revision=self.service.revision + 10, at=self.now, **service)
        seen = withholding.seen(self.person)
        if seen is None or seen >= self.service.revision:
            return []
        return self.reads(DeadlineElapsed(deadline=SERVICE, version=self.service.revision, due=self.now))

    def acts(self, act: str) -> list[Event]:
        """An operator acts on the case that arose last."""
        return self.reads(on_case(act, self.last.case_id))

    def waits(self) -> Sequence[Deadline]:
        """All that the cases wait for."""
        return deadlines(self.person, self.policy)


def on_case(act: str, case_id: str) -> OperatorActed:
    return OperatorActed(
        act=act,
        object=ActObject(kind="case", id=case_id),
        person_id="0" * 64,
        reason="so it was said",
        operator="operator-3",
    )


class Step:
    """A step as a test expects it, whatever it hangs on."""

    def __init__(self, number: int, start: str, end: str, cause: str, id_: str, **more: object) -> None:
        self._expected = {
            "case_id": CASE,
            "step": number,
            "from_": start,
            "to": end,
            "cause": AdvanceCause(type=cause, id=id_),
            "note": None,
            **more,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CaseAdvanced) and all(
            getattr(other, name) == value for name, value in self._expected.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Step({self._expected})"


def step(number: int, start: str, end: str, cause: str, id_: str, **more: object) -> Step:
    return Step(number, start, end, cause, id_, **more)


def only(effects: list[Event], kind: type[Event]) -> list[Event]:
    return [effect for effect in effects if isinstance(effect, kind)]


def notes(effects: Iterable[Event]) -> list[str | None]:
    """What the steps say of themselves."""
    return [effect.note for effect in effects if isinstance(effect, CaseAdvanced)]
