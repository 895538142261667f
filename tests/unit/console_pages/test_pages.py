"""Every page in every language, for those who may see it, from a read model that real projections filled."""

import re

import httpx
import pytest

from ops.bench.histories import NOW
from ops.console.words import LANGUAGES, catalogue
from ops.read_model.views import CaseFilter, Freshness
from tests.unit.console_pages.conftest import CASES, Told
from tests.unit.console_pages.html import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = {
    "/": ("viewer", "nav.now"),
    "/cases": ("caseworker", "nav.cases"),
    "/cases?state=ended&language=ru": ("operator", "nav.cases"),
    "/decisions": ("officer", "nav.decisions"),
    "/questioned": ("officer", "nav.questioned"),
    "/dead-letters": ("operator", "nav.dead_letters"),
    "/doubts": ("operator", "nav.doubts"),
    "/service": ("operator", "nav.service"),
    "/reconciliation": ("caseworker", "nav.reconciliation"),
    "/audit": ("operator", "nav.audit"),
    "/audit/acts": ("operator", "nav.audit"),
    "/help": ("viewer", "nav.help"),
}


async def a_case(told: Told, **wanted: str) -> str:
    console = told.running.console
    page = await console.queries.cases(CaseFilter(**wanted), at=console.clock.now())  # type: ignore[arg-type]
    return page.rows[0].case_id


async def a_draft(told: Told, state: str = "awaiting_signature") -> str:
    console = told.running.console
    page = await console.queries.drafts(at=console.clock.now())
    return next(draft.decision_id for draft in page.rows if draft.state == state)


def sound(answer: httpx.Response, language: str) -> None:
    """The page is in this language, is whole, and keeps to our policy."""
    page = read(answer.text)
    assert page.faults() == []
    assert page.all("html")[0].attributes["lang"] == language
    # A key where a sentence should be, or a place that nothing filled.
    assert re.findall(r"\b(?:nav|state|col|note|will|next|form)\.[a-z_]+\b", page.text) == []
    assert "{" not in page.text
    assert "None" not in page.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", list(PAGES))
async def test_a_page_speaks_the_language_and_is_whole(told: Told, path: str, language: str) -> None:
    role, title = PAGES[path]
    answer = await (await told.as_(role, language)).get(path)
    assert answer.status_code == 200
    sound(answer, language)
    assert f"<h1>{catalogue(language)[title]}</h1>" in answer.text
    assert str(catalogue(language)["fresh.as_of"]) in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "state", ["granted", "ended", "offer_sent", "awaiting_signature", "awaiting_hearing", "received"]
)
async def test_a_case_in_any_state_is_told_in_the_language(told: Told, state: str, language: str) -> None:
    case_id = await a_case(told, state=state)
    for role in ("viewer", "operator", "officer"):
        answer = await (await told.as_(role, language)).get(f"/cases/{case_id}")
        assert answer.status_code == 200
        sound(answer, language)
        assert str(catalogue(language)[f"state.{state}"]) in answer.text
        assert case_id in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_draft_is_told_in_the_language(told: Told, language: str) -> None:
    for state in ("awaiting_signature", "awaiting_hearing"):
        answer = await (await told.as_("officer", language)).get(f"/decisions/{await a_draft(told, state)}")
        assert answer.status_code == 200
        sound(answer, language)


async def test_the_first_page_counts_all_cases_and_tells_each_number_twice(told: Told) -> None:
    answer = await (await told.as_("viewer")).get("/")
    page = read(answer.text)
    assert f">{CASES}</span>" in answer.text
    assert len(page.all("svg")) == len(page.all("figure")) >= 8
    assert len(page.all("table")) >= 8
    assert "Entitled" in page.text


async def test_a_viewer_is_led_to_what_viewers_may_see_and_nowhere_else(told: Told) -> None:
    page = read((await (await told.as_("viewer")).get("/")).text)
    led = {node.attributes["href"] for node in page.all("a")} - {"#main"}
    assert led == {"/", "/cases", "/help"}


async def test_a_page_moves_on_by_itself_where_it_is_live_and_is_whole_without_scripts(told: Told) -> None:
    answer = await (await told.as_("operator")).get("/")
    assert 'sse-connect="/events"' in answer.text
    assert 'id="live-sign"' in answer.text
    still = await (await told.as_("operator")).get("/reconciliation")
    assert "<script" not in still.text


async def test_an_unknown_case_is_said_plainly_with_a_way_on(told: Told) -> None:
    for path in (
        "/cases/0b7e1f52-3c0a-5d6b-9a51-3f6f2f0a9c11",
        "/cases/nonsense",
        "/cases/%00",
        "/cases/' or 1",
    ):
        answer = await (await told.as_("viewer")).get(path)
        assert answer.status_code == 404
        assert "There is no such case" in answer.text
        assert 'href="/cases"' in answer.text


async def test_older_pages_and_back_again_show_every_case_once(told: Told) -> None:
    browser = await told.as_("caseworker")
    seen: list[str] = []
    path, last = "/cases", ""
    while path:
        answer = await browser.get(path)
        assert answer.status_code == 200
        seen += re.findall(r'<a class="id" href="/cases/([0-9a-f-]{36})"', answer.text)
        following = re.search(r'rel="next" href="([^"]+)"', answer.text)
        last, path = answer.text, following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == CASES
    back = re.search(r'rel="prev" href="([^"]+)"', last)
    assert back
    before = await browser.get(back.group(1).replace("&amp;", "&"))
    assert re.findall(r'<a class="id" href="/cases/([0-9a-f-]{36})"', before.text) == seen[-70:-20]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("problem", ["broker_away", "nobody_follows", "rebuilding"])
async def test_what_is_behind_is_never_shown_as_fresh(
    told: Told, monkeypatch: pytest.MonkeyPatch, problem: str, language: str
) -> None:
    words = catalogue(language)
    stale = Freshness(as_of=NOW, behind=1234, problem=problem, unread=2)

    async def behind() -> Freshness:
        return stale

    monkeypatch.setattr(told.running.console.renderer, "_freshness", behind)
    for path, (role, _) in [*PAGES.items(), ("/fresh", ("viewer", ""))]:
        text = read((await (await told.as_(role, language)).get(path)).text).text
        assert str(words["fresh.stale"]) in text, path
        assert str(words[f"problem.{problem}"]) in text
        assert re.search(r"1\W?234", text)


async def test_what_was_never_read_says_so(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Freshness:
        return Freshness(as_of=None, behind=None, problem="nobody_follows")

    monkeypatch.setattr(told.running.console.renderer, "_freshness", never)
    text = read((await (await told.as_("viewer")).get("/help")).text).text
    assert "Nothing has been read yet" in text
    assert "how far behind is not known" in text
