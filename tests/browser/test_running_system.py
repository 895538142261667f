"""The console before a running system, in a real browser: what its users see and do while cases move.

`JARDEM_PICTURES=folder` keeps what it looks like: these are the pictures of docs/console.md.
"""

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, expect

from ops.demo.processes import run_command
from tests.browser.axe import grave
from tests.browser.running_system import (
    Hero,
    System,
    act_on_case,
    act_on_service,
    confirmed,
    running_system,
    stands,
    until,
    until_true,
)
from tests.integration.reader import records_in

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

expect.set_options(timeout=20_000)

LIVE, PAUSED, HELD, HEARD, WATCHED, LETTER, LAST = (Hero(number) for number in range(101, 108))
HOLD = "Told. The case desk holds the case within seconds."
GOES_ON = "Told. It goes on within seconds."
BROKER_AWAY = "the broker is away"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("system")) as system:
        yield system


async def open_draft(page: Page, system: System, hero: Hero) -> None:
    """The draft of a case, from the list of those that wait."""
    await page.goto(f"{system.url}/decisions")
    await page.locator("table a.id", has_text=hero.case_id[:8]).click()
    await expect(page.locator("h1")).to_contain_text(hero.case_id[:8])


async def sign(page: Page, outcome: str, ground: str = "") -> None:
    """The form by which an officer signs the draft that is open, up to the page that asks."""
    form = page.locator("form[action$='/sign']")
    await form.locator(f"input[value={outcome}]").check()
    await form.locator("select").select_option(ground)
    await form.locator("button").click()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def intended(system: System) -> str:
    """An officer has intended to refuse what the rules would grant; the path of the draft."""
    async with system.page("operator") as watching, system.page("officer") as officer:
        await system.award(HEARD)
        await system.agrees(HEARD)
        await system.open_case(watching, HEARD)
        await stands(watching, "Awaits a signature")
        await open_draft(officer, system, HEARD)
        await officer.locator("#intend summary").click()
        await officer.select_option("#intend-ground", "3")
        await officer.fill("#intend-reason", "the registry is being checked")
        await officer.locator("form[action$='/intend'] button").click()
        await confirmed(officer, "Told. The person is notified within seconds.")
        await stands(watching, "Awaits the hearing")
        await open_draft(officer, system, HEARD)
        return officer.url.removeprefix(system.url)


async def test_an_officer_who_intends_a_refusal_hears_the_person_first(system: System, intended: str) -> None:
    async with system.page("officer") as page:
        await page.goto(system.url + intended)
        await sign(page, "refused", "3")
        await expect(page.locator("#problems")).to_contain_text("hear")
        await page.fill("#held-on", system.installation.clock.now().date().isoformat())
        # The browser itself would not let a day before the first one pass.
        await page.evaluate("document.getElementById('held-on').form.noValidate = true")
        await page.locator("form[action$='/hearing'] button").click()
        await expect(page.locator("#problems")).to_be_visible()
    await until(lambda: len(system.texts(HEARD)) >= 3)


async def test_a_case_is_followed_live_from_entitlement_to_grant_while_its_handset_answers(
    system: System,
) -> None:
    async with (
        system.page("operator") as console,
        system.page("officer") as officer,
        system.handsets() as handsets,
    ):
        await system.award(LIVE)
        await system.open_case(console, LIVE)
        await console.evaluate("window.neverLeft = true")
        handset = handsets.locator(LIVE.handset)
        await stands(console, "Offer sent, answer awaited")
        await expect(console.locator(".next")).to_contain_text("the citizen's answer is awaited until")
        await handset.locator("[data-answer='1']").click()
        await stands(console, "Account awaited")
        await expect(console.locator("#case-timeline")).to_contain_text("the consent counts")
        await expect(console.locator("#case-facts")).to_contain_text("Kazakh")
        await handset.locator("[data-fill]").click()
        await handset.locator(".write input").press("Enter")
        await stands(console, "Awaits a signature")
        await expect(console.locator(".next")).to_contain_text("an officer signs, by")
        await open_draft(officer, system, LIVE)
        await sign(officer, "granted")
        await confirmed(officer, "Signed. The case has its outcome within seconds.")
        await stands(console, "Granted")
        await until(lambda: len(system.texts(LIVE)) >= 3)
        notice = console.locator(".sms.out", has_text="granted")
        await expect(notice).to_contain_text("delivered", timeout=20_000)
        await expect(console.locator(".doc .badge.good")).to_have_count(2)
        assert await console.locator(".badge.bad, .bad-text").count() == 0
        shown = await console.locator("#case-timeline .no").all_inner_texts()
        assert shown == [str(number) for number in range(1, len(shown) + 1)]
        assert await console.evaluate("window.neverLeft") is True


