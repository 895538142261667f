"""Copies of a text that tell of an earlier instant than the copy that was read, pure.

The SMS API calls us with a text, and lists it with the instant at which it had it. A call may be late: then a
question is over that was open when the text was written, or another one was put in between. The text counts
as received at the earlier instant (R6).
"""

from datetime import datetime, timedelta

from schemas.ids import CaseId
from schemas.messages import MessageReceived
from schemas.questions import Answer, Decline, QuestionKind
from sms.conversation.attribution import answer_of, answered_by, no_answer_of
from sms.conversation.line import Line, LineQuestion, TextTaken
from sms.conversation.turn import Turn

_KEPT = 40
_PROMPT = timedelta(seconds=2)
"""The list has whole seconds, and a call takes a while: what is less is told to nobody."""
_QUARTER = timedelta(minutes=15)


def note(turn: Turn, received: MessageReceived) -> None:
    """Note when a text was received that came for the first time."""
    taken = TextTaken(sid=received.sid, received_at=received.received_at)
    turn.change(taken=(*turn.line.taken, taken)[-_KEPT:])


def note_read(turn: Turn, received: MessageReceived, question: LineQuestion, answer: Answer | None) -> None:
    """Note for which question a text was read, and as what."""
    read_as = "no" if isinstance(answer, Decline) else "answer" if answer else "nothing"
    read = {"question_id": question.question_id, "read_as": read_as}
    taken = turn.line.taken
    turn.change(taken=tuple(each.with_(**read) if each.sid == received.sid else each for each in taken))


def is_earlier(line: Line, received: MessageReceived) -> bool:
    """Whether a text is known, and not that it was received as early as this copy tells."""
    instants = [each.received_at for each in line.taken if each.sid == received.sid]
    instants += [each.received_at for each in line.told_earlier if each.sid == received.sid]
    return bool(instants) and received.received_at < min(instants)


def keep(turn: Turn, received: MessageReceived) -> None:
    """Keep a copy that tells of an earlier instant; a text that is not read yet is read as of that one."""
    line = turn.line
    if not is_earlier(line, received):
        turn.remarks.append("a text came that had come before")
        return
    if any(held.sid == received.sid for held in line.held_texts):
        _read_as_of(turn, received)
        return
    others = [each for each in line.told_earlier if each.sid != received.sid]
    turn.change(told_earlier=(*others, received)[-_KEPT:])


def decide(turn: Turn) -> None:
    """Have texts read anew that turn out to have been in time, and tell when those were received that stand.

    Whether a text was in time shows when its question is over, which may be told later than the text: until
    then a copy is kept. What was taken for an answer in time stays one, to the question for which it was
    read: the SMS API's clock may be behind, and one text answers no two questions.
    """
    for received in sorted(turn.line.told_earlier, key=lambda each: each.received_at):
        line = turn.line
        put = line.put_by(received.received_at)
        question = answered_by(put, received) if put and not put[0].is_purged else None
        taken = next((each for each in line.taken if each.sid == received.sid), None)
        read_for = line.question(taken.question_id) if taken else None
        if any(not _is_over(line, each) for each in (question, read_for) if each):
            continue
        turn.change(told_earlier=tuple(each for each in line.told_earlier if each.sid != received.sid))
        if taken and read_for and _stands(taken, read_for, question):
            _tell_earlier(turn, taken, read_for, question, received)
            continue
        if taken and read_for and _is_of_another(taken, read_for, question):
            turn.remarks.append("a text that was too late for a question turns out to be no answer to it")
            _know(turn, received)
            turn.effects.append(no_answer_of(read_for, received))
        if question and _may_be_in_time(read_for, question, received.received_at):
            turn.remarks.append("a text had been received earlier than was told at first")
            _read_as_of(turn, received)


def _is_over(line: Line, question: LineQuestion) -> bool:
    """Whether the case has said that a question is over."""
    current = line.current is not None and line.current.question_id == question.question_id
    return question.closed_at is not None and not current


def _may_be_in_time(read_for: LineQuestion | None, question: LineQuestion, at: datetime) -> bool:
    """Whether a text that does not stand as what it was read is to be read anew, for `question`.

    Too late by both instants, it may be in time for the same question when the end of that is moved.
    """
    same = read_for is not None and read_for.question_id == question.question_id
    return read_for is None or same or question.open_at(at)


