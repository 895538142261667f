"""The SMS API as its published description has it: messages, lists, refusals."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from aiohttp import ClientSession

from sms.carrier import NotNow, Refused
from sms.simulator import Simulator
from sms.twilio.carrier import TwilioCarrier
from tests.unit.sms.bad_api import SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.published import Published
from tests.unit.sms.simulator.hooks import OTHER, PATH, PHONE, Hooks


async def test_what_the_api_refuses(simulator: Simulator, carrier: TwilioCarrier) -> None:
    assert isinstance(await carrier.send("87015550101", "x"), Refused)
    for text in ("x" * 1601, ""):
        outcome = await carrier.send(PHONE, text)
        assert isinstance(outcome, NotNow)
        assert outcome.ours
    for token, sender in (("wrong", SENDER), (TOKEN, "+77019999999")):
        async with twilio_carrier(simulator.url, sender=sender, token=token) as stranger:
            outcome = await stranger.send(PHONE, "x")
            assert isinstance(outcome, NotNow)
            assert outcome.ours
    assert len(simulator.handsets) == 0


async def test_answers_are_as_the_published_description_says(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession, published: Published
) -> None:
    form = {"To": PHONE, "From": SENDER, "Body": "сәлем"}
    async with session.post(f"{simulator.url}{PATH}.json", data=form) as response:
        created = await response.json()
        published.check_response("POST", f"{PATH}.json", response.status, created)
    simulator.handsets.at(OTHER).switches.wrong_number = True
    await carrier.send(OTHER, "сәлем")
    await simulator.answer(PHONE, "1")
    await hooks.wait_for(3)
    async with session.get(f"{simulator.url}{PATH}.json") as response:
        listed = await response.json()
        published.check_response("GET", f"{PATH}.json", response.status, listed)
    assert len(listed["messages"]) == 3
    one = f"{PATH}/{created['sid']}.json"
    async with session.get(simulator.url + one) as response:
        published.check_response("GET", one, response.status, await response.json())


async def get(session: ClientSession, simulator: Simulator, **query: str) -> dict[str, Any]:
    names = {"after": "DateSent>", "before": "DateSent<"}
    params = {names.get(name, name): value for name, value in query.items()}
    async with session.get(f"{simulator.url}{PATH}.json", params=params) as response:
        assert response.status == 200, await response.text()
        return dict(await response.json())


async def test_lists_are_filtered_and_paged(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession
) -> None:
    for number in range(5):
        await carrier.send(PHONE, f"text {number}")
    await carrier.send(OTHER, "another")
    await simulator.answer(PHONE, "1")
    await hooks.wait_for(13)

    async def texts(**query: str) -> list[str]:
        return [message["body"] for message in (await get(session, simulator, **query))["messages"]]

    assert await texts(To=PHONE) == [f"text {number}" for number in (4, 3, 2, 1, 0)]
    assert await texts(To=OTHER) == ["another"]
    assert await texts(From=PHONE) == ["1"]
    assert await texts(To="+77010000009") == []
    now = datetime.now(UTC)
    today, tomorrow = now.date().isoformat(), (now + timedelta(days=1)).date().isoformat()
    assert len(await texts(To=PHONE, DateSent=today)) == 5
    assert await texts(To=PHONE, DateSent=tomorrow) == []
    assert await texts(To=PHONE, after=tomorrow) == []
    assert len(await texts(To=PHONE, before=tomorrow)) == 5
    assert len(await texts(To=PHONE, after=(now - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))) == 5
    seen: list[str] = []
    page = await get(session, simulator, To=PHONE, PageSize="2")
    while True:
        seen += [message["body"] for message in page["messages"]]
        if page["next_page_uri"] is None:
            break
        async with session.get(simulator.url + page["next_page_uri"]) as response:
            page = await response.json()
    assert seen == [f"text {number}" for number in (4, 3, 2, 1, 0)]
    created = parsedate_to_datetime(page["messages"][0]["date_created"])
    assert abs(created - now) < timedelta(minutes=1)


async def test_citizens_texts_are_listed_from_when_the_api_has_them(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession, published: Published
) -> None:
    hooks.failures = 100
    await carrier.send(PHONE, "сәлем")
    answer = await simulator.answer(PHONE, "1")
    assert answer.status == "failed"
    simulator.handsets.at(OTHER).switches.set({"off": True})
    waiting = asyncio.create_task(simulator.answer(OTHER, "written while it was off"))
    await asyncio.sleep(0.1)
    page = await get(session, simulator, To=SENDER)
    [listed] = page["messages"]
    published.check_response("GET", f"{PATH}.json", 200, page)
    # That nobody took it is not to be seen.
    assert (listed["body"], listed["direction"], listed["status"]) == ("1", "inbound", "received")
    assert (listed["from"], listed["to"], listed["sid"]) == (PHONE, SENDER, answer.sid)
    assert answer.listed_at
    assert parsedate_to_datetime(listed["date_created"]) == answer.listed_at.replace(microsecond=0)
    today = datetime.now(UTC).date().isoformat()
    assert len((await get(session, simulator, To=SENDER, after=today))["messages"]) == 1
    await asyncio.sleep(1.1)
    simulator.handsets.at(OTHER).switches.set({"off": False})
    simulator._network.switched()
    late = await waiting
    listed, _ = (await get(session, simulator, To=SENDER))["messages"]
    assert listed["body"] == "written while it was off"
    assert parsedate_to_datetime(listed["date_created"]) > late.created_at


async def test_pages_of_the_list_are_not_moved_by_what_comes_meanwhile(
    simulator: Simulator, session: ClientSession
) -> None:
    for number in range(5):
        await simulator.answer(PHONE, str(number))
    page = await get(session, simulator, To=SENDER, PageSize="2")
    seen = [message["body"] for message in page["messages"]]
    while page["next_page_uri"]:
        await simulator.answer(PHONE, "new")
        async with session.get(simulator.url + page["next_page_uri"]) as response:
            page = await response.json()
        seen += [message["body"] for message in page["messages"]]
    assert seen == ["4", "3", "2", "1", "0"]
    async with session.get(f"{simulator.url}{PATH}.json", params={"PageToken": "PAelse"}) as response:
        assert response.status == 400


async def test_strangers_are_refused(simulator: Simulator) -> None:
    async with ClientSession() as nobody:
        for method, path in (("POST", f"{PATH}.json"), ("GET", f"{PATH}.json"), ("GET", f"{PATH}/SM1.json")):
            async with nobody.request(method, simulator.url + path) as response:
                assert response.status == 401
                assert (await response.json())["code"] == 20003
