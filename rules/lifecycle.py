"""The lifecycle of a person's cases: one event in, the changed person and the effects out.

This is the pure core of the case desk. It reads no clock and sends nothing; what an event means for each case
is decided here and nowhere else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.answers import answered
from rules.grounds import entitlement
from rules.person import Case, Person, Source
from rules.policy import Policy
from rules.sending import not_reached, sent, sent_time
from rules.standings import published_anew, restored_cases, revoked_cases
from rules.states import BEFORE_CONSENT, SENT, WAITING, State
from rules.turn import Turn, reminder, replace_question, scheme_without_choice, without_number
from schemas.base import Event
from schemas.emaket import DecisionSigned
from schemas.happening import Happening, derived_id
from schemas.portal import PhoneRegistered
from schemas.registry import (
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.sms import (
    DeadlineElapsed,
    NoticeKind,
    QuestionAnswered,
    QuestionNotReached,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
)
from schemas.statecorp import AccountKnown, BenefitRecorded
from schemas.values import EndReason


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an event did: the person as they are now, the effects in order, and remarks for the log."""

    person: Person
    effects: Sequence[Event]
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a person waits for: `name` and `version` come back in the `deadline.elapsed` event."""

    name: str
    version: int
    at: datetime


def advance(person: Person, event: Happening, now: datetime, policy: Policy) -> Advanced:
    """Apply one event. `now` is the present instant in UTC."""
    turn = Turn(person, event, now, policy)
    handle = _HANDLERS.get(type(event.data))
    if handle:
        handle(turn, event.data)
    else:
        turn.remarks.append(f"{event.name} is nothing that a case waits for")
    return Advanced(turn.person, tuple(turn.effects), tuple(turn.remarks))


def waits(person: Person) -> Iterator[Wait]:
    """What the person's cases wait for now: the end of the grace, the reminder, the end of a term."""
    for case in person.cases.values():
        if case.state is State.RECEIVED and case.grace_until:
            yield Wait(f"{case.case_id}/grace", 0, case.grace_until)
        question = case.question
        if question is None or case.state not in SENT.values() or question.term_ends is None:
            continue
        yield Wait(f"{case.case_id}/term", case.version, question.term_ends)
        remind_at = reminder(question)
        if remind_at:
            yield Wait(f"{case.case_id}/reminder", case.version, remind_at)


def _arise(turn: Turn, fact: TitleAwarded | DisabilityEstablished) -> None:
    """A right arises (R1, R7). The same record again, under whatever event id, changes nothing."""
    turn.know(iin=fact.iin)
    right = entitlement(fact)
    if right.barred is EndReason.DECEASED:
        _mourn(turn)
    case_id = derived_id(turn.person.person_id, right.record, right.record_id)
    anew = published_anew(turn, right.record, right.record_id)
    cause = turn.cause
    source = Source(id=cause.source_id, source=cause.source, time=cause.time, sha256=cause.sha256)
    known = _case(turn, case_id)
    if known:
        if anew:
            _take_up_anew(turn, known, right.barred, source=source, ground=right.ground)
        else:
            turn.remarks.append("the entitlement is known already")
        return
    grace = turn.policy.facts_grace
    case = turn.move(
        Case(
            case_id=case_id,
            ground=right.ground,
            record=right.record,
            record_id=right.record_id,
            source=source,
        ),
        State.RECEIVED,
        scheme=scheme_without_choice(right.ground),
        grace_until=turn.now + grace if grace else None,
    )
    if right.barred:
        turn.end(case, right.barred)
    elif not grace:
        turn.proceed(case)


def _revoke(turn: Turn, fact: EntitlementRevoked) -> None:
    """A revocation ends the right that rests on the record, unless a later word has restored it."""
    turn.know(iin=fact.iin)
    for case in revoked_cases(turn, fact):
        _stop(turn, case, EndReason.REVOKED)


def _restore(turn: Turn, fact: EntitlementRestored) -> None:
    """The revocation was an error: a case that it ended starts anew with the offer."""
    turn.know(iin=fact.iin)
    for case in restored_cases(turn, fact):
        _take_up_anew(turn, case, None)


def _take_up_anew(turn: Turn, case: Case, barred: EndReason | None, **published: object) -> None:
    """Begin again with the offer, if the revocation ended the case; no answer of before counts any more.

    `published` is what the registry says of the record this time.
    """
    if case.state is not State.ENDED or case.reason is not EndReason.REVOKED:
        turn.remark(case, "restored")
        return
    case = case.model_copy(update=published)
    anew = turn.put(
        case.model_copy(
            update={
                "consent": None,
                "account": None,
                "scheme": scheme_without_choice(case.ground),
                # What was answered before is not an answer to the offer that comes now.
                "answered_at": turn.happened_at,
                "late_told": False,
            }
        )
    )
    if barred:
        turn.end(anew, barred)
    else:
        turn.proceed(anew)


def _die(turn: Turn, fact: DeathRegistered) -> None:
    turn.know(iin=fact.iin, died_on=turn.person.died_on or fact.died_on)
    _mourn(turn)


def _mourn(turn: Turn) -> None:
    """A death ends every open case; nothing more is sent to any number for this person.

    A posthumous title tells of one as well: whoever has the phone now is family.
    """
    turn.know(dead=True)
    phones = {question.phone for case in _cases(turn) for question in case.questions}
    if turn.person.phone:
        phones.add(turn.person.phone)
    for case in _cases(turn):
        _stop(turn, case, EndReason.DECEASED)
    for phone in sorted(phones):
        turn.withdraw_person(phone, turn.now)