def _stands(taken: TextTaken, read_for: LineQuestion, question: LineQuestion | None) -> bool:
    """Whether a text stays what it was read as."""
    at = taken.received_at
    undenied = read_for.denied_at is None or at <= read_for.denied_at
    # What came at the very instant of an answer that closed the question is in no order with that. The end of
    # a term is no answer.
    answered = read_for.closed_at == at and read_for.closed_by is not None
    in_time = undenied and (read_for.closed_at is None or at < read_for.closed_at or answered)
    same = question is not None and read_for.question_id == question.question_id
    return in_time and (taken.read_as != "nothing" or same)


def _is_of_another(taken: TextTaken, read_for: LineQuestion, question: LineQuestion | None) -> bool:
    """Whether the case is to know that a text which was too late for its question was no answer to it.

    It might be in time for it, should the sending turn out to have failed; and a "no" may have taken a
    consent back, however late.
    """
    same = question is not None and question.question_id == read_for.question_id
    return not same and taken.read_as != "nothing" and not read_for.is_purged


def _matters(
    line: Line, taken: TextTaken, read_for: LineQuestion, question: LineQuestion | None, at: datetime
) -> bool:
    """Whether it matters to the case that an answer that stands was received at this earlier instant.

    The evidence says when an answer was received, and the day of a consent is that of the application. The
    last "yes" or "no" counts, whatever had been asked when it was written; but of a consent that was written
    when another question was asked, or none, the evidence is the call.
    """
    later = taken.received_at - at >= _PROMPT or _quarter(taken.received_at) != _quarter(at)
    if taken.read_as == "nothing" or read_for.is_purged or not later:
        return False
    if taken.read_as == "no" or (question and read_for.question_id == question.question_id):
        return True
    since = max(at, read_for.put_at or at)
    return read_for.kind is QuestionKind.OFFER and _is_before_a_no(line, taken, read_for.case_id, since)


def _is_before_a_no(line: Line, taken: TextTaken, case_id: CaseId, at: datetime) -> bool:
    """Whether the last "yes" or "no" to the case behind this text is a "no" that seemed to be before it."""
    others = [each for each in line.taken if each.sid != taken.sid]
    between = [each for each in others if at < each.received_at <= taken.received_at]
    said = [each for each in between if _is_yes_or_no(line, each, case_id)]
    last = max(said, key=lambda each: each.received_at, default=None)
    return last is not None and last.read_as == "no"


def _is_yes_or_no(line: Line, taken: TextTaken, case_id: CaseId) -> bool:
    read_for = line.question(taken.question_id)
    if read_for is None or read_for.case_id != case_id:
        return False
    return taken.read_as == "no" or (taken.read_as == "answer" and read_for.kind is QuestionKind.OFFER)


def _quarter(instant: datetime) -> int:
    """The quarter of an hour: no day of any zone begins within one."""
    return int(instant.timestamp() // _QUARTER.total_seconds())


def _tell_earlier(
    turn: Turn,
    taken: TextTaken,
    read_for: LineQuestion,
    question: LineQuestion | None,
    received: MessageReceived,
) -> None:
    """Tell the case when a text was received that it has been told of, and know it so from now on.

    Only where that matters to the case.
    """
    if not _matters(turn.line, taken, read_for, question, received.received_at):
        return
    turn.remarks.append("an answer had been received earlier than was told at first")
    _know(turn, received)
    turn.effects.append(answer_of(read_for, received))


def _know(turn: Turn, received: MessageReceived) -> None:
    """Know from now on that the text was received at this instant."""
    at, known = received.received_at, turn.line.taken
    turn.change(
        taken=tuple(each.with_(received_at=at) if each.sid == received.sid else each for each in known)
    )


def _read_as_of(turn: Turn, received: MessageReceived) -> None:
    """Have the text read, or read anew, as received at this instant, and know it so from now on."""
    line, sid = turn.line, received.sid
    as_of = TextTaken(sid=sid, received_at=received.received_at)
    held = tuple(
        each.with_(received_at=as_of.received_at) if each.sid == sid else each for each in line.held_texts
    )
    if all(each.sid != sid for each in held):
        held = (*held, received)
    turn.change(held_texts=held, taken=tuple(as_of if each.sid == sid else each for each in line.taken))
