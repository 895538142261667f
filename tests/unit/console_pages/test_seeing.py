"""Who sees what, and that it is recorded before it is seen."""

import csv
import io
import re

import pytest

from ops.console.pages.csv_export import COLUMNS, line
from ops.read_model.views import CaseFilter, CaseRow
from tests.unit.console.running import csrf
from tests.unit.console_pages.conftest import CASES, Told
from tests.unit.console_pages.html import read

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows(told: Told, **wanted: str) -> list[CaseRow]:
    console = told.running.console
    found = await console.queries.cases(CaseFilter(**wanted), at=console.clock.now(), unmask=True, limit=500)  # type: ignore[arg-type]
    return list(found.rows)


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_who_may_not_see_in_the_clear_cannot_by_form_address_or_header(told: Told, role: str) -> None:
    row = (await rows(told, state="granted"))[0]
    path = f"/cases/{row.case_id}"
    assert row.iin
    before = len(told.running.broker.sent)
    refused = await told.post(role, f"{path}/unmask")
    assert refused.status_code == 403
    assert "Not for your role" in refused.text
    assert len(told.running.broker.sent) == before
    browser = await told.as_(role)
    for tried in (path, f"{path}?unmask=1", f"{path}?unmask=true&texts=1", f"{path}?seen=x"):
        for headers in (
            {},
            {"hx-request": "true"},
            {"x-role": "officer"},
            {"x-http-method-override": "POST"},
        ):
            answer = await browser.get(tried, headers=headers)
            assert answer.status_code == 200
            assert row.iin not in answer.text
            assert f"*{row.iin[-4:]}" in answer.text
            assert "арнаулы мемлекеттік" not in answer.text
    assert (await browser.get(f"{path}/unmask")).status_code == 405
    assert "/unmask" not in (await browser.get(path)).text


async def test_a_caseworker_sees_in_the_clear_for_one_view_which_is_recorded(told: Told) -> None:
    row = (await rows(told, state="granted"))[0]
    assert row.iin
    path = f"/cases/{row.case_id}"
    answer = await told.post("caseworker", f"{path}/unmask")
    assert answer.status_code == 200
    assert row.iin in answer.text
    assert "арнаулы мемлекеттік" in answer.text
    assert "sse-connect" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    look = told.running.broker.looks[-1]
    assert (look.what, look.role, look.case_id) == ("unmasked", "caseworker", row.case_id)
    assert look.person_id == row.person_id
    again = await (await told.as_("caseworker")).get(path)
    assert row.iin not in again.text


async def test_what_cannot_be_recorded_is_not_shown(told: Told) -> None:
    row = (await rows(told, state="granted"))[0]
    told.running.broker.away = True
    try:
        browser = await told.as_("caseworker")
        looked = await browser.get(f"/cases/{row.case_id}")
        unmasked = await told.post("caseworker", f"/cases/{row.case_id}/unmask")
        searched = await told.post("caseworker", "/cases/find", what=row.case_id)
        taken = await told.post("caseworker", "/cases.csv")
        assert (await browser.get("/")).status_code == 200
    finally:
        told.running.broker.away = False
    for answer in (looked, unmasked, searched, taken):
        assert answer.status_code == 503
        assert "be recorded now" in answer.text
        assert row.person_id not in answer.text


async def test_a_page_that_moves_on_is_one_look(told: Told) -> None:
    row = (await rows(told, state="granted"))[0]
    browser = await told.as_("viewer")
    first = await browser.get(f"/cases/{row.case_id}")
    onward = re.search(r'hx-get="([^"]+)"', first.text)
    assert onward
    count = len(told.running.broker.looks)
    again = await browser.get(onward.group(1), headers={"hx-request": "true"})
    assert again.status_code == 200
    assert onward.group(1) in again.text
    assert len(told.running.broker.looks) == count


async def test_another_case_or_another_session_is_another_look(told: Told) -> None:
    one, other = (await rows(told, state="granted"))[:2]
    first = await (await told.as_("viewer")).get(f"/cases/{one.case_id}")
    onward = re.search(r"seen=([^\"]+)\"", first.text)
    assert onward
    for role, case_id in (("viewer", other.case_id), ("officer", one.case_id)):
        count = len(told.running.broker.looks)
        await (await told.as_(role)).get(f"/cases/{case_id}?seen={onward.group(1)}")
        assert len(told.running.broker.looks) == count + 1


async def test_a_viewer_has_the_exact_search_and_no_list(told: Told) -> None:
    answer = await (await told.as_("viewer")).get("/cases?state=granted")
    assert read(answer.text).all("table") == []
    assert "Filter" not in answer.text
    refused = await told.post("viewer", "/cases.csv")
    assert refused.status_code == 403


async def test_a_list_is_taken_as_csv_masked_whole_and_recorded(told: Told) -> None:
    answer = await told.post("caseworker", "/cases.csv")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(table) == CASES + 1
    assert len(table[0]) == len(COLUMNS)
    known = {row.case_id: row for row in await rows(told)}
    assert {cells[0] for cells in table[1:]} == set(known)
    place = COLUMNS.index("iin")
    assert all(cells[place] == f"*{(known[cells[0]].iin or '')[-4:]}" for cells in table[1:])
    assert told.running.broker.looks[-1].what == "exported"


async def test_a_csv_holds_what_the_filter_finds(told: Told) -> None:
    answer = await told.post("caseworker", "/cases.csv?state=granted")
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {cells[0] for cells in table[1:]} == {row.case_id for row in await rows(told, state="granted")}
    broken = await told.post("caseworker", "/cases.csv?state=lost")
    assert broken.status_code == 400


@pytest.mark.parametrize("begun", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_of_a_csv_is_a_formula(begun: str) -> None:
    cells = next(csv.reader(io.StringIO(line([f'{begun}cmd|" /C calc"!A0', "8-1"]), newline="")))
    assert cells[0][0] == "'"
    assert cells[1] == "8-1"


async def test_a_form_without_its_token_does_nothing(told: Told) -> None:
    row = (await rows(told, state="granted"))[0]
    browser = await told.as_("officer")
    theirs = csrf(await (await told.as_("viewer")).get("/help"))
    for given in ({}, {"csrf": "0" * 64}, {"csrf": theirs}):
        answer = await browser.post(f"/cases/{row.case_id}/unmask", data=given)
        assert answer.status_code == 403
        assert row.iin
        assert row.iin not in answer.text
