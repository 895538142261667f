"""The lifecycle of a person's cases: one event in, the changed person and the effects out.

This is the pure core of the case desk. It reads no clock and sends nothing; what an event means for each case
is decided here and nowhere else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rules import queue, retention, rules_awaited, service_awaited
from rules.answers import answered, not_answered, not_understood
from rules.deadlines import deadline_elapsed
from rules.delivery import not_reached, sent, sent_time, undeliverable
from rules.facts import (
    death_annulled,
    death_registered,
    phone_registered,
    right_arises,
    right_restored,
    right_revoked,
)
from rules.officers import hearing_recorded, term_extended
from rules.operators import acted
from rules.person import Person
from rules.policy import Policy
from rules.service import OPEN, InForce
from rules.signatures import decision_signed
from rules.state_corporation import account_known, benefit_recorded
from rules.turn import Advanced, Turn
from schemas.base import Event
from schemas.deadlines import DeadlineElapsed
from schemas.emaket import DecisionSigned, HearingRecorded, TermExtended
from schemas.operators import OperatorActed
from schemas.portal import PhoneRegistered
from schemas.questions import (
    QuestionAnswered,
    QuestionNotAnswered,
    QuestionNotReached,
    QuestionNotUnderstood,
    QuestionSent,
    QuestionSentTime,
    QuestionUndeliverable,
)
from schemas.received import ReceivedEvent
from schemas.registry import (
    DeathAnnulled,
    DeathRegistered,
    DisabilityEstablished,
    EntitlementRestored,
    EntitlementRevoked,
    TitleAwarded,
)
from schemas.statecorp import AccountKnown, BenefitRecorded


def advance(
    person: Person,
    event: ReceivedEvent,
    now: datetime,
    policy: Policy,
    service: InForce = OPEN,
) -> Advanced:
    """Apply one event. `now` is the present instant in UTC.

    `service` is what was in force of the whole service when the event came, not what is in force now.

    Raises `RefusedEventError` where it can't be told which right the event means.
    """
    turn = Turn(person, event, now, policy, service)
    handle = _HANDLERS.get(type(event.data))
    if handle:
        handle(turn, event.data)
    else:
        turn.remarks.append(f"{event.name} is nothing that a case waits for")
    rules_awaited.settle(turn)
    service_awaited.settle(turn)
    queue.settle(turn)
    retention.forget_needless(turn)
    return turn.done()


_HANDLERS: dict[type[Event], Callable[[Turn, Any], None]] = {
    TitleAwarded: right_arises,
    DisabilityEstablished: right_arises,
    EntitlementRevoked: right_revoked,
    EntitlementRestored: right_restored,
    DeathAnnulled: death_annulled,
    DeathRegistered: death_registered,
    PhoneRegistered: phone_registered,
    BenefitRecorded: benefit_recorded,
    AccountKnown: account_known,
    QuestionSent: sent,
    QuestionSentTime: sent_time,
    QuestionNotReached: not_reached,
    QuestionNotUnderstood: not_understood,
    QuestionNotAnswered: not_answered,
    QuestionAnswered: answered,
    QuestionUndeliverable: undeliverable,
    DeadlineElapsed: deadline_elapsed,
    DecisionSigned: decision_signed,
    HearingRecorded: hearing_recorded,
    TermExtended: term_extended,
    OperatorActed: acted,
}
