"""Twilio's error codes, and what each does to a message: one table.

After Twilio's published dictionary of errors (twilio.com/docs/api/errors), as far as its codes can come of an
SMS. *Permanent* is only what says that this number can never get an SMS; what is about the text, the sender
or both together is no fault of the number's.
"""

from enum import StrEnum


class Effect(StrEnum):
    """What a code means for the message."""

    PERMANENT = "permanent"
    """This number can't be reached by SMS: the wait ends as undeliverable, with the ordinary route."""
    PASSING = "passing"
    """It may work later: the message stays in the queue."""
    OURS = "ours"
    """Our account, sender, settings or text: the queue is held, and somebody has to look."""
    OPTED_OUT = "opted_out"
    """The citizen has told the carrier that they want nothing more from us. The number can be reached."""
    UNKNOWN = "unknown"
    """A refusal by a code that we do not know: it holds its own message, and ends nothing."""


_PERMANENT = {
    21211: "the number is no phone number",
    21217: "the number is no phone number",
    21265: "the number is a short code",
    21266: "the number is our own sender",
    21268: "the number belongs to an information service",
    21614: "the number is not a mobile number",
    21635: "the number is a landline",
    30005: "the handset is unknown, the number does not exist any more",
    30006: "the number can't get SMS: a landline, or an operator that can't be reached",
}
_OPTED_OUT = {
    21610: "the citizen opted out with STOP",
}
_PASSING = {
    14107: "too many messages to this number in a short time",
    20409: "the API was at work on the same thing",
    20429: "too many requests",
    20500: "an error inside the API",
    20503: "the API is not available",
    20504: "the API took too long",
    21611: "the queue of our sender is full",
    21612: "no route leads from our sender to this number at present",
    21730: "the API is under maintenance",
    30001: "the queue overflowed",
    30003: "the handset is off or out of reach",
    30004: "the operator blocked the message, or the handset was out of reach",
    30008: "the operator gave no reason",
    30009: "a part of the message was lost",
    30017: "the operator's network is congested",
    30020: "an error inside the API",
    30021: "an error inside the API",
    30022: "the operator's rate limit was exceeded",
    30023: "the operator's daily limit was reached",
    30025: "half of the operator's daily limit is used up",
    30026: "most of the operator's daily limit is used up",
    30027: "the operator's daily limit for our sender was reached",
    30036: "the validity period ended before delivery",
    30039: "the API took the message for part of an endless loop",
    30410: "the operator took too long",
    30450: "the API blocks messages to this number for half an hour",
    30500: "an error inside the API",
    63017: "the channel's rate limit was exceeded",
    63018: "the channel's rate limit was exceeded",
    63038: "our account's daily limit was reached",
}
_OURS = {
    10001: "our account is not active",
    10002: "a trial account may not do this",
    14108: "our sender can't send SMS",
    20001: "the API does not know this parameter",
    20002: "a name is invalid",
    20003: "the account SID or the auth token is wrong",
    20004: "the API does not allow this call",
    20005: "our account is not active",
    20006: "our account may not do this",
    20007: "a page of the list is larger than the API gives",
    20008: "these are test credentials",
    20010: "this is disabled for our account",
    20101: "our access token is invalid",
    20104: "our access token has expired",
    20107: "the signature of our access token is invalid",
    20151: "we could not be authenticated",
    20403: "our account may not do this",
    20404: "the API has no such account or resource",
    20410: "the API does not offer this any more",
    20413: "our request is larger than the API takes",
    20422: "a parameter is invalid",
    20423: "a sid is invalid",
    20426: "the API wants a newer protocol",
    21210: "our sender is not verified",
    21212: "our sender is no phone number",
    21213: "the sender is missing",
    21219: "a trial account may send to verified numbers only",
    21401: "our sender is no number for SMS",
    21407: "our sender's kind of number is not for SMS",
    21408: "our account may not send to this country",
    21420: "our sender does not belong to our account",
    21421: "our sender is no phone number",
    21601: "our sender is no number of our account",
    21602: "the message has no text",
    21603: "the sender is missing",
    21604: "the message has no number",
    21605: "the text is longer than the API takes",
    21606: "our sender can't send SMS to this country",
    21607: "our sender is not verified",
    21608: "a trial account may send to verified numbers only",
    21609: "the address for status callbacks is no URL",
    21613: "our account may not send to this number yet",
    21616: "our sender matches several numbers of our account",
    21617: "the text is longer than the API takes",
    21618: "every operator would filter this text",
    21619: "the message has no text",
    21624: "the validity period is invalid",
    21626: "the event for status callbacks is invalid",
    21627: "the highest price is no number",
    21653: "the message has several numbers",
    21657: "our sender is not allowed in this country",
    21658: "a parameter is longer than the API takes",
    21659: "our sender is not a number of this API",
    21660: "our sender belongs to another account",
    21661: "our sender can't send SMS",
    21701: "the messaging service does not exist",
    21702: "the messaging service sends nothing at present",
    21703: "the messaging service has no sender for this number",
    21704: "the messaging service has no sender",
    21705: "the messaging service SID is wrong",
    21708: "the sender is missing",
    21709: "our sender is not allowed in this messaging service",
    21711: "the messaging service and the sender do not belong together",
    21712: "the messaging service and the sender do not belong together",
    21715: "the messaging service can't send SMS",
    30002: "our account is suspended",
    30007: "the text was filtered, by the API or the operator; the same text would be filtered again",
    30010: "the price is above the maximum we set",
    30011: "this kind of message is not offered here",
    30012: "the validity period is too short",
    30013: "the validity period is too long",
    30015: "this channel is not supported",
    30016: "the channels of sender and number do not go together",
    30018: "our sender must be registered for this country",
    30019: "the content is larger than the operator takes",
    30024: "the sender is not provisioned at the operator",
    30028: "the API does not know this version",
    30029: "a setting of what is kept is invalid",
    30030: "a setting of what is kept is invalid",
    30031: "the highest rate is invalid",
    30032: "our sender is not verified",
    30033: "our campaign is suspended",
    30034: "our sender is not registered for this traffic",
    30035: "our sender is still being registered for this traffic",
    30037: "our account may not send at present",
    30038: "the text holds a code, which our account may not send",
    30040: "our sender must be registered at the operator",
    30041: "our sender is blocked at the operator",
    30042: "our sender's name is blocked, as too general or for its characters",
    30043: "our sender is blocked at the operator",
    30044: "the text is longer than our account may send",
    30045: "our account may not send to this country",
    30124: "the messaging service SID is missing",
    30127: "the messaging service SID is wrong",
    30400: "a parameter is invalid",
    30404: "the API has no such account or resource",
}
_TABLE = {
    **{code: (Effect.PERMANENT, why) for code, why in _PERMANENT.items()},
    **{code: (Effect.OPTED_OUT, why) for code, why in _OPTED_OUT.items()},
    **{code: (Effect.PASSING, why) for code, why in _PASSING.items()},
    **{code: (Effect.OURS, why) for code, why in _OURS.items()},
}

