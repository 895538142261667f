"""What comes from outside stands in pages as text, wherever it comes from and whatever it holds."""

from datetime import timedelta

import pytest

from ops.bench.histories import NOW, History
from ops.console import plots
from ops.console.words import LANGUAGES
from ops.read_model.views import CaseFilter
from schemas.operators import ActObject, OperatorActed
from schemas.questions import QuestionKind
from streams.dead_letters import DEAD_LETTERS, OFFSET, PARTITION, REASON, TIMESTAMP, TOPIC
from streams.records import Record
from streams.signing import load_signer
from tests.browser.console import fill, pseudonyms
from tests.unit.console_pages.conftest import Told
from tests.unit.console_pages.html import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = "<script>alert('jardem')</script>"
IMAGE = "\"'><img src=x onerror=alert(1)>"


async def a_hostile_case(told: Told) -> str:
    """A case whose citizen, operator and log write what a browser would run."""
    console = told.running.console
    made = pseudonyms(console.settings)
    story = History(4711, told.log, made, load_signer(None, ""), NOW - timedelta(days=2))
    records = [*story.entitled(), *story.ask(QuestionKind.OFFER), *story.taken()]
    story.later(minutes=5)
    records += story.wrote(SCRIPT, {"to": "offer_sent"})
    records.append(story.moved("offer_sent", note="<b>not_a_note</b>"))
    for number, reason in enumerate((SCRIPT, IMAGE)):
        event = OperatorActed(
            act="note",
            object=ActObject(kind="case", id=story.case),
            person_id=story.person,
            reason=reason,
            operator=f"operator {IMAGE}",
        )
        id_ = f"hostile-{number}"
        records.append(told.log.record(event.name, story.person, event, story.at, id_, "urn:jardem:console"))
    await fill(console.store, records)
    return story.case


def harmless(text: str) -> None:
    page = read(text)
    assert SCRIPT not in text
    assert "<img src=x" not in text
    assert "<b>not_a_note" not in text
    assert page.faults() == []
    assert {node.attributes.get("src", "").partition("?")[0] for node in page.all("script")} <= {
        "/static/htmx-2.0.11.min.js",
        "/static/htmx-ext-sse-2.2.4.min.js",
        "/static/console.js",
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_case_full_of_markup_is_shown_as_text(told: Told, language: str) -> None:
    case_id = await a_hostile_case(told)
    officer = await told.as_("officer", language)
    masked = await officer.get(f"/cases/{case_id}")
    harmless(masked.text)
    assert IMAGE in read(masked.text).text
    await told.as_("caseworker", language)
    clear = await told.post("caseworker", f"/cases/{case_id}/unmask")
    harmless(clear.text)
    assert SCRIPT in read(clear.text).text
    assert "<b>not_a_note</b>" in read(clear.text).text
    for path in ("/audit/acts", "/service", "/"):
        harmless((await (await told.as_("operator", language)).get(path)).text)


async def test_a_dead_letter_full_of_markup_is_shown_as_text(told: Told) -> None:
    headers = (
        (REASON, f"{SCRIPT}{IMAGE}".encode()),
        (TOPIC, SCRIPT.encode()),
        (PARTITION, b"0"),
        (OFFSET, b"5"),
        (TIMESTAMP, b"1795665600000"),
        (IMAGE, IMAGE.encode()),
        ("\udcff<b>", b"\xff\x00<script>"),
    )
    record = Record(
        DEAD_LETTERS, 0, 5, NOW, IMAGE.encode(), f"{SCRIPT}\x00\ud800".encode("utf-8", "replace"), headers
    )
    await fill(told.running.console.store, [record])
    browser = await told.as_("operator")
    listed = await browser.get("/dead-letters?done=all")
    one = await browser.get("/dead-letters/0/5")
    assert (listed.status_code, one.status_code) == (200, 200)
    harmless(listed.text)
    harmless(one.text)
    assert SCRIPT in read(one.text).text


@pytest.mark.parametrize(
    "path",
    [
        "/cases?state={}",
        "/cases?since={}",
        "/dead-letters?topic={}",
        "/audit?who={}",
        "/cases/{}",
        "/sign-in?next={}",
        "/service?done={}",
        "/doubts?done={}",
        "/reconciliation?days={}",
    ],
)
async def test_an_address_full_of_markup_is_shown_as_text(told: Told, path: str) -> None:
    for text in (SCRIPT, IMAGE):
        answer = await (await told.as_("operator")).get(path.format(text.replace("#", "")))
        assert answer.status_code in (200, 303, 400, 404)
        if answer.text:
            harmless(answer.text)


async def test_a_search_full_of_markup_finds_nothing_and_repeats_nothing(told: Told) -> None:
    harmless((await told.post("viewer", "/cases/find", what=SCRIPT)).text)


async def test_a_plot_holds_no_script_no_style_and_no_markup_of_others() -> None:
    drawn = [
        plots.bars([(SCRIPT, 3), (IMAGE, 0)], str),
        plots.columns([(SCRIPT, 3)], str),
        plots.lines([SCRIPT, "b"], [(IMAGE, [1, 2])], str),
        plots.shares([(SCRIPT, [10, 90])], [IMAGE, "no"], str),
        plots.bars([], str),
        plots.columns([], str),
        plots.lines([], [], str),
        plots.shares([], [], str),
    ]
    assert [str(one) for one in drawn[4:]] == [""] * 4
    for plot in drawn[:4]:
        page = read(str(plot))
        assert page.all("script") == page.all("style") == page.all("img") == []
        assert [node for node in page.nodes if "style" in node.attributes or "id" in node.attributes] == []
        assert page.nodes[0].attributes["aria-hidden"] == "true"
    assert SCRIPT in read(str(drawn[0])).text


async def test_the_masked_list_never_holds_a_whole_number(told: Told) -> None:
    console = told.running.console
    rows = (await console.queries.cases(CaseFilter(), at=console.clock.now(), unmask=True)).rows
    text = (await (await told.as_("caseworker")).get("/cases")).text
    assert [row.case_id for row in rows if row.iin and row.iin in text] == []
