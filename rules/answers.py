"""What an answer does to its case (R3-R7).

Whether it was in time is decided by when the carrier received it. An answer that was in time counts even if
the end of the term was processed before it: it takes an ended case up again.
"""

from datetime import datetime
from typing import Literal

from rules import benefit_on_record, steps, telling
from rules.evidence import meaning_of
from rules.last_word import last_word, note_yes_or_no
from rules.one_ground import rival
from rules.person import Case, ConsentGiven, Counted, Question
from rules.received_earlier import no_answer, received_earlier
from rules.refusals import declined, reminded_of_outcome, withdrawn
from rules.states import DRAFTED, UNANSWERED, WAITING, State
from rules.terms import term_end
from rules.turn import Turn, find_question, replace_question
from schemas.questions import (
    AccountConfirmed,
    AccountGiven,
    Consent,
    Decline,
    NoticeKind,
    QuestionAnswered,
    QuestionKind,
    QuestionNotAnswered,
    QuestionNotUnderstood,
    Separately,
    Together,
)
from schemas.values import EndReason, Language, Scheme

_FINAL = frozenset(
    {
        EndReason.DECEASED,
        EndReason.REVOKED,
        EndReason.ALREADY_RECEIVING,
        EndReason.ANOTHER_GROUND,
        EndReason.MANUAL_ROUTE,
    }
)
"""Endings that no answer takes back."""
_UNASKED = DRAFTED | {State.AWAITING_RULES}
"""Where a consent waits for others than the person, who is asked nothing any more."""


def answered(turn: Turn, report: QuestionAnswered) -> None:
    """Take an answer to one of the person's questions; a text that came before was received earlier."""
    asked = find_question(turn, report.case_id, report.question_id)
    if asked is None:
        turn.remarks.append("an answer came to a question that no case asked")
        return
    case, question = asked
    last = last_word(case, report.message_id, report.received_at)
    if not received_earlier(turn, case, question, report):
        take(turn, report)
    elif last:
        _say_last(turn, last)


def not_answered(turn: Turn, told: QuestionNotAnswered) -> None:
    """A text that was told as an answer to a question, and was too late for it, is none (R6).

    It will never be in time for that. A "no" that took a consent back however late may have stood before a
    "yes"; one that stood behind the consent is a "no" to what had been asked until then.
    """
    asked = find_question(turn, told.case_id, told.question_id)
    if asked is None:
        turn.remarks.append("a text is no answer to a question that no case asked")
        return
    case, _ = asked
    last = last_word(case, told.message_id, told.received_at)
    late = no_answer(turn, case, told)
    if last:
        _say_last(turn, last)
    elif late and isinstance(late.answer, Decline) and not case.decided:
        _said_no_before(turn, case, late)


def _said_no_before(turn: Turn, case: Case, said: QuestionAnswered) -> None:
    """A "no" of a question that was put later: it was said to the one before, as far as that ran still."""
    put = [each for each in case.questions if each.sent_at and each.sent_at <= said.received_at]
    consented = case.consent is not None and case.consent.received_at <= said.received_at
    if consented and put and put[-1].open_at(said.received_at):
        take(turn, said.with_(question_id=put[-1].question_id))


def _say_last(turn: Turn, last: QuestionAnswered) -> None:
    """Take the word once more that turns out to be the last, unless the case is as that one left it."""
    case = turn.keep(turn.person.cases[last.case_id].with_(answered_at=last.received_at))
    refused = case.consent is None and case.reason in (EndReason.DECLINED, EndReason.WITHDRAWN)
    stands = refused if isinstance(last.answer, Decline) else case.consent is not None
    if not stands and case.reason not in _FINAL:
        take(turn, last)


def take(turn: Turn, report: QuestionAnswered) -> None:
    """Take an answer, which may have been taken before: the term of its question has moved since."""
    asked = find_question(turn, report.case_id, report.question_id)
    if asked is None:
        return
    case, question = asked
    turn.answering = report
    former = question.withdrawn_at is not None and report.received_at >= question.withdrawn_at
    no = isinstance(report.answer, Decline) and not former
    if case.decided and no:
        reminded_of_outcome(turn, case)
    elif case.decided:
        turn.remark(case, "answered_after_decision")
    elif (
        case.state is State.ENDED and case.reason in _FINAL and not _may_be_own(turn, case, question, report)
    ):
        _without_effect(turn, case, question, report, f"answered_after_{case.reason}")
    elif no and case.consent and (case.state in _UNASKED or case.withheld) and _is_newest(case, report):
        # The person may take the consent back until it is decided, whatever term is over by then.
        if not question.open_at(report.received_at):
            # Should the term move, the "no" stands between what was said before it and after it.
            case = turn.keep(replace_question(case, question.with_late(report)))
        withdrawn(turn, note_yes_or_no(turn, case, report), question)
    elif not question.open_at(report.received_at):
        _late(turn, case, question, report)
    elif report.answer is None or question.sent_at is None:
        # Its line had closed it, but the term has moved since.
        _misread(turn, case, question, report.received_at)
    elif question.kind is not QuestionKind.OFFER and _of_no_consent(case, report):
        _without_effect(turn, case, question, report, "answered_without_consent")
    else:
        _in_time(turn, case, question, report)