async def test_whoever_may_not_unmask_cannot_by_address_form_or_token(system: System) -> None:
    async with system.page("viewer") as viewer, system.page("caseworker") as caseworker:
        await system.award(WATCHED)
        await system.open_case(viewer, WATCHED)
        await system.agrees(WATCHED)
        path = f"{system.url}/cases/{WATCHED.case_id}"
        assert await viewer.locator("form[action$='/unmask']").count() == 0
        assert await viewer.locator("#case-facts").get_by_text(f"*{WATCHED.iin[-4:]}", exact=True).count()
        token = await viewer.locator("input[name=csrf]").first.input_value()
        form: dict[str, str | float | bool] = {
            "csrf": token,
            "act": "note",
            "reason": "so",
            "what": WATCHED.iin,
        }
        said = [await viewer.content()]
        for wanted in (
            f"{path}?unmask=1&texts=1",
            f"{path}/unmask",
            f"{system.url}/cases?state=account_sent",
        ):
            answer = await viewer.goto(wanted)
            assert answer is not None
            said.append(await answer.text())
        for wanted in (f"{path}/unmask", f"{system.url}/cases.csv"):
            posted = await viewer.request.post(wanted, form=form, headers={"origin": system.url})
            assert posted.status == 403, wanted
            said.append(await posted.text())
        secret = {"authorization": f"Bearer {await system.token('viewer')}"}
        api = f"{system.url}/api/v1/cases/{WATCHED.case_id}"
        refused = await viewer.request.get(f"{api}?unmask=true", headers=secret)
        masked = await viewer.request.get(api, headers=secret)
        assert (refused.status, masked.status) == (403, 200)
        said += [await refused.text(), await masked.text()]
        for one in said:
            assert WATCHED.iin not in one
            assert WATCHED.phone not in one
        await system.open_case(caseworker, WATCHED)
        await caseworker.locator("form[action$='/unmask'] button").click()
        await expect(caseworker.locator("#case-facts")).to_contain_text(WATCHED.iin)
        await expect(caseworker.locator(".sms.in").first).to_contain_text(WATCHED.phone)
        secret = {"authorization": f"Bearer {await system.token('caseworker')}"}
        clear = await caseworker.request.get(f"{api}?unmask=true", headers=secret)
        assert WATCHED.iin in await clear.text()


async def test_while_offers_are_paused_an_award_gets_no_sms_and_gets_it_afterwards(system: System) -> None:
    async with system.page("operator") as page, system.page("operator") as case:
        await act_on_service(page, system.url, "pause", "Told. Offers stop within seconds.")
        await expect(page.locator("#stands + ul")).to_contain_text("paused")
        await system.award(PAUSED)
        await system.open_case(case, PAUSED)
        await expect(case.locator(".next")).to_have_text("Next: the offer waits: offers are paused")
        assert system.texts(PAUSED) == []
        await act_on_service(page, system.url, "resume", GOES_ON)
        await stands(case, "Offer sent, answer awaited")
        await until(lambda: len(system.texts(PAUSED)) == 1)


async def test_a_held_case_waits_until_it_is_resumed(system: System) -> None:
    async with system.page("operator") as page, system.page("operator") as service:
        await act_on_service(service, system.url, "pause", "Told. Offers stop within seconds.", "4-2")
        await system.award(HELD)
        await system.open_case(page, HELD)
        await act_on_case(page, "hold", HOLD)
        await expect(page.locator(".case-head .badge.hold")).to_be_visible()
        await act_on_service(service, system.url, "resume", GOES_ON, "4-2")
        await expect(page.locator(".next")).to_contain_text("an operator holds it")
        assert system.texts(HELD) == []
        await act_on_case(page, "resume", GOES_ON)
        await stands(page, "Offer sent, answer awaited")
        await until(lambda: len(system.texts(HELD)) == 1)
        await expect(page.locator(".timeline .act")).to_have_count(2)


