"""One event's turn on a person: the steps that the lifecycle is made of, and the effects that they leave.

A turn is a scratch pad that lives as long as one call of `advance`; what comes out of it is a new person and
the effects, in order.
"""

from datetime import datetime

from rules import decisions
from rules.grounds import DISABILITY_GROUNDS, offers_one_application
from rules.ordinary_route import ordinary_route
from rules.person import Case, Person, Question
from rules.policy import DecisionMode, Policy
from rules.states import TRANSITIONS, State
from rules.terms import reminder_at
from schemas.ids import derived_id
from schemas.outcomes import (
    AdvanceCause,
    BenefitDecided,
    CaseAdvanced,
    Decision,
    DecisionDrafted,
    ProcessEnded,
)
from schemas.questions import (
    Details,
    NoticeKind,
    NoticeRequested,
    PersonWithdrawn,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionKind,
)
from schemas.received import ReceivedEvent
from schemas.routes import Effect
from schemas.values import EndReason, Ground, Language, Scheme, is_kazakh_mobile, mask_iban

_ON_RECORD = 4
_ASKED = {
    QuestionKind.OFFER: State.OFFER_ASKED,
    QuestionKind.ONE_APPLICATION: State.CHOICE_ASKED,
    QuestionKind.ACCOUNT: State.ACCOUNT_ASKED,
}
_END_NOTICES = {
    EndReason.NO_REPLY: NoticeKind.NO_REPLY,
    EndReason.ALREADY_RECEIVING: NoticeKind.ALREADY_RECEIVING,
    EndReason.REVOKED: NoticeKind.REVOKED,
}


