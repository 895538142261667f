"""The SMS API as a process that may be killed: the simulator's own API, with a record on disk.

What it has answered with 201 is in the record, and what is in the record is there again at the next start.

    python -m tests.crash.kills.sms_api --port 8085 --record sms.jsonl --inbound-url http://...

Beside the API of Twilio's shape: `POST /texts` writes on a handset, once for each `id`; `PUT /slow` makes
each call of the API take seconds, at first before it is carried out, at the next time after it.
"""

import argparse
import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from sms.simulator.api import Api
from sms.simulator.handsets import (
    STATUS_DELIVERED,
    STATUS_UNDELIVERED,
    Handset,
    Handsets,
    Message,
    new_sid,
)
from sms.simulator.network import Network
from sms.simulator.resources import VERSION
from streams.logs import configure_logging
from streams.serving import listen
from streams.settings.values import Address
from tests.crash.kills.sms_record import Record, Recorded

_FINAL = {STATUS_DELIVERED, STATUS_UNDELIVERED}
_DELAY = 0.05


class RecordedHandsets(Handsets):
    """Handsets whose messages are in the record before anybody hears of them."""

    def __init__(self, record: Record, sender: str) -> None:
        super().__init__()
        self._record = record
        self._sender = sender
        self.causes: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.pending: list[Message] = []
        for known in record.known:
            self._restore(known)

    def _restore(self, known: Recorded) -> None:
        ours = (self._sender, known.phone)
        message = Message(
            sid=known.sid,
            sender=ours[known.inbound],
            to=ours[not known.inbound],
            text=known.text,
            inbound=known.inbound,
            created_at=known.at,
            updated_at=known.done_at or known.at,
            listed_at=known.at,
            sent_at=known.at if known.inbound else known.done_at,
            arrived_at=known.done_at,
            status="received" if known.inbound else STATUS_DELIVERED if known.done_at else "queued",
            status_callback=known.callback,
        )
        self.add(message)
        self._messages[message.sid] = message
        self._newest.appendleft(message)
        if known.cause is not None:
            self.texts[known.cause] = known.sid
        if not known.inbound and known.done_at is None:
            self.pending.append(message)

    def listed(self, message: Message) -> None:
        """The API has the message from now on, and the record too."""
        super().listed(message)
        assert message.listed_at is not None
        cause = self.causes.pop(message.sid, None)
        self._record.write(
            {
                "sid": message.sid,
                "phone": message.phone,
                "text": message.text,
                "inbound": message.inbound,
                "at": message.listed_at.isoformat(),
                "callback": message.status_callback,
                "cause": cause,
            }
        )
        if cause is not None:
            self.texts[cause] = message.sid


class RecordedNetwork(Network):
    """A network that records which messages are on their handsets, and takes citizens' texts once."""

    def __init__(self, handsets: RecordedHandsets, record: Record, **options: Any) -> None:
        super().__init__(handsets, **options)
        self._record = record
        self._recorded = handsets

    def _move(self, handset: Handset, message: Message, status: str, code: int | None = None) -> None:
        super()._move(handset, message, status, code)
        if status in _FINAL:
            self._record.write({"done": message.sid, "at": datetime.now(UTC).isoformat()})

    def write_text(self, cause: str, phone: str, text: str) -> None:
        """A citizen writes; where this was written already, nothing happens.

        The webhook is called afterwards: whoever writes does not wait for it, and a kill forgets the call.
        """
        if cause in self._recorded.texts:
            return
        message = Message(
            sid=new_sid(),
            sender=phone,
            to=self._sender,
            text=text,
            inbound=True,
            created_at=datetime.now(UTC),
            status="waiting",
        )
        self._recorded.causes[message.sid] = cause
        handset = self._recorded.add(message)
        self._recorded.listed(message)
        message.sent_at = message.listed_at
        self._spawn(self._bring(handset, message))

    async def _bring(self, handset: Handset, message: Message) -> None:
        async with self._up_link[message.phone]:
            taken = await self._webhooks.call(self._inbound_url, self._inbound_fields(message))
            self._move(handset, message, "received" if taken else "failed")


class Slowness:
    """How slow the API is: each call of it waits, before or after it is carried out in turn."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._turns: Iterator[bool] = itertools.cycle((True, False))

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Wait, and hand on."""
        if not self.seconds or not request.path.startswith(f"/{VERSION}/"):
            return await handler(request)
        if next(self._turns):
            await asyncio.sleep(self.seconds)
            return await handler(request)
        response = await handler(request)
        await asyncio.sleep(self.seconds)
        return response


def application(network: RecordedNetwork, api: Api) -> web.Application:
    """All routes."""
    slowness = Slowness()
    app = web.Application(middlewares=[slowness.middleware])

    async def write_text(request: web.Request) -> web.Response:
        content = await request.json()
        network.write_text(content["id"], content["phone"], content["text"])
        return web.json_response({})

    async def slow(request: web.Request) -> web.Response:
        slowness.seconds = float((await request.json())["seconds"])
        return web.json_response({})

    async def ready(_: web.Request) -> web.Response:
        return web.json_response({})

    api.add_to(app)
    app.router.add_post("/texts", write_text)
    app.router.add_put("/slow", slow)
    app.router.add_get("/readyz", ready)
    return app


async def serve(args: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    with Record(args.record) as record:
        await _serve(args, record)


async def _serve(args: argparse.Namespace, record: Record) -> None:
    handsets = RecordedHandsets(record, args.sender)
    network = RecordedNetwork(
        handsets,
        record,
        account_sid=args.account_sid,
        auth_token=os.environ["JARDEM_TWILIO_AUTH_TOKEN"],
        sender=args.sender,
        inbound_url=args.inbound_url,
        delay=_DELAY,
    )
    api = Api(
        handsets,
        account_sid=args.account_sid,
        auth_token=os.environ["JARDEM_TWILIO_AUTH_TOKEN"],
        sender=args.sender,
        is_down=lambda: False,
        accepted=network.take,
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    runner = web.AppRunner(application(network, api), access_log=None, shutdown_timeout=1)
    await network.open()
    await listen(runner, Address("127.0.0.1", args.port), "the SMS API's address")
    for message in handsets.pending:
        network.take(message)
    await stopping.wait()
    await runner.cleanup()
    await network.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--inbound-url", required=True)
    parser.add_argument("--account-sid", required=True)
    parser.add_argument("--sender", required=True)
    configure_logging()
    asyncio.run(serve(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
