"""The steps that a case can take: offered, asked, decided, ended. Whatever handles an event takes these."""

from datetime import datetime, time, timedelta

from rules import benefit_on_record, withholding
from rules.deciding import decide, void_draft
from rules.grounds import DISABILITY_GROUNDS
from rules.one_ground import in_the_way, rival
from rules.ordinary_route import ordinary_route
from rules.person import Case, Question, Withheld
from rules.policy import DisabilityPath
from rules.states import WAITING, State
from rules.telling import details, notify, prompted_at
from rules.terms import at_local, local_day
from rules.turn import Turn
from schemas.ids import question_id_of
from schemas.outcomes import ProcessEnded
from schemas.questions import NoticeKind, QuestionAsked, QuestionKind
from schemas.values import EndReason

_ASKED = {
    QuestionKind.OFFER: State.OFFER_ASKED,
    QuestionKind.ONE_APPLICATION: State.CHOICE_ASKED,
    QuestionKind.ACCOUNT: State.ACCOUNT_ASKED,
}
LOOKED_AT = time(9)
"""The hour of the morning at which it is looked at again whether rules are in force."""
_END_NOTICES = {
    EndReason.NO_REPLY: NoticeKind.NO_REPLY,
    EndReason.NOT_UNDERSTOOD: NoticeKind.NOT_UNDERSTOOD,
    EndReason.ALREADY_RECEIVING: NoticeKind.ALREADY_RECEIVING,
    EndReason.ANOTHER_GROUND: NoticeKind.ANOTHER_GROUND,
    EndReason.REVOKED: NoticeKind.REVOKED,
}


def proceed(turn: Turn, case: Case) -> Case:  # noqa: PLR0911 - one for each thing that may come next
    """Do what comes next: bar, refuse, offer, ask or decide, unless operators let it wait.

    Death, revocation and ground 4 are looked at before the offer and again before the decision (R12). Where
    the benefit turns out to be on record after the consent it is refused at once, and no account is asked.
    """
    before = case.withheld
    if before:
        case = turn.keep(case.with_(withheld=None))
    barred = _barred(turn, case)
    if barred:
        return end(turn, case, barred)
    if rival(turn.person, case) if case.consent else in_the_way(turn.person, case):
        return wait_behind(turn, case)
    if turn.rules_for(case) is None:
        return await_rules(turn, case)
    if case.consent and benefit_on_record.refuses(turn.person, case, turn.policy.zone):
        return _decide(turn, case, before, at_once=case.account is None)
    if case.consent and case.account and case.scheme:
        return _decide(turn, case, before)
    if turn.phone is None:
        return end(turn, case, _unreachable(turn))
    if case.consent is None:
        return _offer(turn, case, before)
    return ask(turn, case, QuestionKind.ONE_APPLICATION if case.scheme is None else QuestionKind.ACCOUNT)


def _decide(turn: Turn, case: Case, before: Withheld | None, *, at_once: bool = False) -> Case:
    if case.held:
        return withholding.withhold_decision(turn, case, before)
    return decide(turn, turn.remark(case, "refused_at_once") if at_once else case)


def _offer(turn: Turn, case: Case, before: Withheld | None) -> Case:
    """Offer, or tell where to apply, unless operators let the case wait. `before`: why it has waited."""
    reason = withholding.of_offer(turn, case)
    if reason:
        return withholding.withhold_offer(turn, case, reason, before)
    case = withholding.gone_on(turn, case, before)
    return _invite(turn, case) if _only_invited(turn, case) else ask(turn, case, QuestionKind.OFFER)


def _only_invited(turn: Turn, case: Case) -> bool:
    """Whether a person with this ground is told where to apply, and no more (R7)."""
    return turn.policy.disability_path is DisabilityPath.INVITE and case.ground in DISABILITY_GROUNDS


def _invite(turn: Turn, case: Case) -> Case:
    """Tell where to apply in place of an offer."""
    ended = end(turn, turn.remark(case, "barred_invited"), EndReason.MANUAL_ROUTE)
    return notify(turn, ended, NoticeKind.MANUAL_ROUTE)


