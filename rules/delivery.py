"""When a question was sent, and the term that runs from then on (R6)."""

from rules import steps
from rules.answers import take
from rules.numbers import can_be_reached, without_former_consent
from rules.person import Question
from rules.states import SENT, UNANSWERED, WAITING
from rules.terms import term_end
from rules.turn import Turn, find_case, find_question, replace_question
from schemas.questions import (
    Consent,
    Decline,
    QuestionAnswered,
    QuestionNotReached,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
)
from schemas.values import EndReason

_ASKED = {after: before for before, after in SENT.items()}


def sent(turn: Turn, report: QuestionSent) -> None:
    """The question left, and its term runs, unless it was withdrawn before."""
    asked = find_question(turn, report.case_id, report.question_id)
    if asked is None:
        turn.remarks.append("a question was sent that no case asked")
        return
    case, question = asked
    if question.sent_at and (question.term_ends or question.message_id == report.message_id):
        turn.remark(case, "sent_already")
        return
    left = {
        "sent_at": report.sent_at,
        "message_id": report.message_id,
        "text": report.text,
        "text_version": report.text_version,
        "language": report.language,
        "carrier": report.carrier,
        "sender": report.sender,
        "term_ends": term_end(report.sent_at, turn.policy.term, turn.policy.zone),
    }
    case = turn.keep(replace_question(case, question.with_(**left)))
    current = case.question
    if current and current.question_id == question.question_id and case.state in SENT:
        turn.move(case, SENT[case.state])
    else:
        turn.remark(case, "sent_after_closing")


def not_reached(turn: Turn, report: QuestionNotReached) -> None:
    """A sending is reported to have failed: it started no term, and the next one does (R6).

    A case that has ended for want of an answer to it ended wrongly. What was too late is in time then, and
    without it the case is asked anew.
    """
    asked = find_question(turn, report.case_id, report.question_id)
    if asked is None:
        turn.remarks.append("a question did not reach that no case asked")
        return
    case, question = asked
    if not question.term_ends or question.message_id != report.message_id:
        turn.remark(case, "not_reached_before")
        return
    void = question.with_(term_ends=None, reminded=False, not_understood_at=None, moves=question.moves + 1)
    # One that was answered before an operator let the case wait is over.
    current = case.question == question and not case.withheld
    if current and case.state in _ASKED:
        turn.move(turn.keep(replace_question(case, void)), _ASKED[case.state], note="not_reached")
    elif current and case.reason in UNANSWERED:
        turn.remark(replace_question(case, void), "not_reached")
        for answer in _found_in_time(void):
            take(turn, answer)
        after = turn.person.cases[case.case_id]
        if after.reason in UNANSWERED:
            steps.proceed(turn, after)
    else:
        turn.remark(case, "not_reached_after_closing")


def sent_time(turn: Turn, told: QuestionSentTime) -> None:
    """The carrier's own sent time: the term starts then, and ends and is reminded of accordingly.

    It never starts earlier than at the acceptance, and never becomes shorter. A case that has ended stays so;
    but an answer that was late before the move may be in time after it, and takes it up again.
    """
    asked = find_question(turn, told.case_id, told.question_id)
    case, question = asked or (None, None)
    if not case or not question or not question.sent_at or not question.term_ends:
        turn.remarks.append("a sent time came of a question that has not left")
    elif told.message_id not in (None, question.message_id):
        turn.remarks.append("a sent time came of another sending than the one that starts the term")
    elif told.sent_at <= question.sent_at:
        # So it is of nearly every message: a line of the log for each would tell nobody anything.
        return
    elif case.decided:
        turn.remarks.append("a sent time came after the decision")
    else:
        ends = max(question.term_ends, term_end(told.sent_at, turn.policy.term, turn.policy.zone))
        moved = question.with_(
            sent_at=told.sent_at,
            term_ends=ends,
            # A reminder that named another end is worth nothing any more.
            reminded=question.reminded and ends == question.term_ends,
            moves=question.moves + 1,
        )
        turn.remark(replace_question(case, moved), "sent_later")
        for answer in _found_in_time(moved):
            take(turn, answer)
        after = find_question(turn, told.case_id, told.question_id)
        if after:
            steps.not_silent(turn, *after)


def _found_in_time(moved: Question) -> list[QuestionAnswered]:
    """The answers that were too late before the term was moved, or was none, as they were received.

    What completes an application is none of them where a "no" came behind it: it would be decided at once.
    """
    timely = [each for each in moved.late if moved.open_at(each.received_at)]
    refused_at = max((each.received_at for each in timely if isinstance(each.answer, Decline)), default=None)
    found = [
        each
        for each in timely
        if isinstance(each.answer, Consent | Decline) or refused_at is None or each.received_at > refused_at
    ]
    return sorted(found, key=lambda each: each.received_at)


def undeliverable(turn: Turn, report: QuestionUndeliverable) -> None:
    """The question can't reach the number. If its term was over for us, there was none: it never came."""
    case = find_case(turn, report.case_id)
    if not case:
        turn.remarks.append("a question was undeliverable that no case asked")
        return
    question = case.question
    reason = EndReason.NUMBER_NOT_REACHABLE if report.opted_out else EndReason.UNDELIVERABLE
    current = question and question.question_id == report.question_id and not case.withheld
    if case.state in WAITING and question and current:
        steps.end(turn, case, reason, at=report.at, close_at=report.at)
    elif case.reason in UNANSWERED and current:
        ended = steps.end(turn, case, reason, at=report.at)
        if can_be_reached(turn, ended):
            steps.proceed(turn, without_former_consent(turn, ended))
    else:
        turn.remark(case, "undeliverable_after_closing")
