"""A product with the demo data, and pages of it in light, dark and on a phone."""

import re
from dataclasses import dataclass
from typing import Literal

from playwright.async_api import Page, ViewportSize, expect

from campaign_app.ui import routes
from tests.stack import Stack

Mode = Literal["light", "dark"]
MODES: tuple[Mode, Mode] = ("light", "dark")
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
_LOADED = """() => document.querySelector('main h1')?.textContent.trim()
  && !document.querySelector('[aria-busy=true], .rt-Skeleton')"""
_COLOURED = "() => !document.getAnimations().some(found => found instanceof CSSTransition)"


@dataclass(frozen=True)
class Demo:
    """A product with the demo data, the ids that pages are opened with."""

    stack: Stack
    ids: dict[str, int]

    def address(self, route: str) -> str:
        """The route with ids of the demo in it."""
        ids = {**self.ids, "campaign_id": self.ids["draft"]} if route == routes.CAMPAIGN_EDIT else self.ids
        return "/".join(str(ids[part[1:-1]]) if part.startswith("[") else part for part in route.split("/"))


async def loaded(page: Page) -> None:
    await page.wait_for_function(_LOADED)


async def show_in(page: Page, mode: Mode) -> None:
    await page.emulate_media(color_scheme=mode)
    await expect(page.locator("html")).to_have_class(re.compile(rf"\b{mode}\b"))
    await loaded(page)  # figures are drawn again in the colours of the mode
    await page.wait_for_function(_COLOURED)


async def sideways(page: Page) -> int:
    overflow: int = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return overflow