def wait_behind(turn: Turn, case: Case) -> Case:
    """Wait until the other case of the person has come to its end (R29). A consent that came too is void."""
    if case.question and case.state in WAITING:
        turn.close(case.question, turn.at)
    void = void_draft(turn, case, "another_ground").without_consent().with_(withheld=None)
    if case.state is State.QUEUED:
        return turn.remark(void, "queued") if case.consent else case
    return turn.move(void, State.QUEUED, note="queued", reason=None)


def await_rules(turn: Turn, case: Case) -> Case:
    """Wait until rules are in force on the day that decides (R20, R21)."""
    if case.state is State.AWAITING_RULES and case.rules_at:
        return case
    tomorrow = local_day(turn.at, turn.policy.zone) + timedelta(days=1)
    return turn.move(
        case,
        State.AWAITING_RULES,
        reason=None,
        rules_at=at_local(tomorrow, LOOKED_AT, turn.policy.zone),
        note="rules_awaited",
    )


def _unreachable(turn: Turn) -> EndReason:
    """Why no message may go: no number is registered, or one that is not reached from here (R2)."""
    registered = turn.person.phone is not None
    return EndReason.NUMBER_NOT_REACHABLE if registered else EndReason.PHONE_NOT_REGISTERED


def _barred(turn: Turn, case: Case) -> EndReason | None:
    if turn.person.dead:
        return EndReason.DECEASED
    if turn.person.revoked(case.record, case.record_id):
        return EndReason.REVOKED
    if case.consent is None and benefit_on_record.refuses(turn.person, case, turn.policy.zone):
        return EndReason.ALREADY_RECEIVING
    return None


def ask(turn: Turn, case: Case, kind: QuestionKind) -> Case:
    """Ask a question on the registered number. Its term starts when it is sent, not now (R6)."""
    if turn.phone is None:
        raise ValueError("nothing is asked without a registered phone")
    account = turn.person.account if kind is QuestionKind.ACCOUNT else None
    question = Question(
        question_id=question_id_of(case.case_id, case.asked),
        kind=kind,
        phone=turn.phone,
        account=account,
        phone_registered_at=turn.person.phone_as_of,
        phone_event_sha256=turn.person.phone_event_sha256,
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
            details=details(turn, case, account=account),
            prompted_at=prompted_at(turn, case),
        )
    )
    return asked


def expire(turn: Turn, case: Case, question: Question, *, tell: bool = True) -> Case:
    """The question's term is over (R6). Who answered, but was never understood, did not keep silent."""
    ends = question.term_ends or turn.happened_at
    reason = EndReason.NOT_UNDERSTOOD if question.misunderstood else EndReason.NO_REPLY
    return end(turn, case, reason, at=ends, tell=tell, close_at=ends)


def not_silent(turn: Turn, case: Case, question: Question) -> None:
    """Correct an ending that was told to be silence, where a text turns out to have come in time."""
    silent = case.state is State.ENDED and case.reason is EndReason.NO_REPLY and not case.withheld
    if silent and case.question == question and question.misunderstood:
        expire(turn, case, question)


def end(
    turn: Turn,
    case: Case,
    reason: EndReason,
    *,
    at: datetime | None = None,
    tell: bool = True,
    close_at: datetime | None = None,
) -> Case:
    """End the process without a decision; it is not a refusal (R6).

    `at` is when it ended, by default when the event happened. Only who was asked something is told.
    `close_at`: from when on answers are not those of the question that the case waits for, if it waits for
    one.
    """
    question = case.question
    if close_at and question and case.state in WAITING:
        turn.close(question, close_at)
    if case.state is State.ENDED and case.reason is reason:
        return turn.remark(case, f"remains_{reason}")
    told = any(question.sent_at for question in case.questions)
    case = void_draft(turn, case, reason).with_(withheld=None)
    ended = turn.move(case, State.ENDED, reason=reason, note=reason)
    consent = case.consent
    turn.effects.append(
        ProcessEnded(
            case_id=case.case_id,
            step=ended.step,
            iin=turn.person.iin or "",
            ground=case.ground,
            reason=reason,
            ended_at=at or turn.happened_at,
            scheme=case.scheme if consent else None,
            consented_on=local_day(consent.received_at, turn.policy.zone) if consent else None,
            ordinary_route=ordinary_route(case.ground, turn.route_rules),
        )
    )
    notice = _END_NOTICES.get(reason)
    if tell and notice and (told or reason is EndReason.ANOTHER_GROUND):
        return notify(turn, ended, notice)
    return ended