class Turn:
    """The person as the event finds them, changed step by step.

    `now` is the present instant in UTC. `remarks` says what was done with an event that changed nothing.
    `answering` is the citizen's answer that the turn is about.
    """

    def __init__(self, person: Person, cause: ReceivedEvent, now: datetime, policy: Policy) -> None:
        self.person = person
        self.cause = cause
        self.now = now
        self.policy = policy
        self.effects: list[Effect] = []
        self.remarks: list[str] = []
        self.answering: QuestionAnswered | None = None

    @property
    def happened_at(self) -> datetime:
        """When the event happened: as its sender says, but not later than now, however wrong its clock is."""
        return min(self.cause.time, self.now)

    def know(self, **facts: object) -> None:
        """Change what is known of the person."""
        self.person = self.person.with_(**facts)

    def put(self, case: Case) -> Case:
        """Keep a case as it is now."""
        self.person = self.person.with_(cases={**self.person.cases, case.case_id: case})
        return case

    def move(self, case: Case, to: State, *, note: str | None = None, **changes: object) -> Case:
        """Take a step and tell it in the audit log. Raises `ValueError` for a step that no rule allows."""
        if case.state is not to and (case.state, to) not in TRANSITIONS:
            raise ValueError(f"no rule leads from {case.state} to {to}")
        moved = case.with_(state=to, step=case.step + 1, **changes)
        self.effects.append(
            CaseAdvanced(
                case_id=case.case_id,
                step=moved.step,
                from_=case.state,
                to=to,
                cause=AdvanceCause(type=self.cause.name, id=self.cause.source_id),
                at=self.now,
                note=note,
            )
        )
        return self.put(moved)

    def remark(self, case: Case, note: str) -> Case:
        """Tell in the audit log what was done with an event that left the case where it was."""
        return self.move(case, case.state, note=note)

    # The phone.

    @property
    def phone(self) -> str | None:
        """The registered number, if a message may go to it.

        A Kazakh mobile number of a living person (R2).
        """
        phone = self.person.phone
        return phone if phone and is_kazakh_mobile(phone) and not self.person.dead else None

    def notify(
        self,
        case: Case,
        kind: NoticeKind,
        *,
        language: Language | None = None,
        until: datetime | None = None,
    ) -> None:
        """Tell the person by SMS, on the registered number, if there is one (R9).

        In the language given, else in that of the consent, else in both.
        """
        if self.phone is None:
            return
        self.effects.append(
            NoticeRequested(
                notice_id=derived_id(case.case_id, kind, str(case.step)),
                case_id=case.case_id,
                person_id=self.person.person_id,
                phone=self.phone,
                kind=kind,
                language=language or (case.consent.language if case.consent else None),
                details=self._details(case, until=until),
                prompted_at=self._prompted_at(case),
                question_id=case.question.question_id
                if kind is NoticeKind.REMINDER and case.question
                else None,
            )
        )

    def _prompted_at(self, case: Case) -> datetime | None:
        """When the text came that the next message answers; on another number it answers none."""
        answer = self.answering
        question = case.find(answer.question_id) if answer else None
        return answer.received_at if answer and question and question.phone == self.phone else None

    def _details(self, case: Case, *, account: str | None = None, until: datetime | None = None) -> Details:
        return Details(
            iin_tail=(self.person.iin or "")[-4:],
            account=mask_iban(account) if account else None,
            route="provider" if case.ground in DISABILITY_GROUNDS else "state_corporation",
            until=until,
        )

    # The way forward.

    def proceed(self, case: Case) -> Case:
        """Do what comes next: bar, offer, ask or decide.

        Death, revocation and ground 4 are looked at before the offer and again before the decision (R12).
        """
        barred = self._barred(case)
        if barred:
            return self.end(case, barred)
        if case.consent and case.account and case.scheme:
            return self.decide(case)
        if self.phone is None:
            return self.end(case, EndReason.PHONE_NOT_REGISTERED)
        if case.consent is None:
            return self.ask(case, QuestionKind.OFFER)
        if case.scheme is None:
            return self.ask(case, QuestionKind.ONE_APPLICATION)
        return self.ask(case, QuestionKind.ACCOUNT)

    def _barred(self, case: Case) -> EndReason | None:
        if self.person.dead:
            return EndReason.DECEASED
        if self.person.revoked(case.record, case.record_id):
            return EndReason.REVOKED
        if case.consent is None and self.person.receives:
            return EndReason.ALREADY_RECEIVING
        return None

    def ask(self, case: Case, kind: QuestionKind) -> Case:
        """Ask a question on the registered number. Its term starts when it is sent, not now (R6)."""
        if self.phone is None:
            raise ValueError("nothing is asked without a registered phone")
        account = self.person.account if kind is QuestionKind.ACCOUNT else None
        question = Question(
            question_id=derived_id(case.case_id, "question", str(len(case.questions))),
            kind=kind,
            phone=self.phone,
            account=account,
        )
        asked = self.move(case, _ASKED[kind], questions=(*case.questions, question), reason=None)
        self.effects.append(
            QuestionAsked(
                question_id=question.question_id,
                case_id=case.case_id,
                person_id=self.person.person_id,
                phone=self.phone,
                kind=kind,
                language=case.consent.language if case.consent else None,
                details=self._details(case, account=account),
                prompted_at=self._prompted_at(case),
            )
        )
        return asked

    def close(self, question: Question, at: datetime) -> None:
        """Answers received from `at` on are not this question's any more."""
        self.effects.append(
            QuestionClosed(question_id=question.question_id, phone=question.phone, closed_at=at)
        )

    def withdraw_person(self, phone: str, at: datetime) -> None:
        """Nothing more goes to this number for this person (R2)."""
        self.effects.append(PersonWithdrawn(person_id=self.person.person_id, phone=phone, at=at))

    def decide(self, case: Case) -> Case:
        """Decide, or draft for the officer (R10). Ground 4 is checked here once more (R12)."""
        decision = decisions.decision(self.person, case, self.now)
        if self.policy.decision_mode is DecisionMode.OFFICER:
            self.effects.append(DecisionDrafted(**dict(decision)))
            return self.move(case, State.AWAITING_SIGNATURE, draft=decision, reason=None)
        return self.pronounce(case, decision)

    def pronounce(self, case: Case, decision: Decision) -> Case:
        """Emit the decision and tell the person (R9, R10)."""
        granted = decision.outcome == "granted"
        self.effects.append(BenefitDecided(**dict(decision)))
        state = State.GRANTED if granted else State.REFUSED
        refused = (
            NoticeKind.REFUSED if decision.refusal_ground == _ON_RECORD else NoticeKind.REFUSED_BY_OFFICER
        )
        notice = NoticeKind.GRANTED if granted else refused
        decided = self.move(case, state, draft=None, reason=None, outcome_told=notice)
        self.notify(decided, notice)
        return decided

    def end(self, case: Case, reason: EndReason, *, tell: bool = True) -> Case:
        """End the process without a decision; it is not a refusal (R6).

        Only who was asked something is told.
        """
        if case.state is State.ENDED and case.reason is reason:
            return self.remark(case, f"remains_{reason}")
        told = any(question.sent_at for question in case.questions)
        ended = self.move(case, State.ENDED, reason=reason, draft=None, note=reason)
        self.effects.append(
            ProcessEnded(
                case_id=case.case_id,
                iin=self.person.iin or "",
                ground=case.ground,
                reason=reason,
                ended_at=self.now,
                ordinary_route=ordinary_route(case.ground),
            )
        )
        notice = _END_NOTICES.get(reason)
        if tell and notice and told:
            self.notify(ended, notice)
        return ended


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


def scheme_without_choice(ground: Ground) -> Scheme | None:
    """The scheme of a ground that leaves no choice, or none yet (R7)."""
    return None if offers_one_application(ground) else Scheme.STANDALONE


def reminder(question: Question) -> datetime | None:
    """When to remind of this question, if at all."""
    if question.sent_at is None or question.term_ends is None or question.reminded:
        return None
    return reminder_at(question.sent_at, question.term_ends)


def find_case(turn: Turn, case_id: str) -> Case | None:
    """The person's case with this id, if there is one."""
    return turn.person.cases.get(case_id)


def find_question(turn: Turn, case_id: str, question_id: str) -> tuple[Case, Question] | None:
    """The question with this id, with its case, if the case asked it."""
    case = find_case(turn, case_id)
    question = case.find(question_id) if case else None
    return (case, question) if case and question else None
