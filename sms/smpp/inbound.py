"""What an operator brings by deliver_sm: citizens' texts, parts of them, and what became of our messages."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from schemas.ids import Pseudonyms, Sid
from schemas.messages import MessageReceived, MessageStatusReported, TextPartReceived
from schemas.values import check_phone
from sms import metrics
from sms.inbox_producer import NotTakenError
from sms.sending.long_texts import MISSING, MOST_PARTS
from sms.smpp import receipts, user_data
from sms.smpp.account import Account
from sms.smpp.commands import INTERMEDIATE, RECEIPT, RECEIPT_BITS, Address, ShortMessage
from sms.smpp.pdu import MalformedPduError
from sms.smpp.repeats import Repeats
from sms.smpp.status import State, Status, failure_of, is_known, receipt_code
from streams.clock import Clock, real_now
from streams.events import inbox_record, text_part_record
from streams.records import Outgoing

_log = structlog.get_logger(__name__)

_NATIONAL_LENGTH, _WITH_TRUNK_LENGTH = 10, 11
_COUNTRY, _TRUNK, _INTERNATIONAL = "7", "8", "00"
_WORDS = {
    State.ENROUTE: "sending",
    State.DELIVERED: "delivered",
    # Whoever took it, the handset may still refuse it.
    State.ACCEPTED: "sent",
    State.EXPIRED: "undelivered",
    State.DELETED: "undelivered",
    State.UNDELIVERABLE: "undelivered",
    State.REJECTED: "undelivered",
    State.UNKNOWN: "unknown",
}
_NOT_DELIVERED = "undelivered"


class Sink(Protocol):
    """Takes events. What `send` returned from is not lost any more."""

    async def send(self, outgoing: Outgoing) -> None:
        """Return when the event is safe. Raises `NotTakenError`."""
        ...


class Inbound:
    """Takes each deliver_sm of an account to the broker, and answers it only then.

    `clock` turns real instants into the virtual ones of the events.
    """

    def __init__(
        self,
        account: Account,
        pseudonyms: Pseudonyms,
        clock: Clock,
        sink: Sink,
        repeats: Repeats,
        *,
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self._account = account
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._sink = sink
        self._now = now
        self._repeats = repeats

    def session_lost(self) -> None:
        """A session ended: its last answers may not have arrived."""
        self._repeats.session_lost()

    async def deliver(self, body: bytes) -> int:
        """Take the body of a deliver_sm; the command_status to answer with. Raises `MalformedPduError`."""
        arrived_at = self._now()
        try:
            message = ShortMessage.read(body)
            if message.is_text:
                return await self._text(message, body, arrived_at)
            if message.esm_class & RECEIPT_BITS in (RECEIPT, INTERMEDIATE):
                return await self._receipt(message, arrived_at)
        except MalformedPduError:
            metrics.SMPP_DELIVERED.labels("unusable").inc()
            raise
        except Exception:
            metrics.SMPP_DELIVERED.labels("failed").inc()
            raise
        # An acknowledgement by a person or a handset, which nobody asked for.
        metrics.SMPP_DELIVERED.labels("ignored").inc()
        return Status.ESME_ROK

    async def _text(self, message: ShortMessage, body: bytes, arrived_at: datetime) -> int:
        phone = _phone(message.source)
        read = user_data.read(message, self._account.default_alphabet)
        if read.part is None:
            return await self._whole(phone, read.text, body, arrived_at)
        part = read.part
        if part.count > MOST_PARTS:
            # No answer is as long; one part of it says that there was a text that nobody understands.
            first = part.number == 1
            return (
                await self._whole(phone, read.text + MISSING, body, arrived_at) if first else Status.ESME_ROK
            )
        record = text_part_record(
            TextPartReceived(
                phone=phone,
                text=read.text,
                carrier=self._account.name,
                reference=part.reference,
                count=part.count,
                number=part.number,
                received_at=self._clock.virtual(arrived_at),
            ),
            self._pseudonyms,
        )
        return await self._send(record, "part")

    async def _whole(self, phone: str, text: str, body: bytes, arrived_at: datetime) -> int:
        """A text that came whole. One that the operator brings again, unanswered, is the same as before."""
        # Both leave the process, and neither may name the number: what they are made of is under the key.
        content = self._pseudonyms.id(body.hex(), phone)
        with self._repeats.turn(content, arrived_at) as turn:
            first = self._pseudonyms.id(f"{content} {turn.first_at.isoformat()}", phone)
            sid = Sid(f"{self._account.name}-{first.rpartition(':')[2][:32]}")
            received_at = self._clock.virtual(turn.first_at)
            event = MessageReceived(phone=phone, text=text, sid=sid, received_at=received_at)
            status = await self._send(inbox_record(event, self._pseudonyms), "text")
            turn.answered = status == Status.ESME_ROK
        return status

    async def _receipt(self, message: ShortMessage, arrived_at: datetime) -> int:
        account = self._account
        receipt = receipts.read(
            message,
            _told(message, account),
            form=account.receipt_ids,
            zone=account.zone,
            gsm_errors=account.gsm_errors,
        )
        status = _WORDS[receipt.state]
        failed = status == _NOT_DELIVERED
        code = receipt_code(receipt.state, receipt.error) if failed else None
        failure = failure_of(receipt.error) if failed else None
        event = MessageStatusReported(
            phone=_number_of_receipt(message),
            sid=sid_of(account.name, receipt.message_id),
            status=status,
            error_code=code,
            undeliverable=failure == "permanent",
            failure=failure,
            sent_at=self._submitted_at(receipt.submitted_at, arrived_at),
            at=self._clock.virtual(arrived_at),
        )
        answer = await self._send(inbox_record(event, self._pseudonyms), "receipt")
        if answer == Status.ESME_ROK and failure is not None:
            metrics.FAILURES.labels(failure).inc()
            if not is_known(code):
                metrics.UNKNOWN_CODES.labels(metrics.code_label(code)).inc()
        return answer

    def _submitted_at(self, submitted_at: datetime | None, arrived_at: datetime) -> datetime | None:
        """What is to come was not submitted, whatever the operator's clock says."""
        return self._clock.virtual(min(submitted_at, arrived_at)) if submitted_at else None

    async def _send(self, record: Outgoing, kind: str) -> int:
        try:
            await self._sink.send(record)
        except NotTakenError as problem:
            metrics.SMPP_DELIVERED.labels("not_now").inc()
            _log.warning(
                "the broker has not taken what an operator brought: it is asked to bring it again",
                carrier=self._account.name,
                kind=kind,
                reason=str(problem),
            )
            return Status.ESME_RX_T_APPN
        metrics.SMPP_DELIVERED.labels(kind).inc()
        return Status.ESME_ROK