def _without_effect(turn: Turn, case: Case, question: Question, report: QuestionAnswered, note: str) -> None:
    """It moves nothing, by this note; a "no" in time is a "no" all the same.

    A "yes" of before that is read later takes it back no more than one that was read in time.
    """
    if isinstance(report.answer, Decline) and question.open_at(report.received_at):
        newest = max(case.answered_at or report.received_at, report.received_at)
        case = note_yes_or_no(turn, case.with_(answered_at=newest), report)
    turn.remark(case, note)


def not_understood(turn: Turn, report: QuestionNotUnderstood) -> None:
    """A text came in time that was not understood: an operator sees it, and the ending says so (R6)."""
    asked = find_question(turn, report.case_id, report.question_id)
    if asked is None:
        turn.remarks.append("a text was not understood at a question that no case asked")
        return
    case, question = asked
    concerned = (case.state in WAITING or case.reason in UNANSWERED) and not case.withheld
    if not concerned or case.question != question or question.sent_at is None:
        turn.remarks.append("a text was not understood when that did not matter any more")
        return
    _misread(turn, case, question, report.received_at)


def _misread(turn: Turn, case: Case, question: Question, received_at: datetime) -> None:
    noted = question.misread(received_at)
    steps.not_silent(turn, turn.remark(replace_question(case, noted), "not_understood"), noted)


