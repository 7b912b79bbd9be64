"""Unusual import files: a line that names the delimiter, titles, old encodings, short rows, odd cells."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from campaign_app.audience import imports
from campaign_app.audience.errors import EncodingUnknown, FileUnusable
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Invalid
from campaign_app.models.contact import Contact
from campaign_app.models.user import Role
from tests.conftest import MakeActor

pytestmark = pytest.mark.usefixtures("redis_url")
CASES = Path(__file__).parents[1] / "data" / "cases"


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


async def people() -> dict[str, Contact]:
    async with db.reading() as session:
        return {row.email.partition("@")[0]: row for row in await session.exec(select(Contact))}


async def upload(actor: Actor, content: bytes) -> int:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    async with db.transaction() as session:
        return int((await imports.create_from_upload(session, actor, "people.csv", stream())).id or 0)


@pytest.mark.parametrize("name", ["csv-sep-line.csv", "csv-sep-comma.csv"])
async def test_a_first_line_may_name_the_delimiter(actor: Actor, name: str) -> None:
    report = await imports.run_now(CASES / name)
    assert (report["data_rows"], report["contacts_created"], report["rejected"]) == (2, 2, {})
    assert {row.first_name for row in (await people()).values()} == {"Ann", "Bob"}


@pytest.mark.parametrize("sign", [";", ",", "\t", "|", "^", "~"])
async def test_any_sign_may_be_named(actor: Actor, sign: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"\ufeffSEP={sign}\r\nEmail{sign}First name\r\nann@d1.example{sign}Ann\r\n")
    assert (await imports.run_now(path))["contacts_created"] == 1
    assert (await people())["ann"].first_name == "Ann"


async def test_a_line_that_names_the_wrong_delimiter_is_passed_over(actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("sep=;\nEmail,First name\nann@d1.example,Ann\n")
    assert (await imports.run_now(path))["contacts_created"] == 1
    assert (await people())["ann"].first_name == "Ann"


async def test_titles_above_the_headings_are_proposed_to_be_passed_over(actor: Actor) -> None:
    import_id = await upload(actor, (CASES / "csv-title-above.csv").read_bytes())
    async with db.transaction() as session:
        seen = await imports.inspect(session, actor, import_id)
        assert (seen.rows_above, seen.rows) == (1, 1)
        assert [column.proposed for column in seen.columns] == ["email", "first_name", "attribute:city"]
        assert seen.first_rows[0][0] == "Newsletter subscribers 2026"
        await imports.read_as(session, actor, import_id, rows_above=0)
        seen = await imports.inspect(session, actor, import_id)
        assert (seen.rows_above, seen.columns[0].heading) == (0, "Newsletter subscribers 2026")
        with pytest.raises(Invalid, match="no such row"):
            await imports.read_as(session, actor, import_id, rows_above=7)
    assert (await imports.run_now(CASES / "csv-title-above.csv"))["contacts_created"] == 1


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("Report\n\nEmail,First name\nann@d1.example,Ann\n", 1),
        ("Report of,2026\nby,Ines\nE-Mail,Vorname,Ort\nann@d1.example,Ann,Graz\n", 2),
        ("Report\nann@d1.example,Ann\nbob@d1.example,Bob\n", 1),
        ("Email\nann@d1.example\n", 0),
        ("Email list\nann@d1.example\n", 0),
        ("ann@d1.example,Ann\nEmail,Name\n", 0),
    ],
)
async def test_where_the_table_begins(actor: Actor, text: str, above: int) -> None:
    import_id = await upload(actor, text.encode())
    async with db.reading() as session:
        assert (await imports.inspect(session, actor, import_id)).rows_above == above


@pytest.mark.parametrize(
    ("name", "codec", "right"),
    [
        ("csv-cp1250.csv", "cp1250", {"pawel4": ("Paweł", "Głęcki"), "zo4": ("Żofia", "Ćwik")}),
        ("csv-cp1251.csv", "cp1251", {"anna5": ("Анна", "Иванова")}),
    ],
)
async def test_old_encodings_are_right_or_asked(
    actor: Actor, name: str, codec: str, right: dict[str, tuple[str, str]]
) -> None:
    raw = (CASES / name).read_bytes()
    right = {key: value for key, value in right.items() if value[1].encode(codec) in raw} or right
    import_id = await upload(actor, raw)
    async with db.reading() as session:
        seen = await imports.inspect(session, actor, import_id)
    assert seen.encoding == codec
    assert not seen.asks_encoding or any(choice.codec == codec and choice.samples for choice in seen.encodings)
    assert (await imports.run_now(CASES / name, encoding=codec))["rejected"] == {}
    found = await people()
    for key, (first, _) in right.items():
        assert found[key].attributes | {"first": found[key].first_name}
        assert first in {found[key].first_name, *found[key].attributes.values()}


async def test_what_can_be_read_in_several_ways_is_never_guessed(actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("Email,First name\nann@d1.example,Muñoz\n".encode("cp1252"))
    with pytest.raises(EncodingUnknown) as unknown:
        await imports.run_now(path)
    assert {codec for codec, _, _ in unknown.value.candidates} >= {"cp1252", "cp1250"}
    import_id = await upload(actor, path.read_bytes())
    async with db.transaction() as session:
        seen = await imports.inspect(session, actor, import_id)
        mapping = {str(column.index): column.proposed for column in seen.columns}
        assert seen.asks_encoding
        assert {sample for choice in seen.encodings for sample in choice.samples} >= {"Muñoz", "Muńoz"}
        with pytest.raises(Invalid, match="Choose the encoding"):
            await imports.start(session, actor, import_id, mapping)
        await imports.read_as(session, actor, import_id, encoding="cp1250")
        await imports.start(session, actor, import_id, mapping)
    assert (await imports.run_now(path, encoding="cp1252"))["contacts_created"] == 1
    assert (await people())["ann"].first_name == "Muñoz"


@pytest.mark.parametrize(("codec", "why"), [("utf-8", "not written in this encoding"), ("rot13", "no encoding")])
async def test_an_encoding_that_does_not_fit_is_refused(actor: Actor, codec: str, why: str) -> None:
    import_id = await upload(actor, (CASES / "csv-cp1250.csv").read_bytes())
    async with db.transaction() as session:
        with pytest.raises(Invalid, match=why):
            await imports.read_as(session, actor, import_id, encoding=codec)


async def test_rows_that_lack_only_empty_cells_are_taken(actor: Actor) -> None:
    report = await imports.run_now(CASES / "csv-short-rows.csv")
    assert (report["contacts_created"], report["rejected"]) == (3, {})


async def test_rows_that_lack_cells_which_others_always_fill_are_not(actor: Actor, tmp_path: Path) -> None:
    rows = [f"p{n}@d1.example,Ann,Weber,{'x' if n % 2 else ''}" for n in range(40)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["Email,First name,Last name,Note", *rows, "short@d1.example,Bo,Lee", "torn@d1.example"]))
    report = await imports.run_now(path)
    assert (report["contacts_created"], report["rejected"]) == (41, {"wrong number of columns": 1})
    assert (await people())["short"].last_name == "Lee"


async def test_odd_cells(actor: Actor) -> None:
    import_id = await upload(actor, (CASES / "csv-odd-cells.csv").read_bytes())
    async with db.reading() as session:
        columns = (await imports.inspect(session, actor, import_id)).columns
        mapping = {str(column.index): column.proposed for column in columns}
        looked = await imports.preview(session, actor, import_id, mapping, "DE")
    report = await imports.run_now(CASES / "csv-odd-cells.csv")
    assert report["rejected"] == {"email not valid": 1}
    assert [row.error for row in looked.problems if row.error] == ["Two addresses in one cell"]
    assert report["warnings"] == {"phone cut by a spreadsheet (4.9E+12), left empty": 1}
    assert [row.warnings for row in looked.problems if row.row == 2] == [list(report["warnings"])]
    found = await people()
    assert set(found) == {"ann8", "bob8", "dan8", "eve8", "fay8", "gus8", "hal8"}
    assert (found["bob8"].phone, found["bob8"].attributes) == ("+4915120001234", {"joined": "00123"})
    assert (found["hal8"].phone, found["ann8"].phone) == ("+4915120001235", "")


async def test_no_more_than_200_columns(actor: Actor) -> None:
    def file(columns: int) -> bytes:
        row: list[Any] = ["email", *(f"c{n}" for n in range(columns - 1))]
        return "\n".join([",".join(row), "ann@d1.example" + ",x" * (columns - 1)]).encode()

    await upload(actor, file(200))
    with pytest.raises(FileUnusable, match="201 columns"):
        await upload(actor, file(201))
