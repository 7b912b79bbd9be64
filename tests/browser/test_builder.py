"""The builder in a browser: build, check, launch; two people at one campaign; what a viewer sees."""

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import VIEWER, focus_went, sign_in, take_notes
from tests.browser.seed_builder import LIST
from tests.stack import Stack


@pytest.fixture(autouse=True, scope="module")
def seeded(stack: Stack) -> None:
    """An account, lists and people."""
    stack.run("tests.browser.seed_builder")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def new_draft(page: Page, name: str) -> None:
    await page.goto("/campaigns")
    await page.get_by_role("link", name="New campaign").first.click()
    await page.get_by_label("Campaign name").fill(name)
    await button(page, "Create draft").click()
    await page.get_by_role("heading", name="Who sends it").wait_for()


async def choose_audience(page: Page) -> None:
    await button(page, "Next: audience").click()
    await page.get_by_role("checkbox", name=f"Send to {LIST}").click()
    await expect(page.get_by_text("3 recipients")).to_be_visible()
    await page.get_by_role("checkbox", name="Leave out Builder resellers").click()
    await expect(page.get_by_text("2 recipients")).to_be_visible()


async def write_message(page: Page) -> None:
    await button(page, "Next: content").click()
    subject = page.get_by_role("textbox", name="Subject")
    await subject.click()
    await button(page, "Insert a variable into the subject").click()
    await page.get_by_role("combobox", name="Search variables").fill("first")
    await page.keyboard.press("Enter")
    await expect(subject).to_be_focused()
    await page.keyboard.type(", the shelves are full again")
    await page.get_by_role("textbox", name="Message").click()
    await page.keyboard.type("Hello {{ first_name }}, come and see.")
    frame = page.frame_locator("iframe[title='Preview of the message']")
    await expect(frame.get_by_text(re.compile("Hello (Marta|Jonas), come and see."))).to_be_visible()


def witnessed(stack: Stack) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stack.sandbox_url}/api/log", timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


async def test_build_check_and_launch(signed_in: Page, stack: Stack) -> None:
    page, before = signed_in, int(witnessed(stack)["accepted"])
    await new_draft(page, "Autumn shelves")
    await choose_audience(page)
    await write_message(page)
    await button(page, "Next: schedule").click()
    await page.get_by_label("Messages per minute").fill("600")
    await expect(page.get_by_text("2 messages")).to_be_visible()
    await button(page, "Next: review").click()
    await page.get_by_role("heading", name="Ready to launch").wait_for()
    await expect(page.get_by_text("{First name}, the shelves are full again")).to_be_visible()
    await take_notes(page)
    await button(page, "Launch to 2 people").click()
    question = page.get_by_role("alertdialog", name="Send to 2 people?")
    act = question.get_by_role("button", name="Send to 2 people")
    await focus_went(page, "Keep editing", "Send to 2 people")
    await expect(act).to_be_focused()
    await act.dblclick()
    await page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    await expect(page.get_by_role("heading", name="Autumn shelves", level=1)).to_be_visible()
    await expect(page.get_by_text("Completed").first).to_be_visible()
    after = witnessed(stack)
    assert int(after["accepted"]) - before == 2
    assert int(after["duplicates"]) == 0


async def test_an_empty_message_stops_the_launch_and_says_where(signed_in: Page) -> None:
    page = signed_in
    await new_draft(page, "Empty")
    await choose_audience(page)
    for step in ("content", "schedule", "review"):
        await button(page, f"Next: {step}").click()
    await page.get_by_role("heading", name=re.compile("stop.? this launch")).wait_for()
    await expect(button(page, "Launch to 2 people")).to_be_disabled()
    await page.get_by_role("link", name="Edit content").first.click()
    await expect(page.get_by_role("textbox", name="Subject")).to_be_visible()


