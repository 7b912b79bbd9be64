"""The messy file goes in through the page: columns proposed, rows checked, run watched, result read, done twice."""

import csv
import json
import re
from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import open_session
from tests.stack import Stack

DATA = Path(__file__).parents[1] / "data"
FILE = DATA / "contacts-messy.csv"
EXPECTED = json.loads((DATA / "contacts-messy.expected.json").read_text())
REJECTED = sum(EXPECTED["rejected"].values())


async def upload(page: Page, file: Path | dict[str, object]) -> None:
    await page.goto("/imports")
    await page.get_by_role("heading", name="Imports", level=1).wait_for()
    await page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]


async def start(page: Page) -> None:
    await page.get_by_role("button", name="Import contacts").click()
    await expect(page.get_by_role("region", name="Progress")).to_contain_text("Added")


def counter(page: Page, word: str, number: int) -> re.Pattern[str]:
    return re.compile(rf"{word}\s*{number:,}(?!\d)")


async def test_the_messy_file_is_imported_and_the_second_time_changes_nothing(signed_in: Page) -> None:
    page = signed_in
    await upload(page, FILE)
    await page.get_by_role("heading", name="contacts-messy.csv", level=1).wait_for()
    await expect(page.get_by_text(re.compile("10,000 rows, semicolon"))).to_be_visible()
    for heading, field in (
        ("E-Mail Address", "email"),
        ("Vorname", "first_name"),
        ("Firma", "company"),
        ("Mobile", "phone"),
        ("Zeitzone", "time_zone"),
        ("Newsletter Tags", "tags"),
        ("LTV €", "attribute"),
    ):
        await expect(page.get_by_label(f"Where {heading} goes")).to_have_value(field)
    preview = page.get_by_role("table", name="Rows of the file")
    await expect(preview.get_by_text(re.compile("e-mail", re.IGNORECASE)).last).to_be_visible()
    await page.get_by_role("tab", name="All rows").click()
    await expect(preview.get_by_text("c4895.meier@example.com")).to_be_visible()
    await page.get_by_label("Add to list").select_option("new")
    await page.get_by_label("Name of the new list").fill("Messy people")
    await start(page)
    progress = page.get_by_role("region", name="Progress")
    await expect(page.get_by_text("Completed")).to_be_visible(timeout=60_000)
    await expect(progress).to_contain_text("10,000 of 10,000 rows")
    await expect(progress).to_contain_text(counter(page, "Added", EXPECTED["contacts_created"]))
    await expect(progress).to_contain_text(counter(page, "Left out", REJECTED))
    await the_result_is_as_expected(page)
    await the_rejected_rows_can_be_had(page)
    await page.goto("/lists")
    await expect(page.get_by_role("row", name=re.compile("Messy people"))).to_contain_text("9,000")
    await upload(page, FILE)
    await start(page)
    await expect(page.get_by_text("Completed")).to_be_visible(timeout=60_000)
    await expect(progress).to_contain_text(counter(page, "Added", 0))
    await page.goto("/imports")
    await expect(page.get_by_role("row", name=re.compile("contacts-messy.csv"))).to_have_count(2)


async def the_result_is_as_expected(page: Page) -> None:
    shown = {
        **{f"Left out: {reason}": count for reason, count in EXPECTED["rejected"].items()},
        **{reason[:1].upper() + reason[1:]: count for reason, count in EXPECTED["warnings"].items()},
        "Duplicates merged": EXPECTED["duplicates_merged"],
    }
    terms, figures = page.get_by_role("term"), page.get_by_role("definition")
    names, numbers = await terms.all_inner_texts(), await figures.all_inner_texts()
    assert dict(zip(names, numbers, strict=True)) == {name: f"{count:,}" for name, count in shown.items()}


async def the_rejected_rows_can_be_had(page: Page) -> None:
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download rejected rows").click()
    path = await (await download.value).path()
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines, delimiter=";"))
    assert len(rows) - 1 == REJECTED


async def test_a_file_that_is_no_csv_is_told_and_nothing_is_kept(context: BrowserContext, stack: Stack) -> None:
    await open_session(context, stack)
    page = await context.new_page()  # not watched: Chromium logs the refusal as an error of its own
    await upload(page, {"name": "picture.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n\0\0\0" * 50})
    await expect(page.get_by_role("alert")).to_contain_text(re.compile("not|no ", re.IGNORECASE))
    await page.reload()
    await expect(page.get_by_text("picture.csv")).to_have_count(0)


async def test_letters_that_can_be_read_in_several_ways_are_asked_for(signed_in: Page) -> None:
    page = signed_in
    content = "Annual fair,\nEmail,First name\nann.fair@example.com,Muñoz\n".encode("cp1252")
    await upload(page, {"name": "old.csv", "mimeType": "text/csv", "buffer": content})
    await page.get_by_role("heading", name="old.csv", level=1).wait_for()
    await expect(page.get_by_label("Headings")).to_have_value("1")
    await expect(page.get_by_role("button", name="Import contacts")).to_be_disabled()
    await page.get_by_role("radio", name=re.compile("Muñoz.*Western European")).click()
    await expect(page.get_by_role("button", name="Import contacts")).to_be_enabled()
    await start(page)
    await expect(page.get_by_text("Completed")).to_be_visible()
