"""People, passwords, sessions, workspace and audit log, as an owner uses them."""

import re

from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import VIEWER, sign_in, take_notes, toasted
from tests.stack import Stack

MADE_UP = re.compile(r"^[a-z2-9]{4}(-[a-z2-9]{4}){3}$")


async def add_person(tab: Page, name: str, email: str, role: str) -> str:
    """Through the dialog; the password that is shown once."""
    await tab.goto("/settings/users")
    await tab.get_by_role("button", name="Add person").click()
    dialog = tab.get_by_role("dialog", name="Add a person")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("E-mail").fill(email)
    await dialog.get_by_role("combobox").click()
    await tab.get_by_role("option", name=re.compile(f"^{role}")).click()
    await dialog.get_by_role("button", name="Add person").click()
    shown = tab.get_by_role("dialog", name=f"Password for {name}")
    field = shown.get_by_label("Password", exact=True)
    await expect(field).to_have_value(MADE_UP)
    password = await field.input_value()
    await shown.get_by_role("button", name="Close").click()
    await expect(shown).to_be_hidden()
    return password


async def person_menu(tab: Page, name: str, act: str) -> None:
    await tab.get_by_role("button", name=f"Actions for {name}").click()
    await tab.get_by_role("menuitem", name=act).click()


async def test_a_person_is_added_signs_in_changes_the_password_and_is_switched_off(
    signed_in: Page, browser: Browser, stack: Stack
) -> None:
    password = await add_person(signed_in, "Tom Okafor", "tom@example.com", "Marketer")
    row = signed_in.get_by_role("row", name=re.compile("Tom Okafor"))
    await expect(row).to_contain_text("Marketer")
    theirs = await browser.new_context(base_url=stack.url)
    tab = await theirs.new_page()
    await sign_in(tab, ("tom@example.com", password))
    await tab.goto("/settings/profile")
    await tab.get_by_label("Present password").fill(password)
    await tab.get_by_label("New password").fill("short")
    await tab.get_by_role("button", name="Change password").click()
    await expect(tab.get_by_text("at least 10 characters. A few words")).to_be_visible()
    await tab.get_by_label("New password").fill("a much longer one")
    await take_notes(tab)
    await tab.get_by_role("button", name="Change password").click()
    await toasted(tab, "Password changed")
    await person_menu(signed_in, "Tom Okafor", "Switch off")
    question = signed_in.get_by_role("alertdialog", name="Switch Tom Okafor off?")
    await question.get_by_role("button", name="Switch off").click()
    await expect(row).to_contain_text("Switched off")
    await tab.goto("/settings/profile")
    await expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    await theirs.close()


async def test_the_last_owner_stays(signed_in: Page) -> None:
    await signed_in.goto("/settings/users")
    await person_menu(signed_in, "Owner", "Switch off")
    await signed_in.get_by_role("alertdialog").get_by_role("button", name="Switch off").click()
    await expect(signed_in.get_by_text("The last owner stays")).to_be_visible()
    await expect(signed_in.get_by_role("row", name=re.compile("Owner"))).to_contain_text("Active")


async def test_an_admin_asks_to_remove_a_second_factor(signed_in: Page) -> None:
    await signed_in.goto("/settings/users")
    await person_menu(signed_in, "Viewer", "Remove second factor")
    dialog = signed_in.get_by_role("alertdialog")
    await take_notes(signed_in)
    await dialog.get_by_role("button", name="Remove second factor").click()
    await toasted(signed_in, "Viewer has no second factor")


async def test_another_session_is_ended(signed_in: Page, browser: Browser, stack: Stack) -> None:
    elsewhere = await browser.new_context(base_url=stack.url)
    other = await elsewhere.new_page()
    await sign_in(other)
    await signed_in.goto("/settings/profile")
    await expect(signed_in.get_by_text("This browser")).to_be_visible()
    await signed_in.get_by_role("button", name="End all others").click()
    await signed_in.get_by_role("button", name="End other sessions").click()
    await expect(signed_in.get_by_role("button", name="End all others")).to_be_hidden()
    await other.goto("/")
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    await elsewhere.close()


async def test_the_workspace_is_saved_and_a_wrong_zone_is_told(signed_in: Page) -> None:
    await signed_in.goto("/settings")
    await signed_in.get_by_label("Company").fill("Nordlicht GmbH")
    await signed_in.get_by_label("Time zone").fill("Mars/Olympus")
    await signed_in.get_by_role("button", name="Save workspace").click()
    await expect(signed_in.get_by_text("This time zone is not known")).to_be_visible()
    await signed_in.get_by_label("Time zone").fill("Europe/Vienna")
    await take_notes(signed_in)
    await signed_in.get_by_role("button", name="Save workspace").click()
    await toasted(signed_in, "Workspace saved")
    await signed_in.reload()
    await expect(signed_in.get_by_label("Company")).to_have_value("Nordlicht GmbH")
    await expect(signed_in.get_by_label("Time zone")).to_have_value("Europe/Vienna")


async def test_the_audit_log_is_whole_filtered_and_exported(signed_in: Page) -> None:
    await signed_in.goto("/settings/audit")
    await expect(signed_in.get_by_text("The log is whole")).to_be_visible()
    await signed_in.get_by_role("button", name=re.compile("^Action")).click()
    await signed_in.get_by_role("menuitem", name="Session: sign in").click()
    await expect(signed_in.get_by_role("cell", name="User: create")).to_have_count(0)
    await expect(signed_in.get_by_role("cell", name="Session: sign in").first).to_be_visible()
    async with signed_in.expect_download() as download:
        await signed_in.get_by_role("link", name="Export CSV").click()
    path = await (await download.value).path()
    text = path.read_text(encoding="utf-8-sig")
    assert text.startswith("Number,At (UTC),Person,Action")
    assert "session.sign_in" in text
    assert "user.create" not in text


async def test_a_viewer_sees_only_the_own_profile(page: Page) -> None:
    await sign_in(page, VIEWER)
    await page.goto("/settings")
    await page.wait_for_url("**/settings/profile")
    links = page.get_by_role("navigation", name="Settings").get_by_role("link")
    await expect(links).to_have_text(["Your profile"])
    await page.goto("/settings/users")
    await expect(page.get_by_text("Not allowed")).to_be_visible()
    await expect(page.get_by_text("owner@example.com")).to_have_count(0)
