"""Copies of a text that tell of an earlier instant than the copy that was read, pure.

The SMS API calls us with a text, and lists it with the instant at which it had it. A call may be late: then a
question is over that was open when the text was written, or another one was put in between. The text counts
as received at the earlier instant (R6).
"""

from schemas.ids import QuestionId
from schemas.messages import MessageReceived
from sms.conversation.line import Line, TextTaken
from sms.conversation.turn import Turn

_KEPT = 40


def note(turn: Turn, received: MessageReceived) -> None:
    """Note when a text was received that came for the first time."""
    taken = TextTaken(sid=received.sid, received_at=received.received_at)
    turn.change(taken=(*turn.line.taken, taken)[-_KEPT:])


def note_read(turn: Turn, received: MessageReceived, question_id: QuestionId | None) -> None:
    """Note for which question a text was read."""
    taken = turn.line.taken
    turn.change(
        taken=tuple(
            each.with_(question_id=question_id) if each.sid == received.sid else each for each in taken
        )
    )


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
    """Have texts read anew for which the earlier instant makes a difference, once that shows.

    Whether a text came in time shows when its question is over: the end may be told later than the text.
    """
    for received in turn.line.told_earlier:
        put = turn.line.put_by(received.received_at)
        if put and put[0].closed_at is None and not put[0].is_purged:
            continue
        copies = turn.line.told_earlier
        turn.change(told_earlier=tuple(each for each in copies if each.sid != received.sid))
        if put and not put[0].is_purged and not _was_in_time(turn.line, received):
            turn.remarks.append("a text had been received earlier than was told at first")
            _read_as_of(turn, received)


def _was_in_time(line: Line, received: MessageReceived) -> bool:
    """Whether the text was in time for the same question already at the instant at which it was read."""
    last = line.put_by(received.received_at)[0]
    taken = next((each for each in line.taken if each.sid == received.sid), None)
    if taken is None:
        # So many texts have come since that it is not known any more.
        return True
    return taken.question_id == last.question_id and last.open_at(taken.received_at)


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
