"""A text that a case has had, and that was received earlier than was told at first (R6)."""

from datetime import datetime

from rules.person import Case, Question, TextRead
from rules.turn import Turn, replace_question
from schemas.ids import QuestionId, Sid
from schemas.questions import QuestionAnswered, QuestionNotAnswered

_KEPT_TEXTS = 40


def received_earlier(turn: Turn, case: Case, question: Question, report: QuestionAnswered) -> bool:
    """Know when a text was received; whether that is all, because it means for the case what it did.

    What was decided, or drafted, rests on what was known then.
    """
    sid, at = report.message_id, report.received_at
    before = _text(case, sid)
    if before and at >= before.received_at and before.question_id == report.question_id:
        turn.remarks.append("an answer came that had come before")
        return True
    case = _known(turn, case, sid, report.question_id, at)
    if before is None or at >= before.received_at:
        # What turned out to be no answer to another question may have had its effect, or no more of one.
        spent = before is not None and (case.decided or before.yes_or_no is not None)
        return before is not None and spent and at == before.received_at
    case = _never_late(turn, case, sid)
    question = case.find(question.question_id) or question
    same = report.question_id, sid
    former = next((each for each in case.answers if (each.question_id, each.message_id) == same), None)
    # What was in time for this question was taken then, and may have been undone since.
    in_time = before.question_id == report.question_id and question.open_at(before.received_at)
    taken = former is not None or before.yes_or_no is not None or in_time
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


def no_answer(turn: Turn, case: Case, told: QuestionNotAnswered) -> QuestionAnswered | None:
    """Know when a text was received, and that it is no late answer; what it was as one, if it was one."""
    sid, at = told.message_id, told.received_at
    before = _text(case, sid)
    if before is None or at >= before.received_at:
        turn.remarks.append("it is known that the text is no answer")
        return None
    late = [each for question in case.questions for each in question.late if each.message_id == sid]
    _never_late(turn, _known(turn, case, sid, told.question_id, at), sid)
    return late[-1].with_(received_at=at) if late else None


def _text(case: Case, sid: Sid) -> TextRead | None:
    return next((each for each in case.texts if each.message_id == sid), None)


def _known(turn: Turn, case: Case, sid: Sid, question_id: QuestionId, at: datetime) -> Case:
    """The case that knows when a text was received, and for which question it was told last."""
    before = _text(case, sid)
    said = before.yes_or_no if before else None
    if said and at < said.received_at:
        if case.answered_at == said.received_at:
            # What begins anew hears no answer of before.
            case = case.with_(answered_at=max(at, case.anew_at or at))
        said = said.with_(received_at=at)
    read = TextRead(message_id=sid, received_at=at, question_id=question_id, yes_or_no=said)
    others = [each for each in case.texts if each.message_id != sid]
    return turn.keep(case.with_(texts=(*others, read)[-_KEPT_TEXTS:]))


def _never_late(turn: Turn, case: Case, sid: Sid) -> Case:
    """The case without this text among what was too late for its questions: its call alone had seemed so."""
    for question in case.questions:
        if any(each.message_id == sid for each in question.late):
            case = turn.keep(replace_question(case, question.without_late(sid)))
    return case


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