async def test_a_dead_letter_is_put_in_again_when_its_cause_is_mended_and_counts_once(
    system: System,
) -> None:
    about = {"kind": "case", "id": LETTER.case_id}
    data = {"act": "manual_route", "object": about, "reason": "so", "operator": "operator-3"}
    early = {"type": "operator.acted.v1", "data": {**data, "person_id": LETTER.person_id}}
    await run_command(system.installation.env, "publish", "-", given=json.dumps(early) + "\n")
    async with system.page("operator") as page, system.page("operator") as other:
        link = page.locator("table.list a.id").first

        async def is_listed() -> bool:
            await page.goto(f"{system.url}/dead-letters")
            return await link.count() > 0

        await until_true(is_listed)
        await link.click()
        await expect(page.locator("dl.facts")).to_contain_text("the person has no such case")
        letter = page.url
        await system.award(LETTER)
        await system.open_case(other, LETTER)
        await other.goto(letter)
        for one in (page, other):
            await one.check("input[value=redrive]")
            await one.fill("#reason", "the case is there now")
            await one.locator("form:has(#reason) button").click()
        await confirmed(page, "Put in again. The dead letter is closed within seconds.")
        await other.locator("main button.main").click()
        await other.wait_for_url("**?done=redrive")
        await system.open_case(page, LETTER)
        await stands(page, "Ended: to the ordinary route")
        ended = await page.locator("#case-timeline .step", has_text="to the ordinary route").count()
        await page.goto(letter)
        await expect(page.locator("main .badge.good").first).to_have_text("put in again")
        assert await page.locator("input[value=redrive]").count() == 0
        await system.open_case(page, LETTER)
        assert (
            await page.locator("#case-timeline .step", has_text="to the ordinary route").count() == ended == 1
        )
        await page.goto(f"{system.url}/")
        await expect(page.locator(".tile", has_text="dead letters open").locator(".big")).to_have_text("0")


async def test_the_first_page_says_what_the_topics_say(system: System) -> None:
    async with system.page("operator") as page:

        async def agrees() -> bool:
            steps: dict[str, dict[str, Any]] = {}
            for record in await records_in(system.broker.address, "case.advanced.v1"):
                step = json.loads(record.value or b"")
                if step["step"] >= steps.get(step["case_id"], step)["step"]:
                    steps[step["case_id"]] = step
            outcomes = Counter(step["to"] for step in steps.values())
            await page.goto(f"{system.url}/")
            # The cells, all at once: news may draw the page anew, with the table folded, between two looks.
            cells = await page.locator("#by-state-numbers tbody tr").evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
            )
            shown = {name: int(number.replace(",", "")) for name, number in cells}
            count = int(await page.locator(".tile .big").first.inner_text())
            names = {"Granted": "granted", "Ended": "ended", "Awaits a signature": "awaiting_signature"}
            same = all(shown.get(name, 0) == outcomes[state] for name, state in names.items())
            return same and count == len(steps) == sum(shown.values())

        await until_true(agrees, 40)


@pytest.mark.parametrize("locale", ["en-GB", "ru", "kk"])
async def test_every_page_is_readable_in_every_language(system: System, intended: str, locale: str) -> None:
    paths = {
        "operator": [
            "/",
            "/cases",
            f"/cases/{LIVE.case_id}",
            "/dead-letters?done=all",
            "/doubts",
            "/service",
            "/reconciliation",
            "/audit",
            "/audit/acts",
            "/help",
        ],
        "officer": ["/decisions", intended, "/questioned"],
        "viewer": ["/cases"],
    }
    for role, wanted in paths.items():
        async with system.page(role, locale=locale) as page:
            for path in wanted:
                await page.goto(system.url + path)
                await page.evaluate(
                    "for (const one of document.querySelectorAll('main details:not(.more)')) one.open = true"
                )
                assert await page.get_attribute("html", "lang") == locale[:2]
                assert grave((await Axe().run(page)).response) == [], path
                if path != "/help":
                    # A state, a note or a reason for which there is no word stands as the log has it.
                    said = await page.inner_text("main")
                    assert re.findall(r"\b[a-z]+_[a-z_]+\b", said) == [], path


