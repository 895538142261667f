"""The carrier that speaks to an API of Twilio's shape, through the Twilio package's own client."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientConnectionError, ClientConnectorError, ClientError, ConnectionTimeoutError
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from schemas.ids import MessageId, Sid
from schemas.messages import UNKNOWN_CODE
from schemas.values import Phone
from sms.carrier import Accepted, CannotBeAskedError, NotNow, Outcome, Refused, Text, Texts, Uncertain
from sms.texts import same_text
from sms.twilio.errors import Effect, effect_of_refusal, meaning_of
from sms.twilio.http import ApiRefusalError, NotOpenError, TwilioHttpClient

_SERVER_ERROR = 500
_RESOLUTION = timedelta(seconds=1)
_MOST_LOOKED_AT = 400
_PAGE = 100
_TEXTS_PAGE = 200
_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII)
_NOT_CONNECTED = (NotOpenError, ClientConnectorError, ConnectionTimeoutError)
_NOT_OPEN = "not_open"
_TAKEN_UNREAD = Uncertain("unreadable_response", ended=False, taken=True)
_UNREADABLE = (TwilioException, ValueError, TypeError, KeyError, AttributeError)


class TwilioCarrier:
    """Sends from a number, or through a messaging service where the sender starts with MG.

    Use as a context manager. `status_callback` is where the API reports what became of a message.
    `connections` is how many calls there may be at once: one for each message and each inquiry in flight, and
    one that reads the list of texts.
    """

    def __init__(
        self,
        *,
        api_url: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        status_callback: str,
        timeout: float = 15.0,
        connections: int = 65,
    ) -> None:
        self._http = TwilioHttpClient(api_url, timeout=timeout, connections=connections)
        self._client = Client(account_sid, auth_token, http_client=self._http)  # type: ignore[no-untyped-call]
        self._service = sender.startswith("MG")
        self._sender = sender
        self._status_callback = status_callback

    @property
    def name(self) -> str:
        """What evidence calls it."""
        return "twilio"

    @property
    def sender(self) -> str:
        """The number, the short code, or the sid of the messaging service."""
        return self._sender

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.__aexit__(kind, error, trace)

    def meaning_of(self, code: int | None) -> str:
        """What Twilio's dictionary of errors says of a code."""
        return meaning_of(code)

    def seconds_away(self, phone: Phone) -> float:
        """Not at all: its API may be called at any time."""
        del phone
        return 0.0

    async def send(self, phone: Phone, text: str, *, message_id: MessageId | None = None) -> Outcome:
        """Create the message at the API, once. It takes no id of ours."""
        del message_id
        origin = {"messaging_service_sid": self._sender} if self._service else {"from_": self._sender}
        try:
            message = await self._client.messages.create_async(
                to=phone, body=text, status_callback=self._status_callback, **origin
            )
        except ApiRefusalError as refusal:
            return _judged(refusal)
        except _NOT_CONNECTED as error:
            return NotNow(_NOT_OPEN if isinstance(error, NotOpenError) else "unreachable", answered=False)
        except (ClientError, TimeoutError, OSError) as error:
            return Uncertain(_name(error), ended=False)
        except _UNREADABLE:
            return _TAKEN_UNREAD
        if not message.sid:
            return _TAKEN_UNREAD
        return Accepted(Sid(message.sid), datetime.now(UTC), message.date_sent)

    async def find(
        self,
        phone: Phone,
        text: str,
        *,
        since: datetime,
        except_sids: Collection[Sid],
        moments_aside: bool = False,
        message_id: MessageId | None = None,
    ) -> Accepted | None:
        """Look through the API's message list of this number.

        The time window is ours to apply: a message that still waits at the API has no `date_sent` yet, so the
        API's own filter by that date would hide it. Raises `CannotBeAskedError`.
        """
        del message_id
        origin = {} if self._service else {"from_": self._sender}
        earliest = since - _RESOLUTION
        with _asking():
            listed = await self._client.messages.stream_async(
                to=phone, limit=_MOST_LOOKED_AT, page_size=_PAGE, **origin
            )
            seen = 0
            before: datetime | None = None
            async for message in listed:
                seen += 1
                created = message.date_created or message.date_sent
                # Nothing in the API's description says that the list begins with the newest; Twilio's does.
                falling = created is not None and before is not None and before > created
                before = created
                if created is not None and created < earliest:
                    if falling:
                        return None
                    continue
                same = same_text(message.body or "", text, moments_aside=moments_aside)
                ours = same and self._is_ours(message, phone)
                if ours and message.sid and message.sid not in except_sids:
                    return Accepted(Sid(message.sid), created or since, message.date_sent)
        if seen >= _MOST_LOOKED_AT:
            raise CannotBeAskedError("too_many_messages", passing=False)
        return None

    async def received(self, since: datetime, following: str | None = None) -> Texts:
        """A page of the API's message list, without what is not a citizen's text to us.

        The API can't list by when a message was created, and for a text `date_sent` is when it called our
        webhook, which nobody promises to be told where nobody answered. So the list is read from its newest
        message on, up to a page that ends before `since`, and no date is asked for. A text of which parts are
        still under way (`receiving`) is left for the next time. Raises `CannotBeAskedError`.
        """
        # The name of the next part may be what is not understood any more: then the list is begun anew.
        with _asking(garbled_passes=False):
            if following is None:
                to = {"to": self._sender} if _NUMBER.fullmatch(self._sender) else {}
                page = await self._client.messages.page_async(page_size=_TEXTS_PAGE, **to)
            else:
                page = await self._client.messages.get_page_async(following)
            listed = [(at, message) for message in page if (at := message.date_created or message.date_sent)]
            texts = [
                Text(Sid(message.sid or ""), message.from_ or "", message.body or "", at)
                for at, message in listed
                if at >= since - _RESOLUTION and self._is_to_us(message)
            ]
            # Nothing in the API's description says that the list begins with the newest; Twilio's does.
            falling = bool(listed) and listed[0][0] > listed[-1][0]
            at_its_end = falling and listed[-1][0] < since - _RESOLUTION
            next_ = page.next_page_url
            if next_ is not None and next_ == following:
                raise ValueError("the list goes round in a circle")
            return Texts(texts, None if at_its_end else next_)

    async def sent_at(self, sid: Sid) -> datetime | None:
        """Fetch the message and read its `date_sent`: no status callback tells it.

        Raises `CannotBeAskedError`.
        """
        with _asking():
            message = await self._client.messages(sid).fetch_async()
            return message.date_sent

    def _is_to_us(self, message: Any) -> bool:  # noqa: ANN401 - the package's type
        service = message.messaging_service_sid
        return (
            message.direction == "inbound"
            and message.status != "receiving"
            and (not self._service or service in (None, self._sender))
        )

    def _is_ours(self, message: Any, phone: Phone) -> bool:  # noqa: ANN401 - the package's type
        return (
            message.to == phone
            and message.direction != "inbound"
            and (self._service or message.from_ in (None, self._sender))
        )


