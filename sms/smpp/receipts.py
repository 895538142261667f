"""Delivery receipts: what a deliver_sm tells of a message of ours (SMPP 3.4, Appendix B, and 5.3.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sms.smpp.commands import ShortMessage, Tag
from sms.smpp.pdu import MalformedPduError
from sms.smpp.status import State, Status

IdForm = Literal["same", "hex_to_decimal", "decimal_to_hex"]
"""How a receipt's text writes message_id: as submit_sm_resp did, or decimal for hex, or reversed."""

_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*([0-9A-Za-z]+)", re.IGNORECASE)
_SUBMITTED = re.compile(r"\bsubmit date:\s*([0-9]{10,14})", re.IGNORECASE)
_WORDS: Mapping[str, State] = {
    "ENROUTE": State.ENROUTE,
    "DELIVRD": State.DELIVERED,
    "EXPIRED": State.EXPIRED,
    "DELETED": State.DELETED,
    "UNDELIV": State.UNDELIVERABLE,
    "ACCEPTD": State.ACCEPTED,
    "UNKNOWN": State.UNKNOWN,
    "REJECTD": State.REJECTED,
    # Not in the specification, but said all the same.
    "UNDELIVERABLE": State.UNDELIVERABLE,
    "DELIVERED": State.DELIVERED,
    "REJECTED": State.REJECTED,
    "FAILED": State.UNDELIVERABLE,
}
_DATES = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}
_GSM_NETWORK = 3
_PLAIN = re.compile(r"[0-9A-Fa-f]{1,64}", re.ASCII)
_TEN = 10


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the message with this id, which is written as `canonical` writes it.

    `error` is the network's, where it is surely one of GSM's. `submitted_at` is when the operator took the
    message, in UTC, as its own clock and zone have it, cut to minutes or seconds.
    """

    message_id: str = field(repr=False)
    state: State
    error: int | None = None
    submitted_at: datetime | None = None


def canonical(message_id: str, form: IdForm) -> str:
    """The message_id of a submit_sm_resp, or of a receipt's parameter, as we name the message.

    >>> canonical("0001A2b", "hex_to_decimal"), canonical("6699", "decimal_to_hex"), canonical("6699", "same")
    ('6699', '6699', '6699')
    """
    return _number(message_id, 16) if form == "hex_to_decimal" else _number(message_id, 10, form)


def _of_text(message_id: str, form: IdForm) -> str:
    return _number(message_id, 16) if form == "decimal_to_hex" else _number(message_id, 10, form)


def _number(message_id: str, base: int, form: IdForm = "hex_to_decimal") -> str:
    """In decimal, without zeros before it; what is no number, and what both sides write alike, as it is."""
    if form == "same" or not _PLAIN.fullmatch(message_id):
        return message_id
    return str(int(message_id, base)) if base > _TEN or message_id.isdecimal() else message_id


def read(
    message: ShortMessage, text: str, *, form: IdForm = "same", zone: ZoneInfo, gsm_errors: bool = False
) -> Receipt:
    """The receipt in a deliver_sm whose user data says `text`. Raises `MalformedPduError`.

    `zone` is that of the operator's dates. `gsm_errors`: its errors in texts are GSM's own.
    """
    parameters = message.parameters
    told = parameters.get(Tag.RECEIPTED_MESSAGE_ID)
    written = _ID.search(text)
    if told:
        message_id = canonical(told.rstrip(b"\0").decode("latin-1"), form)
    elif written:
        message_id = _of_text(written[1], form)
    else:
        raise MalformedPduError("a receipt names no message", Status.ESME_RX_P_APPN)
    return Receipt(
        message_id, _state(parameters, text), _error(parameters, text, gsm_errors), _submitted_at(text, zone)
    )


def _state(parameters: Mapping[int, bytes], text: str) -> State:
    told = parameters.get(Tag.MESSAGE_STATE)
    if told and told[-1] in set(State):
        return State(told[-1])
    word = _STATE.search(text)
    state = _WORDS.get(word[1].upper()) if word else None
    if state is None:
        raise MalformedPduError("a receipt tells no state that we know", Status.ESME_RX_P_APPN)
    return state


def _error(parameters: Mapping[int, bytes], text: str, gsm_errors: bool) -> int | None:  # noqa: FBT001
    told = parameters.get(Tag.NETWORK_ERROR_CODE, b"")
    if len(told) == 3 and told[0] == _GSM_NETWORK:  # noqa: PLR2004 - a network and a code of two octets
        return int.from_bytes(told[1:], "big")
    written = _ERROR.search(text)
    return int(written[1]) if gsm_errors and written and written[1].isdecimal() else None


def _submitted_at(text: str, zone: ZoneInfo) -> datetime | None:
    found = _SUBMITTED.search(text)
    form = _DATES.get(len(found[1])) if found else None
    if not (found and form):
        return None
    try:
        return datetime.strptime(found[1], form).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
