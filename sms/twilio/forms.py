"""What the SMS API tells us, read from the fields of its calls. Refusals never repeat a value."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from schemas.ids import Sid
from schemas.messages import NOT_DELIVERED, Failure, MessageReceived, MessageStatusReported
from schemas.questions import Decline
from schemas.values import check_phone
from sms.carrier import Text
from sms.reading.answers import read_offer
from sms.twilio.errors import Effect, effect_of

_MOST_FIELDS = 200
_FAILURES: Mapping[Effect, Failure] = {
    Effect.PERMANENT: "permanent",
    Effect.PASSING: "passing",
    Effect.OURS: "ours",
    Effect.OPTED_OUT: "opted_out",
}
# A boundary between a name and a value can be moved to where another call's field would begin. Names begin
# with a capital letter, and no sid holds one behind its first two: so none can be made longer or shorter.
_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,63}", re.ASCII)
_SID = re.compile(r"(?:[A-Z]{2})?[a-z0-9]{1,62}", re.ASCII)
_READ = frozenset(("From", "To", "Body", "OptOutType", "MessageSid", "MessageStatus", "ErrorCode"))
_WORDS = re.compile(r"([A-Z][a-z]+)+", re.ASCII)
_STATUS = re.compile(r"[a-z_-]{1,32}", re.ASCII)
_CODE = re.compile(r"[0-9]{1,9}", re.ASCII)


class BadRequestError(ValueError):
    """The request can't be used; the message says why and repeats nothing of it."""


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a form.

    A signature does not tell where a name ends and its value begins. So what could be another call's fields,
    parted elsewhere, is refused: a field given twice, a name that begins with no capital letter or holds odd
    characters, that is a part of one that we read, or that goes on where ours ends. Bytes that are no UTF-8
    stay as they are (`surrogateescape`), because they are signed.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="surrogateescape",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise BadRequestError("the body is no form") from None
    return _unique(pairs)


def read_json(body: bytes) -> dict[str, str]:
    """The fields of a JSON object of strings, numbers and nulls."""
    try:
        content = json.loads(body, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is no JSON") from None
    if not isinstance(content, list) or not body.lstrip().startswith(b"{"):
        raise BadRequestError("the body is no JSON object")
    plain = [(name, value) for name, value in content if isinstance(value, str | int | float)]
    return _unique([(name, value if isinstance(value, str) else json.dumps(value)) for name, value in plain])


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name):
            raise BadRequestError("the name of a field is not of letters and digits behind a capital letter")
        if name in fields:
            raise BadRequestError("a field is there twice")
        if _is_parted_elsewhere(name):
            raise BadRequestError("the name of a field is cut off or goes on in its value")
        fields[name] = value
    return fields


def _is_parted_elsewhere(name: str) -> bool:
    return name not in _READ and any(
        ours.startswith(name) or (name.startswith(ours) and not _WORDS.fullmatch(name.removeprefix(ours)))
        for ours in _READ
    )


def read_inbound(fields: Mapping[str, str], received_at: datetime) -> MessageReceived:
    """A citizen's SMS. Where the SMS API took it for an opt-out, it reaches us in a word that says so."""
    phone, text, sid = _phone(fields, "From"), _whole(_needed(fields, "Body")), _sid(fields)
    opted_out = fields.get("OptOutType", "").upper() == "STOP"
    said = "STOP" if opted_out and not _stops(text) else text
    return MessageReceived(phone=phone, text=said, sid=sid, received_at=received_at)


def read_listed(text: Text, received_at: datetime) -> MessageReceived:
    """A citizen's SMS as the SMS API's list has it: the same event that a call of the webhook is.

    The list does not tell what the API took for an opt-out; its own words for that are read as one here too
    (`sms/reading/phrases.py`). Raises `BadRequestError`.
    """
    fields = {"From": text.phone, "MessageSid": text.sid}
    return MessageReceived(
        phone=_phone(fields, "From"), text=_whole(text.text), sid=_sid(fields), received_at=received_at
    )


def _stops(text: str) -> bool:
    read = read_offer(text)
    return isinstance(read, Decline) and read.stop


def read_status(fields: Mapping[str, str], at: datetime) -> MessageStatusReported:
    """What became of a message of ours, and, where it did not arrive, what its code says of why."""
    phone, sid = _phone(fields, "To"), _sid(fields)
    status = fields.get("MessageStatus", "").lower()
    if not _STATUS.fullmatch(status):
        raise BadRequestError("MessageStatus is missing or is no status")
    code = fields.get("ErrorCode", "")
    if code and not _CODE.fullmatch(code):
        raise BadRequestError("ErrorCode is no number")
    error_code = int(code) if code else None
    failure = _FAILURES[effect_of(error_code)] if status in NOT_DELIVERED else None
    return MessageStatusReported(
        phone=phone,
        sid=sid,
        status=status,
        error_code=error_code,
        undeliverable=failure == "permanent",
        failure=failure,
        at=at,
    )


def _whole(text: str) -> str:
    """The text with a replacement character for what is none.

    A phone or a gateway may cut a text in the middle of an emoji, or write it in another encoding.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _needed(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise BadRequestError(f"{name} is missing")
    return fields[name]


def _phone(fields: Mapping[str, str], name: str) -> str:
    try:
        return check_phone(_needed(fields, name))
    except ValueError as error:
        if isinstance(error, BadRequestError):
            raise
        raise BadRequestError(f"{name} is no phone number in E.164") from None


def _sid(fields: Mapping[str, str]) -> Sid:
    sid = fields.get("MessageSid", "")
    if not _SID.fullmatch(sid):
        raise BadRequestError("MessageSid is missing or is no sid")
    return Sid(sid)
