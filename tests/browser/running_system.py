"""A whole installation before a real browser: broker, worker, webhooks, console, SMS API and handsets.

An officer signs here, and a day passes in fifteen seconds.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, BrowserContext, Page, StorageState, expect

from ops.brokers.kafka import KafkaBroker
from ops.demo import sample
from ops.demo.installation import Installation
from ops.demo.processes import run_command
from ops.demo.sample import IBAN, Citizen, Published
from ops.demo.script import Script
from ops.reach import free_port
from schemas.ids import CaseId, PersonId, Pseudonyms, case_id_of
from schemas.values import check_iin
from streams.settings.settings import DEMO_PSEUDONYM_KEY
from tests.browser.chromium import chromium, sign_in
from tests.unit.console.running import users_file

DAY_SECONDS = 15.0
_PSEUDONYMS = Pseudonyms(DEMO_PSEUDONYM_KEY.encode())
_BIRTHS = range(1, 29)


@dataclass(frozen=True)
class Hero:
    """Somebody to whom a title is awarded; another number is another person."""

    number: int

    @cached_property
    def iin(self) -> str:
        for day in _BIRTHS:
            for digit in range(10):
                try:
                    return check_iin(f"6403{day:02d}30{self.number:03d}{digit}")
                except ValueError:
                    continue
        raise AssertionError("nobody has such a number")

    @property
    def phone(self) -> str:
        return f"+7702{self.number:07d}"

    @property
    def person_id(self) -> PersonId:
        return _PSEUDONYMS.person(self.iin)

    @property
    def case_id(self) -> CaseId:
        return case_id_of(self.person_id, "award", f"H-{self.number}")

    @property
    def handset(self) -> str:
        """Where it stands on the page of handsets."""
        return f'[aria-label="Handset {self.phone}"]'


@dataclass
class System:
    """What runs, and how tests act on it."""

    broker: KafkaBroker
    installation: Installation
    browser: Browser
    script: Script
    sample: Sequence[Citizen]
    _states: dict[str, StorageState] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the console is."""
        assert self.installation.console_url
        return self.installation.console_url

    def today(self) -> str:
        """The day that it is there, in the zone of the installation."""
        return self.installation.clock.now().astimezone(ZoneInfo("Asia/Almaty")).date().isoformat()

    @asynccontextmanager
    async def page(self, role: str, **options: Any) -> AsyncIterator[Page]:
        """A page of the console in a browser of its own, in which the user of this role is signed in."""
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        context = await self.browser.new_context(**options, storage_state=self._states.get(role))
        try:
            page = await _opened(context)
            if role not in self._states:
                await sign_in(page, self.url, role)
                self._states[role] = await context.storage_state()
            yield page
        finally:
            await context.close()

    @asynccontextmanager
    async def handsets(self) -> AsyncIterator[Page]:
        """The page of handsets."""
        context = await self.browser.new_context()
        try:
            page = await _opened(context)
            await page.goto(f"{self.installation.simulator.url}/")
            yield page
        finally:
            await context.close()

    async def publish(self, events: Sequence[Published]) -> None:
        """Registries and the portal publish."""
        await run_command(self.installation.env, "publish", "-", given=sample.lines(events))

    async def award(self, *heroes: Hero) -> None:
        """Their numbers and their titles are published."""
        now = self.installation.clock.now()
        registered, day = (now - timedelta(days=9)).isoformat(), (now - timedelta(days=1)).date().isoformat()
        title = {"title": "peoples_hero", "awarded_on": day}
        await self.publish(
            [
                *(
                    Published(sample.PHONE, {"iin": one.iin, "phone": one.phone, "registered_at": registered})
                    for one in heroes
                ),
                *(
                    Published(sample.TITLE, {"iin": one.iin, "award_id": f"H-{one.number}", **title})
                    for one in heroes
                ),
            ]
        )

    def texts(self, hero: Hero) -> list[str]:
        """What has arrived on a handset."""
        handset = self.installation.simulator.handsets.at(hero.phone)
        return [one.text for one in handset.messages if not one.inbound and one.arrived_at]

    async def agrees(self, hero: Hero) -> None:
        """They agree at the offer, and send an account when it is asked for."""
        await until(lambda: len(self.texts(hero)) >= 1)
        await self.installation.simulator.answer(hero.phone, "1")
        await until(lambda: len(self.texts(hero)) >= 2)
        await self.installation.simulator.answer(hero.phone, IBAN)

    async def open_case(self, page: Page, hero: Hero) -> None:
        """Open a case, once the console has read of it."""

        async def is_there() -> bool:
            answer = await page.goto(f"{self.url}/cases/{hero.case_id}")
            return answer is not None and answer.ok

        await until_true(is_there)

    async def token(self, role: str) -> str:
        """A token of the read API."""
        said = await run_command(
            self.installation.env, "console", "tokens", "new", "--role", role, "--name", f"test-{role}"
        )
        return next(line for line in said.splitlines() if re.fullmatch(r"\S{30,}", line))


async def _opened(context: BrowserContext) -> Page:
    context.set_default_timeout(20_000)
    return await context.new_page()


async def stands(page: Page, state: str, seconds: float = 30) -> None:
    """Wait until a case's page says this state, by itself."""
    badge = page.locator(".case-head .badge").first
    await expect(badge).to_have_text(state, timeout=seconds * 1000)


async def confirmed(page: Page, done: str) -> None:
    """Press the button of the page that says what will happen, and see that it was done."""
    await expect(page.locator("h1")).to_contain_text("Check:")
    await page.locator("main button.main").click()
    await expect(page.locator(".note.good[role=status]")).to_have_text(done)


async def act_on_case(page: Page, act: str, done: str, reason: str = "asked by the test") -> None:
    """An operator acts on the case whose page is open."""
    await page.check(f"input[name=act][value={act}]")
    await page.fill("#act-reason", reason)
    await page.locator("form:has(#act-reason) button").click()
    await confirmed(page, done)


async def act_on_service(page: Page, url: str, section: str, done: str, ground: str = "") -> None:
    """An operator acts on all offers, or, in the form of one ground, as `section` says, on those of it."""
    await page.goto(f"{url}/service")
    place = page.locator("#act-ground" if ground else "#act-pause")
    await place.locator("summary").click()
    if ground:
        await place.locator("select").select_option(ground)
        await place.locator(f"input[value={section}]").check()
    await place.locator("textarea").fill("a rehearsal")
    await place.locator("form button").click()
    await confirmed(page, done)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until this holds. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.1)


async def until_true(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """The same for what has to be asked for. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.3)


@asynccontextmanager
async def running_system(folder: Path) -> AsyncIterator[System]:
    """All of it, with the demo's sample of people who answer by themselves, until the end."""
    users = users_file(folder / "users.json")
    async with chromium() as browser:
        with KafkaBroker(folder / "kafka", port=free_port()) as broker:
            installation = Installation(
                broker.address,
                folder,
                scale=86_400 / DAY_SECONDS,
                hours="off",
                console_port=free_port(),
                console_users=users.path,
                more={"JARDEM_DECISION_MODE": "officer"},
            )
            async with installation:
                people = sample.citizens(installation.clock.now())
                simulator = installation.simulator
                script = Script(people, _nothing, simulator.answer, simulator.answered, pause=0.3, settle=0.3)
                system = System(broker, installation, browser, script, people)
                simulator.on_message(script.received)
                try:
                    await system.publish([event for one in people for event in (*one.before, *one.events)])
                    yield system
                finally:
                    await script.stop()


async def _nothing(events: Sequence[Published]) -> None:
    """What happens to the sample's people in the middle is not of these tests."""
    del events
