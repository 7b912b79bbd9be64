"""A new installation: its owner is made in the browser, signs out and in again."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.axe import serious_findings
from tests.browser.conftest import watch
from tests.stack import Stack

EMAIL, PASSWORD = "ines@example.com", "a quiet morning by the sea"


@pytest.fixture(scope="module")
def fresh(stack: Stack, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An installation without users, as the launcher leaves it; `stack` has built the front end."""
    product = Stack(var=tmp_path_factory.mktemp("fresh"), redis_url=f"{redis_server}/4")
    try:
        product.prepare()
        product.start_web()
        yield product
    finally:
        product.stop_all()


async def make_owner(tab: Page, name: str = "Ines Keller") -> None:
    await tab.get_by_label("Your name").fill(name)
    await tab.get_by_label("E-mail").fill(EMAIL)
    await tab.get_by_label("Password", exact=True).fill(PASSWORD)
    await tab.get_by_role("button", name="Create the owner").click()


async def sign_in(tab: Page, password: str) -> None:
    await tab.get_by_label("E-mail").fill(EMAIL)
    await tab.get_by_label("Password", exact=True).fill(password)
    await tab.get_by_role("button", name="Sign in").click()


async def test_the_owner_is_made_signs_out_and_in(fresh: Stack, browser: Browser, axe: str) -> None:
    context = await browser.new_context(base_url=fresh.url, viewport={"width": 1440, "height": 900})
    tab = await context.new_page()
    watched = watch(tab)
    await tab.goto("/")
    await tab.wait_for_url("**/setup*")
    assert await serious_findings(tab, axe) == []
    await expect(tab.get_by_text("docker compose logs web")).to_be_visible()  # anybody could have come here
    await expect(tab.get_by_label("Password", exact=True)).to_have_count(0)
    await tab.goto("/auth/setup?token=guessed")
    await expect(tab.get_by_role("alert")).to_contain_text("The server prints a valid one")
    await tab.goto(fresh.setup_link())
    assert await serious_findings(tab, axe) == []
    await make_owner(tab)
    await tab.get_by_role("heading", name="Set up your workspace").wait_for()
    await tab.get_by_role("button", name="Do this later").click()
    await tab.get_by_role("heading", name="Dashboard", level=1).wait_for()
    await tab.get_by_role("button", name="Ines Keller").click()
    await tab.get_by_role("menuitem", name="Sign out").click()
    await tab.get_by_role("heading", name="Sign in to Beacon").wait_for()
    await tab.goto("/contacts")
    await tab.wait_for_url("**/login*")
    await sign_in(tab, "not the password")
    await expect(tab.get_by_role("alert")).to_contain_text("E-mail or password is not right")
    await sign_in(tab, PASSWORD)
    await tab.get_by_role("heading", name="Contacts", level=1).wait_for()
    await tab.goto("/setup")
    await tab.get_by_role("heading", name="Dashboard", level=1).wait_for()
    assert not watched.errors, watched.errors
    await context.close()
