"""The public keys as everybody fetches them from the webhooks: fresh, and never a private one."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ops.keys.folder import authorise, new_key, rotate
from schemas.ids import Pseudonyms
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from streams.key_set import DEMO_KEY, KEY_SET, KeyFolder, KeySet
from streams.published_keys import KEYS_PATH, PublishedKeys
from tests.unit.sms.webhook_calls import MemoryInbox

NOW = datetime(2021, 7, 1, tzinfo=UTC)


@asynccontextmanager
async def serving(folder: Path | None) -> AsyncIterator[tuple[ClientSession, str]]:
    webhooks = Webhooks(
        MemoryInbox(), Account("t", "https://x.kz"), Pseudonyms(b"key"), Clock(), PublishedKeys(folder)
    )
    async with WebhookServer(webhooks, "127.0.0.1", 0) as server, ClientSession() as session:
        yield session, f"http://127.0.0.1:{server.port}{KEYS_PATH}"


async def fetched(session: ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        assert answer.status == 200
        return json.loads(await answer.text())


def names(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        yield from content
        content = list(content.values())
    for item in content if isinstance(content, list) else ():
        yield from names(item)


async def test_the_demos_key_is_answered_where_none_is_configured() -> None:
    async with serving(None) as (session, url):
        (key,) = (await fetched(session, url))["keys"]
    assert (key["kid"], key["jardem_demo"]) == (DEMO_KEY.kid, True)


async def test_it_is_a_jwk_set_that_may_be_kept_for_minutes_and_only_read(tmp_path: Path) -> None:
    kid = new_key(tmp_path, NOW, None)
    async with serving(tmp_path) as (session, url):
        async with session.get(url) as answer:
            assert answer.headers["Content-Type"] == "application/jwk-set+json"
            assert answer.headers["Cache-Control"] == "public, max-age=300"
            assert KeySet.read(await answer.read()).find(kid) is not None
            length = answer.headers["Content-Length"]
        async with session.head(url) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, length)
            assert await answer.read() == b""
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            async with session.request(method, url) as answer:
                assert answer.status == 405


async def test_a_rotated_key_and_an_act_are_seen_at_once(tmp_path: Path) -> None:
    first = new_key(tmp_path, NOW, None)
    async with serving(tmp_path) as (session, url):
        assert [key["kid"] for key in (await fetched(session, url))["keys"]] == [first]
        second, _ = rotate(tmp_path, NOW, NOW + timedelta(days=7), timedelta(days=30))
        assert [key["kid"] for key in (await fetched(session, url))["keys"]] == [first, second]
        authorise(tmp_path, second, "Order No 1")
        assert (await fetched(session, url))["keys"][1]["jardem_authorised_by"] == "Order No 1"


async def test_no_private_member_is_passed_on_and_no_private_key_is_needed(tmp_path: Path) -> None:
    kid = new_key(tmp_path, NOW, None)
    private = json.loads((tmp_path / f"{kid}.jwk").read_text())
    (tmp_path / f"{kid}.jwk").unlink()
    planted = json.loads((tmp_path / KEY_SET).read_text())
    planted["keys"][0] |= {"d": private["d"], "k": private["d"]}
    planted["d"] = private["d"]
    (tmp_path / KEY_SET).write_text(json.dumps(planted))
    async with serving(tmp_path) as (session, url):
        content = await fetched(session, url)
    assert content["keys"][0]["kid"] == kid
    assert not {"d", "k", "p", "q", "dp", "dq", "qi", "oth"} & set(names(content))
    assert private["d"] not in json.dumps(content)


@pytest.mark.parametrize("broken", ["{", '{"keys": [{}]}', None])
async def test_while_it_cannot_be_read_it_is_answered_as_it_was(broken: str | None, tmp_path: Path) -> None:
    kid = new_key(tmp_path, NOW, None)
    async with serving(tmp_path) as (session, url):
        await fetched(session, url)
        good = (tmp_path / KEY_SET).read_text()
        (tmp_path / KEY_SET).unlink()
        if broken is not None:
            (tmp_path / KEY_SET).write_text(broken)
        assert [key["kid"] for key in (await fetched(session, url))["keys"]] == [kid]
        (tmp_path / KEY_SET).write_text(good)
        authorise(tmp_path, kid, "Order No 1")
        assert (await fetched(session, url))["keys"][0]["jardem_authorised_by"] == "Order No 1"


async def test_what_could_never_be_read_is_answered_with_503(tmp_path: Path) -> None:
    async with serving(tmp_path) as (session, url):
        async with session.get(url) as answer:
            assert answer.status == 503
            assert str(tmp_path) not in await answer.text()
        new_key(tmp_path, NOW, None)
        assert len((await fetched(session, url))["keys"]) == 1


def test_the_file_is_read_only_where_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key(tmp_path, NOW, None)
    read: list[KeyFolder] = []
    right = KeyFolder.key_set

    def counted(folder: KeyFolder) -> KeySet:
        read.append(folder)
        return right(folder)

    monkeypatch.setattr(KeyFolder, "key_set", counted)
    keys = PublishedKeys(tmp_path)
    assert {keys.content() for _ in range(100)} == {right(KeyFolder(tmp_path)).written().encode()}
    assert len(read) == 1
