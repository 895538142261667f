"""Which "yes" or "no" of a case was received last, where one turns out to have been received earlier (R6).

The last one counts. They are read as they come, and one of which a call told late is read behind others that
were written after it: what it undid then holds, once the SMS API's list tells when it was written.
"""

from datetime import datetime, timedelta

from rules.person import Case
from rules.turn import Turn
from schemas.ids import Sid
from schemas.questions import QuestionAnswered

_ORDERED = timedelta(seconds=3)
"""From so much apart on the order is known: the SMS API's list leaves out the fractions of a second, and a
call that is prompt takes one or two."""


def note_yes_or_no(turn: Turn, case: Case, report: QuestionAnswered) -> Case:
    """The case that knows this "yes" or "no", which is in time."""
    texts = tuple(
        each.with_(yes_or_no=report) if each.message_id == report.message_id else each for each in case.texts
    )
    return turn.keep(case.with_(texts=texts))


def last_word(case: Case, sid: Sid, received_at: datetime) -> QuestionAnswered | None:
    """The "yes" or "no" that is the last instead of this text's, which was received earlier than was told.

    Of those of one instant it is the one that was read last. None where this text's was not the last, or is
    so still, and where there is a decision: that rests on what was known then.
    """
    said = next((each.yes_or_no for each in case.texts if each.message_id == sid), None)
    if said is None or case.decided or case.answered_at != said.received_at:
        return None
    behind = [
        each.yes_or_no
        for each in reversed(case.texts)
        if each.yes_or_no
        and each.message_id != sid
        and received_at + _ORDERED <= each.yes_or_no.received_at <= said.received_at
        and (case.anew_at is None or each.yes_or_no.received_at >= case.anew_at)
        and _is_timely(case, each.yes_or_no)
    ]
    return max(behind, key=lambda each: each.received_at, default=None)


def _is_timely(case: Case, said: QuestionAnswered) -> bool:
    question = case.find(said.question_id)
    return question is not None and question.open_at(said.received_at)
