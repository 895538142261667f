"""The console in a real browser. `JARDEM_PICTURES=folder` keeps what its pages look like."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from ops.bench.histories import NOW, History
from ops.bench.people import somebody
from ops.read_model.views import CaseFilter
from schemas.audit import ConsoleAudited
from schemas.questions import QuestionKind
from streams.signing import load_signer
from tests.browser.axe import grave
from tests.browser.chromium import chromium, sign_in
from tests.browser.console import Served, pseudonyms, served

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow, pytest.mark.timeout(300)]

Scheme = Literal["light", "dark"]
LOOKS: list[tuple[Scheme, int, str]] = [("light", 1360, "en-GB"), ("dark", 1360, "ru"), ("light", 360, "kk")]


@dataclass
class Watched:
    """The console on a port, a browser, and where things are."""

    console: Served
    browser: Browser
    case_id: str
    paths: dict[str, tuple[str, str]]

    async def page(self, **options: Any) -> Page:
        context = await self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        return await context.new_page()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    async with chromium() as browser, served(tmp_path_factory.mktemp("console")) as console:
        asked, at = console.running.console.queries, console.running.console.clock.now()
        granted = (await asked.cases(CaseFilter(state="granted"), at=at)).rows[0].case_id
        draft = (await asked.drafts(at=at)).rows[0].decision_id
        paths = {
            "now": ("operator", "/"),
            "cases": ("operator", "/cases?state=offer_sent"),
            "case": ("operator", f"/cases/{granted}"),
            "dead-letters": ("operator", "/dead-letters"),
            "doubts": ("operator", "/doubts"),
            "service": ("operator", "/service"),
            "reconciliation": ("operator", "/reconciliation"),
            "audit": ("operator", "/audit"),
            "decisions": ("officer", "/decisions"),
            "decision": ("officer", f"/decisions/{draft}"),
            "questioned": ("officer", "/questioned"),
            "help": ("viewer", "/help"),
            "search": ("viewer", "/cases"),
            "unknown": ("viewer", "/cases/unknown"),
        }
        yield Watched(console, browser, granted, paths)


async def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("JARDEM_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("scheme", "width", "locale"), LOOKS)
async def test_every_page_is_readable_by_everybody_in_any_light_and_width(
    watched: Watched, scheme: Scheme, width: int, locale: str
) -> None:
    pages: dict[str, Page] = {}
    for name, (role, path) in watched.paths.items():
        if role not in pages:
            size = {"width": width, "height": 900}
            pages[role] = await watched.page(color_scheme=scheme, viewport=size, locale=locale)
            found = await Axe().run(await _at_sign_in(pages[role], watched.console.url))
            assert grave(found.response) == [], "sign-in"
            await sign_in(pages[role], watched.console.url, role)
        page = pages[role]
        await page.goto(watched.console.url + path)
        await page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        await picture(page, f"{name}-{scheme}-{width}")
        found = await Axe().run(page)
        assert grave(found.response) == [], name
        beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{name} is {beyond} px too wide"
    for page in pages.values():
        await page.context.close()


async def _at_sign_in(page: Page, url: str) -> Page:
    await page.goto(f"{url}/sign-in")
    return page


async def test_a_page_keeps_to_the_policy_for_contents(watched: Watched) -> None:
    page = await watched.page()
    complaints = await sign_in(page, watched.console.url, "operator")
    for _, path in list(watched.paths.values())[:8]:
        await page.goto(watched.console.url + path)
        await page.wait_for_load_state("load")
    assert complaints == []
    await page.context.close()


async def test_one_sees_a_case_move(watched: Watched) -> None:
    settings = watched.console.running.console.settings
    story = History(
        5151, watched.console.log, pseudonyms(settings), load_signer(None, ""), NOW - timedelta(days=1)
    )
    await watched.console.write([*story.entitled(), *story.ask(QuestionKind.OFFER)])
    page = await watched.page(locale="en-GB")
    await sign_in(page, watched.console.url, "operator")
    await page.goto(f"{watched.console.url}/cases/{story.case}")
    await expect(page.locator("#live-sign")).to_have_text("Live")
    await expect(page.locator(".case-head .badge").first).to_have_text("Offer is leaving")
    await page.locator("#step-1-1 summary").click()
    await page.fill("#act-reason", "half a sentence")
    looks = len([one for one in watched.console.running.broker.sent if one.topic == ConsoleAudited.name])
    await watched.console.write(story.taken())
    await expect(page.locator(".case-head .badge").first).to_have_text("Offer sent, answer awaited")
    await expect(page.locator("#step-1-1")).to_have_attribute("open", "")
    await expect(page.locator("#act-reason")).to_have_value("half a sentence")
    await expect(page.locator("#step-3")).to_be_visible()
    await expect(page.locator("#live-sign")).to_have_text("Live")
    sent = [one for one in watched.console.running.broker.sent if one.topic == ConsoleAudited.name]
    assert len(sent) == looks
    await page.context.close()


async def test_the_first_page_counts_on_while_one_looks(watched: Watched) -> None:
    page = await watched.page(locale="en-GB")
    await sign_in(page, watched.console.url, "viewer")
    count = page.locator(".tile .big").first
    await expect(page.locator("#live-sign")).to_have_text("Live")
    before = int((await count.inner_text()).replace(",", ""))
    settings = watched.console.running.console.settings
    story = History(5252, watched.console.log, pseudonyms(settings), load_signer(None, ""), NOW)
    await watched.console.write(story.entitled())
    await expect(count).to_have_text(str(before + 1))
    await page.context.close()


async def test_a_page_says_since_when_it_is_not_live(watched: Watched) -> None:
    page = await watched.page(locale="en-GB")
    await sign_in(page, watched.console.url, "viewer")
    await expect(page.locator("#live-sign")).to_have_text("Live")
    await page.context.set_offline(offline=True)
    await page.evaluate("document.dispatchEvent(new CustomEvent('htmx:sseError'))")
    await expect(page.locator("#live-sign")).to_contain_text("Not live since")
    await expect(page.locator("#live-sign")).to_have_attribute("data-live", "false")
    await page.context.close()


async def test_the_keyboard_alone_finds_a_case_and_acts_on_it(watched: Watched) -> None:
    page = await watched.page(locale="en-GB", viewport={"width": 1360, "height": 900})
    await sign_in(page, watched.console.url, "operator")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "find"
    await page.keyboard.type(watched.case_id)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{watched.case_id}")
    await page.locator("input[name=act]").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.type("asked by telephone")
    await page.keyboard.press("Tab")
    assert "outline-style: solid" in await page.evaluate(
        "`outline-style: ${getComputedStyle(document.activeElement).outlineStyle}`"
    )
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Check: Leave a note")
    await picture(page, "confirm")
    await page.locator("button.main").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=note")
    await expect(page.locator(".note.good")).to_have_text("The note is kept.")
    await page.context.close()


async def test_all_works_without_scripts(watched: Watched) -> None:
    page = await watched.page(java_script_enabled=False, locale="ru")
    await sign_in(page, watched.console.url, "caseworker")
    await expect(page.locator("h1")).to_have_text("Сейчас")
    await expect(page.locator("#live-sign")).to_contain_text("само не обновляется")
    await expect(page.locator("figure svg").first).to_be_visible()
    await page.locator("#funnel-numbers summary").click()
    await expect(page.locator("#funnel-numbers table")).to_be_visible()
    await page.fill("#find", somebody(0).iin)
    await page.locator(".find button").click()
    await page.wait_for_url("**/cases/*")
    await page.locator("form[action$='/unmask'] button").click()
    await expect(page.locator("body")).to_contain_text(somebody(0).iin)
    await page.locator("button[lang=kk]").click()
    await expect(page.locator("html")).to_have_attribute("lang", "kk")
    await page.goto(f"{watched.console.url}/cases?state=ended")
    await page.locator("a[rel=next]").click()
    await expect(page.locator("a[rel=prev]")).to_be_visible()
    await page.locator(".who button").click()
    await page.wait_for_url("**/signed-out")
    await page.context.close()


async def test_a_page_whose_session_has_ended_shows_nothing_any_more(watched: Watched) -> None:
    page = await watched.page(locale="en-GB")
    await sign_in(page, watched.console.url, "viewer")
    await expect(page.locator("#live-sign")).to_have_text("Live")
    secret = next(one["value"] for one in await page.context.cookies() if "session" in one["name"])
    sessions = watched.console.running.console.sessions
    session = await sessions.find(secret)
    assert session is not None
    await sessions.end(session.session_id)
    await page.wait_for_url("**/sign-in", timeout=45_000)
    await expect(page.locator("#password")).to_be_visible()
    await page.context.close()
