"""`sms.inbox.v1` and `sms.outbox.v1`: what was asked and told, what became of it, what came back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ops.read_model.changes import Folded, Latest
from ops.read_model.changes import Told as Once
from ops.read_model.folds import rank_of
from ops.read_model.projections.reading import Changes, Means, Told
from ops.read_model.tables import asked, deliveries, former, journal, messages, received
from schemas.catalogue import LINE_EVENTS
from schemas.ids import explanation_id_of, message_id_of, resent_id_of
from schemas.messages import (
    MessageAccepted,
    MessageDeferred,
    MessageGivenUp,
    MessageInDoubt,
    MessageReceived,
    MessageRejected,
    MessageStatusReported,
    MessageToSend,
)
from schemas.questions import NoticeRequested, QuestionAsked

_EXPLANATIONS = ("1", "2", "3", "echo")
_DEFERRED, _IN_DOUBT, _REJECTED, _ACCEPTED, _GIVEN_UP = 1, 2, 3, 4, 5
_AFTER_ALL_ATTEMPTS = 1_000_000


def heard(told: Told, means: Means) -> Changes:
    """An event of a phone number: most of them say something of a message."""
    projection = _OF_LINES.get(told.event.name)
    return () if projection is None else projection(told, told.data(LINE_EVENTS[told.event.name]), means)


def handed_over(told: Told, means: Means) -> Changes:
    """A message for the carrier."""
    if told.event.name != MessageToSend.name:
        return
    message = told.data(MessageToSend)
    id_ = message.message_id
    row = {
        "message_id": id_,
        "again_id": resent_id_of(id_),
        "phone_id": told.key(),
        "attempt": message.attempt,
        "at": message.requested_at,
        "phone": means.seal(messages, "phone", id_, message.phone),
        "text": means.seal(messages, "text", id_, message.text),
    }
    yield Latest(messages, row, by="attempt")


def _question(told: Told, event: QuestionAsked, means: Means) -> Changes:
    message_id = message_id_of(event.question_id)
    row = _asked(told, event, message_id, means)
    yield Once(asked, row | {"question_id": event.question_id})
    for number in _EXPLANATIONS:
        explains = explanation_id_of(event.question_id, number)
        what = f"explain_{event.kind}"
        yield Once(former, {"message_id": explains, "of_message": message_id, "what": what})


def _notice(told: Told, event: NoticeRequested, means: Means) -> Changes:
    yield Once(asked, _asked(told, event, event.notice_id, means) | {"question_id": event.question_id})


def _asked(
    told: Told, event: QuestionAsked | NoticeRequested, message_id: str, means: Means
) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "case_id": event.case_id,
        "person_id": event.person_id,
        "phone_id": told.key(),
        "what": str(event.kind),
        "language": None if event.language is None else str(event.language),
        "at": told.event.time,
        "phone": means.seal(asked, "phone", message_id, event.phone),
    }


def _accepted(told: Told, event: MessageAccepted, means: Means) -> Changes:
    del means
    yield _journal(told, event, _ACCEPTED, event.accepted_at, sid=event.sid)


def _deferred(told: Told, event: MessageDeferred, means: Means) -> Changes:
    del means
    yield _journal(told, event, _DEFERRED, event.at, tried_at=event.tried_at)


def _rejected(told: Told, event: MessageRejected, means: Means) -> Changes:
    del means
    yield _journal(told, event, _REJECTED, event.at, code=event.code)


def _in_doubt(told: Told, event: MessageInDoubt, means: Means) -> Changes:
    del means
    yield _journal(told, event, _IN_DOUBT, event.at, tried_at=event.tried_at)


def _given_up(told: Told, event: MessageGivenUp, means: Means) -> Changes:
    """Nothing is tried again after it, whatever the carrier said before."""
    del means
    yield _journal(told, event, _GIVEN_UP, event.at, attempt=_AFTER_ALL_ATTEMPTS)


_STATES = {
    _DEFERRED: "deferred",
    _IN_DOUBT: "in_doubt",
    _REJECTED: "rejected",
    _ACCEPTED: "accepted",
    _GIVEN_UP: "given_up",
}


def _journal(
    told: Told,
    event: MessageAccepted | MessageDeferred | MessageRejected | MessageInDoubt | MessageGivenUp,
    rank: int,
    at: datetime,
    **more: object,
) -> Folded:
    row = {
        "message_id": event.message_id,
        "phone_id": told.key(),
        "attempt": 0 if isinstance(event, MessageGivenUp) else event.attempt,
        "rank": rank,
        "state": _STATES[rank],
        "code": None,
        "sid": None,
        "tried_at": None,
        "at": at,
    }
    return Folded(journal, event.message_id, row | more)


def _status(told: Told, event: MessageStatusReported, means: Means) -> Changes:
    del means
    row = {
        "sid": event.sid,
        "phone_id": told.key(),
        "status": event.status,
        "rank": rank_of(event.status),
        "code": event.error_code,
        "at": event.at,
    }
    yield Folded(deliveries, event.sid, row)


def _received(told: Told, event: MessageReceived, means: Means) -> Changes:
    row = {
        "sid": event.sid,
        "phone_id": told.key(),
        "event_id": told.event_id,
        "offset": told.record.offset,
        "at": event.received_at,
        "phone": means.seal(received, "phone", event.sid, event.phone),
        "text": means.seal(received, "text", event.sid, event.text),
    }
    yield Once(received, row)


_OF_LINES: dict[str, Callable[[Told, Any, Means], Changes]] = {
    QuestionAsked.name: _question,
    NoticeRequested.name: _notice,
    MessageAccepted.name: _accepted,
    MessageDeferred.name: _deferred,
    MessageRejected.name: _rejected,
    MessageInDoubt.name: _in_doubt,
    MessageGivenUp.name: _given_up,
    MessageStatusReported.name: _status,
    MessageReceived.name: _received,
}