async def test_fast_typing_loses_nothing(signed_in: Page) -> None:
    page = signed_in
    await new_draft(page, "Typing")
    await choose_audience(page)
    await button(page, "Next: content").click()
    words = "The quick brown fox jumps over the lazy dog while everything is being saved"
    message = page.get_by_role("textbox", name="Message")
    await message.click()
    await message.press_sequentially(words, delay=25)
    await page.get_by_role("textbox", name="Subject").click()
    await page.keyboard.type("Ready")
    await expect(page.get_by_text("5 of 60")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("textbox", name="Message")).to_have_text(words)
    await expect(page.get_by_role("textbox", name="Subject")).to_have_text("Ready")


async def test_the_html_editor_warns_before_it_loses(signed_in: Page) -> None:
    page = signed_in
    await new_draft(page, "Two editors")
    await choose_audience(page)
    await button(page, "Next: content").click()
    await button(page, "Choose a template").click()
    await (
        page.get_by_role("dialog", name="Choose a template")
        .get_by_role("button", name=re.compile("Newsletter"))
        .click()
    )
    await expect(page.get_by_role("textbox", name="Message as HTML")).to_be_visible()
    await page.get_by_role("radio", name="Simple text").click()
    question = page.get_by_role("alertdialog", name="Switch to the simple editor?")
    await expect(question.get_by_text("Tables and columns")).to_be_visible()
    await question.get_by_role("button", name="Stay with HTML").click()
    await expect(page.get_by_role("textbox", name="Message as HTML")).to_be_visible()


async def test_the_second_save_is_told_and_not_lost(signed_in: Page, context: BrowserContext) -> None:
    page = signed_in
    await new_draft(page, "Two people")
    other = await context.new_page()
    await other.goto(page.url)
    await other.get_by_label("Sender name").fill("Theirs")
    await expect(other.get_by_text(re.compile("^Saved"))).to_be_visible()
    await other.get_by_label("Campaign name").click()
    await page.get_by_label("Sender name").fill("Mine")
    await page.get_by_label("Campaign name").click()
    told = page.get_by_role("alert").filter(has_text="saved in between")
    await expect(told).to_be_visible()
    await told.get_by_role("button", name="Keep mine as a copy").click()
    await expect(page.get_by_role("heading", name=re.compile("my copy"), level=1)).to_be_visible()
    await expect(page.get_by_label("Sender name")).to_have_value("Mine")
    await other.reload()
    await expect(other.get_by_label("Sender name")).to_have_value("Theirs")


async def test_a_viewer_reads_but_cannot_build(page: Page) -> None:
    await sign_in(page, VIEWER)
    await page.goto("/campaigns")
    await page.get_by_role("heading", name="Campaigns", level=1).wait_for()
    await expect(page.get_by_role("link", name="New campaign")).to_have_count(0)
    await page.goto("/campaigns/1/edit")
    await page.wait_for_url(re.compile(r"/campaigns/1$"))


async def test_the_builder_fits_a_phone(signed_in: Page) -> None:
    page = signed_in
    await new_draft(page, "On the way")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_text("Step 1 of 5")).to_be_visible()
    await choose_audience(page)
    await button(page, "Next: content").click()
    await expect(page.get_by_role("textbox", name="Subject")).to_be_visible()
    await page.get_by_role("radio", name="Preview").click()
    await expect(page.get_by_role("textbox", name="Subject")).to_be_hidden()
    await expect(button(page, "Next recipient")).to_be_visible()
    overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0


async def test_a_template_is_made_and_used(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/templates")
    await page.get_by_role("link", name="New template").first.click()
    await page.get_by_label("Template name").fill("House letter")
    await page.get_by_role("textbox", name="Message").click()
    await page.keyboard.type("A letter of the house.")
    await button(page, "Save template").click()
    await page.wait_for_url(re.compile(r"/templates/\d+$"))
    await page.goto("/templates?search=house")
    await expect(page.get_by_text("1 template", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Use in a campaign").click()
    await expect(page.get_by_text("House letter")).to_be_visible()
    await page.get_by_label("Campaign name").fill("From the house")
    await button(page, "Create draft").click()
    await page.get_by_role("heading", name="Who sends it").wait_for()
