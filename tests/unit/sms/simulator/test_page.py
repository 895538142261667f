"""The page of handsets, and the control of what is wrong with them."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

import sms.simulator
from sms.simulator import About, QuickAnswer, Simulator
from sms.twilio.carrier import TwilioCarrier
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.simulator.hooks import PHONE, Hooks


def about_with(url: str) -> dict[str, object]:
    """The body that describes a handset, with a link."""
    return {"about": [{"caption": "answers late", "link": {"text": "a case", "url": url}}]}


async def test_whose_a_handset_is_may_be_told(simulator: Simulator, session: ClientSession) -> None:
    url = f"{simulator.url}/control/handsets/{PHONE}"
    told = about_with("http://127.0.0.1:8090/cases/0b7e1f52")
    async with session.put(f"{url}/about", json=told) as response:
        assert (await response.json())["about"] == told["about"]
    simulator.describe(PHONE, [About(caption="answers late")])
    async with session.get(url) as response:
        assert (await response.json())["about"] == [{"caption": "answers late", "link": None}]
    async with session.put(f"{url}/about", json={"about": []}) as response:
        assert (await response.json())["about"] == []


async def test_what_is_asked_is_read_from_what_arrived_since_the_last_answer(
    hooks: Hooks, session: ClientSession
) -> None:
    def asked(phone: str, texts: Sequence[str]) -> Sequence[QuickAnswer]:
        return [QuickAnswer(text, f"heard on {phone}") for text in texts]

    async with (
        Simulator(
            account_sid=ACCOUNT,
            auth_token=TOKEN,
            sender=SENDER,
            inbound_url=f"{hooks.url}/sms/inbound",
            delay=0.01,
            asked=asked,
        ) as simulator,
        twilio_carrier(simulator.url, status_callback=f"{hooks.url}/sms/status") as carrier,
    ):

        async def offered() -> list[str]:
            async with session.get(f"{simulator.url}/control/handsets/{PHONE}") as response:
                answers = (await response.json())["answers"]
            assert {each["label"] for each in answers} <= {f"heard on {PHONE}"}
            return [each["text"] for each in answers]

        await carrier.send(PHONE, "first")
        await carrier.send(PHONE, "second")
        await hooks.wait_for(4)
        assert await offered() == ["first", "second"]
        await simulator.answer(PHONE, "1")
        assert await offered() == []
        await carrier.send(PHONE, "third")
        await hooks.wait_for(7)
        assert await offered() == ["third"]
        simulator.handsets.at(PHONE).switches.wrong_number = True
        await carrier.send(PHONE, "lost")
        await hooks.wait_for(9)
        assert await offered() == ["third"]


async def test_the_control_api(simulator: Simulator, hooks: Hooks, session: ClientSession) -> None:
    control = f"{simulator.url}/control"
    async with session.put(f"{control}/handsets/{PHONE}", json={}) as response:
        assert response.status == 200
    async with session.post(f"{control}/handsets/{PHONE}/answers", json={"text": "1"}) as response:
        assert (await response.json())["status"] == "received"
    async with session.patch(f"{control}/handsets/{PHONE}", json={"slow": True}) as response:
        assert (await response.json())["switches"]["slow"] is True
    async with session.patch(f"{control}/carrier", json={"down": True}) as response:
        assert await response.json() == {"down": True}
    assert simulator.down
    async with session.get(f"{control}/handsets") as response:
        [handset] = await response.json()
    assert handset["messages"][0]["text"] == "1"
    assert len(hooks.calls) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/handsets/8701", {}, 400),
        ("PATCH", f"/handsets/{PHONE}", {"of": True}, 400),
        ("PATCH", f"/handsets/{PHONE}", {"off": 1}, 400),
        ("PATCH", f"/handsets/{PHONE}", [1], 400),
        ("POST", f"/handsets/{PHONE}/answers", {"text": ""}, 400),
        ("POST", f"/handsets/{PHONE}/answers", {}, 400),
        ("POST", f"/handsets/{PHONE}/read", {}, 404),
        ("PATCH", "/carrier", {"down": "yes"}, 400),
        ("PUT", f"/handsets/{PHONE}/about", {}, 400),
        ("PUT", f"/handsets/{PHONE}/about", {"about": [{"caption": " "}]}, 400),
        ("PUT", f"/handsets/{PHONE}/about", {"about": [{"caption": "x" * 201}]}, 400),
        ("PUT", f"/handsets/{PHONE}/about", {"about": [{"caption": "x", "links": []}]}, 400),
        ("PUT", f"/handsets/{PHONE}/about", {"about": [{"caption": "x", "link": {"text": "x"}}]}, 400),
        ("PUT", f"/handsets/{PHONE}/about", about_with("javascript:alert(1)"), 400),
        ("PUT", "/handsets/8701/about", {"about": []}, 400),
    ],
)
async def test_the_control_api_says_what_is_wrong(
    simulator: Simulator, session: ClientSession, method: str, path: str, body: object, status: int
) -> None:
    async with session.request(method, f"{simulator.url}/control{path}", json=body) as response:
        assert response.status == status
        assert await response.text()
    async with session.request(method, f"{simulator.url}/control{path}", data="x=1") as response:
        assert response.status == 415


async def test_the_page_is_told_of_changes_as_they_happen(
    simulator: Simulator, carrier: TwilioCarrier, session: ClientSession
) -> None:
    async with session.get(f"{simulator.url}/control/events") as response:

        async def told() -> dict[str, Any]:
            line = await response.content.readline()
            await response.content.readline()
            return dict(json.loads(line.removeprefix(b"data: ")))

        assert (await told()) == {"handsets": [], "down": False}
        await carrier.send(PHONE, "сәлем")
        async with asyncio.timeout(5):
            while True:
                handsets = (await told())["handsets"]
                if handsets and handsets[0]["unread"]:
                    break
        assert handsets[0]["messages"][0]["text"] == "сәлем"


async def test_the_page_loads_nothing_from_elsewhere(simulator: Simulator, session: ClientSession) -> None:
    folder = Path(sms.simulator.__file__).parent / "page"
    for path in ("/", "/page/handsets.css", "/page/handsets.js", "/page/filter.js"):
        async with session.get(simulator.url + path) as response:
            assert response.status == 200
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            text = await response.text()
            assert not re.search(r"(https?:)?//[a-z]", re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    async with session.get(f"{simulator.url}/page/..%2Fserver.py") as response:
        assert response.status == 404
    assert {file.name for file in folder.iterdir()} == {
        "index.html",
        "handsets.css",
        "handsets.js",
        "filter.js",
    }


async def test_the_page_shows_virtual_time(hooks: Hooks, session: ClientSession) -> None:
    clock = Clock(86_400, datetime.now(UTC) - timedelta(minutes=1))
    async with Simulator(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender=SENDER,
        inbound_url=f"{hooks.url}/sms/inbound",
        clock=clock,
    ) as running:
        await running.answer(PHONE, "1")
        async with session.get(f"{running.url}/control/handsets/{PHONE}") as response:
            [message] = (await response.json())["messages"]
    assert datetime.fromisoformat(message["at"]) > datetime.now(UTC) + timedelta(days=30)