@contextmanager
def _asking(*, garbled_passes: bool = True) -> Iterator[None]:
    """Raise `CannotBeAskedError` for whatever goes wrong in between, a reply that can't be read among it."""
    try:
        yield
    except ApiRefusalError as refusal:
        effect = effect_of_refusal(refusal.status, refusal.code)
        passing = refusal.status >= _SERVER_ERROR or effect is Effect.PASSING
        raise CannotBeAskedError(f"http_{refusal.status}", passing=passing) from None
    except NotOpenError:
        raise CannotBeAskedError(_NOT_OPEN, passing=True) from None
    except (ClientError, TimeoutError, OSError) as error:
        raise CannotBeAskedError(_name(error), passing=True) from None
    except _UNREADABLE:
        raise CannotBeAskedError("unreadable_response", passing=garbled_passes) from None


def _judged(refusal: ApiRefusalError) -> Outcome:
    if refusal.status >= _SERVER_ERROR:
        # It may have failed after the message was made, and its list may show that a moment later.
        return Uncertain(f"http_{refusal.status}", ended=False, retry_after=refusal.retry_after)
    code, retry_after = refusal.code, refusal.retry_after
    match effect_of_refusal(refusal.status, code):
        case Effect.PERMANENT:
            return Refused(code, meaning_of(code))
        case Effect.OPTED_OUT:
            return Refused(code, meaning_of(code), opted_out=True)
        case Effect.PASSING:
            return NotNow("throttled", retry_after, code=code)
        case Effect.OURS:
            return NotNow(meaning_of(code), retry_after, ours=True, code=code)
        case Effect.UNKNOWN:
            return NotNow(UNKNOWN_CODE, retry_after, unknown=True, code=code)


def _name(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    return "connection_lost" if isinstance(error, ClientConnectionError | OSError) else "protocol_error"