def _stop(turn: Turn, case: Case, reason: EndReason) -> None:
    """End an open case; one that has its outcome only records what came too late to change it."""
    if case.open:
        turn.end(case, reason)
        _close_question(turn, case, turn.now)
    elif case.reason is not reason:
        turn.remark(case, f"{reason}_after_{'decision' if case.decided else 'end'}")


def _close_question(turn: Turn, case: Case, at: datetime) -> None:
    """Close what the case asked. To be done after the telling: closing makes room for the next question."""
    if case.state in WAITING and case.question:
        turn.close(case.question, at)


def _register_phone(turn: Turn, fact: PhoneRegistered) -> None:
    """The registered number changes (R2): questions go to the number registered now, or end without one."""
    person = turn.person
    if person.phone_as_of and fact.registered_at < person.phone_as_of:
        turn.remarks.append("a newer registration is known already")
        return
    before = person.phone
    turn.know(iin=fact.iin, phone=fact.phone, phone_as_of=fact.registered_at)
    if before == fact.phone:
        return
    if before:
        # A time that lies ahead gives the former number no more time to answer.
        since = min(fact.registered_at, turn.now)
        for case in _cases(turn):
            _close_question(turn, case, since)
            turn.put(without_number(case, before, since))
        turn.withdraw_person(before, since)
    for case in _cases(turn):
        if case.state in WAITING or (turn.phone and _unreached(case)):
            turn.proceed(case)


def _unreached(case: Case) -> bool:
    return case.state is State.ENDED and case.reason in (
        EndReason.PHONE_NOT_REGISTERED,
        EndReason.NUMBER_NOT_REACHABLE,
        EndReason.UNDELIVERABLE,
    )


def _record_benefit(turn: Turn, fact: BenefitRecorded) -> None:
    """Ground 4. Before consent there is nothing to refuse yet: the process ends (R12)."""
    person = turn.person
    if person.benefit_as_of and fact.recorded_on < person.benefit_as_of:
        turn.remarks.append("a newer record of the benefit is known already")
        return
    turn.know(iin=fact.iin, benefit=fact.status, benefit_as_of=fact.recorded_on)
    if not turn.person.receives:
        return
    for case in _cases(turn):
        if case.state in BEFORE_CONSENT - {State.RECEIVED}:
            turn.end(case, EndReason.ALREADY_RECEIVING)
            _close_question(turn, case, turn.now)


def _know_account(turn: Turn, fact: AccountKnown) -> None:
    """An account to confirm instead of asking for one (R4)."""
    turn.know(iin=fact.iin, account=fact.iban)


def _undeliverable(turn: Turn, report: QuestionUndeliverable) -> None:
    """The question can't reach the number. If its term was over for us, there was none: it never came."""
    case = _case(turn, report.case_id)
    if not case:
        turn.remarks.append("a question was undeliverable that no case asked")
        return
    question = case.question
    reason = EndReason.NUMBER_NOT_REACHABLE if report.opted_out else EndReason.UNDELIVERABLE
    current = question and question.question_id == report.question_id
    if case.state in WAITING and question and current:
        turn.end(case, reason)
        turn.close(question, report.at)
    elif case.reason is EndReason.NO_REPLY and current:
        turn.end(case, reason)
    else:
        turn.remark(case, "undeliverable_after_closing")


def _elapsed(turn: Turn, report: DeadlineElapsed) -> None:
    """An instant has come. It matters only if the case still waits for it.

    That it has come is the event's to say: this worker's clock may lag behind the one that told it.
    """
    case_id, _, what = report.deadline.partition("/")
    case = _case(turn, case_id)
    due = [wait for wait in waits(turn.person) if wait.name == report.deadline]
    if not case or not due or (due[0].version, due[0].at) != (report.version, report.due):
        turn.remarks.append("a deadline elapsed that nobody waits for any longer")
        return
    question = case.question
    if what == "grace":
        turn.proceed(turn.put(case.model_copy(update={"grace_until": None})))
    elif question and question.term_ends and what == "term":
        turn.end(case, EndReason.NO_REPLY)
        turn.close(question, question.term_ends)
    elif question and question.term_ends:
        changed = replace_question(case, question.model_copy(update={"reminded": True}))
        turn.notify(turn.remark(changed, "reminded"), NoticeKind.REMINDER, until=question.term_ends)


def _signed(turn: Turn, report: DecisionSigned) -> None:
    """The officer signed (R10). A benefit on record by then is a refusal on ground 4 all the same (R12)."""
    for case in _cases(turn):
        draft = case.draft
        if case.state is State.AWAITING_SIGNATURE and draft and draft.decision_id == report.decision_id:
            granted = report.outcome == "granted" and not turn.person.receives
            ground = None if granted else 4 if turn.person.receives else report.refusal_ground
            outcome = {
                "outcome": "granted" if granted else "refused",
                "refusal_ground": ground,
                "decided_at": report.signed_at,
            }
            turn.pronounce(case, draft.model_copy(update=outcome))
            return
    turn.remarks.append("a decision was signed that nobody drafted")


def _cases(turn: Turn) -> list[Case]:
    return list(turn.person.cases.values())


def _case(turn: Turn, case_id: str) -> Case | None:
    return turn.person.cases.get(case_id)


_HANDLERS: dict[type[Event], Callable[[Turn, Any], None]] = {
    TitleAwarded: _arise,
    DisabilityEstablished: _arise,
    EntitlementRevoked: _revoke,
    EntitlementRestored: _restore,
    DeathRegistered: _die,
    PhoneRegistered: _register_phone,
    BenefitRecorded: _record_benefit,
    AccountKnown: _know_account,
    QuestionSent: sent,
    QuestionSentTime: sent_time,
    QuestionNotReached: not_reached,
    QuestionAnswered: answered,
    QuestionUndeliverable: _undeliverable,
    DeadlineElapsed: _elapsed,
    DecisionSigned: _signed,
}
