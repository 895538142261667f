"""What a fact that somebody publishes does to a person and their cases."""

from dataclasses import replace
from datetime import date

from rules import steps, telling, withholding
from rules.grounds import entitlement, scheme_without_choice
from rules.numbers import (
    can_be_reached,
    ended_without_right,
    is_asked_anew,
    undo_ending,
    undo_since,
    without_former_consent,
)
from rules.person import Case, Source
from rules.questioning import question, question_death
from rules.standings import restored_cases, revoked_cases, settle
from rules.states import WAITING, State
from rules.turn import Turn, find_case, without_number
from schemas.ids import CaseId, case_id_of
from schemas.portal import PhoneRegistered
from schemas.questions import NoticeKind
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.values import EndReason


def right_arises(turn: Turn, fact: TitleAwarded | DisabilityEstablished) -> None:
    """A right arises (R1, R7). The same record again, under whatever event id, changes nothing."""
    turn.know(iin=fact.iin)
    right = entitlement(fact, turn.policy)
    case_id = case_id_of(turn.person.person_id, right.record, right.record_id)
    cause = turn.cause
    posthumous = isinstance(fact, TitleAwarded) and fact.posthumous
    settle(turn, right.record, right.record_id)
    known = find_case(turn, case_id)
    anew = known is not None and _published(turn, known, posthumous=posthumous)
    revoked = turn.person.revoked(right.record, right.record_id, published_at=cause.time)
    if right.barred is EndReason.DECEASED and (revoked or _annulled(turn)):
        right = replace(right, barred=EndReason.MANUAL_ROUTE if right.obstacle else None)
    elif right.barred is EndReason.DECEASED:
        _withdraw_deceased(turn, None)
    source = Source(
        event=fact.name,
        record_date=fact.awarded_on if isinstance(fact, TitleAwarded) else fact.established_on,
        id=cause.source_id,
        source=cause.source,
        time=cause.time,
        sha256=cause.sha256,
    )
    if known:
        if anew:
            new = {"source": source, "ground": right.ground, "obstacle": right.obstacle}
            _begin_anew(turn, turn.person.cases[case_id], right.barred, **new)
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
            obstacle=right.obstacle,
            posthumous=posthumous,
        ),
        State.RECEIVED,
        scheme=scheme_without_choice(right.ground),
        grace_until=turn.now + grace if grace else None,
    )
    if right.barred:
        _bar(turn, case, right.barred)
    elif not grace:
        steps.proceed(turn, case)


def _published(turn: Turn, known: Case, *, posthumous: bool) -> bool:
    """Note that a known record was published once more, and whether it stands again for that.

    A record that was taken back said nothing of a death that its new publication does not say as well.
    """
    at, revoked = turn.cause.time, turn.person.revoked(known.record, known.record_id)
    if at > known.published_last:
        known = turn.keep(known.with_(published_at=at))
    anew = revoked and not turn.person.revoked(known.record, known.record_id)
    if posthumous:
        said_at = known.said_dead_at
        turn.keep(known.with_(posthumous=True, posthumous_at=max(said_at or at, at)))
    elif anew:
        turn.keep(known.with_(posthumous=False, posthumous_at=None))
    return anew


def _bar(turn: Turn, case: Case, barred: EndReason) -> None:
    """Nothing is offered. Who may be written to is told where to apply, if the ministry wants that."""
    if case.obstacle and barred is EndReason.MANUAL_ROUTE:
        case = turn.remark(case, f"barred_{case.obstacle}")
    ended = steps.end(turn, case, barred)
    invited = turn.policy.invited_by_sms and case.obstacle in ("baikonur", "not_first_time")
    if invited and not withholding.of_offer(turn, case):
        telling.notify(turn, ended, NoticeKind.MANUAL_ROUTE)


def right_revoked(turn: Turn, fact: EntitlementRevoked) -> None:
    """A revocation ends the right that rests on the record, unless a later word has restored it."""
    turn.know(iin=fact.iin)
    gone = revoked_cases(turn, fact)
    for case in gone:
        _stop(turn, case, EndReason.REVOKED)
        question(turn, turn.person.cases[case.case_id], "revoked")
    if turn.person.dead and not _death_stands(turn):
        _lives(turn)


def right_restored(turn: Turn, fact: EntitlementRestored) -> None:
    """The revocation was an error: a case that it ended starts anew with the offer."""
    turn.know(iin=fact.iin)
    restored = restored_cases(turn, fact)
    if any(turn.person.says_dead(case) for case in restored):
        _withdraw_deceased(turn, None)
    for case in restored:
        _begin_anew(turn, turn.person.cases[case.case_id], None)


def _begin_anew(turn: Turn, case: Case, barred: EndReason | None, **published: object) -> None:
    """Begin again with the offer, if the revocation ended the case.

    `published` is what the registry says of the record this time.
    """
    if case.state is not State.ENDED or case.reason is not EndReason.REVOKED:
        turn.remark(case, "restored")
        return
    _anew(turn, case.with_(**published), barred)


