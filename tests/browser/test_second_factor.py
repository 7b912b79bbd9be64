"""The second factor in the browser: set up, used, switched off, and required by the workspace."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyotp
from playwright.async_api import Browser, Page, expect

from tests.browser.axe import serious_findings
from tests.stack import Stack

WHO = ("tara@example.com", "wander slowly uphill")
PHONE = {"width": 390, "height": 844}


async def give_password(tab: Page, email: str = WHO[0], then: str = "/settings/profile") -> None:
    await tab.goto(f"/login?next={then}")
    await tab.get_by_label("E-mail").fill(email)
    await tab.get_by_label("Password", exact=True).fill(WHO[1])
    await tab.get_by_role("button", name="Sign in").click()


async def give_code(tab: Page, code: str) -> None:
    await give_password(tab)
    await tab.get_by_label("Code").fill(code)
    await tab.get_by_role("button", name="Continue").click()
    await expect(tab.get_by_role("heading", name="Second factor")).to_be_visible()


async def check_looks(tab: Page, axe: str, folder: Path, name: str) -> None:
    """Light, dark and on the phone."""
    desktop = tab.viewport_size or PHONE
    found = []
    for look, size, scheme in (("light", desktop, "light"), ("dark", desktop, "dark"), ("phone", PHONE, "light")):
        await tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        await tab.set_viewport_size({"width": size["width"], "height": size["height"]})
        await expect(tab.locator("html")).to_have_class(re.compile(scheme))
        await tab.screenshot(path=folder / f"{name}-{look}.png")
        found += [f"{name} {look}: {one}" for one in await serious_findings(tab, axe)]
    await tab.emulate_media(color_scheme="light")
    await tab.set_viewport_size({"width": desktop["width"], "height": desktop["height"]})
    assert not found, found


async def set_up(tab: Page, axe: str, folder: Path) -> tuple[pyotp.TOTP, list[str]]:
    await give_password(tab)
    return await switch_on(tab, axe, folder)


async def switch_on(tab: Page, axe: str, folder: Path) -> tuple[pyotp.TOTP, list[str]]:
    await tab.get_by_role("button", name="Set up").click()
    secret = tab.get_by_label("Secret")
    await expect(secret).to_have_value(re.compile(r"\w{4} \w{4}"))
    picture = tab.get_by_role("img", name="QR code")
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("image => image.naturalWidth") > 0
    await check_looks(tab, axe, folder, "set-up")
    app = pyotp.TOTP((await secret.input_value()).replace(" ", ""))
    await tab.get_by_label("Code").fill("000000")
    await tab.get_by_role("button", name="Switch on").click()
    await expect(tab.get_by_text("This code is not right")).to_be_visible()
    await tab.get_by_label("Code").fill(app.now())
    await tab.get_by_role("button", name="Switch on").click()
    shown = tab.get_by_role("textbox", name="Recovery codes")
    await expect(shown).to_have_value(re.compile(r"^(\w{4}-){3}\w{4}\n"))
    await check_looks(tab, axe, folder, "codes")
    codes = (await shown.input_value()).split()
    async with tab.expect_download() as download:
        await tab.get_by_role("button", name="Download").click()
    assert codes[9] in (await (await download.value).path()).read_text()
    await tab.get_by_role("button", name="Close", exact=True).last.click()
    await expect(tab.get_by_text("Unused recovery codes: 10")).to_be_visible()
    return app, codes


async def test_set_up_sign_in_with_both_kinds_of_codes_and_switch_off(
    page: Page, stack: Stack, axe: str, tmp_path: Path
) -> None:
    who = ["--email", WHO[0], "--name", "Tara", "--role", "viewer", "--password", WHO[1]]
    stack.run("campaign_app.cli", "user", "create", *who)
    app, codes = await set_up(page, axe, tmp_path)
    await page.context.clear_cookies()
    await give_password(page)
    await expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    await check_looks(page, axe, tmp_path, "code")
    await page.get_by_label("Code").fill("000000")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    await page.context.clear_cookies()
    await give_code(page, app.at(int(time.time()) + app.interval))  # the code of now switched it on
    await page.context.clear_cookies()
    await give_code(page, codes[0])
    await expect(page.get_by_text("Unused recovery codes: 9")).to_be_visible()
    await page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Password").fill(WHO[1])
    await dialog.get_by_label("Code").fill(codes[1])
    await dialog.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("button", name="Set up")).to_be_visible()


@contextmanager
def switched_off_at_last(stack: Stack) -> Iterator[None]:
    """The owner of the other tests has no second factor."""
    try:
        yield
    finally:
        with closing(sqlite3.connect(stack.var / "beacon.db", timeout=30)) as database, database:
            database.execute("DELETE FROM setting WHERE key = 'second_factor_required'")


async def test_an_admin_is_led_to_the_set_up_that_the_workspace_requires(
    page: Page, browser: Browser, stack: Stack, axe: str, tmp_path: Path
) -> None:
    for name, role in (("Olga", "owner"), ("Ada", "admin")):
        who = ["--email", f"{name.lower()}@example.com", "--name", name, "--role", role, "--password", WHO[1]]
        stack.run("campaign_app.cli", "user", "create", *who)
    await give_password(page, "olga@example.com", "/settings")
    required = page.get_by_role("switch", name="Owners and admins need a second factor")
    await required.click()
    await page.get_by_role("button", name="Save workspace").click()
    await expect(page.get_by_role("alert")).to_contain_text("Set up your own second factor first")
    await check_looks(page, axe, tmp_path, "refused")
    await page.goto("/settings/profile")
    await switch_on(page, axe, tmp_path)
    await page.goto("/settings")
    with switched_off_at_last(stack):
        await required.click()
        await page.get_by_role("button", name="Save workspace").click()
        await expect(page.get_by_text("Workspace saved")).to_be_visible()
        await expect(page.get_by_text("have none.")).to_be_visible()
        theirs = await browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 900})
        ada = await theirs.new_page()
        await give_password(ada, "ada@example.com", "/contacts")
        await expect(ada.get_by_text("Set up your second factor first")).to_be_visible()
        await expect(ada).to_have_url(re.compile("/settings/profile"))
        await expect(ada.get_by_label("Present password")).to_be_hidden()
        await check_looks(ada, axe, tmp_path, "required")
        await switch_on(ada, axe, tmp_path)
        await ada.goto("/settings/users")
        await expect(ada.get_by_role("row", name=re.compile("Olga"))).to_be_visible()
        await theirs.close()
