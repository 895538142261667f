import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

import sms.simulator
from ops.reach import free_port
from schemas.ids import Pseudonyms
from schemas.messages import MessageReceived, MessageStatusReported
from sms.carrier import Accepted, CannotBeAskedError, NotNow, Refused, Uncertain
from sms.simulator import About, QuickAnswer, Simulator
from sms.simulator.webhook import WebhookCaller
from sms.twilio.carrier import TwilioCarrier
from sms.twilio.signature import is_signed
from sms.twilio.webhooks import Account, Webhooks, WebhookServer
from streams.clock import Clock
from tests.unit.sms.bad_api import ACCOUNT, SENDER, TOKEN
from tests.unit.sms.carriers import twilio_carrier
from tests.unit.sms.published import Published
from tests.unit.sms.webhook_calls import MemoryInbox

PHONE, OTHER = "+77015550101", "+77015550102"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


class Hooks:
    """The webhooks as the SMS API sees them: each call checked and kept.

    `failures`: so many calls are refused first, with the status `failure`. `slow`: seconds that each takes.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.failures = 0
        self.failure = 503
        self.slow = 0.0
        self.begun = 0
        self.tokens: list[str] = []

    async def _call(self, request: web.Request) -> web.Response:
        self.begun += 1
        await asyncio.sleep(self.slow)
        fields = {name: str(value) for name, value in (await request.post()).items()}
        assert is_signed(TOKEN, self.url + request.path, fields, request.headers["X-Twilio-Signature"])
        assert "#" not in request.raw_path
        self.tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        if self.failures:
            self.failures -= 1
            return web.Response(status=self.failure)
        self.calls.append((request.path, fields))
        return web.Response(status=204)

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Hooks"]:
        app = web.Application()
        app.router.add_post("/sms/{name}", self._call)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def statuses(self, sid: str | None = None) -> list[str]:
        return [
            fields["MessageStatus"]
            for path, fields in self.calls
            if path == "/sms/status" and sid in (None, fields["MessageSid"])
        ]

    async def wait_for(self, calls: int) -> None:
        async with asyncio.timeout(5):
            while len(self.calls) < calls:  # noqa: ASYNC110 - somebody else's calls
                await asyncio.sleep(0.01)


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks().run() as running:
        yield running


@pytest.fixture
async def simulator(hooks: Hooks) -> AsyncIterator[Simulator]:
    async with Simulator(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender=SENDER,
        inbound_url=f"{hooks.url}/sms/inbound",
        delay=0.01,
    ) as running:
        yield running


@pytest.fixture
async def carrier(simulator: Simulator, hooks: Hooks) -> AsyncIterator[TwilioCarrier]:
    async with twilio_carrier(simulator.url, status_callback=f"{hooks.url}/sms/status") as ready:
        yield ready


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    secret = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    async with ClientSession(headers=headers) as ready:
        yield ready


async def test_the_carrier_sends_and_the_handset_gets_it(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks
) -> None:
    heard: list[tuple[str, str]] = []
    simulator.on_message(lambda phone, text: heard.append((phone, text)))
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    await hooks.wait_for(2)
    assert heard == [(PHONE, "сәлем")]
    assert simulator.received(PHONE) == ["сәлем"]
    assert hooks.statuses(outcome.sid) == ["sent", "delivered"]
    found = await carrier.find(PHONE, "сәлем", since=datetime.now(UTC) - timedelta(minutes=1), except_sids=())
    assert found is not None
    assert found.sid == outcome.sid


async def test_a_listener_may_answer(simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks) -> None:
    async def citizen(phone: str, text: str) -> None:
        await simulator.answer(phone, f"{text}? 1")

    simulator.on_message(citizen)
    await carrier.send(PHONE, "сәлем")
    await hooks.wait_for(3)
    [inbound] = [fields for path, fields in hooks.calls if path == "/sms/inbound"]
    assert (inbound["From"], inbound["To"], inbound["Body"]) == (PHONE, SENDER, "сәлем? 1")
    assert simulator.answered(PHONE) == 1
    assert simulator.answered(OTHER) == 0


@pytest.mark.parametrize(
    ("switch", "statuses", "arrived"),
    [
        ("out_of_reach", ["sent", "undelivered"], 0),
        ("wrong_number", ["sent", "undelivered"], 0),
        ("callbacks_twice", ["sent", "sent", "delivered", "delivered"], 1),
        ("callbacks_shuffled", ["delivered", "sent"], 1),
    ],
)
async def test_the_switches_of_a_handset(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, switch: str, statuses: list[str], arrived: int
) -> None:
    simulator.handsets.at(PHONE).switches.set({switch: True})
    await carrier.send(PHONE, "сәлем")
    await carrier.send(OTHER, "сәлем")
    await hooks.wait_for(len(statuses) + 2)
    [message] = simulator.handsets.at(PHONE).messages
    assert hooks.statuses(message.sid) == statuses
    assert len(simulator.received(PHONE)) == arrived
    assert simulator.received(OTHER) == ["сәлем"]
    codes = {"out_of_reach": "30003", "wrong_number": "30005"}
    told = [fields.get("ErrorCode") for _, fields in hooks.calls if fields["MessageSid"] == message.sid]
    assert told[-1] == codes.get(switch)


async def test_what_is_sent_to_a_handset_that_is_off_arrives_when_it_is_on_in_order(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession
) -> None:
    simulator.handsets.at(PHONE).switches.set({"off": True})
    for text in ("1", "2", "3"):
        await carrier.send(PHONE, text)
    await hooks.wait_for(1)
    assert hooks.statuses() == ["sent"]
    assert simulator.received(PHONE) == []
    url = f"{simulator.url}/control/handsets/{PHONE}"
    async with session.patch(url, json={"off": False}) as response:
        assert response.status == 200
    await hooks.wait_for(6)
    assert simulator.received(PHONE) == ["1", "2", "3"]
    assert simulator.handsets.at(PHONE).unread == 3


async def test_the_carrier_down(simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks) -> None:
    simulator.down = True
    assert isinstance(await carrier.send(PHONE, "сәлем"), Uncertain)
    answer = asyncio.create_task(simulator.answer(PHONE, "1"))
    await asyncio.sleep(0.1)
    assert not hooks.calls
    simulator.down = False
    assert (await answer).status == "received"
    assert isinstance(await carrier.send(PHONE, "сәлем"), Accepted)


async def test_a_message_tells_when_it_was_sent_only_when_it_was(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks, session: ClientSession, published: Published
) -> None:
    simulator.handsets.at(PHONE).switches.slow = True
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    assert (outcome.sent_at, await carrier.sent_at(outcome.sid)) == (None, None)
    await hooks.wait_for(1)
    assert hooks.statuses() == ["sent"]
    sent_at = await carrier.sent_at(outcome.sid)
    assert sent_at
    assert sent_at.microsecond == 0
    assert sent_at - outcome.at > timedelta(seconds=1.5)
    one = f"{PATH}/{outcome.sid}.json"
    async with session.get(simulator.url + one) as response:
        published.check_response("GET", one, response.status, await response.json())


async def test_a_carrier_that_is_down_sends_nothing_that_it_has_accepted(
    simulator: Simulator, carrier: TwilioCarrier, hooks: Hooks
) -> None:
    outcome = await carrier.send(PHONE, "сәлем")
    assert isinstance(outcome, Accepted)
    simulator.down = True
    await asyncio.sleep(0.2)
    assert hooks.statuses() == []
    with pytest.raises(CannotBeAskedError):
        await carrier.sent_at(outcome.sid)
    up_again = datetime.now(UTC)
    simulator.down = False
    await hooks.wait_for(2)
    sent_at = await carrier.sent_at(outcome.sid)
    assert sent_at
    assert sent_at >= up_again.replace(microsecond=0)


@pytest.mark.parametrize(
    ("fragment", "status", "calls"),
    [
        ("", 503, 1),
        ("rc=5", 503, 1),
        ("rp=5xx", 503, 2),
        ("rc=2&rp=5xx", 503, 3),
        ("rc=2&rp=ct,rt", 503, 1),
        ("rc=2&rp=4xx", 503, 1),
        ("rc=2&rp=4xx", 404, 3),
        ("rc=2&rp=5xx", 404, 1),
        ("rc=2&rp=all", 404, 3),
        ("rc=5&rp=5xx,ct,rt&tt=500", 503, 2),
        ("rc=0&rp=all", 503, 1),
        ("rc=6&rp=all", 503, 0),
    ],
)
async def test_a_webhook_that_fails_is_called_again_as_its_address_asks_for_it(
    hooks: Hooks, fragment: str, status: int, calls: int
) -> None:
    hooks.failures, hooks.failure = 100, status
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert not await caller.call(f"{hooks.url}/sms/inbound#{fragment}", {"Body": "1"})
    finally:
        await caller.close()
    assert 100 - hooks.failures == calls


@pytest.mark.parametrize(("fragment", "calls"), [("", 2), ("rc=2&rp=5xx", 1), ("rc=2&rp=ct", 3)])
async def test_a_webhook_that_nobody_answers_at_is_called_again_too(
    fragment: str, calls: int, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert not await caller.call(f"http://127.0.0.1:{free_port()}/sms/inbound#{fragment}", {"Body": "1"})
    finally:
        await caller.close()
    assert re.search(rf"calls.{{0,9}}={calls}\b", re.sub("\x1b[^m]*m", "", "".join(capsys.readouterr())))


async def test_a_webhook_that_does_not_answer_in_time_is_called_again_if_it_wants_that(
    hooks: Hooks,
) -> None:
    caller = WebhookCaller(TOKEN)
    await caller.open()
    hooks.slow = 0.5
    try:
        assert not await caller.call(f"{hooks.url}/sms/inbound#rc=1&rp=rt&rt=100", {"Body": "1"})
        assert not await caller.call(f"{hooks.url}/sms/inbound#rc=1&rp=5xx&rt=100", {"Body": "1"})
    finally:
        await caller.close()
    assert hooks.begun == 3


async def test_a_call_that_is_repeated_has_one_idempotency_token(hooks: Hooks) -> None:
    hooks.failures = 2
    caller = WebhookCaller(TOKEN)
    await caller.open()
    try:
        assert await caller.call(f"{hooks.url}/sms/inbound#rc=2&rp=5xx", {"Body": "1"})
        assert await caller.call(f"{hooks.url}/sms/inbound", {"Body": "2"})
    finally:
        await caller.close()
    assert len(hooks.tokens) == 4
    assert len(set(hooks.tokens)) == 2


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


async def test_the_webhooks_understand_the_simulator() -> None:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    inbox = MemoryInbox()
    webhooks = Webhooks(inbox, Account(TOKEN, own), Pseudonyms(b"key"), Clock())
    async with (
        WebhookServer(webhooks, "127.0.0.1", port),
        Simulator(
            account_sid=ACCOUNT, auth_token=TOKEN, sender=SENDER, inbound_url=f"{own}/sms/inbound", delay=0.01
        ) as simulator,
        twilio_carrier(simulator.url, status_callback=f"{own}/sms/status") as carrier,
    ):
        await carrier.send(PHONE, "сәлем")
        await simulator.answer(PHONE, "Иә, рахмет! 🙏")
        async with asyncio.timeout(5):
            while len(inbox.records) < 3:  # noqa: ASYNC110 - the simulator's calls
                await asyncio.sleep(0.01)
    events = inbox.events()
    [received] = [event for event in events if event.name == MessageReceived.name]
    assert MessageReceived.model_validate_json(received.data).text == "Иә, рахмет! 🙏"
    statuses = [event for event in events if event.name == MessageStatusReported.name]
    told = [MessageStatusReported.model_validate_json(event.data).status for event in statuses]
    assert told == ["sent", "delivered"]
