"""Messages as the SMS API shows them: the JSON of the Messages resource, its lists and its errors."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sms.segments import count_segments
from sms.simulator.handsets import Message
from sms.twilio.errors import meaning_of

VERSION = "2010-04-01"
_DAY = timedelta(days=1)
_DATE_ONLY = 10
_AFTER = "PA"


def messages_path(account_sid: str) -> str:
    """Where the account's messages are."""
    return f"/{VERSION}/Accounts/{account_sid}/Messages"


def resource(message: Message, account_sid: str) -> dict[str, Any]:
    """A message as the published description has it."""
    path = f"{messages_path(account_sid)}/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "body": message.text,
        "date_created": _rfc2822(message.listed_at),
        "date_sent": _rfc2822(message.sent_at),
        "date_updated": _rfc2822(message.updated_at or message.listed_at),
        "direction": "inbound" if message.inbound else "outbound-api",
        "error_code": message.error_code,
        "error_message": meaning_of(message.error_code) if message.error_code else None,
        "from": message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": "0",
        "num_segments": str(count_segments(message.text)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": "received" if message.inbound else message.status,
        "subresource_uris": {"media": f"{path}/Media.json", "feedback": f"{path}/Feedback.json"},
        "to": message.to,
        "uri": f"{path}.json",
    }


def begin_of(messages: list[Message], token: str | None, otherwise: int) -> int:
    """Where a page begins: behind the last message of the page before, whatever has come since.

    Raises `ValueError` for a token that is none of ours.
    """
    if token is None:
        return otherwise
    sids = [message.sid for message in messages]
    return sids.index(token.removeprefix(_AFTER)) + 1


def page(
    messages: list[Message],
    account_sid: str,
    query: Mapping[str, str],
    *,
    number: int,
    size: int,
    begin: int,
) -> dict[str, Any]:
    """One page of a list, newest first, from the message at `begin` on."""
    shown = messages[begin : begin + size]
    filters = {name: value for name, value in query.items() if name not in ("Page", "PageToken", "PageSize")}

    def uri(of: int) -> str:
        following = {"PageToken": f"{_AFTER}{shown[-1].sid}"} if of > number and shown else {}
        return f"{messages_path(account_sid)}.json?" + urlencode(
            {**filters, "PageSize": size, "Page": of, **following}
        )

    return {
        "end": begin + max(0, len(shown) - 1),
        "first_page_uri": uri(0),
        "messages": [resource(message, account_sid) for message in shown],
        "next_page_uri": uri(number + 1) if len(messages) > begin + size else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": begin,
        "uri": uri(number),
    }


def error(status: int, code: int, message: str, **headers: str) -> web.Response:
    """An error as the SMS API tells it."""
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(body, status=status, headers=named)


def in_window(message: Message, query: Mapping[str, str]) -> bool:
    """Whether the message passes the filters by `DateSent`. Raises `ValueError` for what is no date."""
    exact, before, after = (query.get(name) for name in ("DateSent", "DateSent<", "DateSent>"))
    sent = message.sent_at
    if exact or before or after:
        if sent is None:
            return False
        begin, end = _span(exact) if exact else (sent, sent + _DAY)
        latest = _span(before)[1] if before else sent + _DAY
        earliest = _span(after)[0] if after else sent
        return begin <= sent < end and earliest <= sent < latest
    return True


def _span(text: str) -> tuple[datetime, datetime]:
    """The day, or the second, that the text names: when it begins and when it is over."""
    begin = datetime.fromisoformat(text)
    begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin
    return begin, begin + (_DAY if len(text) == _DATE_ONLY else timedelta(seconds=1))


def _rfc2822(instant: datetime | None) -> str | None:
    return format_datetime(instant) if instant else None
