"""One product with a built front end for all browser tests; a fresh Chromium context for each."""

import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.axe import axe_source
from tests.browser.looks import Demo
from tests.stack import Person, Stack

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=15_000)  # a shared machine may take its time
OWNER = ("owner@example.com", "correct horse battery")
VIEWER = ("viewer@example.com", "only looking around")


def chromium() -> str:
    """Debian's Chromium (or CHROMIUM); Playwright's own download is not available everywhere."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.fail("Chromium is missing: apt-get install chromium, or set CHROMIUM to its path.")
    return found


@pytest.fixture(scope="session")
def stack(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web, worker and sandbox with an owner and a viewer."""
    from campaign_app.frontend import build_if_needed

    build_if_needed(print)
    product = Stack(var=tmp_path_factory.mktemp("product"), redis_url=f"{redis_server}/2")
    try:
        product.prepare(Person(*OWNER, "owner"), Person(*VIEWER, "viewer"))
        product.run("tests.settled")  # the set-up step has a test of its own
        product.start_sandbox()
        product.start_worker()
        product.start_web()
        yield product
    finally:
        product.stop_all()


@pytest.fixture(scope="session")
def demo(stack: Stack, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A web process alone, nothing is sent here; `stack` has built the front end."""
    product = Stack(var=tmp_path_factory.mktemp("demo"), redis_url=f"{redis_server}/5")
    try:
        product.prepare(Person(*OWNER, "owner"), Person(*VIEWER, "viewer"))
        ids = json.loads(product.run("tests.browser.seed_demo").stdout.splitlines()[-1])
        product.start_web()
        yield Demo(product, ids)
    finally:
        product.stop_all()


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """axe-core's script, kept beside pytest's cache."""
    return axe_source(pytestconfig.rootpath / ".pytest_cache" / "axe")


@dataclass
class Watched:
    """What went wrong in a page without anybody seeing it."""

    errors: list[str]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium process for all tests."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, stack: Stack) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own, at desktop size."""
    made = await browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900})
    made.set_default_timeout(15_000)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A tab that fails its test when the page logged an error."""
    tab = await context.new_page()
    watched = watch(tab)
    yield tab
    assert not watched.errors, watched.errors


_NOTES = """() => {
  window.said = []; window.focused = [];
  new MutationObserver(() => document.querySelectorAll('[data-sonner-toast]').forEach(toast => {
    if (!said.includes(toast.textContent)) said.push(toast.textContent);
  })).observe(document, {childList: true, subtree: true, characterData: true});
  addEventListener('focusin', event => focused.push(event.target.textContent), true);
}"""


async def take_notes(tab: Page) -> None:
    """Keep what toasts say and where the focus goes: both can be over before a busy machine looks."""
    await tab.evaluate(_NOTES)


async def toasted(tab: Page, words: str) -> None:
    """Wait until a toast has said so since notes are taken."""
    await tab.wait_for_function("words => said.some(text => text.includes(words))", arg=words)


async def focus_went(tab: Page, first: str, then: str) -> None:
    """Wait until the focus has been on the one button and after it on the other."""
    order = "([first, then]) => focused.includes(first) && focused.indexOf(first) < focused.lastIndexOf(then)"
    await tab.wait_for_function(order, arg=[first, then])


def watch(tab: Page) -> Watched:
    """Collect console errors and exceptions of a tab."""
    watched = Watched([])
    tab.on("pageerror", lambda error: watched.errors.append(str(error)))
    tab.on("console", lambda message: watched.errors.append(message.text) if message.type == "error" else None)
    return watched


async def sign_in(tab: Page, who: tuple[str, str] = OWNER) -> None:
    """Sign in through the form."""
    await tab.goto("/login")
    await tab.get_by_label("E-mail").fill(who[0])
    await tab.get_by_label("Password", exact=True).fill(who[1])
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url("**/")
    await tab.get_by_role("heading", name="Dashboard", level=1).wait_for()


async def open_session(context: BrowserContext, stack: Stack, who: tuple[str, str] = OWNER) -> None:
    """Sign a whole context in without its form; test_first_start.py tries that one."""
    answer = await context.request.post(
        "/auth/login", form={"email": who[0], "password": who[1]}, headers={"Origin": stack.url}, max_redirects=0
    )
    assert answer.headers["location"] == "/", answer.headers


@pytest_asyncio.fixture(loop_scope="session")
async def signed_in(page: Page, stack: Stack) -> Page:
    """A tab with the owner signed in."""
    await open_session(page.context, stack)
    return page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser, the same one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))
