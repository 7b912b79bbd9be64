"""The main story: build, check, launch, watch, pause, resume, finish; what a viewer sees of it; somebody leaves."""

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import VIEWER, open_session, watch
from tests.browser.seed_story import CAMPAIGN, LEAVER, LIST, SIZE
from tests.browser.test_builder import button, new_draft, witnessed
from tests.stack import Stack

STEERING = re.compile("^(Launch|Pause|Resume|Cancel campaign|Edit)")


@pytest.fixture(autouse=True, scope="module")
def seeded(stack: Stack) -> None:
    """An account over the sandbox and a list of readers."""
    stack.run("tests.browser.seed_builder")
    stack.run("tests.browser.seed_story", "list")


async def until(value: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds(seen := await value()):
        assert time.monotonic() < end, f"it stayed at {seen}"
        await asyncio.sleep(0.05)


async def count(page: Page, word: str) -> int:
    words = await page.get_by_role("button", name=re.compile(rf"^{word}\s*[\d,]+$")).inner_text()
    return int(re.sub(r"\D", "", words))


async def build(page: Page, name: str) -> None:
    await new_draft(page, name)
    await button(page, "Next: audience").click()
    await page.get_by_role("checkbox", name=f"Send to {LIST}").click()
    await expect(page.get_by_text(f"{SIZE} recipients")).to_be_visible()
    await button(page, "Next: content").click()
    await page.get_by_role("textbox", name="Subject").click()
    await page.keyboard.type("News from the garden")
    await page.get_by_role("textbox", name="Message").click()
    await page.keyboard.type("Hello {{ first_name }}, spring is here.")
    frame = page.frame_locator("iframe[title='Preview of the message']")
    await expect(frame.get_by_text("Hello Reader, spring is here.")).to_be_visible()
    await button(page, "Next: schedule").click()
    await page.get_by_label("Messages per minute").fill("240")
    await expect(page.get_by_text(f"{SIZE} messages")).to_be_visible()
    await button(page, "Next: review").click()
    await page.get_by_role("heading", name="Ready to launch").wait_for()


async def launch(page: Page) -> None:
    await button(page, f"Launch to {SIZE} people").click()
    question = page.get_by_role("alertdialog", name=f"Send to {SIZE} people?")
    await question.get_by_role("button", name=f"Send to {SIZE} people").click()
    await page.wait_for_url(re.compile(r"/campaigns/\d+$"))


def steering(page: Page) -> Locator:
    controls = page.get_by_role("button", name=STEERING)
    return controls.or_(page.get_by_role("link", name=STEERING))


async def a_viewer_beside(browser: Browser, stack: Stack, address: str) -> Page:
    context = await browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    await open_session(context, stack, VIEWER)
    page = await context.new_page()
    await page.goto(address)
    return page


async def stands_still(page: Page, stack: Stack, earlier: int, seconds: float = 2.0) -> int:
    """Nothing leaves for a while; at the rate of this campaign eight messages would have. How many have, and the page
    shows them. `earlier`: what the sandbox had accepted before.
    """
    before = witnessed(stack)["accepted"]
    sent = before - earlier
    await until(lambda: count(page, "Sent"), lambda shown: shown == sent)  # the last outcomes are written
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert (witnessed(stack)["accepted"], await count(page, "Sent")) == (before, sent)
        await asyncio.sleep(0.1)
    return sent


async def test_build_check_launch_pause_resume_finish(signed_in: Page, browser: Browser, stack: Stack) -> None:
    page, before = signed_in, witnessed(stack)
    await build(page, "Spring in the garden")
    await launch(page)
    await until(lambda: count(page, "Sent"), lambda sent: sent >= 3)
    first = await count(page, "Sent")
    await until(lambda: count(page, "Sent"), lambda sent: sent >= first + 3)  # without a reload
    other = await a_viewer_beside(browser, stack, page.url)
    await button(page, "Pause").click()
    await expect(button(page, "Resume")).to_be_visible()
    await until(lambda: count(page, "Sending"), lambda sending: sending == 0)
    sent = await stands_still(page, stack, before["accepted"])
    assert sent < SIZE
    await until(lambda: count(other, "Sent"), lambda seen: seen == sent)  # two browsers see the same
    await expect(other.get_by_text("Paused").first).to_be_visible()
    await expect(steering(other)).to_have_count(0)
    await expect(steering(page)).not_to_have_count(0)
    await button(page, "Resume").click()
    await expect(page.get_by_text("Completed").first).to_be_visible(timeout=60_000)
    await expect(other.get_by_text("Completed").first).to_be_visible()
    after = witnessed(stack)
    assert (await count(page, "Sent"), await count(page, "Queued")) == (SIZE, 0)
    assert after["accepted"] - before["accepted"] == SIZE
    assert after["duplicates"] == 0
    await other.context.close()
    await every_recipient_is_listed(page)
    await results_are_shown(page)


async def every_recipient_is_listed(page: Page) -> None:
    table = page.get_by_role("table", name="Recipients")
    await expect(page.get_by_text(f"1–50 of {SIZE}")).to_be_visible()
    await button(page, "Next").click()
    await expect(page.get_by_text(f"51–{SIZE} of {SIZE}")).to_be_visible()
    await expect(table.get_by_text("Sent", exact=True)).to_have_count(SIZE - 50)
    await page.get_by_role("searchbox", name="Search recipients").fill("reader07")
    await expect(table.get_by_role("row")).to_have_count(2)
    await table.get_by_role("button", name="Reader 07").click()
    why = page.get_by_role("dialog", name="Reader 07")
    await expect(why.get_by_role("list", name="What happened").get_by_role("listitem")).not_to_have_count(0)
    await expect(why.get_by_text("The server said")).to_be_visible()
    await button(page, "Close").click()
    await page.get_by_role("searchbox", name="Search recipients").fill("")
    await page.get_by_role("button", name=re.compile(r"^Failed\s*0$")).click()
    await page.get_by_role("heading", name="No recipients match").wait_for()


async def results_are_shown(page: Page) -> None:
    await page.get_by_role("tab", name="Results").click()
    await page.get_by_role("heading", name="Funnel").wait_for()
    domains = page.get_by_role("table", name="Mailbox domains")
    await expect(domains.get_by_role("row", name=re.compile("story.example"))).to_contain_text(str(SIZE))
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export domains as CSV").click()
    path = await (await download.value).path()
    assert "story.example" in path.read_text(encoding="utf-8-sig")


def message_to(stack: Stack, address: str) -> dict[str, Any]:
    """The newest message that the sandbox has for an address; {} while there is none."""
    with urllib.request.urlopen(f"{stack.sandbox_url}/api/messages?search={address}", timeout=5) as answer:
        found = json.load(answer)
    if not found:
        return {}
    with urllib.request.urlopen(f"{stack.sandbox_url}/api/messages/{found[0]['id']}", timeout=5) as answer:
        message: dict[str, Any] = json.load(answer)
    return message


async def test_a_recipient_leaves_and_everybody_knows(
    signed_in: Page, browser: Browser, context: BrowserContext, stack: Stack
) -> None:
    page, address = signed_in, LEAVER[2]
    stack.run("tests.browser.seed_story", "sent")

    async def message() -> dict[str, Any]:
        return message_to(stack, address)

    await until(message, bool)
    link = message_to(stack, address)["unsubscribe"]
    theirs = await browser.new_context()
    tab = await theirs.new_page()
    watched = watch(tab)
    await tab.goto(link)
    await expect(tab.get_by_role("heading", level=1)).to_contain_text("Unsubscribe")
    await tab.get_by_role("button", name="Unsubscribe").click()
    await tab.get_by_role("heading", name="You are unsubscribed").wait_for()
    assert not watched.errors, watched.errors
    await theirs.close()
    await page.goto("/suppressions")
    row = page.get_by_role("table", name="Suppressed addresses").get_by_role("row", name=re.compile(re.escape(address)))
    await expect(row).to_contain_text("Unsubscribed")
    await page.goto("/contacts")
    await page.get_by_role("searchbox", name="Search name, company, address").fill("lea weg")
    await page.get_by_role("link", name="Lea Weg").click()
    await page.get_by_role("tab", name="E-mail").click()
    await expect(page.get_by_text(re.compile(f"Unsubscribed.*{CAMPAIGN}|Unsubscribed")).first).to_be_visible()
    await expect(page.get_by_text(re.compile(CAMPAIGN)).first).to_be_visible()
