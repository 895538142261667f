"""Histories of one person that lead to each state of a case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from rules.person import Case
from rules.policy import DecisionMode
from rules.rule_sets import Permissions
from rules.service import Pilot
from rules.states import WAITING
from schemas.base import Event
from schemas.emaket import HearingRecorded
from schemas.ids import Sid
from schemas.operators import OperatorActed
from schemas.questions import (
    Answer,
    Decline,
    QuestionNotUnderstood,
    QuestionUndeliverable,
    Separately,
    Together,
)
from schemas.registry import DeathRegistered, EntitlementRevoked
from schemas.statecorp import AccountKnown
from schemas.values import Ground
from tests.unit.rules.case_desk import IBAN, IIN, MINUTE, NOON, PERSON, on_case
from tests.unit.rules.case_events import (
    APPLIED,
    CERTIFICATE,
    GIVEN,
    LAST_DAY,
    PAID,
    REGISTERED,
    SECOND,
    TITLE,
    YES,
    of_drafts,
    of_questions,
)
from tests.unit.rules.watched_desk import Watched


def put(desk: Watched, *answers: Answer) -> None:
    """Send the question that is asked now, and give the answer, one after the other."""
    for answer in answers:
        send(desk)
        case = _current(desk)
        assert case.question
        desk.now += MINUTE
        desk.hears(answer, case.question.question_id, case_id=case.case_id)


def send(desk: Watched) -> None:
    case = _current(desk)
    assert case.question
    desk.sent(case.question.question_id, case_id=case.case_id)


def _current(desk: Watched) -> Case:
    return next(case for case in desk.person.cases.values() if case.state in WAITING)


OFFICER, AUTO = DecisionMode.OFFICER, DecisionMode.AUTO


def _offered(mode: DecisionMode = AUTO, *rights: Event) -> Watched:
    desk = Watched(mode)
    desk.reads(REGISTERED, *(rights or (TITLE,)))
    return desk


def _consented(mode: DecisionMode = AUTO, *rights: Event) -> Watched:
    desk = _offered(mode, *rights)
    put(desk, YES)
    return desk


def _drafted(mode: DecisionMode = OFFICER) -> Watched:
    desk = _consented(mode)
    put(desk, GIVEN)
    return desk


def _then(desk: Watched, *facts: Event) -> Watched:
    desk.now += MINUTE
    desk.reads(*facts)
    return desk


def _sent(desk: Watched) -> Watched:
    send(desk)
    return desk


def _until(desk: Watched, *names: str) -> Watched:
    for name in names:
        desk.waits_until(name)
    return desk


def _after(desk: Watched, *answers: Answer) -> Watched:
    put(desk, *answers)
    return desk


def _misread() -> Watched:
    desk = _sent(_offered())
    case = _current(desk)
    assert case.question
    desk.reads(
        QuestionNotUnderstood(
            question_id=case.question.question_id,
            case_id=case.case_id,
            person_id=PERSON,
            message_id=Sid("IN"),
            received_at=desk.now,
        )
    )
    return _until(desk, "term")


def _unreached() -> Watched:
    desk = _sent(_offered())
    return _then(desk, next(each for each in of_questions(desk) if isinstance(each, QuestionUndeliverable)))


def _received() -> Watched:
    desk = Watched(AUTO, timedelta(seconds=3))
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    return desk


def _without_rules() -> Watched:
    desk = Watched(AUTO)
    desk.now = LAST_DAY + timedelta(days=1)
    desk.reads(REGISTERED, TITLE, CERTIFICATE)
    return desk


def _consented_without_rules() -> Watched:
    desk = Watched(AUTO)
    desk.now = LAST_DAY
    desk.reads(REGISTERED, CERTIFICATE)
    send(desk)
    desk.now += timedelta(days=1)
    case = _current(desk)
    assert case.question
    desk.hears(YES, case.question.question_id, case_id=case.case_id)
    return desk


def _intended(drafted: Watched | None = None) -> Watched:
    desk = drafted or _drafted()
    act = next(each for each in of_drafts(desk) if isinstance(each, OperatorActed))
    return _then(desk, act)


def _heard() -> Watched:
    desk = _intended()
    desk.now += timedelta(days=7)
    desk.reads(next(each for each in of_drafts(desk) if isinstance(each, HearingRecorded)))
    return desk


def _stopped(service: dict[str, object], *facts: Event) -> Watched:
    desk = Watched(AUTO)
    desk.changes(**service)
    return _then(desk, *(facts or (REGISTERED, TITLE, CERTIFICATE)))


def _held(desk: Watched, case: int = -1) -> Watched:
    return _then(desk, on_case("hold", list(desk.person.cases)[case]))


def _resumed_rules() -> Watched:
    desk = _without_rules()
    desk.changes(paused=True)
    desk.policy = replace(desk.policy, allowed=Permissions(repealed=True))
    return _then(desk, REGISTERED)


def _revived() -> Watched:
    desk = _then(Watched(AUTO), TITLE)
    desk.changes(shadow=True)
    return _then(desk, REGISTERED)


HISTORIES: dict[str, Callable[[], Watched]] = {
    "new": lambda: Watched(AUTO),
    "received": _received,
    "awaiting rules": _without_rules,
    "awaiting rules, consented": _consented_without_rules,
    "offer asked, another queued": lambda: _offered(AUTO, TITLE, CERTIFICATE, SECOND),
    "offer sent": lambda: _sent(_offered(OFFICER, CERTIFICATE, TITLE)),
    "choice asked": lambda: _consented(AUTO, CERTIFICATE, TITLE),
    "choice sent": lambda: _sent(_consented(OFFICER, CERTIFICATE)),
    "account asked": lambda: _after(_consented(OFFICER, CERTIFICATE, TITLE), Together()),
    "account sent": lambda: _sent(_consented()),
    "account shown": lambda: _sent(_then(_consented(OFFICER), AccountKnown(iin=IIN, iban=IBAN))),
    "awaiting hearing": lambda: _then(_consented(OFFICER), PAID),
    "awaiting hearing, chosen": lambda: _then(_after(_consented(OFFICER, CERTIFICATE), Separately()), PAID),
    "awaiting hearing, intended": _intended,
    "awaiting hearing, intended in auto": lambda: _intended(_after(_then(_consented(), APPLIED), GIVEN)),
    "awaiting signature, heard": _heard,
    "awaiting signature": _drafted,
    "awaiting signature in auto": lambda: _after(_then(_consented(), APPLIED), GIVEN),
    "awaiting signature, overdue": lambda: _until(_drafted(), "decision_due", "decision_overdue"),
    "received, paused": lambda: _stopped({"paused": True}),
    "received, a ground paused": lambda: _stopped({"grounds": (Ground.PEOPLES_HERO,)}),
    "received, outside the pilot": lambda: _stopped({"pilot": Pilot()}, REGISTERED, TITLE),
    "ended, in shadow": _revived,
    "awaiting rules no longer, paused": _resumed_rules,
    "received, held": lambda: _held(_received(), 0),
    "received, held and paused": lambda: _held(_stopped({"paused": True}), 0),
    "offer sent, held": lambda: _held(_sent(_offered())),
    "account given, held": lambda: _after(_held(_consented()), GIVEN),
    "account given, held, officer": lambda: _after(_held(_consented(OFFICER)), GIVEN),
    "refused at once, held": lambda: _then(_held(_sent(_consented(OFFICER, CERTIFICATE))), PAID),
    "draft void, held": lambda: _then(_held(_drafted()), PAID),
    "refusal void, held": lambda: _then(
        _held(_then(_consented(OFFICER), PAID)), PAID.model_copy(update={"status": "ended"})
    ),
    "granted": lambda: _drafted(AUTO),
    "granted, purged": lambda: _until(_drafted(AUTO), "purge"),
    "refused": lambda: _then(_consented(), PAID),
    "refused, purged": lambda: _until(_then(_consented(), PAID), "purge"),
    "no reply to the offer": lambda: _until(_sent(_offered()), "reminder", "term"),
    "no reply to the account": lambda: _until(_sent(_consented()), "term"),
    "not understood": _misread,
    "declined": lambda: _after(_offered(AUTO, CERTIFICATE), Decline()),
    "withdrawn": lambda: _after(_consented(AUTO, CERTIFICATE), Decline()),
    "withdrawn, purged": lambda: _until(_after(_consented(), Decline()), "purge"),
    "no number": lambda: _then(_consented(), REGISTERED.model_copy(update={"phone": None})),
    "no number, purged": lambda: _until(_then(Watched(AUTO), TITLE), "purge"),
    "foreign number": lambda: _then(_offered(), REGISTERED.model_copy(update={"phone": "+79161234567"})),
    "undeliverable": _unreached,
    "already receiving": lambda: _then(_offered(), PAID),
    "another ground": lambda: _after(_consented(AUTO, TITLE, SECOND), GIVEN),
    "dead": lambda: _then(_drafted(), DeathRegistered(iin=IIN, died_on=NOON.date())),
    "revoked": lambda: _then(_drafted(), EntitlementRevoked(iin=IIN, record_id="A")),
    "revoked, purged": lambda: _until(_then(_offered(), EntitlementRevoked(iin=IIN, record_id="A")), "purge"),
    "barred": lambda: _then(Watched(AUTO), CERTIFICATE.model_copy(update={"in_baikonur": True}), REGISTERED),
}
