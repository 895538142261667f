"""The operator's network: takes messages to handsets and answers to the webhooks, and reports statuses."""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

from sms.segments import count_segments
from sms.simulator.handsets import (
    HANDSET_OUT_OF_REACH,
    STATUS_DELIVERED,
    STATUS_SENT,
    STATUS_UNDELIVERED,
    UNKNOWN_HANDSET,
    Handset,
    Handsets,
    Message,
    new_sid,
)
from sms.simulator.resources import VERSION
from sms.simulator.webhook import WebhookCaller

Listener = Callable[[str, str], object]
"""Called with a number and the text that arrived on its handset; may return an awaitable."""

_SECONDS_WHEN_SLOW = 3.0


class Outlet(Protocol):
    """Where answers and statuses go when it is no webhook."""

    async def bring(self, message: Message) -> bool:
        """Bring a citizen's text; whether it was taken."""
        ...

    async def report(self, message: Message, status: str) -> None:
        """Tell that a message had this status."""
        ...


class Network:
    """Carries messages both ways, each number's in order.

    `delay` is how many seconds of real time a message takes. A webhook that does not answer with success is
    called again as its address asks for it, and is else given up. A carrier that is down sends nothing, not
    even what it has accepted. With an `outlet` no webhook is called.
    """

    def __init__(
        self,
        handsets: Handsets,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        inbound_url: str,
        delay: float,
    ) -> None:
        self._handsets = handsets
        self._account_sid = account_sid
        self._sender = sender
        self._inbound_url = inbound_url
        self._delay = delay
        self._webhooks = WebhookCaller(auth_token)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Listener] = []
        self._down_link: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._up_link: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changed = asyncio.Event()
        self.down = False
        self.outlet: Outlet | None = None

    async def open(self) -> None:
        """Get ready."""
        await self._webhooks.open()

    async def close(self) -> None:
        """Drop what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._webhooks.close()

    def listen(self, listener: Listener) -> None:
        """Call the listener with each message that arrives on a handset."""
        self._listeners.append(listener)

    def switched(self) -> None:
        """Something may go through now that could not before."""
        self._changed.set()
        self._changed = asyncio.Event()

    def take(self, message: Message) -> None:
        """Take a message of ours to its handset."""
        self._spawn(self._deliver(message))

    async def answer(self, phone: str, text: str) -> Message:
        """Write on a handset; return when the webhook has it, or it was given up.

        Raises `ValueError` where `phone` is no number.
        """
        message = Message(
            sid=new_sid(),
            sender=phone,
            to=self._sender,
            text=text,
            inbound=True,
            created_at=datetime.now(UTC),
            status="waiting",
        )
        handset = self._handsets.add(message)
        handset.unread = 0
        self._handsets.changed(handset)
        async with self._up_link[phone]:
            await self._until(lambda: not self.down and not handset.switches.off)
            if handset.switches.slow:
                await asyncio.sleep(_SECONDS_WHEN_SLOW)
            self._handsets.listed(message)
            message.sent_at = message.listed_at
            if self.outlet is not None:
                taken = await self.outlet.bring(message)
            else:
                taken = await self._webhooks.call(self._inbound_url, self._inbound_fields(message))
            self._move(handset, message, "received" if taken else "failed")
        return message

    async def _deliver(self, message: Message) -> None:
        handset = self._handsets.at(message.phone)
        switches = handset.switches
        async with self._down_link[message.phone]:
            await asyncio.sleep(_SECONDS_WHEN_SLOW if switches.slow else self._delay)
            await self._until(lambda: not self.down)
            self._move(handset, message, STATUS_SENT)
            sent = self._status_fields(message)
            reported = None if switches.callbacks_shuffled else self._spawn(self._report(message, sent))
            await asyncio.sleep(_SECONDS_WHEN_SLOW if switches.slow else self._delay)
            await self._until(lambda: not switches.off)
            if switches.wrong_number:
                self._move(handset, message, STATUS_UNDELIVERED, UNKNOWN_HANDSET)
            elif switches.out_of_reach:
                self._move(handset, message, STATUS_UNDELIVERED, HANDSET_OUT_OF_REACH)
            else:
                handset.unread += 1
                self._move(handset, message, STATUS_DELIVERED)
                await self._tell(message)
        if reported is not None:
            await asyncio.wait([reported])
        await self._report(message, self._status_fields(message))
        if reported is None:
            await self._report(message, sent)

    async def _tell(self, message: Message) -> None:
        for listener in list(self._listeners):
            outcome = listener(message.phone, message.text)
            if inspect.isawaitable(outcome):
                self._spawn(_finished(outcome))

    async def _report(self, message: Message, fields: dict[str, str]) -> None:
        twice = self._handsets.at(message.phone).switches.callbacks_twice
        for _ in range(2 if twice else 1):
            if self.outlet is not None:
                await self.outlet.report(message, fields["MessageStatus"])
            elif message.status_callback:
                await self._webhooks.call(message.status_callback, fields)

    def _move(self, handset: Handset, message: Message, status: str, code: int | None = None) -> None:
        message.moved(status, code)
        self._handsets.changed(handset)

    async def _until(self, possible: Callable[[], bool]) -> None:
        while not possible():
            await self._changed.wait()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _common(self, message: Message) -> dict[str, str]:
        return {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self._account_sid,
            "From": message.sender,
            "To": message.to,
            "ApiVersion": VERSION,
        }

    def _inbound_fields(self, message: Message) -> dict[str, str]:
        return self._common(message) | {
            "SmsMessageSid": message.sid,
            "SmsStatus": "received",
            "Body": message.text,
            "NumMedia": "0",
            "NumSegments": str(count_segments(message.text)),
            "FromCountry": "KZ",
            "ToCountry": "KZ",
        }

    def _status_fields(self, message: Message) -> dict[str, str]:
        fields = self._common(message) | {"MessageStatus": message.status, "SmsStatus": message.status}
        if message.error_code:
            fields["ErrorCode"] = str(message.error_code)
        if message.service_sid:
            fields["MessagingServiceSid"] = message.service_sid
        return fields


async def _finished(work: Any) -> None:  # noqa: ANN401 - any awaitable
    await work
