"""Takes events and citizens' answers, and hands them to the object that they are for; Restate keeps them."""

import asyncio
import json

import benefit
from aiohttp import ClientSession, TCPConnector, web

TOLD = benefit.settings()
URL = f"http://127.0.0.1:{TOLD['port']}/answers"


class Intake:
    """Answers a call when Restate has it. Its `send` is durable: the object is called later."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def fact(self, request: web.Request) -> web.Response:
        """A number is registered."""
        event = json.loads(await request.read())
        return await self._send(f"Person/{event['iin']}/register", event["phone"])

    async def award(self, request: web.Request) -> web.Response:
        """A title was awarded."""
        event = json.loads(await request.read())
        event_id = f"{request.headers['ce-source']} {request.headers['ce-id']}"
        return await self._send(f"Person/{event['iin']}/award", event_id)

    async def answer(self, request: web.Request) -> web.Response:
        """Twilio brings an answer."""
        fields = benefit.form(await request.read())
        if not benefit.is_signed(URL, fields, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=403)
        told = {"sid": fields["MessageSid"], "text": fields["Body"].strip()}
        return await self._send(f"Case/{fields['From']}/answer", told)

    async def _send(self, handler: str, body: object) -> web.Response:
        async with self._session.post(f"{TOLD['ingress']}/{handler}/send", json=body) as answer:
            await answer.read()
            return web.Response(status=204 if answer.ok else 503)


async def main() -> None:
    """Run it."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        intake = Intake(session)
        app = web.Application()
        app.add_routes([web.post("/facts", intake.fact), web.post("/awards", intake.award)])
        app.add_routes([web.post("/answers", intake.answer)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", TOLD["port"]).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
