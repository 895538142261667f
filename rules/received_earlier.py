"""A text that a case has had, and that was received earlier than was told at first (R6)."""

from datetime import datetime

from rules.person import Case, Question, TextRead
from rules.turn import Turn, replace_question
from schemas.questions import QuestionAnswered

_KEPT_TEXTS = 40


def received_earlier(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> bool:
    """Know when a text was received; whether that is all, because it means for the case what it did.

    What was decided, or drafted, rests on what was known then.
    """
    sid, at = report.message_id, report.received_at
    others = [each for each in case.texts if each.message_id != sid]
    before = next((each for each in case.texts if each.message_id == sid), None)
    if before and at >= before.received_at and before.question_id == report.question_id:
        turn.remarks.append("an answer came that had come before")
        return True
    said = before.yes_or_no if before else None
    if said and at < said.received_at:
        if case.answered_at == said.received_at:
            # What begins anew hears no answer of before.
            case = case.with_(answered_at=max(at, case.anew_at or at))
        said = said.with_(received_at=at)
    read = TextRead(message_id=sid, received_at=at, question_id=report.question_id, yes_or_no=said)
    case = turn.keep(case.with_(texts=(*others, read)[-_KEPT_TEXTS:]))
    if before is None or at >= before.received_at:
        return False
    if any(each.message_id == sid for each in question.late):
        question = question.without_late(sid)
        case = turn.keep(replace_question(case, question))
    same = report.question_id, sid
    former = next((each for each in case.answers if (each.question_id, each.message_id) == same), None)
    # What was in time for this question was taken then, and may have been undone since.
    in_time = before.question_id == report.question_id and question.open_at(before.received_at)
    taken = former is not None or said is not None or in_time
    if case.decided or (case.draft and taken):
        turn.remarks.append("an answer was received earlier than a decision says")
        return True
    if not question.open_at(at):
        late = question.with_late(report) if report.answer else question.misread(at)
        turn.keep(replace_question(case, late))
        return True
    if former:
        turn.keep(_as_of(case, former.received_at, report))
    return taken


def _as_of(case: Case, former: datetime, report: QuestionAnswered) -> Case:
    """The case with the answer as received at the earlier instant, wherever it stands."""
    at, consent = report.received_at, case.consent
    if consent and consent.message_id == report.message_id:
        consent = consent.with_(received_at=at)
    return case.with_(
        consent=consent,
        answers=tuple(
            each.with_(received_at=at) if each.message_id == report.message_id else each
            for each in case.answers
        ),
        account_at=at if case.account_at == former else case.account_at,
        answered_at=at if case.answered_at == former else case.answered_at,
    )
