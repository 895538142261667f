"""The read API on a read model with histories in it."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from ops.bench.histories import NOW
from ops.bench.people import Log
from ops.console.access import GRANTS, May, Role
from ops.console.context import SEARCHES
from ops.read_model.views import CaseFilter
from streams.jws import read_compact
from tests.browser.console import told
from tests.read_model import tell
from tests.unit.console.running import Running
from tests.unit.ops.read_model.contract_of_work import OPERATOR, act

DESCRIPTION = json.loads(
    (Path(__file__).parents[3] / "docs" / "console-api.json").read_text(encoding="utf-8")
)
IIN = re.compile(r"(?<![0-9a-f])[0-9]{12}(?![0-9a-f])")
PHONE, IBAN = re.compile(r"\+7[0-9]{10}"), re.compile(r"KZ[0-9A-Z]{18}")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with told(tmp_path, 120) as (started, _):
        yield started


def schema_of(path: str, method: str, status: int) -> dict[str, Any]:
    answers = DESCRIPTION["paths"][path][method]["responses"]
    (content,) = answers[str(status)]["content"].values()
    return {**content["schema"], "components": DESCRIPTION["components"]}


def fits(answer: httpx.Response, path: str, method: str = "get") -> Any:
    """The answer, if it is as the description says."""
    content = answer.json()
    Draft202012Validator(schema_of(path, method, answer.status_code)).validate(content)
    return content


async def some_case(running: Running) -> Any:
    """A case of which everything is known: it was granted."""
    rows = (await running.console.queries.cases(CaseFilter(), at=NOW, limit=100, unmask=True)).rows
    return next(row for row in rows if row.outcome == "granted" and row.iin)


def named(content: str) -> list[str]:
    """Whatever in an answer names somebody, signed documents opened."""
    documents = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", content)
    opened = [read_compact(one).payload.decode() for one in documents]
    return [one for part in (content, *opened) for kind in (IIN, PHONE, IBAN) for one in kind.findall(part)]


async def test_the_committed_description_is_the_one_that_is_served(running: Running) -> None:
    served = (await running.browser().get("/api/v1/openapi.json")).json()
    assert served == DESCRIPTION
    assert served["openapi"].startswith("3.1")


async def test_every_answer_is_as_the_description_says(running: Running) -> None:
    program = await running.program(*Role)
    case = await some_case(running)
    letters = (await program.get("/dead-letters")).json()["rows"]
    asked: dict[str, dict[str, Any]] = {
        "/cases": {"params": {"limit": 5}},
        "/cases/{case_id}": {"params": {"unmask": True}},
        "/persons/search": {"json": {"iin": case.iin}},
        "/persons/{person_id}/cases": {},
        "/outcomes": {"params": {"day": f"{case.at:%Y-%m-%d}"}},
        "/reports/{year}": {},
        "/day-totals": {"params": {"first": "2026-01-01", "last": "2026-02-01"}},
        "/unrecorded": {},
        "/overview": {},
        "/freshness": {},
        "/service": {},
        "/dead-letters": {},
        "/dead-letters/{partition}/{offset}": {},
    }
    assert set(asked) == set(DESCRIPTION["paths"]) - {"/reports/{year}/csv"}
    for path, more in asked.items():
        method = "post" if path == "/persons/search" else "get"
        place = {"partition": 0, "offset": 0}
        if letters:
            place = {"partition": letters[0]["partition"], "offset": letters[0]["offset"]}
        filled = path.format(case_id=case.case_id, person_id=case.person_id, year=f"{case.at:%Y}", **place)
        answer = await program.request(method, filled, **more)
        expected = 404 if path.startswith("/dead-letters/") and not letters else 200
        assert answer.status_code == expected, (path, answer.text)
        fits(answer, path, method)


@pytest.mark.parametrize("role", list(Role))
async def test_nobody_is_named_unless_the_role_may_and_asks(running: Running, role: Role) -> None:
    program = await running.program(role)
    case = await some_case(running)
    asked: list[tuple[str, str, Any]] = [
        ("get", f"/cases/{case.case_id}", None),
        ("get", f"/persons/{case.person_id}/cases", None),
    ]
    asked.append(("post", "/persons/search", {"iin": case.iin}))
    for method, path, body in asked:
        masked = await program.request(method, path, json=body)
        assert masked.status_code == 200
        assert named(masked.text) == [], path
        for parameter in ("true", "1", "yes", "on"):
            clear = await program.request(method, path, params={"unmask": parameter}, json=body)
            if May.UNMASK in GRANTS[role]:
                assert case.iin in named(clear.text)
            else:
                assert clear.status_code == 403
                assert named(clear.text) == []


async def test_what_is_not_a_parameter_unmasks_nothing(running: Running) -> None:
    program = await running.program(Role.CASEWORKER)
    case = await some_case(running)
    for path in (
        f"/cases/{case.case_id}?texts=true&clear=1",
        "/cases?unmask=true",
        "/unrecorded?unmask=true",
    ):
        answer = await program.get(path)
        assert answer.status_code == 200
        assert named(answer.text) == []


async def test_each_look_is_recorded_under_the_tokens_name_before_it_is_answered(running: Running) -> None:
    program = await running.program(Role.CASEWORKER, name="monthly report")
    case = await some_case(running)
    await program.get(f"/cases/{case.case_id}")
    await program.get(f"/cases/{case.case_id}", params={"unmask": True})
    await program.post("/persons/search", json={"iin": case.iin})
    await program.get("/outcomes", params={"day": "2026-01-01"})
    told = [(one.who, one.role, one.what, one.person_id, one.case_id) for one in running.broker.looks]
    who = "token:monthly report"
    assert told == [
        (who, "caseworker", "looked", case.person_id, case.case_id),
        (who, "caseworker", "unmasked", case.person_id, case.case_id),
        (who, "caseworker", "searched", case.person_id, None),
        (who, "caseworker", "exported", None, None),
    ]
    running.broker.away = True
    for method, path, body in (
        ("get", f"/cases/{case.case_id}", None),
        ("post", "/persons/search", {"iin": case.iin}),
        ("get", "/outcomes?day=2026-01-01", None),
    ):
        answer = await program.request(method, path, json=body)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:jardem:problem:not-recorded"
        assert case.case_id not in answer.text


async def test_a_person_is_found_by_iin_and_by_phone(running: Running) -> None:
    program = await running.program(Role.CASEWORKER)
    case = await some_case(running)
    found = await running.console.queries.case(case.case_id, at=NOW, unmask=True)
    assert found is not None
    for sought in ({"iin": case.iin}, {"phone": found.phone}):
        answer = (await program.post("/persons/search", json=sought)).json()
        assert answer["person_id"] == case.person_id
        assert case.case_id in [row["case_id"] for row in answer["cases"]]
    nobody = (await program.post("/persons/search", json={"iin": "850101300015"})).json()
    assert nobody["cases"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "give an iin or a phone"),
        ({"iin": "850101300015", "phone": "+77011234567"}, "give an iin or a phone"),
        ({"iin": "850101300016"}, "check digit"),
        ({"phone": "870112"}, "phone"),
        ([], "valid"),
    ],
)
async def test_a_search_for_what_nobody_is_called_is_refused_without_repeating_it(
    running: Running, body: Any, said: str
) -> None:
    answer = await (await running.program(Role.VIEWER)).post("/persons/search", json=body)
    assert answer.status_code == 400
    problem = fits(answer, "/persons/search", "post")
    assert said in problem["detail"]
    assert "850101300016" not in answer.text
    assert running.broker.looks == []


async def test_nobody_tries_out_numbers(running: Running) -> None:
    program = await running.program(Role.VIEWER)
    statuses = [
        (await program.post("/persons/search", json={"iin": "850101300015"})).status_code
        for _ in range(SEARCHES + 1)
    ]
    assert statuses == [200] * SEARCHES + [429]
    last = await program.post("/persons/search", json={"iin": "850101300015"})
    assert 0 < int(last.headers["retry-after"]) <= 600
    assert fits(last, "/persons/search", "post")["title"] == "Too many searches"
    another = await running.program(Role.VIEWER, name="another")
    assert (await another.post("/persons/search", json={"iin": "850101300015"})).status_code == 200


async def test_lists_go_on_page_by_page_to_their_end(running: Running) -> None:
    program = await running.program(Role.OPERATOR)
    seen: list[str] = []
    after = None
    while True:
        params = {"limit": 50} if after is None else {"limit": 50, "after": after}
        page = (await program.get("/cases", params=params)).json()
        seen += [row["case_id"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == await running.console.queries.count_cases(CaseFilter(), at=NOW)
    broken = await program.get("/cases", params={"after": "nonsense"})
    assert broken.status_code == 400
    assert fits(broken, "/cases")["type"] == "urn:jardem:problem:bad-cursor"


async def test_filters_and_what_can_not_be_read_in_them(running: Running) -> None:
    program = await running.program(Role.CASEWORKER)
    rows = (await program.get("/cases", params={"ground": "7", "limit": 500})).json()["rows"]
    assert rows
    assert {row["ground"] for row in rows} == {"7"}
    for given in ({"limit": 0}, {"since": "yesterday"}, {"overdue": "perhaps"}):
        answer = await program.get("/cases", params=given)
        assert answer.status_code == 400
        fits(answer, "/cases")


async def test_the_yearly_report_is_a_table_too(running: Running) -> None:
    program = await running.program(Role.VIEWER)
    year = f"{(await some_case(running)).at:%Y}"
    rows = fits(await program.get(f"/reports/{year}"), "/reports/{year}")
    answer = await program.get(f"/reports/{year}/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    first, *others = answer.text.splitlines()
    assert first == "ground,outcome,reason,count"
    assert len(others) == len(rows) > 0
    assert answer.headers["jardem-fresh"] in ("yes", "no")
    assert (await program.get("/reports/21")).status_code == 400


async def test_every_answer_says_how_fresh_it_is(running: Running) -> None:
    answer = await (await running.program(Role.VIEWER)).get("/overview")
    assert answer.headers["jardem-fresh"] in ("yes", "no")
    assert "jardem-as-of" in answer.headers


async def test_a_case_that_there_is_not_is_a_problem(running: Running) -> None:
    program = await running.program(Role.VIEWER)
    answer = await program.get("/cases/0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    fits(answer, "/cases/{case_id}")
    assert running.broker.looks == []
    assert (await program.get("/cases/nonsense")).status_code == 400
    assert (await program.get("/nothing")).json()["type"] == "urn:jardem:problem:not-found"
    assert (await program.delete("/cases")).json()["status"] == 405


async def test_a_revoked_token_and_one_that_is_over_open_nothing(running: Running) -> None:
    program = await running.program(Role.VIEWER)
    assert (await program.get("/freshness")).status_code == 200
    (token,) = await running.console.tokens.listed()
    assert token.used_at is not None
    assert await running.console.tokens.revoke(token.token_id)
    assert (await program.get("/freshness")).status_code == 401
    another = await running.program(Role.VIEWER)
    async with running.console.store.control.begin() as connection:
        await connection.execute(text("UPDATE console_tokens SET ends_at = 1"))
    assert (await another.get("/freshness")).status_code == 401


async def test_the_database_holds_no_token_and_no_session_that_opens_anything(running: Running) -> None:
    secret, _ = await running.console.tokens.new("report", [Role.VIEWER], 90)
    browser = await running.entered("viewer")
    async with running.console.store.control.connect() as connection:
        held = [
            repr(tuple(row))
            for table in ("console_tokens", "console_sessions")
            for row in await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - two names of ours
        ]
    assert held
    assert not any(secret in row or browser.cookies["jardem_session"] in row for row in held)


async def test_who_set_the_service_and_why_is_told_to_operators_alone(running: Running) -> None:
    said = act(Log(), "pause", "offers", "all")
    await tell(running.console.store, [said])
    for role in Role:
        answer = fits(await (await running.program(role)).get("/service"), "/service")
        assert answer["paused"]
        assert [one["operator"] for one in answer["acts"]] == (
            [OPERATOR] if May.OPERATE in GRANTS[role] else []
        )
