"""Twenty templates as the mail program shows them that keeps style sheets: inlining changes not one pixel.

The templates in tests/data/mail are ours. They hold what public ones do: client fixes, ghost tables, buttons for
Outlook, dark mode, columns that stack with and without `!important`, print sheets, blocks that begin with an id.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Page as BrowserPage

from campaign_app.rendering import inlining
from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.markup import Page
from campaign_app.rendering.template_environment import HTML
from tests.browser.conftest import CHROMIUM_FLAGS, chromium

_FOLDER = Path(__file__).parent.parent / "data" / "mail"
MAIL = {path.stem: path.read_text() for path in sorted(_FOLDER.glob("*.html"))}
WIDTHS = (1_000, 390)
SCHEMES = ("light", "dark")
PERSON = {"first_name": "Ann", "tone": "#640"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser_alone() -> AsyncIterator[Browser]:
    """Chromium without the product: the pages are given to it as text."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        await browser.close()


def shown(source: str, *, inline: bool) -> str:
    page = Page(source)
    if inline:
        inlining.inline(page)
    return CompiledTemplate(HTML, page.source(), "html").render(PERSON)


async def pictures(page: BrowserPage, html: str) -> list[bytes]:
    found = []
    await page.emulate_media(media="screen", color_scheme="light")
    await page.set_content(html, wait_until="domcontentloaded")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 700})
            found.append(await page.screenshot(full_page=True, animations="disabled"))
    await page.emulate_media(media="print", color_scheme="light")
    found.append(await page.screenshot(full_page=True, animations="disabled"))
    return found


def test_there_are_twenty() -> None:
    assert len(MAIL) == 20


@pytest.mark.parametrize("name", MAIL)
async def test_inlining_changes_no_pixel(browser_alone: Browser, name: str) -> None:
    before, after = shown(MAIL[name], inline=False), shown(MAIL[name], inline=True)
    assert before.partition("<body")[2] != after.partition("<body")[2]  # something was inlined
    page = await browser_alone.new_page()
    await page.route("**/*", lambda route: route.abort())  # nothing is loaded, and nothing is waited for
    assert await pictures(page, before) == await pictures(page, after)
    await page.close()
