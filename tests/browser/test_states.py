"""Every dialog, menu and editor, open: light, dark and phone; nothing serious for axe, names say what is shown."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from campaign_app import ui
from tests.browser.axe import COLOURS, serious_findings
from tests.browser.conftest import OWNER, open_session, watch
from tests.browser.looks import DESKTOP, MODES, PHONE, Demo, Mode, loaded, show_in, sideways
from tests.browser.states import LIST, OVERLAYS, PROFILE, STATES, State, addresses

UI = Path(ui.__file__).parent
KINDS = ("dialog", "alert_dialog", "dropdown_menu", "context_menu", "popover", "hover_card", "drawer", "select")
ROOTS = {f"rx.{kind}.root" for kind in KINDS}


def calls(tree: ast.AST, function: str = "") -> Iterator[tuple[str, str]]:
    """The innermost function around each call, and what is called."""
    for child in ast.iter_child_nodes(tree):
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.Call):
            yield inner, ast.unparse(child.func)
        yield from calls(child, inner)


def made_in_the_code() -> Counter[str]:
    """ "module::function" of everything that opens over a page: what a component makes counts where it is used."""
    found = [
        (path.relative_to(UI), function, called)
        for path in sorted(UI.rglob("*.py"))
        for function, called in calls(ast.parse(path.read_text()))
    ]
    parts = {function for path, function, called in found if path.parts[0] == "components" and called in ROOTS}
    assert {"dialog", "confirm_dialog", "menu", "choice_chip", "select_input", "command_palette"} <= parts
    # The kit's dialogs are counted at the pages that fill them, its filter chips once.
    dialogs = {
        name for path, name, called in found if path.parts[0] == "kit" and called in parts and "chip" not in name
    }
    parts |= dialogs
    sites = [
        f"{path.as_posix()}::{function}"
        for path, function, called in found
        if function not in dialogs
        and (called.split(".")[-1] in parts or (path.parts[0] != "components" and called in ROOTS))
    ]
    scripts = [path.relative_to(UI).as_posix() for path in UI.rglob("*.jsx") if ".Root " in path.read_text()]
    return Counter([*sites, *scripts])


def test_everything_that_opens_is_opened_here() -> None:
    made, opened = made_in_the_code(), Counter(state.made_by for state in STATES if state.made_by)
    assert len(made) > 50
    forgotten, gone = made - opened, opened.keys() - made.keys()
    assert not forgotten, f"Add states to tests/browser/states.py: {sorted(forgotten)}"
    assert not gone, f"No longer in the code: {sorted(gone)}"


async def take(page: Page, state: State) -> None:
    """The steps; what they open is there."""
    for step in state.steps:
        await step(page)
    await expect(page.locator(f"[role={state.shows}]" if state.is_overlay else state.shows).last).to_be_visible()


async def close(page: Page) -> None:
    """Escape until nothing is open."""
    for _ in range(4):
        if not await page.locator(OVERLAYS).count():
            break
        await page.keyboard.press("Escape")
        await page.wait_for_function(_SETTLED)
    await expect(page.locator(OVERLAYS)).to_have_count(0)


_SETTLED = "() => !document.getAnimations().some(a => a instanceof CSSAnimation && a.effect.getTiming().iterations < 9)"


async def look(page: Page, state: State, axe: str, modes: Sequence[Mode]) -> list[str]:
    """What axe finds in the open state, in one mode after the other and on a phone in the second."""
    found, within = [], f"[role={state.shows}]" if state.is_overlay else ""
    await page.wait_for_function(_SETTLED)
    for mode, rules in zip(modes, ((), COLOURS), strict=True):
        await show_in(page, mode)
        found += [f"{mode}: {line}" for line in await serious_findings(page, axe, within, rules)]
    await page.set_viewport_size(PHONE)
    if state.shows == LIST:  # the list of a select closes when the window changes its size
        await expect(page.get_by_role("listbox")).to_have_count(0)
        await state.steps[-1](page)
        await expect(page.get_by_role("listbox")).to_be_visible()
    found += [f"phone: {line}" for line in await serious_findings(page, axe, within)]
    if await sideways(page) > 0:
        found.append("phone: scrolls sideways")
    return found


@pytest.mark.parametrize("address", addresses())
async def test_open_states_in_light_dark_and_on_a_phone(address: str, demo: Demo, browser: Browser, axe: str) -> None:
    context = await browser.new_context(
        base_url=demo.stack.url, viewport=DESKTOP, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    if address == PROFILE:  # it offers to end other sessions
        elsewhere = await browser.new_context(base_url=demo.stack.url)
        await open_session(elsewhere, demo.stack, OWNER)
        await elsewhere.close()
    await open_session(context, demo.stack, OWNER)
    page = await context.new_page()
    watched = watch(page)
    await page.goto(address.format(**demo.ids))
    await loaded(page)
    findings, modes = [], MODES
    for number, state in enumerate(state for state in STATES if state.address == address):
        await page.set_viewport_size(PHONE if state.on_phone else DESKTOP)
        await take(page, state)
        findings += [
            f"{number} {state.made_by or state.shows}, {found}" for found in await look(page, state, axe, modes)
        ]
        modes = modes[::-1]  # the next begins as the page is: a switch loads its figures again
        await close(page)
    assert not watched.errors, watched.errors
    assert not findings, "\n".join(dict.fromkeys(findings))
    await context.close()
