"""The steps that a case can take: offered, asked, decided, ended. Whatever handles an event takes these."""

from datetime import datetime

from rules import decisions
from rules.grounds import DISABILITY_GROUNDS, offers_one_application
from rules.ordinary_route import ordinary_route
from rules.person import Case, Question
from rules.policy import DecisionMode
from rules.states import WAITING, State
from rules.turn import Turn
from schemas.ids import notice_id_of, question_id_of
from schemas.outcomes import BenefitDecided, Decision, DecisionDrafted, ProcessEnded
from schemas.questions import Details, NoticeKind, NoticeRequested, QuestionAsked, QuestionKind
from schemas.values import EndReason, Ground, Language, Scheme, mask_iban

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


def proceed(turn: Turn, case: Case) -> Case:
    """Do what comes next: bar, offer, ask or decide.

    Death, revocation and ground 4 are looked at before the offer and again before the decision (R12).
    """
    barred = _barred(turn, case)
    if barred:
        return end(turn, case, barred)
    if case.consent and case.account and case.scheme:
        return decide(turn, case)
    if turn.phone is None:
        return end(turn, case, EndReason.PHONE_NOT_REGISTERED)
    if case.consent is None:
        return ask(turn, case, QuestionKind.OFFER)
    if case.scheme is None:
        return ask(turn, case, QuestionKind.ONE_APPLICATION)
    return ask(turn, case, QuestionKind.ACCOUNT)


def _barred(turn: Turn, case: Case) -> EndReason | None:
    if turn.person.dead:
        return EndReason.DECEASED
    if turn.person.revoked(case.record, case.record_id):
        return EndReason.REVOKED
    if case.consent is None and turn.person.receives:
        return EndReason.ALREADY_RECEIVING
    return None


def ask(turn: Turn, case: Case, kind: QuestionKind) -> Case:
    """Ask a question on the registered number. Its term starts when it is sent, not now (R6)."""
    if turn.phone is None:
        raise ValueError("nothing is asked without a registered phone")
    account = turn.person.account if kind is QuestionKind.ACCOUNT else None
    question = Question(
        question_id=question_id_of(case.case_id, len(case.questions)),
        kind=kind,
        phone=turn.phone,
        account=account,
    )
    asked = turn.move(case, _ASKED[kind], questions=(*case.questions, question), reason=None)
    turn.effects.append(
        QuestionAsked(
            question_id=question.question_id,
            case_id=case.case_id,
            person_id=turn.person.person_id,
            phone=turn.phone,
            kind=kind,
            language=case.consent.language if case.consent else None,
            details=_details(turn, case, account=account),
            prompted_at=_prompted_at(turn, case),
        )
    )
    return asked


def decide(turn: Turn, case: Case) -> Case:
    """Decide, or draft for the officer (R10). Ground 4 is checked here once more (R12)."""
    decision = decisions.decision(turn.person, case, turn.now)
    if turn.policy.decision_mode is DecisionMode.OFFICER:
        turn.effects.append(DecisionDrafted(**dict(decision)))
        return turn.move(case, State.AWAITING_SIGNATURE, draft=decision, reason=None)
    return pronounce(turn, case, decision)


def pronounce(turn: Turn, case: Case, decision: Decision) -> Case:
    """Emit the decision and tell the person (R9, R10)."""
    granted = decision.outcome == "granted"
    turn.effects.append(BenefitDecided(**dict(decision)))
    state = State.GRANTED if granted else State.REFUSED
    refused = NoticeKind.REFUSED if decision.refusal_ground == _ON_RECORD else NoticeKind.REFUSED_BY_OFFICER
    notice = NoticeKind.GRANTED if granted else refused
    decided = turn.move(case, state, draft=None, reason=None, outcome_told=notice)
    notify(turn, decided, notice)
    return decided


def end(
    turn: Turn, case: Case, reason: EndReason, *, tell: bool = True, close_at: datetime | None = None
) -> Case:
    """End the process without a decision; it is not a refusal (R6).

    Only who was asked something is told. `close_at`: from when on answers are not those of the question that
    the case waits for, if it waits for one.
    """
    question = case.question
    if close_at and question and case.state in WAITING:
        turn.close(question, close_at)
    if case.state is State.ENDED and case.reason is reason:
        return turn.remark(case, f"remains_{reason}")
    told = any(question.sent_at for question in case.questions)
    ended = turn.move(case, State.ENDED, reason=reason, draft=None, note=reason)
    turn.effects.append(
        ProcessEnded(
            case_id=case.case_id,
            iin=turn.person.iin or "",
            ground=case.ground,
            reason=reason,
            ended_at=turn.now,
            ordinary_route=ordinary_route(case.ground),
        )
    )
    notice = _END_NOTICES.get(reason)
    if tell and notice and told:
        notify(turn, ended, notice)
    return ended


def notify(
    turn: Turn,
    case: Case,
    kind: NoticeKind,
    *,
    language: Language | None = None,
    until: datetime | None = None,
) -> None:
    """Tell the person by SMS, on the registered number, if there is one (R9).

    In the language given, else in that of the consent, else in both.
    """
    if turn.phone is None:
        return
    turn.effects.append(
        NoticeRequested(
            notice_id=notice_id_of(case.case_id, kind, case.step),
            case_id=case.case_id,
            person_id=turn.person.person_id,
            phone=turn.phone,
            kind=kind,
            language=language or (case.consent.language if case.consent else None),
            details=_details(turn, case, until=until),
            prompted_at=_prompted_at(turn, case),
            question_id=case.question.question_id if kind is NoticeKind.REMINDER and case.question else None,
        )
    )


def _prompted_at(turn: Turn, case: Case) -> datetime | None:
    """When the text came that the next message answers; on another number it answers none."""
    answer = turn.answering
    question = case.find(answer.question_id) if answer else None
    return answer.received_at if answer and question and question.phone == turn.phone else None


def _details(turn: Turn, case: Case, *, account: str | None = None, until: datetime | None = None) -> Details:
    return Details(
        iin_tail=(turn.person.iin or "")[-4:],
        account=mask_iban(account) if account else None,
        route="provider" if case.ground in DISABILITY_GROUNDS else "state_corporation",
        until=until,
    )


def scheme_without_choice(ground: Ground) -> Scheme | None:
    """The scheme of a ground that leaves no choice, or none yet (R7)."""
    return None if offers_one_application(ground) else Scheme.STANDALONE
