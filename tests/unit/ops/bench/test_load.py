"""The load before a system of a few lines: what it counts, and which faults it finds."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web

from ops.bench.load.people import check_digit, citizen
from ops.bench.load.run import Load, Plan, quantiles
from ops.bench.load.sms_api import ACCOUNT, TOKEN
from ops.bench.load.wires import BadAddressError, publisher
from schemas.values import check_iban, check_iin, check_phone
from sms.twilio.signature import is_signed

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


class System:
    """Does the full case over HTTP, without remembering more than it needs."""

    def __init__(self) -> None:
        self.phones: dict[str, str] = {}
        self.people: dict[str, str] = {}
        self.decisions_of: Callable[[str], list[str]] = lambda iin: [f"D-{iin}"]
        self.texts_at_the_end = 1
        self.refuses = 0
        self.unsigned = 0
        self.listening: dict[str, str] = {}
        self.session: aiohttp.ClientSession | None = None
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/facts", self._fact)
        app.router.add_post("/awards", self._award)
        app.router.add_post("/answers", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.session = aiohttp.ClientSession()
        return runner

    async def send(self, phone: str, text: str) -> dict[str, Any]:
        assert self.session
        form = {"To": phone, "From": "+77000000000", "Body": text}
        async with self.session.post(self.listening["sms"] + MESSAGES, data=form) as response:
            assert response.status == 201
            found: dict[str, Any] = await response.json()
            return found

    async def _fact(self, request: web.Request) -> web.Response:
        data = await request.json()
        self.people[data["iin"]], self.phones[data["phone"]] = data["phone"], data["iin"]
        return web.Response(status=202)

    async def _award(self, request: web.Request) -> web.Response:
        if self.refuses:
            self.refuses -= 1
            return web.Response(status=503)
        assert request.headers["ce-type"] == "kz.jardem.registry.title-awarded.v1"
        await self.send(self.people[(await request.json())["iin"]], "offer")
        return web.Response(status=202)

    async def _answer(self, request: web.Request) -> web.Response:
        assert self.session
        fields = dict(parse_qsl(await request.text()))
        signature = request.headers["X-Twilio-Signature"]
        self.unsigned += not is_signed(TOKEN, f"{self.url}/answers", fields, signature)
        phone = fields["From"]
        if fields["Body"] == "1":
            await self.send(phone, "account")
            return web.Response(status=204)
        iin = self.phones[phone]
        for decision in self.decisions_of(iin):
            data = {"iin": iin, "decision_id": decision, "outcome": "granted", "iban": fields["Body"]}
            async with self.session.post(self.listening["decisions"], json=data) as response:
                assert response.status == 204
        for _ in range(self.texts_at_the_end):
            await self.send(phone, "decided")
        return web.Response(status=204)


async def play(system: System, plan: Plan) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    said: list[dict[str, Any]] = []
    load = Load(said.append)
    runner = await system.start()
    try:
        system.listening = await load.open()
        await load.connect(
            awards=f"{system.url}/awards",
            facts=f"{system.url}/facts",
            answers=f"{system.url}/answers",
            decisions=None,
        )
        assert (await load.facts(plan.first, plan.count))["facts"] == plan.count
        return await load.cases(plan), said
    finally:
        await load.close()
        assert system.session
        await system.session.close()
        await runner.cleanup()


async def test_a_closed_loop_plays_full_cases_and_marks_what_is_measured() -> None:
    system = System()
    result, said = await play(system, Plan(first=7, count=30, in_flight=5, warm_up=10))
    assert result["faults"] == []
    assert (result["complete"], result["measured"]) == (30, 15)
    assert result["rate"] == pytest.approx(15 / result["seconds"])
    assert 0 < result["first_sms_ms"]["p50"] <= result["case_ms"]["p50"]
    assert result["first_sms_ms"]["p50"] <= result["first_sms_ms"]["p99"] <= result["first_sms_ms"]["max"]
    assert [line["mark"] for line in said if "mark" in line] == ["begin", "end"]
    assert system.unsigned == 0


async def test_at_a_rate_cases_begin_at_their_time() -> None:
    result, _ = await play(System(), Plan(first=0, count=30, rate=60, warm_up=6))
    assert result["faults"] == []
    assert result["measured"] == 24
    # One after the other as fast as can be, they would be several hundred.
    assert 30 < result["rate"] < 120


async def test_silent_citizens_only_get_the_offer() -> None:
    result, _ = await play(System(), Plan(first=0, count=5, in_flight=5, silent=True))
    assert (result["complete"], result["faults"], result["answer_ms"]) == (5, [], {})


async def test_a_refused_award_is_published_again() -> None:
    system = System()
    system.refuses = 2
    result, _ = await play(system, Plan(first=0, count=3, in_flight=1))
    assert (result["complete"], result["faults"]) == (3, [])


async def test_a_repeated_decision_counts_once() -> None:
    system = System()
    system.decisions_of = lambda iin: [f"D-{iin}", f"D-{iin}"]
    result, _ = await play(system, Plan(first=0, count=3, in_flight=3))
    assert result["faults"] == []


async def test_two_decisions_a_text_too_much_and_silence_are_faults() -> None:
    system = System()
    system.decisions_of = lambda iin: [f"D-{iin}", f"E-{iin}"]
    result, _ = await play(system, Plan(first=0, count=2, in_flight=2))
    assert result["faults"] == ["a second decision in one case (2 times)"]

    system = System()
    system.texts_at_the_end = 2
    result, _ = await play(system, Plan(first=0, count=2, in_flight=2))
    assert result["faults"] == ["a text more than a full case has (2 times)"]

    system = System()
    system.decisions_of = lambda _: []
    result, _ = await play(system, Plan(first=0, count=2, in_flight=2, patience=1))
    assert result["complete"] == 0
    assert "2 cases stand at 3 texts, 0 decisions" in result["faults"]


async def test_messages_are_told_of_and_a_stranger_is_answered() -> None:
    load = Load(lambda _: None)
    listening = await load.open()
    system = System()
    runner = await system.start()
    session = system.session
    assert session
    system.listening = listening
    try:
        message = await system.send("+77010000001", "text")
        async with session.get(listening["sms"] + message["uri"]) as response:
            told = json.loads(await response.read())
        assert (told["status"], told["sid"]) == ("sent", message["sid"])
        assert told["date_sent"] == told["date_created"]
        for path, status in (("/", 404), (MESSAGES, 200)):
            async with session.get(listening["sms"] + path) as response:
                assert response.status == status
        async with session.post(listening["decisions"], data=b"no JSON") as response:
            assert response.status == 400
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listening["sms"].split(":")[-1]))
        writer.write(b"\x00\x01 nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
    finally:
        await load.close()
        await session.close()
        await runner.cleanup()


def test_citizens_are_right_and_no_two_are_alike() -> None:
    some = [citizen(number) for number in [*range(3000), *range(9_000_000, 9_003_000)]]
    for one in some:
        check_iin(one.iin)
        check_phone(one.phone)
        check_iban(one.iban)
    assert len({one.iin for one in some}) == len({one.phone for one in some}) == len(some)
    assert check_digit("85010130001") == 5
    with pytest.raises(ValueError, match="citizens from 0"):
        citizen(10_000_000)


def test_quantiles_are_of_the_ordered_values() -> None:
    assert quantiles([]) == {}
    found = quantiles([number / 1000 for number in range(200, 0, -1)])
    assert found == {"p50": pytest.approx(100.5), "p99": pytest.approx(199), "max": pytest.approx(200)}


@pytest.mark.parametrize("address", ["kafka://host:1", "ftp://host/x", "nothing", "https://host/x"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(BadAddressError, match="neither"):
        publisher(address)
