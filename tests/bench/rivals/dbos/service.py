"""The full case as a durable workflow of DBOS, whose id is that of the event; answers are its messages."""

import asyncio
import uuid

import benefit
from aiohttp import ClientSession, TCPConnector
from dbos import DBOS, DBOSConfig, SetWorkflowID
from directory import Directory

TOLD = benefit.settings()
TOPIC = "answers"


class Outside:
    """The calls of other systems."""

    session: ClientSession


@DBOS.step(retries_allowed=True, max_attempts=10)
async def send(phone: str, text: str) -> None:
    """Hand a message over to the SMS API."""
    url = benefit.messages_url(TOLD["sms"])
    async with Outside.session.post(url, data=benefit.message(phone, text)) as answer:
        answer.raise_for_status()
        await answer.read()


@DBOS.step()
async def new_id() -> str:
    """An id for a decision, the same at every repeat."""
    return str(uuid.uuid4())


@DBOS.step(retries_allowed=True, max_attempts=10)
async def make_known(decision: dict[str, str]) -> None:
    """Make a decision known."""
    async with Outside.session.post(TOLD["decisions"], json=decision) as answer:
        answer.raise_for_status()


@DBOS.workflow()
async def case(iin: str, phone: str) -> str:
    """Offer, consent, account, decision: how it ended."""
    await send(phone, benefit.OFFER)
    text = await DBOS.recv_async(TOPIC, timeout_seconds=benefit.PATIENCE.total_seconds())
    if text is None:
        return "expired"
    if text != benefit.YES:
        return "refused"
    await send(phone, benefit.ACCOUNT)
    while not benefit.is_iban(
        iban := await DBOS.recv_async(TOPIC, timeout_seconds=benefit.PATIENCE.total_seconds()) or ""
    ):
        if not iban:
            return "expired"
        await send(phone, benefit.AGAIN)
    await make_known(benefit.decision(iin, await new_id(), iban))
    await send(phone, benefit.DECIDED)
    return "granted"


async def begin(case_id: str, iin: str, phone: str) -> None:
    """Start the workflow; with the id of one that there is it does nothing."""
    with SetWorkflowID(case_id):
        await DBOS.start_workflow_async(case, iin, phone)


async def tell(case_id: str, sid: str, text: str) -> None:
    """Send an answer to its workflow."""
    await DBOS.send_async(case_id, text, TOPIC, idempotency_key=sid)


async def main() -> None:
    """Run it."""
    system = TOLD["database"].removesuffix("/postgres") + "/dbos"
    config = DBOSConfig(
        name="rival", system_database_url=system, application_version="1", console_log_level="WARNING"
    )
    DBOS(config=config)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        Outside.session = session
        DBOS.launch()
        url = f"http://127.0.0.1:{TOLD['port']}/answers"
        await Directory(TOLD["database"], url, begin, tell).listen(TOLD["port"])
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
