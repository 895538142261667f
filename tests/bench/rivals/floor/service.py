"""The records of the full case through plain clients: nothing is remembered but who has which number."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any

import benefit
from aiohttp import ClientSession, TCPConnector, web
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from writer import Writer, make_topics

AWARDS, FACTS = "registry.title-awarded.v1", "portal.phone-registered.v1"
ANSWERS, DECISIONS = "floor.answers.v1", "benefit.decided.v1"
PARTITIONS = 4
MOST_RECORDS, POLL_MS = 500, 200
BATCH_BYTES = 1 << 20


class Floor:
    """One consumer of all topics, one writer, one client of the SMS API."""

    def __init__(self, told: Mapping[str, Any], session: ClientSession) -> None:
        self._told, self._session = told, session
        self._phones: dict[str, str] = {}
        self._citizens: dict[str, str] = {}
        self._messages = benefit.messages_url(told["sms"])
        self._url = f"http://127.0.0.1:{told['port']}/answers"
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=told["kafka"],
            group_id="floor",
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=BATCH_BYTES,
        )
        self._writer = Writer(told["kafka"])

    async def run(self) -> None:
        """Make the topic of answers, listen, and pass on what comes."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._told["kafka"])
        await admin.start()
        await make_topics(admin, [NewTopic(ANSWERS, PARTITIONS, 1)])
        await admin.close()
        await self._consumer.start()
        self._consumer.subscribe([FACTS, AWARDS, ANSWERS])
        app = web.Application()
        app.add_routes([web.post("/answers", self._answer), web.get("/settled", self._settled)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        writing = asyncio.create_task(self._writer.run())
        await web.TCPSite(runner, "127.0.0.1", self._told["port"]).start()
        while not writing.done():
            parts = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            await asyncio.gather(*(self._pass_on(record) for records in parts.values() for record in records))

    async def _pass_on(self, record: Any) -> None:
        event = json.loads(record.value)
        if record.topic == FACTS:
            self._phones[event["iin"]] = event["phone"]
            self._citizens[event["phone"]] = event["iin"]
        elif record.topic == AWARDS:
            await self._send(self._phones[event["iin"]], benefit.OFFER)
        elif event["Body"] == benefit.YES:
            await self._send(event["From"], benefit.ACCOUNT)
        else:
            told = benefit.decision(self._citizens[event["From"]], str(uuid.uuid4()), event["Body"])
            await self._writer.write(DECISIONS, record.key, json.dumps(told).encode())
            await self._send(event["From"], benefit.DECIDED)

    async def _send(self, phone: str, text: str) -> None:
        async with self._session.post(self._messages, data=benefit.message(phone, text)) as answer:
            answer.raise_for_status()
            await answer.read()

    async def _answer(self, request: web.Request) -> web.Response:
        fields = benefit.form(await request.read())
        if not benefit.is_signed(self._url, fields, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=403)
        await self._writer.write(ANSWERS, fields["From"].encode(), json.dumps(fields).encode())
        return web.Response(status=204)

    async def _settled(self, _: web.Request) -> web.Response:
        parts = self._consumer.assignment()
        ends = await self._consumer.end_offsets(parts)
        lag = [ends[part] - await self._consumer.position(part) for part in parts]
        return web.json_response(bool(parts) and not any(lag))


async def main() -> None:
    """Run it."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        await Floor(benefit.settings(), session).run()


if __name__ == "__main__":
    asyncio.run(main())
