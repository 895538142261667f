"""A stand-in for the SMS API of Twilio's shape: takes messages, tells of them, and brings citizens' answers.

Messages count as sent when they are taken. It asks for no password and reports no statuses: every system is
spared the same.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote_plus, urlencode

from ops.bench.load.http_client import HttpClient
from ops.bench.load.http_server import Request, Response
from sms.twilio.signature import sign

ACCOUNT = "AC" + "0" * 32
TOKEN = "the-token-of-the-load"  # noqa: S105 - it guards nothing
SENDER = "+77000000000"

_LIST = json.dumps({"messages": [], "page": 0, "page_size": 50, "next_page_uri": None}).encode()
_NOT_FOUND = Response(404, b'{"code": 20404, "status": 404, "message": "not found"}')
_BAD = Response(400, b'{"code": 21604, "status": 400, "message": "To and Body are required"}')


class SmsApi:
    """Calls `taken(phone)` with each message. `at` are the instants at which messages were taken."""

    def __init__(self, taken: Callable[[str], None]) -> None:
        self._taken = taken
        # Another load before the same system made others.
        self._prefix = uuid.uuid4().hex[:16]
        self._at: dict[str, tuple[str, datetime]] = {}

    def handle(self, request: Request) -> Response:
        """The routes of the Messages resource: create, fetch, list (which is always empty)."""
        path = request.target.split("?", 1)[0]
        if request.method == "POST" and path.endswith("/Messages.json"):
            # The text is most of the form, and to undo its escapes would cost more than all else.
            fields = dict(part.split("=", 1) for part in request.body.decode().split("&") if "=" in part)
            phone = unquote_plus(fields.get("To", ""))
            if not phone or not fields.get("Body"):
                return _BAD
            sid = f"SM{self._prefix}{len(self._at):016x}"
            now = datetime.now(UTC)
            self._at[sid] = phone, now
            answer = Response(201, _resource(sid, phone, "queued", now, None))
            self._taken(phone)
            return answer
        if request.method == "GET" and path.endswith("/Messages.json"):
            return Response(200, _LIST)
        found = self._at.get(path.rsplit("/", 1)[-1].removesuffix(".json"))
        if request.method == "GET" and found:
            sid = path.rsplit("/", 1)[-1].removesuffix(".json")
            return Response(200, _resource(sid, found[0], "sent", found[1], found[1]))
        return _NOT_FOUND


def _resource(sid: str, phone: str, status: str, created: datetime, sent: datetime | None) -> bytes:
    return json.dumps(
        {
            "sid": sid,
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "to": phone,
            "from": SENDER,
            "body": None,
            "status": status,
            "direction": "outbound-api",
            "date_created": format_datetime(created),
            "date_updated": format_datetime(created),
            "date_sent": format_datetime(sent) if sent else None,
            "error_code": None,
            "error_message": None,
            "messaging_service_sid": None,
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
        }
    ).encode()


class Answers:
    """Brings what citizens write to the webhook at `url`, signed as Twilio signs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = HttpClient(url)
        self._prefix = uuid.uuid4().hex[:16]
        self._count = 0

    async def bring(self, phone: str, text: str) -> None:
        """Return when the webhook has taken it. Raises `CallFailedError`."""
        self._count += 1
        fields: Mapping[str, str] = {
            "MessageSid": f"SM{self._prefix}{self._count:016x}",
            "AccountSid": ACCOUNT,
            "From": phone,
            "To": SENDER,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(TOKEN, self._url, fields),
        }
        await self._client.post(urlencode(fields).encode(), headers)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
