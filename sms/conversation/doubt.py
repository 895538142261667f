"""What an operator says of a message of which nobody can tell whether it left, pure.

The SMS API could not say whether it has the message, and an operator has looked: it was sent, or it was not.
What they say is taken of a message in doubt alone, so that the same word said again changes nothing.
"""

from datetime import datetime

from schemas.ids import MessageId
from schemas.operators import OperatorActed
from schemas.times import read_instant
from schemas.turned import RefusedEventError
from sms.conversation.leaving import left
from sms.conversation.line import Message
from sms.conversation.turn import Turn

SENT, NOT_SENT = "sent", "not_sent"


def settle(turn: Turn, acted: OperatorActed) -> None:
    """Obey `sent` and `not_sent`. Raises `RefusedEventError` where the message is not in doubt."""
    if not acted.of_a_message or acted.act not in (SENT, NOT_SENT):
        turn.remarks.append("an operator did what this line does not know")
        return
    message = turn.line.message(MessageId(acted.object.id))
    if message and acted.act == NOT_SENT and message.unsent_before and not message.doubted_at:
        turn.remarks.append("an operator said once more that a message was not sent")
        return
    if message is None or message.doubted_at is None:
        raise RefusedEventError(
            "object: no message with this id is in doubt on this number: it was never tried, or what became "
            "of it is known by now"
        )
    if acted.act == SENT:
        left(turn, message, _sent_at(turn, acted, message))
    else:
        _not_sent(turn, message, message.doubted_at)


def _sent_at(turn: Turn, acted: OperatorActed, message: Message) -> datetime:
    """When the operator says that it was sent. People read clocks by the minute.

    By the act's own instant it is judged, however late that is read. Raises `RefusedEventError`.
    """
    given = acted.details.get("sent_at")
    try:
        sent_at = read_instant(given if isinstance(given, str) else "")
    except ValueError as error:
        raise RefusedEventError(f"details.sent_at: {error}") from None
    if sent_at > turn.now:
        raise RefusedEventError("details.sent_at: it lies in the future")
    tried_at = message.tried_at or sent_at
    if sent_at < tried_at.replace(second=0, microsecond=0):
        raise RefusedEventError("details.sent_at: it is before the message was first tried")
    return max(sent_at, tried_at)


def _not_sent(turn: Turn, message: Message, doubted_at: datetime) -> None:
    """Send it again: up to the doubt it had not left, and need not be looked up.

    Where the carrier has it once more already, that attempt is awaited, and may leave yet.
    """
    turn.replace(
        message,
        message.with_(
            tried_at=message.handed_at,
            returned_at=turn.now,
            retry_at=None,
            doubted_at=None,
            unsent_before=doubted_at,
        ),
    )
