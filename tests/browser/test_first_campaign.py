"""A new user's first own campaign on an empty installation: from the printed link to the unsubscribe page that a
recipient opens from the mail that a mail server received."""

import asyncio
import email
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from email import policy
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.axe import serious_findings
from tests.browser.conftest import CHROMIUM_FLAGS, chromium, watch
from tests.browser.test_builder import button
from tests.browser.test_first_start import make_owner
from tests.channels.model_server import Behaviour, Witness, running
from tests.stack import Stack

HOST, PEOPLE = "mail.meridian-supply.com", 30
USER, SECRET = "news", "an own mail server"
POSTAL = "Meridian Supply, Street 1, 10115 Berlin"
ROWS = "".join(f"Reader {number:02},reader{number:02}@shop.meridian-supply.com\n" for number in range(PEOPLE))
CSV = {"name": "readers.csv", "mimeType": "text/csv", "buffer": f"First name,E-mail\n{ROWS}".encode()}
SHOTS = os.environ.get("BEACON_SHOTS", "")


@pytest.fixture(scope="module")
def empty(stack: Stack, redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web and worker on an empty folder, no sandbox; `stack` has built the front end."""
    product = Stack(var=tmp_path_factory.mktemp("empty"), redis_url=f"{redis_server}/6")
    try:
        product.prepare()
        product.start_web()
        product.start_worker()
        yield product
    finally:
        product.stop_all()


class Look:
    """Pages that no other test opens in this state, with axe, in light, dark and on the phone."""

    def __init__(self, axe: str) -> None:
        self.axe = axe
        self.found: list[str] = []

    async def at(self, page: Page, name: str) -> None:
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await self._shoot(page, f"{name}-{scheme}")
            self.found += [f"{name}, {scheme}: {each}" for each in await serious_findings(page, self.axe)]
        await page.set_viewport_size({"width": 390, "height": 844})
        await self._shoot(page, f"{name}-phone")
        self.found += [f"{name}, phone: {each}" for each in await serious_findings(page, self.axe)]
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.found.append(f"{name} is wider than a phone")
        await page.set_viewport_size({"width": 1440, "height": 900})

    async def _shoot(self, page: Page, name: str) -> None:
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def until(true: Callable[[], Awaitable[bool]], what: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, f"not so after {seconds:.0f} s: {what}"
        await asyncio.sleep(0.05)


async def set_up(page: Page, product: Stack, look: Look) -> None:
    """The step after the owner: a local address is not proposed and not taken."""
    await page.get_by_role("heading", name="Set up your workspace").wait_for()
    address = page.get_by_label("Public address")
    await expect(page.get_by_text(f"You opened Beacon at {product.url}")).to_be_visible()
    await expect(address).to_have_value("")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await look.at(page, "set-up")
    await address.fill(product.url)
    await page.get_by_label("Company").fill("Meridian Supply")
    await button(page, "Save and go on").click()
    await expect(address).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text(f"Recipients could not open {product.url}")).to_be_visible()
    await look.at(page, "set-up-error")
    await address.fill("")
    await page.get_by_label("Postal address").fill(POSTAL)
    await button(page, "Save and go on").click()
    await page.get_by_role("heading", name="Dashboard", level=1).wait_for()
    await expect(page.get_by_text("1 of 5 steps is done")).to_be_visible()
    await look.at(page, "first-steps")


async def connect(page: Page, port: int, look: Look) -> None:
    """An own server: tested in the form, saved, connected without another test."""
    await page.goto("/accounts/new")
    for label, value in (
        ("Server", "127.0.0.1"),
        ("Port", str(port)),
        ("User name", USER),
        ("Password", SECRET),
        ("Account name", "Our server"),
        ("Sender address", f"news@{HOST}"),
    ):
        await page.get_by_label(label, exact=True).fill(value)
    await page.get_by_label("Encryption").click()
    await page.get_by_role("option", name="None").click()
    await page.get_by_label("Port", exact=True).fill(str(port))
    await button(page, "Test connection").click()
    await expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    await look.at(page, "account-tested")
    await button(page, "Save account").click()
    await page.wait_for_url(re.compile(r"/accounts/\d+$"))
    await expect(page.get_by_text("Healthy, not used today")).to_be_visible()


async def bring_contacts(page: Page) -> None:
    await page.goto("/imports")
    await page.get_by_role("heading", name="Imports", level=1).wait_for()
    await page.get_by_label("CSV file").set_input_files(CSV)  # type: ignore[arg-type]
    await page.get_by_role("heading", name="readers.csv", level=1).wait_for()
    await page.get_by_label("Add to list").select_option("new")
    await page.get_by_label("Name of the new list").fill("Readers")
    await button(page, "Import contacts").click()
    await expect(page.get_by_text("Completed")).to_be_visible(timeout=60_000)


async def write(page: Page) -> None:
    await page.goto("/campaigns/new")
    await page.get_by_label("Campaign name").fill("First news")
    await button(page, "Create draft").click()
    await page.get_by_role("heading", name="Who sends it").wait_for()
    await button(page, "Next: audience").click()
    await page.get_by_role("checkbox", name="Send to Readers").click()
    await expect(page.get_by_text(f"{PEOPLE} recipients")).to_be_visible()
    await button(page, "Next: content").click()
    await page.get_by_role("textbox", name="Subject").click()
    await page.keyboard.type("Our first news")
    await page.get_by_role("textbox", name="Message").click()
    await page.keyboard.type("Hello {{ first_name }}, good to have you.")
    frame = page.frame_locator("iframe[title='Preview of the message']")
    await expect(frame.get_by_text("Hello Reader 00, good to have you.")).to_be_visible()
    await button(page, "Next: schedule").click()
    await expect(page.get_by_text(f"{PEOPLE} messages")).to_be_visible()
    await button(page, "Next: review").click()


async def say_the_address(page: Page, public: str, look: Look) -> None:
    """Without one nothing is launched, whatever server the account has; the finding leads to where it is said."""
    await page.get_by_role("heading", name="1 problem stops this launch").wait_for()
    await expect(page.get_by_text("Recipients cannot open the links").first).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("^Launch to"))).to_be_disabled()
    await look.at(page, "review-blocked")
    draft = page.url
    await page.get_by_role("link", name="Open settings").click()
    await expect(page.get_by_text("campaigns do not start")).to_be_visible()
    await look.at(page, "settings")
    await page.get_by_label("Public address").fill(public)
    await button(page, "Save workspace").click()
    await expect(page.get_by_text("Its links begin with http://")).to_be_visible()
    await page.goto(draft)
    await page.goto(f"{draft.partition('?')[0]}?step=review")
    await page.get_by_role("heading", name="Ready to launch").wait_for()


async def launch(page: Page, witness: Witness, look: Look) -> None:
    await button(page, f"Launch to {PEOPLE} people").click()
    question = page.get_by_role("alertdialog", name=f"Send to {PEOPLE} people?")
    await question.get_by_role("button", name=f"Send to {PEOPLE} people").click()
    await page.wait_for_url(re.compile(r"/campaigns/\d+$"))

    async def received() -> bool:
        return len(witness.accepted) == PEOPLE

    await until(received, f"{PEOPLE} messages at the mail server")
    await expect(page.get_by_text("Completed").first).to_be_visible(timeout=60_000)
    await expect(page.get_by_role("table", name="Recipients").get_by_text("Sent", exact=True)).to_have_count(PEOPLE)
    await look.at(page, "campaign")
    assert set(witness.accepted.values()) == {1}


def links_of(raw: bytes) -> tuple[str, str]:
    """(the one-click address of the header, the unsubscribe link of the message)."""
    found = email.message_from_bytes(raw, policy=policy.default)
    text = found.get_body(("html",)).get_content()  # type: ignore[union-attr]
    links = re.findall(r'href="([^"]+/u/[^"]+)"', text)
    assert POSTAL in text
    return found["List-Unsubscribe"].strip("<>"), links[-1]


async def unsubscribe(link: str) -> None:
    """As a recipient elsewhere: their computer finds the public name, everything else is real."""
    flags = [*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    async with async_playwright() as playwright:
        theirs = await playwright.chromium.launch(executable_path=chromium(), args=flags)
        tab = await theirs.new_page()
        watched = watch(tab)
        await tab.goto(link)
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Unsubscribe from Meridian Supply?")
        await tab.get_by_role("button", name="Unsubscribe").click()
        await tab.get_by_role("heading", name="You are unsubscribed").wait_for()
        assert not watched.errors, watched.errors
        await theirs.close()


@pytest.mark.timeout(900)  # thirteen pages and their looks, on a machine that may be busy
async def test_from_the_printed_link_to_the_unsubscribe_page(empty: Stack, browser: Browser, axe: str) -> None:
    context = await browser.new_context(
        base_url=empty.url, viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(20_000)
    page, look = await context.new_page(), Look(axe)
    watched, public = watch(page), f"http://{HOST}:{empty.web_port}"
    async with running(Behaviour(mechanisms=("PLAIN",), users={USER: SECRET})) as (port, witness):
        await page.goto(empty.setup_link())
        await make_owner(page)
        await set_up(page, empty, look)
        await connect(page, port, look)
        await bring_contacts(page)
        await write(page)
        await say_the_address(page, public, look)
        await launch(page, witness, look)
    one_click, link = links_of(witness.contents["reader07@shop.meridian-supply.com"])
    assert one_click.startswith(f"{public}/u/")
    assert link.startswith(f"{public}/u/")
    await unsubscribe(link)
    await page.goto("/suppressions")
    table = page.get_by_role("table", name="Suppressed addresses")
    await expect(table.get_by_role("row", name=re.compile("reader07@"))).to_contain_text("Unsubscribed")
    assert not watched.errors, watched.errors
    assert look.found == []
    await context.close()
