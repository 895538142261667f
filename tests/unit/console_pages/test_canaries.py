"""Whatever is typed, looked at or sent to the console, its logs, counts, addresses and faults name nobody."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from ops.bench.histories import NOW, History
from ops.bench.people import Log
from ops.console.access import Role
from ops.read_model.database import DatabaseError
from streams.dead_letters import dead_letter
from streams.records import Record
from streams.signing import load_signer
from tests.browser.console import fill, pseudonyms
from tests.browser.console import told as run
from tests.canaries import CANARIES, TEXT, WHO, found_in
from tests.unit.console.running import Running, csrf, sign_in

NUMBER = 7_391
"""The canary, as made-up people are numbered."""
TYPED = (WHO.iin, WHO.phone, WHO.iban, TEXT, f"{TEXT} {WHO.iin}")


@dataclass
class Told:
    """What the console answered."""

    answers: list[httpx.Response] = field(default_factory=list)

    def addresses(self) -> list[str]:
        """Where it sends browsers, and what it has them keep."""
        return [
            answer.headers.get(name, "")
            for answer in self.answers
            for name in ("location", "set-cookie", "etag")
        ]


async def with_the_canary(running: Running) -> str:
    """The canary's case, as the topics tell of it, and a dead letter about them; the case's id."""
    log = Log()
    known = pseudonyms(running.console.settings)
    case = History(NUMBER, log, known, load_signer(None, ""), NOW - timedelta(days=3))
    assert case.who == WHO
    records = [*case.plays("misunderstood"), *case.wrote(f"{TEXT} {WHO.iban}", {"to": "offer_sent"})]
    bad = Record(
        "registry.title-awarded.v1", 0, 1, NOW, WHO.iin.encode(), TEXT.encode(), (("x", TEXT.encode()),)
    )
    out = dead_letter(bad, f"it says {WHO.iin}")
    records.append(Record("dead-letter.v1", 0, 7, NOW, out.key, out.value, out.headers))
    await fill(running.console.store, records)
    return case.case


@asynccontextmanager
async def told(folder: Path, **settings: str) -> AsyncIterator[tuple[Running, str]]:
    async with run(folder, 20, **settings) as (running, _):
        yield running, await with_the_canary(running)


async def looks(running: Running, case_id: str) -> Told:
    """Everything that shows the canary, to those who may see it in the clear."""
    told = Told()
    browser = await running.entered("caseworker")
    token = csrf(await browser.get("/help"))
    for path in ("/", "/cases", f"/cases/{case_id}", "/questioned", "/reconciliation"):
        told.answers.append(await browser.get(path))
    assert found_in(*(answer.text for answer in told.answers)) == []
    told.answers.append(await browser.post(f"/cases/{case_id}/unmask", data={"csrf": token}))
    assert found_in(told.answers[-1].text) == list(CANARIES)
    told.answers.append(await browser.post("/cases.csv", data={"csrf": token}))
    operator = await running.entered("operator")
    for path in ("/dead-letters", "/dead-letters/0/7", "/doubts", "/service", "/audit"):
        told.answers.append(await operator.get(path))
    program = await running.program(Role.CASEWORKER)
    told.answers.append(await program.get(f"/cases/{case_id}", params={"unmask": "true"}))
    for sought in ({"iin": WHO.iin}, {"phone": WHO.phone}):
        told.answers.append(await program.post("/persons/search", json=sought, params={"unmask": "true"}))
    assert {answer.status_code for answer in told.answers} == {200}
    return told


async def types(running: Running, case_id: str) -> Told:
    """The canary typed wherever anything can be typed, right and wrong."""
    told = Told()
    browser = await running.entered("operator")
    token = csrf(await browser.get("/help"))
    program = await running.program(Role.CASEWORKER, Role.OPERATOR)
    nobody = running.browser()
    for typed in TYPED:
        told.answers.append(await browser.post("/cases/find", data={"csrf": token, "what": typed}))
        told.answers.append(await browser.post("/cases/find", data={"csrf": "no", "what": typed}))
        for act in ("note", typed):
            fields = {"csrf": token, "act": act, "reason": typed}
            told.answers.append(await browser.post(f"/cases/{case_id}/acts", data=fields))
        pilot = {"csrf": token, "act": "pilot", "reason": "a pilot", "persons": f"{typed}\n{WHO.iin}"}
        told.answers.append(await browser.post("/service/acts", data=pilot))
        told.answers.append(await sign_in(nobody, typed, typed))
        there = quote(typed)
        for path in (
            f"/cases/{there}",
            f"/{there}",
            f"/cases?state={there}&after={there}",
            f"/cases?{there}",
        ):
            told.answers.append(
                await browser.get(path, headers={"x-forwarded-for": typed, "referer": f"/{there}"})
            )
        told.answers.append(await browser.get("/help", headers={"accept-language": typed}))
        for path, params in (
            (f"/cases/{there}", {}),
            ("/cases", {"state": typed, "after": typed, "since": typed}),
            (f"/persons/{there}/cases", {}),
        ):
            told.answers.append(await program.get(path, params=params))
        told.answers.append(await program.post("/persons/search", json={"iin": typed, "phone": typed}))
        told.answers.append(await program.post("/persons/search", content=typed))
    assert {answer.status_code for answer in told.answers} >= {200, 303, 400, 401, 403, 404, 422}
    return told


async def fails(running: Running, case_id: str, monkeypatch: pytest.MonkeyPatch) -> Told:
    """A fault of ours, a database and a broker that are away, whose words name the canary."""
    told = Told()
    browser = await running.entered("operator")
    program = await running.program(Role.CASEWORKER)
    token = csrf(await browser.get("/help"))
    running.broker.away = True
    told.answers.append(await browser.get(f"/cases/{case_id}"))
    told.answers.append(await browser.post("/cases/find", data={"csrf": token, "what": WHO.iin}))
    running.broker.away = False
    for error in (RuntimeError(f"{WHO.iin} {TEXT}"), DatabaseError(f"{WHO.phone} {TEXT}")):

        async def raises(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        for name in ("cases", "case"):
            monkeypatch.setattr(type(running.console.queries), name, raises)
        told.answers.append(await browser.get(f"/cases/{case_id}"))
        told.answers.append(await browser.post("/cases/find", data={"csrf": token, "what": WHO.phone}))
        told.answers.append(await program.get(f"/cases/{case_id}"))
    assert {answer.status_code for answer in told.answers} >= {500, 503}
    return told


@pytest.mark.parametrize("what", ["looks", "types", "fails"])
async def test_no_log_no_count_and_no_address_names_anybody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as logs:
        async with told(tmp_path) as (running, case_id):
            match what:
                case "looks":
                    done = await looks(running, case_id)
                case "types":
                    done = await types(running, case_id)
                case _:
                    done = await fails(running, case_id, monkeypatch)
            metrics = await running.browser().get("/metrics")
    assert "jardem_console_requests_total" in metrics.text
    ours = [one for one in caplog.records if not one.name.startswith("httpx")]
    assert found_in(logs, [one.getMessage() for one in ours], [str(one.exc_info) for one in ours]) == []
    assert found_in(metrics.text) == []
    assert found_in(*done.addresses()) == []
    told_on = [(one.key, one.headers) for one in running.broker.sent]
    assert found_in(told_on, *(one.value or b"" for one in running.broker.sent)) == []
    if what == "fails":
        assert logs
        assert found_in(*(answer.text for answer in done.answers)) == []
