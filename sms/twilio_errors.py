"""Twilio's error codes, and what each does to a message: one table."""

from enum import StrEnum


class Effect(StrEnum):
    """What a code means for the message."""

    PERMANENT = "permanent"
    """This number can't be reached by SMS: the wait ends as undeliverable, with the ordinary route."""
    PASSING = "passing"
    """It may work later: the message stays in the queue."""
    OURS = "ours"
    """Our account or settings: the message stays in the queue, and somebody has to look."""


_PERMANENT = {
    21211: "the number is no phone number",
    21217: "the number is no phone number",
    21265: "the number can't be a short code",
    21407: "this kind of number can't get SMS",
    21421: "the number is invalid",
    21602: "the message has no text",
    21604: "the message has no number",
    21610: "the citizen opted out with STOP",
    21612: "no route leads from our sender to this number",
    21614: "the number is not a mobile number",
    21617: "the text is longer than the API takes",
    21635: "the number is a landline",
    30004: "the citizen or the operator blocks our messages",
    30005: "the handset is unknown, the number does not exist any more",
    30006: "the number is a landline or its operator can't be reached",
    30007: "the operator filtered the message; the same text would be filtered again",
    30011: "the operator does not take this kind of message",
    30019: "the content is larger than the operator takes",
}
_PASSING = {
    14107: "too many messages to this number in a short time",
    20429: "too many requests",
    20500: "an error inside the API",
    20503: "the API is not available",
    20504: "the API took too long",
    21611: "the queue of our sender is full",
    30001: "the queue overflowed",
    30003: "the handset is off or out of reach",
    30008: "the operator gave no reason",
    30009: "a part of the message was lost",
    30017: "the operator's network is congested",
    30020: "an internal error at the operator",
    30022: "the operator's rate limit was exceeded",
    30023: "the operator's daily limit was reached",
    30025: "an internal error at the operator",
    30027: "the operator's daily limit for our sender was reached",
    30036: "the validity period ended before delivery",
    30410: "the operator took too long",
    63018: "the channel's rate limit was exceeded",
    63038: "our account's daily limit was reached",
}
_OURS = {
    20001: "the API does not know this parameter",
    20003: "the account SID or the auth token is wrong",
    20005: "our account is not active",
    20008: "these are test credentials",
    20403: "our account may not do this",
    20404: "the API has no such account or resource",
    21212: "our sender is no phone number",
    21408: "our account may not send to this country",
    21420: "our sender does not belong to our account",
    21603: "the sender is missing",
    21606: "our sender can't send SMS",
    21607: "our sender is not verified",
    21608: "a trial account may send to verified numbers only",
    21609: "the address for status callbacks is no URL",
    21613: "our account may not send to this number yet",
    21618: "our sender is not registered for this country",
    21659: "our sender is not a number of this API",
    21660: "our sender belongs to another account",
    21701: "the messaging service does not exist",
    21703: "the messaging service has no sender",
    21704: "the messaging service has no sender for this country",
    21705: "the messaging service SID is wrong",
    21712: "the messaging service and the sender do not belong together",
    30002: "our account is suspended",
    30010: "the price is above the maximum we set",
    30018: "our sender must be registered for this country",
    30024: "the sender is not provisioned at the operator",
    30032: "our sender is not verified",
    30034: "our sender is not registered for this traffic",
    30038: "the text holds a code, which our account may not send",
    30045: "our account may not send to this country",
}
_TABLE = {
    **{code: (Effect.PERMANENT, why) for code, why in _PERMANENT.items()},
    **{code: (Effect.PASSING, why) for code, why in _PASSING.items()},
    **{code: (Effect.OURS, why) for code, why in _OURS.items()},
}

_TOO_EARLY_OR_MANY = frozenset((408, 409, 425, 429))
_ACCOUNT = frozenset((401, 402, 403, 404, 405, 407))
_SERVER_ERROR = 500
_CLIENT_ERROR = 400


def effect_of(code: int | None) -> Effect:
    """What a code of a status callback or of an error does. An unknown one may pass."""
    return _TABLE.get(code or 0, (Effect.PASSING, ""))[0]


def meaning_of(code: int | None) -> str:
    """The code in a sentence, for people. Never holds a number or a text."""
    return _TABLE.get(code or 0, (Effect.PASSING, "the API gave no reason that we know"))[1]


def effect_of_refusal(status: int, code: int | None) -> Effect:
    """What a refused request (HTTP status 300-499) does to the message, by its code where that is known."""
    if code in _TABLE:
        return _TABLE[code][0]
    if status in _TOO_EARLY_OR_MANY or status >= _SERVER_ERROR:
        return Effect.PASSING
    if status in _ACCOUNT or status < _CLIENT_ERROR:
        return Effect.OURS
    return Effect.PERMANENT
