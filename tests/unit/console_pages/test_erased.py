"""A person was erased: their case says so, and by whom, and names nobody, whichever way it is looked at."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from ops.bench.histories import NOW
from ops.console.access import Role
from ops.console.pages.csv_export import COLUMNS
from ops.console.words import LANGUAGES
from ops.read_model.views import CaseDetail, CaseFilter
from schemas.operators import ActObject, OperatorActed
from streams.dead_letters import dead_letter
from streams.records import Record
from tests.browser.console import fill
from tests.browser.console import told as run
from tests.unit.console_pages.conftest import Told
from tests.unit.console_pages.html import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT = NOW - timedelta(minutes=5)
SAID = {"en": "Erased on", "ru": "Данные стёрты", "kk": "Деректер өшірілді"}
Erased = tuple[Told, CaseDetail]


def erasure(person_id: str) -> OperatorActed:
    return OperatorActed(
        act="erase",
        object=ActObject(kind="person", id=person_id),
        person_id=person_id,
        reason="asked for by <letter>",
        operator="officer-7",
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def erased(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Erased]:
    """A console, and a case as it was before its person was erased."""
    folder: Path = tmp_path_factory.mktemp("erased")
    async with run(folder, 60) as (running, log):
        queries = running.console.queries
        rows = (await queries.cases(CaseFilter(state="granted"), at=NOW, unmask=True)).rows
        row = next(row for row in rows if row.iin)
        before = await queries.case(row.case_id, at=NOW, unmask=True, texts=True)
        assert before is not None
        assert before.erased is None
        assert before.iin
        assert before.phone
        assert before.iban
        key = row.person_id.encode()
        bad = Record("case.inbox.v1", 0, 3, AT - timedelta(days=1), key, before.iin.encode(), ())
        out = dead_letter(bad, "no event")
        await fill(
            running.console.store, [Record("dead-letter.v1", 0, 900, AT, out.key, out.value, out.headers)]
        )
        act = erasure(row.person_id)
        record = log.record(act.name, row.person_id, act, AT, "erased", "urn:jardem:commands")
        await fill(running.console.store, [record])
        yield Told(running, log, {}), before


def canaries(case: CaseDetail) -> list[str]:
    texts = [entry.sms.text for entry in case.timeline if entry.sms and entry.sms.text]
    assert texts
    found = [case.iin, case.iin[-4:] if case.iin else None, case.phone, case.iban, *texts]
    return [one for one in found if one and len(one) > 3]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_says_when_by_whom_and_why(erased: Erased, language: str) -> None:
    told, case = erased
    browser = await told.as_("operator", language)
    page = await browser.get(f"/cases/{case.row.case_id}")
    assert page.status_code == 200
    assert read(page.text).faults() == []
    said = read(page.text).text
    assert SAID[language] in said
    assert "officer-7" in said
    assert "asked for by <letter>" in said
    assert "<letter>" not in page.text
    assert [one for one in canaries(case) if one in said] == []
    assert f"/cases/{case.row.case_id}/acts" not in page.text


async def test_in_the_clear_there_is_nothing_more(erased: Erased) -> None:
    told, case = erased
    path = f"/cases/{case.row.case_id}"
    assert "/unmask" not in (await (await told.as_("caseworker")).get(path)).text
    page = await told.post("caseworker", f"{path}/unmask")
    assert page.status_code == 200
    assert [one for one in canaries(case) if one in read(page.text).text] == []


async def test_nothing_can_be_done_to_the_case(erased: Erased) -> None:
    told, case = erased
    before = len(told.running.broker.sent)
    answer = await told.post(
        "operator", f"/cases/{case.row.case_id}/acts", act="note", reason="x", confirmed="1"
    )
    assert answer.status_code == 409
    assert "nothing can be done to this case" in read(answer.text).text
    assert told.sent_since(before) == ["audit.console.v1"]


async def test_the_search_finds_nobody(erased: Erased) -> None:
    told, case = erased
    by_iin = await told.post("caseworker", "/cases/find", what=case.iin or "")
    by_phone = await told.post("caseworker", "/cases/find", what=case.phone or "")
    assert (by_iin.status_code, by_phone.status_code) == (404, 404)
    assert "Nobody with this IIN" in by_iin.text
    by_id = await told.post("caseworker", "/cases/find", what=case.row.case_id)
    assert by_id.status_code == 303


async def test_what_could_not_be_read_of_them_is_a_line_without_content(erased: Erased) -> None:
    told, case = erased
    page = await (await told.as_("operator")).get("/dead-letters/0/900")
    assert page.status_code == 200
    assert read(page.text).faults() == []
    assert "no event" in read(page.text).text
    hidden = (*canaries(case), case.row.person_id)
    assert [one for one in hidden if one in read(page.text).text] == []
    # Four digits in a row may stand in a token, or in the time.
    assert [one for one in hidden if len(one) > 4 and one in page.text] == []


async def test_a_csv_has_the_row_and_nobody_in_it(erased: Erased) -> None:
    told, case = erased
    answer = await told.post("caseworker", "/cases.csv")
    table = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    (row,) = [cells for cells in table if cells[0] == case.row.case_id]
    assert row[COLUMNS.index("iin")] == ""
    assert row[COLUMNS.index("outcome")] == "granted"


async def test_the_read_api_tells_of_it_too(erased: Erased) -> None:
    told, case = erased
    program = await told.running.program(Role.CASEWORKER)
    answer = await program.get(f"/cases/{case.row.case_id}", params={"unmask": "true"})
    assert answer.status_code == 200
    content = answer.json()
    assert (content["iin"], content["phone"], content["iban"]) == (None, None, None)
    assert (content["erased"]["act"], content["erased"]["operator"]) == ("erase", "officer-7")
    assert [one for one in canaries(case) if one in answer.text] == []
    sought = await program.post("/persons/search", json={"iin": case.iin})
    assert sought.json()["cases"] == []