def _anew(turn: Turn, case: Case, barred: EndReason | None) -> None:
    """Begin again with the offer; no answer of before counts any more."""
    at = turn.happened_at
    # What was answered before is not an answer to the offer that comes now.
    anew = turn.keep(case.without_consent().with_(answered_at=at, anew_at=at, late_told=False))
    if barred:
        _bar(turn, anew, barred)
    else:
        steps.proceed(turn, anew)


def death_registered(turn: Turn, fact: DeathRegistered) -> None:
    """The person has died: every open case ends, and nobody is written to any more."""
    if _annulled(turn):
        turn.remarks.append("a death was registered that was annulled afterwards")
        return
    told_at, at = turn.person.death_told_at, turn.cause.time
    turn.know(iin=fact.iin, died_on=turn.person.died_on or fact.died_on, death_told_at=max(told_at or at, at))
    _withdraw_deceased(turn, fact.died_on)


def death_annulled(turn: Turn, fact: DeathAnnulled) -> None:
    """The death was an error: the person lives, and what it ended begins anew with the offer.

    A death that was told of later stands, in whatever order the two are read.
    """
    before, told_at = turn.person.death_annulled_at, turn.person.death_told_at
    annulled_at = max(before or turn.cause.time, turn.cause.time)
    turn.know(iin=fact.iin, death_annulled_at=annulled_at)
    if told_at is None or told_at <= annulled_at:
        turn.know(died_on=None, death_told_at=None)
    if turn.person.dead and not _death_stands(turn):
        _lives(turn)


def _death_stands(turn: Turn) -> bool:
    """Whether something says that the person has died which nothing has taken back."""
    person = turn.person
    if person.died_on is not None or any(person.says_dead(case) for case in _cases(turn)):
        return True
    # Cases stored by version 2 do not tell which award said it: only an annulment takes it back.
    unsaid = not any(case.posthumous for case in _cases(turn))
    return person.dead and unsaid and person.death_annulled_at is None


def _lives(turn: Turn) -> None:
    """Nothing says any longer that the person has died: what ended for that begins anew."""
    turn.know(dead=False)
    for case in _cases(turn):
        if case.state is State.ENDED and case.reason is EndReason.DECEASED:
            barred = EndReason.MANUAL_ROUTE if case.obstacle else None
            _anew(turn, turn.remark(case, "death_annulled"), barred)
        elif can_be_reached(turn, case):
            # The number was registered while nobody could be written to.
            steps.proceed(turn, without_former_consent(turn, case))


def _annulled(turn: Turn) -> bool:
    """Whether what is said of a death now was known to be an error later."""
    annulled = turn.person.death_annulled_at
    return annulled is not None and turn.cause.time <= annulled


def _withdraw_deceased(turn: Turn, died_on: date | None) -> None:
    """A death ends every open case; nothing more is sent to any number for this person.

    A posthumous title tells of one as well: whoever has the phone now is family.
    """
    turn.know(dead=True)
    phones = {question.phone for case in _cases(turn) for question in case.questions}
    if turn.person.phone:
        phones.add(turn.person.phone)
    for case in _cases(turn):
        _stop(turn, case, EndReason.DECEASED)
        question_death(turn, turn.person.cases[case.case_id], died_on)
    for phone in sorted(phones):
        turn.withdraw_person(phone, turn.at)


def _stop(turn: Turn, case: Case, reason: EndReason) -> None:
    """End an open case; one that has its outcome only records what came too late to change it."""
    if case.open:
        steps.end(turn, case, reason, close_at=turn.at)
    elif case.reason is not reason:
        turn.remark(case, f"{reason}_after_{'decision' if case.decided else 'end'}")


def phone_registered(turn: Turn, fact: PhoneRegistered) -> None:
    """The registered number changes (R2): questions go to the number registered now, or end without one."""
    person = turn.person
    if person.phone_as_of and fact.registered_at < person.phone_as_of:
        turn.remarks.append("a newer registration is known already")
        return
    before = person.phone
    turn.know(
        iin=fact.iin,
        phone=fact.phone,
        phone_as_of=fact.registered_at,
        phone_event_sha256=turn.cause.sha256,
    )
    if before == fact.phone:
        return
    ended: set[CaseId] = set()
    if before:
        # A time that lies ahead gives the former number no more time to answer.
        since = min(fact.registered_at, turn.at)
        ended = {each.case_id for each in _cases(turn) if ended_without_right(each, before, since)}
        for case in _cases(turn):
            if case.state in WAITING and case.question:
                turn.close(case.question, since)
            undo_since(turn, turn.keep(without_number(case, before, since)), since)
        turn.withdraw_person(before, since)
    for case in _cases(turn):
        if case.case_id in ended:
            steps.proceed(turn, undo_ending(turn, case))
        elif is_asked_anew(turn, case):
            steps.proceed(turn, without_former_consent(turn, case))


def _cases(turn: Turn) -> list[Case]:
    return list(turn.person.cases.values())
