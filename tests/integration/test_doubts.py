"""A message in doubt on a real broker: an operator says that it was sent, or that it was not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.brokers.kafka import KafkaBroker
from ops.demo.installation import Installation
from schemas.times import read_instant
from tests.integration.acts import Somebody, act, until_told
from tests.integration.waiting import until
from tests.unit.sms.bad_api import TOKEN, BadApi, Trouble, reset, status, taken_then

INBOX = "sms.inbox.v1"


@asynccontextmanager
async def in_doubt(
    kafka: KafkaBroker, folder: Path, somebody: Somebody, trouble: Trouble
) -> AsyncIterator[tuple[Installation, BadApi, dict[str, Any]]]:
    """A hero's offer of which nobody can tell whether it left: the API cut the call, and cannot be asked."""
    more = {"JARDEM_PSEUDONYM_KEY": somebody.key}
    async with (
        Installation(kafka.address, folder, hours="off", more=more) as installation,
        BadApi().run() as api,
    ):
        await installation.worker.stop()
        installation.env |= {"JARDEM_TWILIO_API_URL": api.url, "JARDEM_TWILIO_AUTH_TOKEN": TOKEN}
        await installation.worker.start()
        api.always, api.list_trouble = trouble, status(401, 20003)
        await somebody.award(installation)
        [doubt, *_] = await until_told(lambda: somebody.told(kafka.address, INBOX, "message.in-doubt"))
        api.always = None
        yield installation, api, doubt


def sent_to(api: BadApi, somebody: Somebody) -> list[dict[str, Any]]:
    """What the API took for this number; others of the same broker may be due meanwhile."""
    return [each for each in api.messages if each["to"] == somebody.phone]


def message(doubt: dict[str, Any]) -> dict[str, str]:
    return {"kind": "message", "id": doubt["message_id"]}


@pytest.mark.timeout(240)
async def test_what_was_not_sent_is_sent_once_although_the_worker_dies(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    somebody = Somebody("+77015550171", "660202300173")
    async with in_doubt(kafka, tmp_path, somebody, reset) as (installation, api, doubt):
        assert sent_to(api, somebody) == []
        for _ in range(2):
            await act(installation, "not_sent", message(doubt), phone_id=somebody.phone_id, id_="one-act")
        installation.worker.kill()
        await installation.worker.start()
        await until(lambda: bool(sent_to(api, somebody)), 90)
        [*_, last] = await until_told(
            lambda: somebody.told(kafka.address, INBOX, "message.accepted"), seconds=30
        )
        await until_told(lambda: somebody.steps(kafka.address), 3)
        # Whatever came now would be one too many.
        await asyncio.sleep(2)
        steps = await somebody.steps(kafka.address)
        assert [step["to"] for step in steps] == ["received", "offer_asked", "offer_sent"]
        assert last["message_id"] == doubt["message_id"]
        assert len(sent_to(api, somebody)) == 1


@pytest.mark.timeout(240)
async def test_what_was_sent_has_its_term_from_then_and_its_answers_count(
    kafka: KafkaBroker, tmp_path: Path
) -> None:
    somebody = Somebody("+77015550172", "660202300173")
    async with in_doubt(kafka, tmp_path, somebody, taken_then(reset)) as (installation, api, doubt):
        assert len(sent_to(api, somebody)) == 1
        answer = await installation.simulator.answer(somebody.phone, "2")
        assert answer.status != "failed"
        sent_at = read_instant(doubt["tried_at"]) + timedelta(milliseconds=1)
        said: dict[str, Any] = {"phone_id": somebody.phone_id, "details": {"sent_at": sent_at.isoformat()}}
        await act(installation, "sent", message(doubt), **said)
        told = await until_told(lambda: somebody.told(kafka.address, "case.inbox.v1", "question.sent"))

        async def asked_for_account() -> list[dict[str, Any]]:
            return [each for each in await somebody.steps(kafka.address) if each["to"] == "account_asked"]

        assert (read_instant(told[0]["sent_at"]), told[0]["message_id"]) == (sent_at, doubt["message_id"])
        assert (told[0]["carrier"], told[0]["sender"]) == (None, None)
        await until_told(asked_for_account)
        # Said once more it fits nothing any more: a dead letter, and the case is as it was.
        await act(installation, "sent", message(doubt), **said)
        api.list_trouble = None
        [dead] = await until_told(lambda: somebody.told(kafka.address, "dead-letter.v1", "operator.acted.v1"))
        assert dead["act"] == "sent"
        told = await somebody.told(kafka.address, "case.inbox.v1", "question.sent")
        assert [each["message_id"] for each in told].count(doubt["message_id"]) == 1
        bodies = [each["body"] for each in sent_to(api, somebody)]
        assert bodies.count(bodies[-1]) == 1