_TOO_EARLY_OR_MANY = frozenset((408, 409, 425, 429))
_NOT_LET_IN = frozenset((401, 402, 407))
_NOT_OFFERED = frozenset((403, 404, 405))
_SERVER_ERROR = 500
_CLIENT_ERROR = 400


def is_known(code: int | None) -> bool:
    """Whether the table has this code."""
    return code in _TABLE


def effect_of(code: int | None) -> Effect:
    """What a code of a status callback does: an unknown one, or none, may pass. Never `UNKNOWN`."""
    return _TABLE.get(code or 0, (Effect.PASSING, ""))[0]


def meaning_of(code: int | None) -> str:
    """The code in a sentence, for people. Never holds a number or a text."""
    return _TABLE.get(code or 0, (Effect.PASSING, "the API gave no reason that we know"))[1]


def effect_of_refusal(status: int, code: int | None) -> Effect:
    """What a refused request (HTTP status 300-499) does to the message, by its code where that is known.

    By its status alone a refusal never ends anything: at worst it is `UNKNOWN`.
    """
    if code in _TABLE:
        return _TABLE[code][0]
    if status in _TOO_EARLY_OR_MANY or status >= _SERVER_ERROR:
        return Effect.PASSING
    if status in _NOT_LET_IN or status < _CLIENT_ERROR or (status in _NOT_OFFERED and not code):
        return Effect.OURS
    return Effect.UNKNOWN
