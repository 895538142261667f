"""What is no stream: citizens' answers come in, messages go out, and deadlines come."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import benefit
import topics
from aiohttp import ClientSession, TCPConnector, web
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from writer import Writer, make_topics

POLL_MS, LOOK_SECONDS = 200, 1.0
MOST_RECORDS = 500


class Edges:
    """The webhook, the sender and the clock."""

    def __init__(self, told: Mapping[str, Any], session: ClientSession) -> None:
        self._told, self._session = told, session
        self._messages = benefit.messages_url(told["sms"])
        self._url = f"http://127.0.0.1:{told['port']}/answers"
        self._writer = Writer(told["kafka"])
        self._admin = AIOKafkaAdminClient(bootstrap_servers=told["kafka"])
        self._due: dict[str, int] = {}

    async def run(self) -> None:
        """Make the topics, listen, and run until something fails."""
        await self._admin.start()
        made = [
            NewTopic(name, topics.PARTITIONS, 1, topic_configs=topics.CONFIGS.get(name, {}))
            for name in topics.OURS
        ]
        await make_topics(self._admin, made)
        app = web.Application()
        app.add_routes([web.post("/answers", self._answer), web.get("/settled", self._settled)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._told["port"]).start()
        await asyncio.gather(self._writer.run(), self._send_all(), self._note_timers(), self._watch())

    async def _answer(self, request: web.Request) -> web.Response:
        fields = benefit.form(await request.read())
        if not benefit.is_signed(self._url, fields, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=403)
        phone = fields["From"]
        await self._input(phone, {"kind": "answer", "id": fields["MessageSid"], "text": fields["Body"]})
        return web.Response(status=204)

    async def _input(self, phone: str, told: dict[str, str]) -> None:
        value = json.dumps(told | {"phone": phone}).encode()
        await self._writer.write(topics.INPUTS, phone.encode(), value)

    async def _send_all(self) -> None:
        """Send what is committed; what was not taken is sent anew by the next process."""
        async with self._consumer(topics.MESSAGES, "quix-sender") as consumer:
            while True:
                parts = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
                await asyncio.gather(*(self._send(one.value) for part in parts.values() for one in part))
                if parts:
                    await consumer.commit()

    async def _send(self, value: bytes) -> None:
        message = json.loads(value)
        form = benefit.message(message["phone"], message["text"])
        async with self._session.post(self._messages, data=form) as answer:
            answer.raise_for_status()
            await answer.read()

    async def _note_timers(self) -> None:
        """Hold all deadlines, from the beginning of their topic: it is their only memory."""
        async with self._consumer(topics.TIMERS, None) as consumer:
            async for record in consumer:
                timer = json.loads(record.value)
                if timer["due"] is None:
                    self._due.pop(timer["phone"], None)
                else:
                    self._due[timer["phone"]] = timer["due"]

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = time.time() * 1000
            # They are set for as long as each other: the first is due first.
            while self._due and (first := next(iter(self._due.items())))[1] <= now:
                phone, due = first
                await self._input(phone, {"kind": "deadline", "id": f"deadline {due}"})
                del self._due[phone]

    def _consumer(self, topic: str, group: str | None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            topic,
            bootstrap_servers=self._told["kafka"],
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )

    async def _settled(self, _: web.Request) -> web.Response:
        """Whether nothing lies behind what the stream has committed."""
        read = [
            TopicPartition(name, n)
            for name in (topics.FACTS, topics.AWARDS)
            for n in range(topics.PARTITIONS)
        ]
        done = await self._admin.list_consumer_group_offsets(topics.GROUP)
        async with AIOKafkaConsumer(bootstrap_servers=self._told["kafka"]) as consumer:
            ends = await consumer.end_offsets(read)
        return web.json_response(
            all(not end or (part in done and done[part].offset >= end) for part, end in ends.items())
        )


async def main() -> None:
    """Run it."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        await Edges(benefit.settings(), session).run()


if __name__ == "__main__":
    asyncio.run(main())
