"""CSV imports: the report, the same file twice, a run that is killed, cancel, and files that cannot be read."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from campaign_app.audience import exports, import_files, import_run, import_store, imports, jobs, service
from campaign_app.audience.errors import FileUnusable, ImportState
from campaign_app.audience.schemas import ContactQuery, ContactSort
from campaign_app.core import db, redis
from campaign_app.core.actor import Actor
from campaign_app.core.errors import Forbidden, Invalid
from campaign_app.models.contact import Contact
from campaign_app.models.contact_import import ContactImport, ImportStatus
from campaign_app.models.user import Role
from tests.conftest import MakeActor, count_rows

pytestmark = pytest.mark.usefixtures("redis_url")
DATA = Path(__file__).parents[1] / "data"
MESSY = DATA / "contacts-messy.csv"
EXPECTED = json.loads((DATA / "contacts-messy.expected.json").read_text())


@pytest.fixture
async def actor(database: str, make_actor: MakeActor) -> Actor:
    return await make_actor(Role.MARKETER)


async def _stream(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def upload(actor: Actor, content: bytes, name: str = "contacts.csv") -> int:
    async with db.transaction() as session:
        return int((await imports.create_from_upload(session, actor, name, _stream(content))).id or 0)


async def start(actor: Actor, import_id: int, **more: Any) -> None:
    async with db.transaction() as session:
        columns = (await imports.inspect(session, actor, import_id)).columns
        mapping = {str(column.index): column.proposed for column in columns}
        await imports.start(session, actor, import_id, mapping, **more)


async def row_of(import_id: int) -> ContactImport:
    async with db.reading() as session:
        found = await session.get(ContactImport, import_id)
        assert found is not None
        return found


async def fingerprint() -> list[tuple[Any, ...]]:
    """Everything that an import may change, except ids and times of creation."""
    async with db.reading() as session:
        rows = await session.exec(select(Contact).order_by(Contact.identity))
        names = ("identity", "phone", "first_name", "last_name", "company", "time_zone", "sort_name", "updated_at")
        return [(*(getattr(row, name) for name in names), json.dumps(row.attributes)) for row in rows]


async def test_the_messy_file_gives_the_expected_report_and_twice_changes_nothing(actor: Actor) -> None:
    assert await imports.run_now(MESSY, "Leads", "DE") == EXPECTED
    first = await fingerprint()
    again = await imports.run_now(MESSY, "Leads", "DE")
    assert again == {**EXPECTED, "contacts_created": 0, "duplicates_merged": 9_600}
    assert await fingerprint() == first
    assert await count_rows("list_member") == 9_000
    async with db.reading() as session:
        assert [row.members for row in await service.lists(session, actor)] == [9_000]
        tags = {row.name: row.members for row in await service.tags(session, actor)}
        assert set(tags) == {"vip", "beta", "news"}
        assert sum(tags.values()) == await count_rows("contact_tag")
        found = await service.list_contacts(session, actor, ContactQuery(search="initech west", sort=ContactSort.NAME))
        assert {row.company for row in found.rows} == {"Initech West Wing"}


async def test_upload_inspect_preview_start_run(actor: Actor) -> None:
    import_id = await upload(actor, MESSY.read_bytes(), "C:\\Users\\ines\\leads.csv")
    async with db.transaction() as session:
        seen = await imports.inspect(session, actor, import_id)
        assert (seen.encoding, seen.delimiter, seen.rows, seen.has_headings) == ("utf-8-sig", ";", 10_000, True)
        mapping = {str(column.index): column.proposed for column in seen.columns}
        assert list(mapping.values()) == [
            "email", "first_name", "last_name", "company", "phone", "time_zone", "tags", "attribute:ltv",
        ]  # fmt: skip
        looked = await imports.preview(session, actor, import_id, mapping, "DE")
        assert looked.total == 10_000
        assert any(row.error == "The address has no @ sign" and row.bad == [0] for row in looked.problems)
        await imports.start(session, actor, import_id, mapping, "DE", list_name="Leads")
        assert await redis.client().zcard("beacon:work") == 0
    assert await redis.client().zcard("beacon:work") == 1
    with pytest.raises(ImportState):
        await start(actor, import_id)
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert (row.filename, row.status, row.result) == ("leads.csv", ImportStatus.COMPLETED, EXPECTED)
    told = json.loads(await redis.client().get(f"progress:last:import:{import_id}") or "{}")
    assert (told["status"], told["rows_done"], told["rejected"]) == ("completed", 10_000, 400)
    async with db.reading() as session:
        left_out = await imports.rejected_rows(session, actor, import_id, limit=1_000)
        path, name = await imports.rejected_file(session, actor, import_id)
        contact = (await service.list_contacts(session, actor, ContactQuery(search="c4895"))).rows[0]
        assert (await service.get_contact(session, actor, contact.id)).source == "Import of leads.csv"
        assert "leads.csv" in (await service.timeline(session, actor, contact.id))[-1].title
    assert len(left_out) == 400
    assert left_out[0].reason == "email not valid: The address has no @ sign"
    assert name == "leads-left-out.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


async def test_the_file_of_rows_left_out_imports_once_it_is_mended(actor: Actor) -> None:
    import_id = await upload(actor, b"email,first name,note\na@b,=1+1,x\nok@example.com,'=2,y\n,,z\n")
    await start(actor, import_id)
    await jobs.run_import({}, import_id)
    async with db.reading() as session:
        path, _ = await imports.rejected_file(session, actor, import_id)
        assert (await service.list_contacts(session, actor, ContactQuery())).rows[0].first_name == "=2"
    text = path.read_text("utf-8-sig")
    assert text.splitlines()[1].startswith("2,a@b,'=1+1,x,")
    again = await upload(actor, text.replace("a@b", "a@b.example.com").encode())
    await start(actor, again)
    await jobs.run_import({}, again)
    async with db.reading() as session:
        found = await service.list_contacts(session, actor, ContactQuery(search="a@b"))
    assert [row.first_name for row in found.rows] == ["=1+1"]


async def test_dies_at_any_chunk_and_ends_the_same(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 1_500)
    real = import_store.write

    async def dying(*args: Any, **kw: Any) -> import_store.WrittenChunk:
        done = await real(*args, **kw)
        left.append(1)
        if len(left) in {1, 3, 7}:
            raise ConnectionResetError("the worker was killed")  # after the rows, before the checkpoint
        return done

    left: list[int] = []
    import_id = await upload(actor, MESSY.read_bytes())
    await start(actor, import_id, list_name="L")
    monkeypatch.setattr(import_store, "write", dying)
    monkeypatch.setattr(import_run, "run", _carry)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await jobs.run_import({}, import_id)
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert (row.status, row.rows_done, row.result) == (ImportStatus.COMPLETED, 10_000, EXPECTED)
    async with db.reading() as session:
        assert len(await imports.rejected_rows(session, actor, import_id, limit=1_000)) == 400
        assert [one.members for one in await service.lists(session, actor)] == [9_000]
    assert await count_rows("contact") == 9_000


async def _carry(import_id: int) -> None:
    """Like `run`, without its handling of files that cannot be read."""
    row = await import_run._claim(import_id)
    assert row is not None
    try:
        await import_run.Runner(row).work()
    except ConnectionResetError as error:
        raise RuntimeError from error


_KILLED = """
import asyncio, sys
from campaign_app.audience import import_run
import_run.CHUNK = 250
asyncio.run(import_run.run(int(sys.argv[1])))
"""


async def test_killed_with_sigkill_and_run_again(actor: Actor) -> None:
    import_id = await upload(actor, MESSY.read_bytes())
    await start(actor, import_id, list_name="L")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, str(import_id), env=dict(os.environ))
    try:
        while (await row_of(import_id)).rows_done < 1_000:
            assert process.returncode is None
            await asyncio.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert 0 < (await row_of(import_id)).rows_done < 10_000
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert (row.status, row.result) == (ImportStatus.COMPLETED, EXPECTED)
    assert await count_rows("list_member") == 9_000


async def test_cancel_stops_between_chunks_and_keeps_what_is_in(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 1_000)
    import_id = await upload(actor, MESSY.read_bytes())
    await start(actor, import_id)
    real = import_run.Runner.tell

    async def tell(self: import_run.Runner, *, final: bool = False) -> None:
        if not final:
            async with db.transaction() as session:
                await imports.cancel(session, actor, import_id)
        await real(self, final=final)

    monkeypatch.setattr(import_run.Runner, "tell", tell)
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert (row.status, row.rows_done) == (ImportStatus.CANCELLED, 1_000)
    assert json.loads(await redis.client().get(f"progress:last:import:{import_id}") or "{}")["status"] == "cancelled"
    with pytest.raises(ImportState):
        async with db.transaction() as session:
            await imports.cancel(session, actor, import_id)


async def test_a_second_run_overtakes_the_first(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "CHUNK", 1_000)
    import_id = await upload(actor, MESSY.read_bytes())
    await start(actor, import_id)
    older = await import_run._claim(import_id)
    newer = await import_run._claim(import_id)
    assert older is not None
    assert newer is not None
    with pytest.raises(import_run.Overtaken):
        await import_run.Runner(older).work()
    await import_run.Runner(newer).work()
    assert (await row_of(import_id)).result == EXPECTED


async def test_lost_imports_are_taken_up_and_given_up_in_the_end(actor: Actor) -> None:
    import_id = await upload(actor, b"email\na@example.com\n")
    await start(actor, import_id)
    assert await jobs.resume_imports({}) == 0
    async with db.transaction() as session:
        row = await session.get(ContactImport, import_id)
        assert row is not None
        row.created_at -= 2 * jobs.LOST_AFTER
        session.add(row)
    assert await jobs.resume_imports({}) == 1
    assert await jobs.resume_imports({}) == 0
    for _ in range(import_run.MAX_ATTEMPTS):
        assert await import_run._claim(import_id) is not None
    assert await import_run._claim(import_id) is None
    assert (await row_of(import_id)).status == ImportStatus.FAILED


async def test_a_file_that_vanished_fails_with_words(actor: Actor) -> None:
    import_id = await upload(actor, b"email\na@example.com\n")
    await start(actor, import_id)
    import_files.absolute((await row_of(import_id)).path).unlink()
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert row.status == ImportStatus.FAILED
    assert "Upload it again" in row.error


async def test_old_files_are_deleted(actor: Actor) -> None:
    import_id = await upload(actor, b"email\na@example.com\n")
    path = import_files.absolute((await row_of(import_id)).path)
    assert await jobs.tidy_imports({}) == 0
    async with db.transaction() as session:
        row = await session.get(ContactImport, import_id)
        assert row is not None
        row.created_at -= 2 * jobs.KEEP_FILES
        session.add(row)
    assert await jobs.tidy_imports({}) == 1
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n;;;\n", "empty"),
        (b"PK\x03\x04....", "Excel"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "not a text file"),
        (bytes(range(256)) * 40, "not a text file"),
        (b"email,name\n", "no rows"),
        (b"just\nsome\nlines of text\n", "one column"),
        (b'email,name\na@example.com,"Anna\nb@example.com,Ben\n', "line 2 is never closed"),
        (b'email,name\na@example.com,"Anna" x\n', "line 2"),
        ("email,name\na@example.com,Zoë\n".encode() + "b@example.com,Jürgen\n".encode("cp1252"), "mixes encodings"),
    ],
)
async def test_what_cannot_be_read_is_refused_whole(actor: Actor, content: bytes, words: str) -> None:
    with pytest.raises(FileUnusable, match=words):
        await upload(actor, content)
    assert await count_rows("contact_import") == 0
    assert not list(import_files.absolute(import_files.FOLDER).glob("*"))


async def test_an_upload_over_the_limit_is_refused_while_it_comes(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaign_app.core.config import settings

    monkeypatch.setattr(settings(), "upload_limit_mb", 1)
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            sent.append(1)
            yield b"a@example.com\n" * 10_000

    with pytest.raises(FileUnusable, match="larger than 1 MB"):
        async with db.transaction() as session:
            await imports.create_from_upload(session, actor, "big.csv", endless())
    assert len(sent) < 20
    assert not list(import_files.absolute(import_files.FOLDER).glob("*"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_encodings_and_delimiters(
    sqlite_database: str, make_actor: MakeActor, encoding: str, delimiter: str
) -> None:
    actor = await make_actor(Role.MARKETER)
    lines = [("Correo electrónico", "Nombre", "Apellidos"), ("zoe@example.com", "Zoë", "Müller, Jr.\nII")]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    import_id = await upload(actor, text.encode(encoding))
    await start(actor, import_id)
    await jobs.run_import({}, import_id)
    async with db.reading() as session:
        rows = (await service.list_contacts(session, actor, ContactQuery())).rows
    assert [(row.first_name, row.last_name) for row in rows] == [("Zoë", "Müller, Jr. II")]


async def test_a_filled_cell_never_gives_way_to_an_empty_one(actor: Actor) -> None:
    first = b"email,first name,phone,plan\na@example.com,Anna,+4915120004895,gold\n"
    second = b"email,first name,company,plan,seats\nA@Example.com,,Acme,silver,3\n"
    for content in (first, second):
        import_id = await upload(actor, content)
        await start(actor, import_id)
        await jobs.run_import({}, import_id)
    async with db.reading() as session:
        row = (await service.list_contacts(session, actor, ContactQuery())).rows[0]
        contact = await service.get_contact(session, actor, row.id)
    assert (contact.first_name, contact.company, contact.phone) == ("Anna", "Acme", "+4915120004895")
    assert contact.attributes == {"plan": "silver", "seats": "3"}
    assert (await row_of(import_id)).checkpoint["changed"] == 1


async def test_without_updating_only_gaps_are_filled(actor: Actor) -> None:
    fresh, later = b"email,first name\na@example.com,Anna\n", b"email,first name,company\na@example.com,Ben,Acme\n"
    for content, update in ((fresh, True), (later, False)):
        import_id = await upload(actor, content)
        await start(actor, import_id, update_existing=update)
        await jobs.run_import({}, import_id)
    async with db.reading() as session:
        row = (await service.list_contacts(session, actor, ContactQuery())).rows[0]
    assert (row.first_name, row.company) == ("Anna", "Acme")


async def test_the_mapping_is_checked(actor: Actor) -> None:
    import_id = await upload(actor, b"email,name\na@example.com,Anna Berg\n")
    for mapping, words in (
        ({"0": "", "1": "full_name"}, "identifies the contact"),
        ({"0": "email", "1": "email"}, "Two columns"),
        ({"0": "email", "9": "company"}, "no column"),
        ({"0": "email", "1": "password"}, "not a field"),
        ({"0": "email", "1": "attribute:__class__"}, "not a field"),
    ):
        with pytest.raises(Invalid, match=words):
            async with db.transaction() as session:
                await imports.start(session, actor, import_id, mapping)
    with pytest.raises(Invalid, match="no country"):
        async with db.transaction() as session:
            await imports.preview(session, actor, import_id, {"0": "email"}, "XX")
    assert (await row_of(import_id)).status == ImportStatus.DRAFT


async def test_viewers_cannot_import(database: str, make_actor: MakeActor) -> None:
    viewer = await make_actor(Role.VIEWER)
    with pytest.raises(Forbidden):
        await upload(viewer, b"email\na@example.com\n")


async def test_an_export_imports_again_as_it_is(actor: Actor) -> None:
    await imports.run_now(MESSY, "Leads", "DE")
    before = await fingerprint()
    async with db.reading() as session:
        content = b"".join([piece async for piece in exports.contacts(session, actor, ContactQuery())])
        some = b"".join([piece async for piece in exports.contacts(session, actor, [1, 2, 10_000_000])])
    text = content.decode("utf-8-sig")
    assert "'=1+1" in text
    assert "'+cmd|calc" in text
    assert "+4915120004895" in text
    assert "'+49" not in text
    assert some.count(b"\r\n") == 3
    import_id = await upload(actor, content, "export.csv")
    await start(actor, import_id)
    await jobs.run_import({}, import_id)
    row = await row_of(import_id)
    assert row.result == {
        "data_rows": 9_000, "contacts_created": 0, "duplicates_merged": 9_000, "rejected": {}, "warnings": {},
    }  # fmt: skip
    assert await fingerprint() == before
