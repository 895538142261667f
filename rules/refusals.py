"""A citizen's "no": before the consent it declines, after it the consent is withdrawn.

Both may be taken back while the offer's term runs; afterwards a withdrawal is final.
"""

from datetime import datetime

from rules import steps, telling
from rules.person import Case, Question
from rules.turn import Turn
from schemas.questions import NoticeKind
from schemas.values import EndReason


def declined(turn: Turn, case: Case, offer: Question) -> None:
    """A "no" to the offer. The offer stays answerable until the end of its term."""
    current, until = case.question, _until(offer)
    ended = steps.end(turn, case, EndReason.DECLINED, at=_said_at(turn))
    telling.notify(turn, ended, NoticeKind.DECLINED if until else NoticeKind.WITHDRAWN, until=until)
    turn.close(offer, offer.withdrawn_at or offer.term_ends or turn.at)
    if current and current.question_id != offer.question_id:
        turn.close(current, turn.at)


def withdrawn(turn: Turn, case: Case, question: Question) -> None:
    """A "no" after the consent, at whatever question: the consent is taken back, and a draft is void."""
    consent, current = case.consent, case.question
    if consent is None:
        raise ValueError("nothing can be withdrawn before a consent")
    offer = case.offer
    said_at = _said_at(turn)
    ended = steps.end(turn, case, EndReason.WITHDRAWN, at=said_at)
    ended = turn.keep(ended.without_consent().with_(answered_at=said_at))
    ends = _until(offer) if offer else None
    until = ends if ends and ends > said_at else None
    kind = NoticeKind.DECLINED if until else NoticeKind.WITHDRAWN
    telling.notify(turn, ended, kind, language=consent.language, until=until)
    asked = {each.question_id: each for each in (question, current, offer) if each}
    for each in asked.values():
        turn.close(each, until if until and each == offer else said_at, by=turn.answering)


def reminded_of_outcome(turn: Turn, case: Case) -> None:
    """A "no" after the decision changes nothing; the outcome, with the number to call, is told once more."""
    told = case.outcome_told
    noted = turn.keep(turn.remark(case, "declined_after_decision").with_(outcome_told=None))
    if told:
        telling.notify(turn, noted, told)


def _until(offer: Question) -> datetime | None:
    """Until when a "no" may be taken back: on another number, or after its own was another's, not at all."""
    return None if offer.withdrawn_at else offer.term_ends


def _said_at(turn: Turn) -> datetime:
    """The answer's own instant: whoever reads the answer again says the same again."""
    return turn.answering.received_at if turn.answering else turn.at
