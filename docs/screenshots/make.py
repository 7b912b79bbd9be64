"""Makes the pictures of this folder from a running `./campaign up --demo`: light, dark and phone.

.venv/bin/python docs/screenshots/make.py --url http://127.0.0.1:8000 --passwords var/demo-passwords.txt
"""

import argparse
import asyncio
import os
import shutil
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

HERE = Path(__file__).parent
PAGES = {
    "dashboard": "/",
    "campaigns": "/campaigns",
    "contacts": "/contacts",
    "contact": "/contacts/1",
    "segment": "/segments/1",
    "templates": "/templates",
    "analytics": "/analytics",
    "imports": "/imports",
    "accounts": "/accounts",
    "operations": "/operations",
    "audit": "/settings/audit",
}
LOOKS = {"light": (1440, 900, "light"), "dark": (1440, 900, "dark"), "phone": (390, 844, "light")}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def owner(passwords: Path) -> tuple[str, str]:
    """E-mail and password of the demo's owner."""
    for line in passwords.read_text().splitlines():
        words = line.split()
        if any(word.startswith("owner@") for word in words):
            return next(word for word in words if "@" in word), words[-1]
    raise SystemExit(f"{passwords} names no owner")


async def settle(page: Page) -> None:
    """Wait until nothing is loading any more."""
    await page.get_by_role("heading", level=1).first.wait_for()
    await page.wait_for_load_state("networkidle")
    await page.wait_for_function("!document.querySelector('.rt-Skeleton')")
    await page.wait_for_timeout(700)  # charts draw after their data


async def pictures(browser: Browser, url: str, who: tuple[str, str], look: str, campaign: str) -> None:
    """Every page in one look."""
    width, height, scheme = LOOKS[look]
    context = await browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = await context.new_page()
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(who[0])
    await page.get_by_label("Password", exact=True).fill(who[1])
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="Dashboard", level=1).wait_for()
    for name, path in {**PAGES, "campaign": campaign}.items():
        await page.goto(path)
        await settle(page)
        await page.screenshot(path=HERE / f"{name}-{look}.png")
    await context.close()


async def main() -> None:
    """Parse, sign in, take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--passwords", type=Path, default=Path("var/demo-passwords.txt"))
    parser.add_argument("--campaign", default="/campaigns/1", help="path of the campaign whose page is shown")
    given = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for look in LOOKS:
            await pictures(browser, given.url, owner(given.passwords), look, given.campaign)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
