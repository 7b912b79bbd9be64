"""The pages of the audience: contacts, lists, segments, suppressions."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import take_notes, toasted
from tests.browser.seed_people import LIST, TAG
from tests.stack import Stack


@pytest.fixture(autouse=True, scope="module")
def seeded(stack: Stack) -> None:
    """Three people in a list, two with a tag."""
    stack.run("tests.browser.seed_people")


def person(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Contacts").get_by_role("row", name=re.compile(name))


async def search(page: Page, words: str) -> None:
    await page.get_by_role("searchbox", name="Search name, company, address").fill(words)


async def choose(page: Page, chip: str, value: str) -> None:
    await page.get_by_role("button", name=re.compile(f"^{chip}")).click()
    await page.get_by_role("menuitem", name=value, exact=True).click()


async def open_contact(page: Page, name: str) -> None:
    await page.goto("/contacts")
    await search(page, name)
    await person(page, name).get_by_role("link", name=name).click()
    await page.get_by_role("heading", name=name, level=1).wait_for()


async def test_contacts_are_searched_and_filtered(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/contacts")
    await search(page, "ros lind")
    await expect(page.get_by_text("1 contact", exact=True)).to_be_visible()
    await expect(person(page, "Rosa Lind")).to_contain_text("Lind Nursery")
    await search(page, "")
    await choose(page, "List", LIST)
    await expect(page.get_by_text("3 contacts", exact=True)).to_be_visible()
    await choose(page, "Tag", TAG)
    await expect(page.get_by_text("2 contacts", exact=True)).to_be_visible()
    await expect(person(page, "Nele Sommer")).to_have_count(0)
    await search(page, "sommer")
    await page.get_by_role("heading", name="No contacts match").wait_for()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(person(page, "Nele Sommer")).to_be_visible()
    await expect(page.get_by_role("searchbox", name="Search name, company, address")).to_have_value("")


async def test_a_contact_is_added_and_edited_and_its_timeline_tells(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/contacts")
    await page.get_by_role("button", name="Add contact").click()
    dialog = page.get_by_role("dialog", name="Add contact")
    await dialog.get_by_label("First name").fill("Ida")
    await dialog.get_by_label("Last name").fill("Fink")
    await dialog.get_by_label("E-mail").fill("not an address")
    await dialog.get_by_role("button", name="Save contact").click()
    await expect(dialog.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    await dialog.get_by_label("E-mail").fill("ida@garden.example")
    await dialog.get_by_role("button", name="Save contact").click()
    await page.get_by_role("heading", name="Ida Fink", level=1).wait_for()
    await page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit contact")
    await dialog.get_by_label("Company").fill("Fink & Sons")
    await dialog.get_by_label("Tags").fill("vip, night owl")
    await dialog.get_by_role("button", name="Add attribute").click()
    await dialog.get_by_label("Attribute").fill("shoe size")
    await dialog.get_by_label("Value").fill("39")
    await dialog.get_by_role("button", name="Save contact").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("definition").filter(has_text="Fink & Sons")).to_be_visible()
    await expect(page.get_by_text("night owl")).to_be_visible()
    await page.get_by_role("tab", name="Changes").click()
    await expect(page.get_by_text(re.compile("(changed|edited)", re.IGNORECASE)).first).to_be_visible()
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Delete contact").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete contact").click()
    await page.get_by_role("heading", name="Contacts", level=1).wait_for()
    await search(page, "ida fink")
    await page.get_by_role("heading", name="No contacts match").wait_for()


async def test_chosen_contacts_get_a_tag(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/contacts")
    await choose(page, "List", LIST)
    await expect(page.get_by_text("3 contacts", exact=True)).to_be_visible()
    for name in ("Rosa Lind", "Nele Sommer"):
        await page.get_by_role("checkbox", name=f"Choose {name}").click()
    bar = page.get_by_role("region", name="Chosen rows")
    await expect(bar).to_contain_text("2 selected")
    await bar.get_by_role("button", name="Choose all 3 contacts").click()
    await expect(bar).to_contain_text("All 3 contacts selected")
    await bar.get_by_role("button", name="Clear the choice").click()
    for name in ("Rosa Lind", "Nele Sommer"):
        await page.get_by_role("checkbox", name=f"Choose {name}").click()
    await bar.get_by_role("button", name="Tag").click()
    dialog = page.get_by_role("dialog", name="Tag contacts")
    await dialog.get_by_label("Tag").fill("spring fair")
    await take_notes(page)
    await dialog.get_by_role("button", name="Add tag").click()
    await toasted(page, "2 contacts tagged spring fair")
    await expect(bar).to_be_hidden()
    await choose(page, "Tag", "spring fair")
    await expect(page.get_by_text("2 contacts", exact=True)).to_be_visible()
    await expect(person(page, "Olaf Berg")).to_have_count(0)


async def test_messages_to_a_contact_are_stopped_and_allowed_again(signed_in: Page) -> None:
    page = signed_in
    await open_contact(page, "Olaf Berg")
    await page.get_by_role("button", name="Stop all messages").click()
    await take_notes(page)
    await page.get_by_role("alertdialog").get_by_role("button", name="Stop all messages").click()
    await toasted(page, "Olaf Berg gets no more messages")
    await page.goto("/suppressions")
    await expect(page.get_by_role("row", name=re.compile("olaf@garden.example"))).to_contain_text("by hand")
    await open_contact(page, "Olaf Berg")
    await page.get_by_role("button", name="Allow messages").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Allow messages").click()
    await expect(page.get_by_role("button", name="Stop all messages")).to_be_visible()


async def test_addresses_are_suppressed_and_removed(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/suppressions")
    await page.get_by_role("button", name="Add addresses").click()
    dialog = page.get_by_role("dialog", name="Add to the suppression list")
    await dialog.get_by_label("Addresses").fill("one@stop.example, TWO@stop.example\nnobody@nowhere")
    await dialog.get_by_label("Note").fill("Asked on the telephone")
    await take_notes(page)
    await dialog.get_by_role("button", name="Add addresses").click()
    await toasted(page, "2 addresses added")
    await toasted(page, "1 entry not added")
    await page.get_by_role("searchbox", name="Search addresses").fill("two@stop")
    row = page.get_by_role("table", name="Suppressed addresses").get_by_role("row", name=re.compile("two@stop.example"))
    await expect(row).to_contain_text("Asked on the telephone")
    await expect(page.get_by_role("row", name=re.compile("one@stop.example"))).to_have_count(0)
    await row.get_by_role("button", name="Remove").click()
    question = page.get_by_role("alertdialog", name="Remove two@stop.example?")
    await question.get_by_role("button", name="Remove address").click()
    await page.get_by_role("heading", name="No addresses match").wait_for()


async def test_lists_are_made_renamed_and_deleted(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/lists")
    await expect(page.get_by_role("row", name=re.compile(LIST))).to_contain_text("Everyone with green fingers")
    await page.get_by_role("button", name="New list").click()
    dialog = page.get_by_role("dialog", name="New list")
    await dialog.get_by_label("Name").fill(LIST)
    await dialog.get_by_role("button", name="Save list").click()
    await expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    await dialog.get_by_label("Name").fill("Short lived")
    await dialog.get_by_role("button", name="Save list").click()
    await page.get_by_role("button", name="More for Short lived").click()
    await page.get_by_role("menuitem", name="Rename").click()
    dialog = page.get_by_role("dialog", name="Rename list")
    await dialog.get_by_label("Name").fill("Short and sweet")
    await dialog.get_by_role("button", name="Save list").click()
    await page.get_by_role("button", name="More for Short and sweet").click()
    await page.get_by_role("menuitem", name="Delete list").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete list").click()
    await expect(page.get_by_role("row", name=re.compile("Short and sweet"))).to_have_count(0)


async def test_a_dialog_and_what_was_typed_outlast_the_socket(signed_in: Page) -> None:
    page, sockets, loaded = signed_in, list[WebSocketRoute](), asyncio.Event()

    def connect(socket: WebSocketRoute) -> None:
        def hear(message: str | bytes) -> None:
            socket.send(message)
            if "lists_state" in str(message):
                loaded.set()

        socket.connect_to_server().on_message(hear)
        sockets.append(socket)

    await page.route_web_socket(re.compile("/_event"), connect)
    await page.goto("/lists")
    await page.get_by_role("button", name="New list").click()
    dialog = page.get_by_role("dialog", name="New list")
    await dialog.get_by_label("Name").fill("Half a name")
    loaded.clear()
    await sockets[-1].close()
    await asyncio.wait_for(loaded.wait(), 30)
    assert len(sockets) > 1
    await expect(dialog.get_by_label("Name")).to_have_value("Half a name")
    await dialog.get_by_role("button", name="Save list").click()
    await expect(page.get_by_role("row", name=re.compile("Half a name"))).to_be_visible()
    await page.get_by_role("button", name="More for Half a name").click()
    await page.get_by_role("menuitem", name="Delete list").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete list").click()
    await expect(page.get_by_role("row", name=re.compile("Half a name"))).to_have_count(0)


async def fill_rule(page: Page, number: int, field: str, comparison: str, value: str, *, listed: bool = False) -> None:
    await page.get_by_label("Field").nth(number).select_option(label=field)
    await page.get_by_label("Comparison").nth(number).select_option(label=comparison)
    control = page.get_by_label("Value").nth(number)
    if listed:
        await control.select_option(label=value)
    else:
        await control.fill(value)
        await control.blur()


async def test_a_segment_of_nested_rules_counts_while_it_is_built(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/segments")
    await page.get_by_role("link", name="New segment").first.click()
    await page.get_by_label("Name", exact=True).fill("Growers")
    await page.get_by_role("button", name="Add rule").click()
    await fill_rule(page, 0, "List", "is in", LIST, listed=True)
    found = page.get_by_role("region", name="Who is in it")
    await expect(found).to_contain_text(re.compile(r"3\s*contacts fit now"))
    await page.get_by_role("button", name="Add group").click()
    await fill_rule(page, 1, "Company", "contains", "seeds")
    await expect(found).to_contain_text(re.compile(r"1\s*contact fits now"))
    await page.get_by_role("button", name="Add rule").nth(1).click()
    await fill_rule(page, 2, "Last name", "is", "Lind")
    await expect(found).to_contain_text(re.compile(r"2\s*contacts fit now"))
    await expect(found).to_contain_text("Rosa Lind")
    await page.get_by_label("How the rules are joined").nth(1).select_option(label="None of these")
    await expect(found).to_contain_text("Nele Sommer")
    await take_notes(page)
    await page.get_by_role("button", name="Save segment").click()
    await toasted(page, "Segment Growers saved")
    await page.wait_for_url(re.compile(r"/segments/\d+$"))
    await page.reload()
    await expect(page.get_by_label("How the rules are joined").nth(1)).to_have_value("none")
    await expect(page.get_by_label("Value").nth(2)).to_have_value("Lind")
    await expect(found).to_contain_text(re.compile(r"1\s*contact fits now"))
    await page.goto("/segments")
    await page.get_by_role("button", name="More for Growers").click()
    await page.get_by_role("menuitem", name="See its contacts").click()
    await expect(page.get_by_text("1 contact", exact=True)).to_be_visible()
    await expect(person(page, "Nele Sommer")).to_be_visible()
