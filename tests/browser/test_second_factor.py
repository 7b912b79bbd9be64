"""A person sets up the second factor, signs in with a code and with a recovery code, and switches it off."""

import re
import time
from pathlib import Path

import pyotp
from playwright.async_api import Page, expect

from tests.browser.axe import serious_findings
from tests.stack import Stack

WHO = ("tara@example.com", "wander slowly uphill")
PHONE = {"width": 390, "height": 844}


async def give_password(tab: Page) -> None:
    await tab.goto("/login?next=/settings/profile")
    await tab.get_by_label("E-mail").fill(WHO[0])
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