async def take_picture(page: Page, file: Path) -> None:
    """A picture of the page. Chromium on a busy machine has at times no frame to give, and has one soon."""
    for tries_left in reversed(range(5)):
        try:
            await page.screenshot(path=file)
        except PlaywrightError:
            if not tries_left:
                raise
            await asyncio.sleep(1)
        else:
            return


async def test_what_it_looks_like(system: System, intended: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("JARDEM_PICTURES", tmp_path))
    case = f"/cases/{LIVE.case_id}"
    looks: list[tuple[str, str, str, dict[str, Any]]] = [
        ("now", "operator", "/", {"viewport": {"width": 1280, "height": 1050}}),
        ("case", "caseworker", case, {"viewport": {"width": 1280, "height": 1050}}),
        ("case-dark", "operator", case, {"color_scheme": "dark"}),
        ("cases", "operator", "/cases", {}),
        ("service", "operator", "/service", {}),
        ("decision", "officer", intended, {"viewport": {"width": 1280, "height": 1000}}),
        ("phone", "viewer", case, {"viewport": {"width": 390, "height": 844}}),
    ]
    for name, role, path, options in looks:
        async with system.page(role, **options) as page:
            await page.goto(system.url + path)
            if name == "case":
                await page.locator("form[action$='/unmask'] button").click()
            elif name == "now":
                await expect(page.locator("#live-sign")).to_have_text("Live")
            elif name == "case-dark":
                await page.evaluate("document.getElementById('case-timeline').scrollIntoView()")
            elif name == "service":
                await page.locator("#act-pilot summary").click()
            await take_picture(page, folder / f"{name}.png")
            assert (folder / f"{name}.png").stat().st_size < 150_000, name
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


async def test_after_the_hearing_the_refusal_is_signed(system: System, intended: str) -> None:
    async with system.page("officer") as page, system.page("operator") as case:
        await system.open_case(case, HEARD)
        await page.goto(system.url + intended)
        first = await page.get_attribute("#held-on", "min")
        assert first is not None
        await until(lambda: system.today() >= first, 110)
        await page.fill("#held-on", first)
        await page.locator("form[action$='/hearing'] button").click()
        await confirmed(page, "The hearing is recorded.")
        await stands(case, "Awaits a signature")
        await open_draft(page, system, HEARD)
        await sign(page, "refused", "1")
        await expect(page.locator("#problems")).to_contain_text("heard on ground 3")
        await sign(page, "refused", "3")
        await confirmed(page, "Signed. The case has its outcome within seconds.")
        await stands(case, "Refused")


async def test_without_its_broker_the_console_says_so_refuses_acts_and_goes_on_afterwards(
    system: System,
) -> None:
    async with system.page("operator") as page, system.page("viewer") as now:
        await system.award(LAST)
        await system.open_case(page, LAST)
        await page.check("input[name=act][value=note]")
        await page.fill("#act-reason", "while it was away")
        await page.locator("form:has(#act-reason) button").click()
        await now.goto(f"{system.url}/")
        await expect(now.locator("#live-sign")).to_have_text("Live")
        system.broker.kill()
        await expect(now.locator("#freshness")).to_contain_text(BROKER_AWAY, timeout=40_000)
        await expect(now.locator("#freshness")).to_contain_text("What stands here may be out of date.")
        await page.locator("main button.main").click()
        await expect(page.locator("h1")).to_have_text("This can't be recorded now", timeout=40_000)
        refused = await now.request.get(f"{system.url}/cases/{LAST.case_id}")
        assert refused.status == 503
        system.broker.start()
        await expect(now.locator("#freshness")).not_to_contain_text(BROKER_AWAY, timeout=60_000)
        await system.open_case(page, LAST)
        assert await page.locator(".timeline .act").count() == 0
        await act_on_case(page, "note", "The note is kept.", "it is back")
        await expect(page.locator(".timeline .act")).to_contain_text("it is back")
        await expect(page.locator(".timeline .act")).to_have_count(1)
