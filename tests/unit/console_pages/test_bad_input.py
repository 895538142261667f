"""What people type wrong, or change in an address: a plain sentence, and a way on."""

from urllib.parse import urlencode

import pytest

from ops.bench.people import somebody
from ops.console.pages.forms import BadFieldError
from ops.console.pages.search import recognised
from ops.read_model.views import CaseFilter
from schemas.audit import ConsoleAudited
from tests.unit.console_pages.conftest import Told
from tests.unit.console_pages.html import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNOWN, STRANGER = somebody(0), somebody(999_999)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type a case id"),
        ("   ", "Type a case id"),
        ("85010130001", "11 were typed"),
        ("8501013000155", "13 were typed"),
        ("850101300016", "check digit of this IIN is wrong"),
        ("000000000000", "check digit of this IIN is wrong"),
        ("Aigul", "no case id, no IIN"),
        ("+7701", "no case id, no IIN"),
        ("٨٥٠١٠١٣٠٠٠١٥", "no case id, no IIN"),
        ("<script>alert(1)</script>", "no case id, no IIN"),
        ("0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11", "no case with this id"),
        (STRANGER.iin, "Nobody with this IIN"),
        (STRANGER.phone, "No case went to this number"),
    ],
)
async def test_a_search_that_finds_nothing_says_why_and_repeats_nothing(
    told: Told, typed: str, said: str
) -> None:
    answer = await told.post("viewer", "/cases/find", what=typed)
    assert answer.status_code in (404, 422)
    assert said in read(answer.text).text
    assert 'action="/cases/find"' in answer.text
    assert read(answer.text).faults() == []
    if typed.strip():
        assert typed not in answer.text


@pytest.mark.parametrize(
    "typed", ["{iin}", " {iin} ", "{phone}", "8{national}", "8 ({area}) {rest}", "7{national}"]
)
async def test_a_person_and_a_number_are_found_however_they_are_written(told: Told, typed: str) -> None:
    national = KNOWN.phone.removeprefix("+7")
    what = typed.format(
        iin=KNOWN.iin, phone=KNOWN.phone, national=national, area=national[:3], rest=national[3:]
    )
    before = len(told.running.broker.sent)
    answer = await told.post("viewer", "/cases/find", what=what)
    assert answer.status_code == 303
    page = await (await told.as_("viewer")).get(answer.headers["location"])
    assert f"*{KNOWN.iin[-4:]}" in page.text
    assert KNOWN.iin not in page.text
    looks = told.running.broker.looks[-2:]
    assert [look.what for look in looks] == ["searched", "looked"]
    assert looks[1].person_id is not None
    assert told.sent_since(before) == [ConsoleAudited.name] * 2
    assert "?" not in answer.headers["location"]


async def test_a_search_of_a_case_id_goes_to_the_case(told: Told) -> None:
    console = told.running.console
    row = (await console.queries.cases(CaseFilter(), at=console.clock.now())).rows[0]
    answer = await told.post("viewer", "/cases/find", what=f" {row.case_id.upper()} ")
    assert answer.headers["location"] == f"/cases/{row.case_id}"


async def test_no_complaint_of_the_search_repeats_what_was_typed() -> None:
    for typed in ("850101300016", "85010130001", "Aigul"):
        with pytest.raises(BadFieldError) as caught:
            recognised(typed)
        assert typed not in f"{caught.value} {caught.value.key} {caught.value.values}"


BROKEN = [
    ("/cases", {"state": "lost"}, "no value of the filter"),
    ("/cases", {"ground": "9-9"}, "no value of the filter"),
    ("/cases", {"overdue": "yes"}, "no value of the filter"),
    ("/cases", {"since": "yesterday"}, "is no day"),
    ("/cases", {"since": "2021-02-30"}, "is no day"),
    ("/cases", {"since": "2021-08-01", "until": "2021-07-01"}, "Swap them"),
    ("/cases", {"after": "nonsense"}, "does not exist"),
    ("/cases", {"after": "é" * 300}, "does not exist"),
    ("/cases", {"state": "<script>alert(1)</script>"}, "no value of the filter"),
    ("/dead-letters", {"done": "maybe"}, "no value of the filter"),
    ("/dead-letters", {"after": "x"}, "does not exist"),
    ("/decisions", {"after": "x"}, "does not exist"),
    ("/questioned", {"after": "x"}, "does not exist"),
    ("/doubts", {"after": "x"}, "does not exist"),
    ("/audit", {"after": "x"}, "does not exist"),
    ("/audit/acts", {"after": "x"}, "does not exist"),
    ("/reconciliation", {"after": "x"}, "does not exist"),
    ("/reconciliation", {"first": "x"}, "is no day"),
    ("/reconciliation", {"first": "2021-08-01", "last": "2021-07-01"}, "Swap them"),
    ("/reconciliation", {"first": "2020-01-01", "last": "2021-07-01"}, "At most 92 days"),
    ("/reconciliation", {"last": "0001-01-02"}, "Swap them"),
    ("/reconciliation", {"days": "many"}, "no whole number"),
    ("/reconciliation", {"days": "99999999999999999999"}, "no whole number"),
]
ROLES = {"/decisions": "officer", "/cases": "caseworker", "/reconciliation": "caseworker"}


@pytest.mark.parametrize(("path", "query", "said"), BROKEN)
async def test_a_broken_filter_or_place_is_said_and_the_list_is_shown(
    told: Told, path: str, query: dict[str, str], said: str
) -> None:
    answer = await (await told.as_(ROLES.get(path, "operator"))).get(f"{path}?{urlencode(query)}")
    assert answer.status_code == 400
    page = read(answer.text)
    assert said in page.text
    assert page.faults() == []
    assert "<script>alert" not in answer.text


async def test_a_day_at_the_end_of_the_calendar_is_a_day(told: Told) -> None:
    browser = await told.as_("caseworker")
    assert (await browser.get("/cases?until=9999-12-31&since=0001-01-01")).status_code == 200
    assert (await browser.get("/reconciliation?first=9999-12-25&last=9999-12-31")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/dead-letters/0/99999",
        "/dead-letters/0/99999999999999999999",
        "/dead-letters/-1/0",
        "/decisions/nobody.x",
    ],
)
async def test_what_is_not_there_is_said_with_a_way_on(told: Told, path: str) -> None:
    role = "officer" if path.startswith("/decisions") else "operator"
    answer = await (await told.as_(role)).get(path)
    assert answer.status_code == 404
    assert "no such" in answer.text.lower() or "This draft is not there" in answer.text
    assert 'class="button main" href="/' in answer.text
