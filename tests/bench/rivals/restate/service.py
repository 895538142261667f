"""The full case as virtual objects, persons by IIN, cases by phone: Restate has their state and calls."""

import asyncio
from typing import Any

import benefit
import hypercorn.asyncio
import restate
from aiohttp import ClientSession, TCPConnector
from hypercorn.config import Config

TOLD = benefit.settings()

persons = restate.VirtualObject("Person")
cases = restate.VirtualObject("Case")


class Outside:
    """The calls of other systems, which Restate repeats until they succeed."""

    session: ClientSession

    @classmethod
    async def send(cls, phone: str, text: str) -> None:
        """Hand a message over to the SMS API."""
        url = benefit.messages_url(TOLD["sms"])
        async with cls.session.post(url, data=benefit.message(phone, text)) as answer:
            answer.raise_for_status()
            await answer.read()

    @classmethod
    async def make_known(cls, decision: dict[str, str]) -> None:
        """Make a decision known."""
        async with cls.session.post(TOLD["decisions"], json=decision) as answer:
            answer.raise_for_status()


@persons.handler()
async def register(ctx: restate.ObjectContext, phone: str) -> None:
    """Keep the number."""
    ctx.set("phone", phone)


@persons.handler()
async def award(ctx: restate.ObjectContext, event_id: str) -> None:
    """Open a case at the person's number, unless the event is a repeat."""
    taken = await ctx.get("awards") or []
    phone = await ctx.get("phone")
    if event_id in taken or phone is None:
        return
    ctx.set("awards", [*taken, event_id])
    ctx.object_send(offer, key=phone, arg={"iin": ctx.key(), "event": event_id})


@cases.handler()
async def offer(ctx: restate.ObjectContext, told: dict[str, Any]) -> None:
    """Offer the benefit, and set the timer."""
    timer = ctx.object_send(expire, key=ctx.key(), arg=told["event"], send_delay=benefit.PATIENCE)
    case = {"iin": told["iin"], "event": told["event"], "stage": "offered", "taken": []}
    ctx.set("case", case | {"timer": await timer.invocation_id()})
    await ctx.run_typed("offer", Outside.send, restate.RunOptions(), ctx.key(), benefit.OFFER)


@cases.handler()
async def expire(ctx: restate.ObjectContext, event_id: str) -> None:
    """The offer was not answered in time."""
    case = await ctx.get("case")
    if case and case["event"] == event_id and case["stage"] == "offered":
        ctx.set("case", case | {"stage": "expired"})


@cases.handler()
async def answer(ctx: restate.ObjectContext, told: dict[str, str]) -> None:
    """Take an answer, unless it is a repeat or nothing was asked."""
    case = await ctx.get("case")
    if not case or told["sid"] in case["taken"]:
        return
    case["taken"].append(told["sid"])
    if case["stage"] == "offered":
        await _consent(ctx, case, told["text"])
    elif case["stage"] == "consented":
        await _account(ctx, case, told["text"])


async def _consent(ctx: restate.ObjectContext, case: dict[str, Any], text: str) -> None:
    ctx.cancel_invocation(case["timer"])
    yes = text == benefit.YES
    ctx.set("case", case | {"stage": "consented" if yes else "refused", "timer": None})
    if yes:
        await ctx.run_typed("ask", Outside.send, restate.RunOptions(), ctx.key(), benefit.ACCOUNT)


async def _account(ctx: restate.ObjectContext, case: dict[str, Any], text: str) -> None:
    right = benefit.is_iban(text)
    ctx.set("case", case | {"stage": "granted"} if right else case)
    if right:
        decision = benefit.decision(case["iin"], str(ctx.uuid()), text)
        await ctx.run_typed("decide", Outside.make_known, restate.RunOptions(), decision)
    reply = benefit.DECIDED if right else benefit.AGAIN
    await ctx.run_typed("tell", Outside.send, restate.RunOptions(), ctx.key(), reply)


async def main() -> None:
    """Run the endpoint that the server calls."""
    config = Config()
    config.bind = [f"127.0.0.1:{TOLD['port']}"]
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        Outside.session = session
        await hypercorn.asyncio.serve(restate.app([persons, cases]), config)


if __name__ == "__main__":
    asyncio.run(main())
