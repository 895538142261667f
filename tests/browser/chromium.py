"""Chromium for the tests of the console, driven by Playwright; they are skipped where there is none."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.browser import NAMES
from tests.unit.console.running import PASSWORD


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser is on this machine: none of {', '.join(NAMES)}")
    async with async_playwright() as playwright:
        # Chromium's own sandbox asks for rights that containers do not give.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def sign_in(page: Page, url: str, role: str) -> list[str]:
    """Sign in as the user of this role; what the page's console complains of from then on is listed."""
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{url}/sign-in")
    await page.fill("#name", role)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url(f"{url}/")
    return complaints
