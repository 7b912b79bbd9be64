"""The media library: uploaded, looked at, used, deleted."""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import take_notes, toasted
from tests.media import samples


def file_row(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("table", name="Media").get_by_role("row", name=re.compile(name))


async def test_files_are_uploaded_described_and_deleted(signed_in: Page) -> None:
    page = signed_in
    await page.goto("/media")
    await page.get_by_role("heading", name="Add images and files").wait_for()
    await page.get_by_label("Files", exact=True).set_input_files(
        [
            {"name": "lake.png", "mimeType": "image/png", "buffer": samples.png(80, 60)},
            {"name": "hills.png", "mimeType": "image/png", "buffer": samples.png(90, 60)},
        ]
    )
    await expect(file_row(page, "lake.png")).to_contain_text("PNG, 80 × 60")
    image = file_row(page, "lake.png").locator("img")
    await expect(image).to_have_js_property("naturalWidth", 80)  # the public address gives the picture
    await page.get_by_role("button", name="lake.png", exact=True).click()
    dialog = page.get_by_role("dialog", name="lake.png")
    await expect(dialog).to_contain_text("No campaign and no template uses it.")
    await dialog.get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog", name="Edit lake.png")
    await form.get_by_label("Alternative text").fill("A lake in winter")
    await take_notes(page)
    await form.get_by_role("button", name="Save file").click()
    await toasted(page, "lake.png saved")
    await page.get_by_role("searchbox").fill("winter")
    await expect(file_row(page, "hills.png")).to_have_count(0)
    assert page.url.endswith("/media?search=winter")
    await page.reload()
    await expect(page.get_by_text("1 file", exact=True)).to_be_visible()
    await expect(page.get_by_role("searchbox")).to_have_value("winter")
    await page.get_by_role("searchbox").fill("")
    await expect(page.get_by_text("2 files", exact=True)).to_be_visible()
    await page.get_by_role("checkbox", name="Choose all rows on this page").click()
    await page.get_by_role("region", name="Chosen rows").get_by_role("button", name="Delete").click()
    await take_notes(page)
    await page.get_by_role("alertdialog", name="Delete 2 files?").get_by_role("button", name="Delete").click()
    await toasted(page, "2 files deleted")
    await page.get_by_role("heading", name="Add images and files").wait_for()
