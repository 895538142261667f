"""What a person is told by SMS (R9), and what its texts need to know."""

from datetime import datetime

from rules.grounds import DISABILITY_GROUNDS
from rules.person import Case
from rules.turn import Turn
from schemas.ids import notice_id_of
from schemas.questions import Details, NoticeKind, NoticeRequested
from schemas.values import Language, mask_iban


def notify(
    turn: Turn,
    case: Case,
    kind: NoticeKind,
    *,
    language: Language | None = None,
    until: datetime | None = None,
) -> Case:
    """Tell the person by SMS, on the registered number (R9); without one the cabinet alone tells it.

    In the language given, else in that of the consent, else in both.
    """
    if turn.phone is None:
        return turn.remark(case, "no_number_to_tell")
    turn.effects.append(
        NoticeRequested(
            notice_id=notice_id_of(case.case_id, kind, case.step),
            case_id=case.case_id,
            person_id=turn.person.person_id,
            phone=turn.phone,
            kind=kind,
            language=language or (case.consent.language if case.consent else None),
            details=details(turn, case, until=until),
            prompted_at=prompted_at(turn, case),
            question_id=case.question.question_id if kind is NoticeKind.REMINDER and case.question else None,
        )
    )
    return case


def prompted_at(turn: Turn, case: Case) -> datetime | None:
    """When the text came that the next message answers; on another number it answers none."""
    answer = turn.answering
    question = case.find(answer.question_id) if answer else None
    return answer.received_at if answer and question and question.phone == turn.phone else None


def details(turn: Turn, case: Case, *, account: str | None = None, until: datetime | None = None) -> Details:
    """What the texts say of the person: the IIN's last digits, the masked account, the place, the time."""
    return Details(
        iin_tail=(turn.person.iin or "")[-4:],
        account=mask_iban(account) if account else None,
        route="provider" if case.ground in DISABILITY_GROUNDS else "state_corporation",
        until=until,
    )
