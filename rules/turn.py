"""One event's turn on a person: the steps that the lifecycle is made of, and the effects that they leave.

A turn is a scratch pad that lives as long as one call of `advance`; what comes out of it is a new person and
the effects, in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rules import service_term
from rules.in_force import route_rules, rules_on
from rules.person import Case, Person, Question
from rules.policy import Policy
from rules.rule_ids import rules_of
from rules.rule_sets import InForce, RuleSet
from rules.service import OPEN
from rules.service import InForce as ServiceInForce
from rules.states import DECIDED, SENT, TRANSITIONS, State
from rules.terms import local_day
from schemas.canonical import data_of, digest
from schemas.ids import CaseId, QuestionId
from schemas.outcomes import AdvanceCause, CaseAdvanced
from schemas.questions import PersonWithdrawn, QuestionAnswered, QuestionClosed
from schemas.received import ReceivedEvent
from schemas.routes import Effect
from schemas.turned import Turned
from schemas.values import is_kazakh_mobile


@dataclass(frozen=True, slots=True)
class Advanced(Turned[Person]):
    """What an event did to a person, with each case as each of its steps left it, by case and step.

    `iin` is the person's, where it was known while the event was applied: it may be forgotten at its end.
    """

    as_left: Mapping[tuple[str, int], Case]
    iin: str | None


class Turn:
    """The person as the event finds them, changed step by step.

    `now` is the present instant in UTC, which differs from worker to worker: it decides nothing that is told,
    but only how long facts are waited for that were published before. `service` is what was in force of the
    whole service when the event came. `remarks` says what was done with an event that changed nothing.
    `answering` is the citizen's answer that the turn is about.
    """

    def __init__(
        self,
        person: Person,
        cause: ReceivedEvent,
        now: datetime,
        policy: Policy,
        service: ServiceInForce = OPEN,
    ) -> None:
        self.person = person
        self.cause = cause
        self.now = now
        self.policy = policy
        self.service = service
        self.effects: list[Effect] = []
        self._closings: list[QuestionClosed] = []
        self.remarks: list[str] = []
        self.answering: QuestionAnswered | None = None
        self._as_left: dict[tuple[str, int], Case] = {}
        self._iin = person.iin

    @property
    def happened_at(self) -> datetime:
        """When the event happened: as its sender says, but not later than it came."""
        return min(self.cause.time, self.at)

    @property
    def at(self) -> datetime:
        """When the event was put into the inbox: the same instant, however often and late it is read."""
        return self.cause.appended_at or self.cause.time

    def done(self) -> Advanced:
        """What the event did. Closings are told last: they make room on their line for what follows."""
        effects = (*self.effects, *self._closings)
        return Advanced(self.person, effects, tuple(self.remarks), self._as_left, self._iin)

    def know(self, **facts: object) -> None:
        """Change what is known of the person."""
        self.person = self.person.with_(**facts)
        self._iin = self.person.iin or self._iin

    def keep(self, case: Case) -> Case:
        """Keep a case as it is now."""
        self.person = self.person.with_(cases={**self.person.cases, case.case_id: case})
        return case

    def move(self, case: Case, to: State, *, note: str | None = None, **changes: object) -> Case:
        """Take a step and tell it in the audit log. Raises `ValueError` for a step that no rule allows."""
        if case.state is not to and (case.state, to) not in TRANSITIONS:
            raise ValueError(f"no rule leads from {case.state} to {to}")
        at_rest = to in DECIDED or to is State.ENDED
        moved = case.with_(
            state=to,
            step=case.step + 1,
            rested_at=self.at if at_rest else None,
            purged_at=case.purged_at if at_rest else None,
            **changes,
        )
        step = CaseAdvanced(
            case_id=case.case_id,
            step=moved.step,
            previous=case.log_sha256,
            from_=case.state,
            to=to,
            cause=AdvanceCause(type=self.cause.name, id=self.cause.source_id),
            rule=rules_of(case.state, to, moved.reason, note),
            note=note,
            ground=case.ground,
            language=moved.consent.language if moved.consent else None,
            until=self._until(moved),
            at=self.at,
        )
        self.effects.append(step)
        logged = moved.with_(log_sha256=digest(data_of(step)))
        self._as_left[case.case_id, step.step] = logged
        return self.keep(logged)

    def _until(self, case: Case) -> datetime | None:
        """The end of the term that runs: of a question, of objections, or of the service."""
        if case.state in SENT.values() and case.question:
            return case.question.term_ends
        if case.state is State.AWAITING_HEARING and case.hearing:
            return case.hearing.until
        return service_term.over_at(case, self.policy) if case.state is State.AWAITING_SIGNATURE else None

    def rules_for(self, case: Case) -> InForce | None:
        """The rules that decide on a case: of the application date, before a consent of the day (R20)."""
        day = service_term.application_date(case, self.policy) or local_day(self.at, self.policy.zone)
        return rules_on(day, self.policy)

    @property
    def route_rules(self) -> RuleSet:
        """The rules that say where to apply."""
        return route_rules(local_day(self.at, self.policy.zone), self.policy)

    def remark(self, case: Case, note: str) -> Case:
        """Tell in the audit log what was done with an event that left the case where it was."""
        return self.move(case, case.state, note=note)

    @property
    def phone(self) -> str | None:
        """The registered number, if a message may go to it.

        A Kazakh mobile number of a living person (R2).
        """
        phone = self.person.phone
        return phone if phone and is_kazakh_mobile(phone) and not self.person.dead else None

    def close(self, question: Question, at: datetime, *, by: QuestionAnswered | None = None) -> None:
        """Answers received from `at` on are not this question's any more; `by` is what closed it."""
        self._closings.append(
            QuestionClosed(
                question_id=question.question_id,
                phone=question.phone,
                closed_at=at,
                closed_by=by.message_id if by else None,
            )
        )

    def withdraw_person(self, phone: str, at: datetime) -> None:
        """Nothing more goes to this number for this person (R2)."""
        self.effects.append(PersonWithdrawn(person_id=self.person.person_id, phone=phone, at=at))


def replace_question(case: Case, question: Question) -> Case:
    """The case with this question in the place of the one with the same id."""
    questions = tuple(
        question if known.question_id == question.question_id else known for known in case.questions
    )
    return case.with_(questions=questions)


def without_number(case: Case, phone: str, at: datetime) -> Case:
    """The case whose questions on this number can't be answered from `at` on (R2)."""
    questions = tuple(
        known.with_(withdrawn_at=at) if known.phone == phone and known.withdrawn_at is None else known
        for known in case.questions
    )
    return case.with_(questions=questions)


def find_case(turn: Turn, case_id: CaseId) -> Case | None:
    """The person's case with this id, if there is one."""
    return turn.person.cases.get(case_id)


def find_question(turn: Turn, case_id: CaseId, question_id: QuestionId) -> tuple[Case, Question] | None:
    """The question with this id, with its case, if the case asked it."""
    case = find_case(turn, case_id)
    question = case.find(question_id) if case else None
    return (case, question) if case and question else None
