"""Every page with data: light, dark and phone; no console errors, no sideways scrolling, nothing serious for axe."""

import re

import pytest
from playwright.async_api import Browser, expect
from reflex_base.registry import RegistrationContext

from campaign_app import campaign_app  # noqa: F401  every page is registered after this
from campaign_app.ui import pages, routes
from tests.browser.axe import COLOURS, serious_findings
from tests.browser.conftest import OWNER, VIEWER, open_session, watch
from tests.browser.looks import DESKTOP, MODES, PHONE, Demo, loaded, show_in, sideways

# A second look at pages that say more behind a tab.
MORE = {routes.CAMPAIGN: ("Results", "Content", "Activity")}


READ_BY_VIEWERS = (
    routes.DASHBOARD,
    routes.CAMPAIGNS,
    routes.CAMPAIGN,
    routes.CONTACTS,
    routes.CONTACT,
    routes.LISTS,
    routes.SEGMENTS,
    routes.SEGMENT,
    routes.TEMPLATES,
    routes.TEMPLATE,
    routes.ANALYTICS,
    routes.SUPPRESSIONS,
)


def every_route() -> list[str]:
    return sorted(str(found["route"]) for _, found in RegistrationContext.ensure_context().decorated_pages)


def test_every_registered_page_is_looked_at() -> None:
    assert every_route() == sorted(page.route for page in pages.everything())
    assert len(every_route()) >= 28


@pytest.mark.parametrize("route", every_route())
async def test_page_in_light_dark_and_on_a_phone(route: str, demo: Demo, browser: Browser, axe: str) -> None:
    context = await browser.new_context(
        base_url=demo.stack.url, viewport=DESKTOP, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    if route not in (routes.LOGIN, routes.LOGIN_CODE, routes.SETUP):
        await open_session(context, demo.stack, OWNER)
    page = await context.new_page()
    watched = watch(page)
    findings, modes = [], MODES
    await page.goto(demo.address(route))
    for tab in ("", *MORE.get(route, ())):
        if tab:
            await page.get_by_role("tab", name=tab).click()
        await loaded(page)
        for mode, rules in zip(modes, ((), COLOURS), strict=True):
            await show_in(page, mode)
            findings += [f"{mode} {tab}: {found}" for found in await serious_findings(page, axe, only=rules)]
        modes = modes[::-1]
    await page.set_viewport_size(PHONE)
    await page.reload()
    await loaded(page)
    assert await page.get_by_role("heading", level=1).count() == 1
    assert await sideways(page) <= 0
    assert not watched.errors, watched.errors
    assert not findings, "\n".join(findings)
    await context.close()


ACTS = re.compile(r"^(New|Add|Import|Edit|Launch|Pause|Resume|Cancel campaign|Duplicate|Delete|Save|Remove|Stop all)\b")


@pytest.mark.parametrize("route", READ_BY_VIEWERS)
async def test_a_viewer_reads_the_page_and_is_offered_no_act(route: str, demo: Demo, browser: Browser) -> None:
    context = await browser.new_context(base_url=demo.stack.url, viewport=DESKTOP)
    context.set_default_timeout(30_000)
    await open_session(context, demo.stack, VIEWER)
    page = await context.new_page()
    watched = watch(page)
    await page.goto(demo.address(route))
    await loaded(page)
    main = page.get_by_role("main")
    await expect(main.get_by_role("button", name=ACTS).or_(main.get_by_role("link", name=ACTS))).to_have_count(0)
    await expect(page.get_by_role("listitem").filter(has_text="Not allowed")).to_have_count(0)
    assert not watched.errors, watched.errors
    await context.close()