def sid_of(carrier: str, message_id: str) -> Sid:
    """A message of ours as we name it: operators' ids are alike."""
    return Sid(f"{carrier}-{message_id}")


def _told(message: ShortMessage, account: Account) -> str:
    """The text of a receipt, which some operators mark as none: then it is ASCII all the same."""
    try:
        return user_data.read(message, account.default_alphabet).text
    except MalformedPduError:
        return message.octets.decode("latin-1")


def _phone(address: Address) -> str:
    """The number in E.164. Raises `MalformedPduError`."""
    digits = address.text.strip().removeprefix("+").removeprefix(_INTERNATIONAL)
    if len(digits) == _NATIONAL_LENGTH and digits.startswith(_COUNTRY):
        digits = _COUNTRY + digits
    elif len(digits) == _WITH_TRUNK_LENGTH and digits.startswith(_TRUNK):
        digits = _COUNTRY + digits.removeprefix(_TRUNK)
    try:
        return check_phone(f"+{digits}")
    except ValueError:
        raise MalformedPduError("a text comes from no phone number", Status.ESME_RINVSRCADR) from None


def _number_of_receipt(message: ShortMessage) -> str:
    """The citizen's number: a receipt's source, or with some operators its destination."""
    try:
        return _phone(message.source)
    except MalformedPduError:
        return _phone(message.destination)