def _late(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> None:
    """Too late: the ordinary route, told once, and never a silent grant (R6).

    A case that goes on with another question (the same "1" twice, at both sides of the term's end) only
    records it.
    """
    expired = case.state in WAITING and case.question == question and not case.withheld
    late = question.with_late(report) if report.answer else question.misread(report.received_at)
    case = turn.keep(replace_question(case, late))
    if question.withdrawn_at:
        turn.remark(case, "answered_from_a_former_number")
        return
    if expired:
        # The end of the term was not processed yet. The answer to the late message says all there is to say.
        case = steps.expire(turn, case, question, tell=False)
    noted = turn.remark(case, "answered_late")
    if noted.state is State.ENDED and not noted.late_told and turn.phone:
        telling.notify(turn, turn.keep(noted.with_(late_told=True)), NoticeKind.ANSWERED_LATE)


def _of_no_consent(case: Case, report: QuestionAnswered) -> bool:
    """Whether the consent for which the question was asked was taken back, or ended, after it had left.

    What was chosen under an earlier consent is no choice under the one of now.
    """
    return case.consent is None or report.received_at < case.consent.received_at


def _is_newest(case: Case, report: QuestionAnswered) -> bool:
    """Whether no "yes" or "no" is known that was received after this one."""
    return case.answered_at is None or report.received_at >= case.answered_at


def _before_another(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> None:
    """An answer behind which a newer "yes" or "no" is known already: that one stands."""
    later = _consent_after(case, report)
    if later is None:
        turn.remark(case, "answered_anew_before")
        return
    # The "yes" was read first, when the consent before both still stood and it could change nothing.
    withdrawn(turn, turn.keep(case.with_(answered_at=report.received_at)), question)
    take(turn, later)


def _consent_after(case: Case, report: QuestionAnswered) -> QuestionAnswered | None:
    """A timely "yes" behind this "no", where the case has ended in silence under the consent before both.

    Both were late until their terms moved, and which term moved first is chance.
    """
    consent, offer = case.consent, case.offer
    silent = case.state is State.ENDED and case.reason in UNANSWERED
    no = isinstance(report.answer, Decline) and consent and consent.received_at < report.received_at
    if not (silent and no and offer):
        return None
    later = [
        known
        for known in offer.late
        if isinstance(known.answer, Consent)
        and known.received_at > report.received_at
        and offer.open_at(known.received_at)
    ]
    return max(later, key=lambda known: known.received_at, default=None)


def _in_time(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> None:
    if question.kind is QuestionKind.OFFER or isinstance(report.answer, Decline):
        case = note_yes_or_no(turn, case, report)
        if not _is_newest(case, report):
            _before_another(turn, case, question, report)
            return
        case = turn.keep(case.with_(answered_at=report.received_at))
    case, question = _reached(turn, case, question, report)
    match report.answer, question.kind:
        case Consent(), QuestionKind.OFFER if case.consent is None:
            _consented(turn, case, question, report, report.answer.language)
        case Decline(), _ if case.consent:
            withdrawn(turn, case, question)
        case Decline(), QuestionKind.OFFER if case.reason not in (EndReason.DECLINED, EndReason.WITHDRAWN):
            declined(turn, case, question)
        case Together() | Separately() | AccountConfirmed() | AccountGiven(), _ if case.draft:
            # A refusal was drafted at once. It stays as the person was told of it.
            turn.remark(case, "answered_already")
        case Together() | Separately(), QuestionKind.ONE_APPLICATION if case.scheme is None:
            together = isinstance(report.answer, Together)
            scheme = Scheme.ONE_APPLICATION if together else Scheme.STANDALONE
            _go_on(turn, _with_answer(case, report), question, scheme=scheme)
        case AccountConfirmed(), QuestionKind.ACCOUNT if case.account is None:
            _confirmed(turn, case, question, report)
        case AccountGiven(), QuestionKind.ACCOUNT if case.account is None:
            _account(turn, case, question, report, report.answer.iban, "given")
        case _:
            turn.remark(case, "answered_already")


def _consented(turn: Turn, case: Case, offer: Question, report: QuestionAnswered, language: Language) -> None:
    """The consent (R3, R5), unless the benefit is on record already.

    Without a consent there is no application yet, so there is nothing to refuse (R12).
    """
    if offer.withdrawn_at and turn.phone:
        # A consent lives on its number: the offer stands on the one that is registered now, or is made there.
        noted = turn.remark(case, "consent_of_former_number")
        if noted.state is State.ENDED:
            steps.proceed(turn, noted)
        return
    consent = _consent(offer, report, language)
    if benefit_on_record.refuses(turn.person, case.with_(consent=consent), turn.policy.zone):
        steps.end(turn, case, EndReason.ALREADY_RECEIVING)
        turn.close(offer, turn.at, by=report)
        return
    given = turn.keep(case.with_(consent=consent, answers=(_counted(report),)))
    # While another case is consented to this consent is void: nothing was accepted.
    _go_on(turn, given if rival(turn.person, given) else turn.remark(given, "accepted"), offer)


def _confirmed(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> None:
    """The account shown is the person's own (R4), unless it was closed before this was read."""
    if question.account:
        _account(turn, case, question, report, question.account, "confirmed")
    elif case.state is State.ENDED and case.question == question:
        # That was no silence: another account is asked for.
        _go_on(turn, case, question)
    else:
        turn.remark(case, "answered_already")


def _account(
    turn: Turn,
    case: Case,
    question: Question,
    report: QuestionAnswered,
    account: str,
    source: Literal["confirmed", "given"],
) -> None:
    """The account (R4). One that was asked for after an earlier consent may come before the choice of now."""
    case = _with_answer(case, report)
    if case.scheme is not None:
        _go_on(turn, case, question, account=account, account_source=source, account_at=report.received_at)
        return
    turn.remark(
        turn.keep(case.with_(account=account, account_source=source, account_at=report.received_at)),
        "account_before_choice",
    )
    turn.close(question, turn.at, by=report)


def _with_answer(case: Case, report: QuestionAnswered) -> Case:
    """The case with an answer that counts, for the evidence."""
    return case.with_(answers=(*case.answers, _counted(report)))


def _counted(report: QuestionAnswered) -> Counted:
    meaning = meaning_of(report.answer) if report.answer else None
    if meaning is None:
        raise ValueError("what says no, or nothing, is no evidence of a will")
    return Counted(
        question_id=report.question_id,
        meaning=meaning,
        text=report.text,
        received_at=report.received_at,
        message_id=report.message_id,
    )


def _consent(offer: Question, report: QuestionAnswered, language: Language) -> ConsentGiven:
    return ConsentGiven(
        language=language,
        received_at=report.received_at,
        text=report.text,
        message_id=report.message_id,
        question_id=offer.question_id,
    )


def _may_be_own(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> bool:
    """Whether the application for which the case has ended may be the one that this consent makes.

    The State Corporation's record of it was read before the answer.
    """
    if case.reason is not EndReason.ALREADY_RECEIVING or question.kind is not QuestionKind.OFFER:
        return False
    if not isinstance(report.answer, Consent) or not question.open_at(report.received_at):
        return False
    consent = _consent(question, report, report.answer.language)
    return not benefit_on_record.refuses(turn.person, case.with_(consent=consent), turn.policy.zone)


def _reached(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> tuple[Case, Question]:
    """A question whose sending was reported as failed, and which is answered all the same, has reached.

    Its term is the longest that can be meant: from the answer's own instant (R6).
    """
    if question.term_ends:
        return case, question
    reached = question.with_(
        term_ends=term_end(report.received_at, turn.policy.term, turn.policy.zone), moves=question.moves + 1
    )
    return turn.keep(replace_question(case, reached)), reached


def _go_on(turn: Turn, case: Case, question: Question, **learnt: object) -> None:
    current = case.question
    steps.proceed(turn, turn.keep(case.with_(**learnt)))
    # An offer goes on hearing a "1" or "2" that takes a later "no" back, as long as its own term runs.
    offer = question.kind is QuestionKind.OFFER
    turn.close(question, question.term_ends if offer and question.term_ends else turn.at, by=turn.answering)
    if current and current.question_id != question.question_id:
        turn.close(current, turn.at)
