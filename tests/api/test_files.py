"""Files in and out over a real socket: streamed, permitted, defused, nothing left of a broken one."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import httpx
import pytest

from campaign_app.audit import service as audit
from campaign_app.auth import service as auth
from campaign_app.auth.schemas import NewUser
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.models.contact import Contact
from campaign_app.models.user import Role
from tests.api.conftest import PASSWORD, set_up
from tests.conftest import count_rows


async def sign_in_as(client: httpx.AsyncClient, role: Role) -> None:
    email = f"{role.value}@example.com"
    async with db.transaction() as session:
        await auth.create_user(session, SYSTEM, NewUser(email=email, name=role.label, role=role, password=PASSWORD))
    await client.post("/auth/login", data={"email": email, "password": PASSWORD})


async def add_contact(name: str = "Ana", email: str = "ana@example.com") -> None:
    async with db.transaction() as session:
        session.add(Contact(identity=email, email=email, domain="example.com", first_name=name))


def stored_uploads() -> int:
    return len(list((settings().var_dir / "imports").glob("*")))


async def eventually(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():  # noqa: ASYNC110  (files tell nobody that they changed)
            await asyncio.sleep(0.01)


def rows_of(answer: httpx.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_an_upload_is_streamed_and_looked_through(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"email,first name\r\n"
        for number in range(3):
            yield f"p{number}@example.com,P{number}\r\n".encode()

    await set_up(client)
    answer = await client.post("/files/imports?filename=kunden%20süd.csv", content=pieces())
    assert answer.status_code == 201, answer.text
    assert answer.json()["filename"] == "kunden süd.csv"
    assert await count_rows("contact_import") == 1
    assert await count_rows("contact") == 0


@pytest.mark.parametrize("body", [b"", b"\x00\x01\x02PNG" * 50, b"email\r\n"])
async def test_a_file_that_cannot_be_imported_says_why_and_is_not_kept(
    sqlite_client: httpx.AsyncClient, body: bytes
) -> None:
    await set_up(sqlite_client)
    answer = await sqlite_client.post("/files/imports?filename=x.csv", content=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert await count_rows("contact_import") == 0
    assert stored_uploads() == 0


@pytest.mark.logs("request failed")
async def test_an_upload_that_breaks_off_leaves_nothing(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    address = urlsplit(str(sqlite_client.base_url))
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    cookie = sqlite_client.cookies["beacon_session"]
    head = (
        f"POST /files/imports HTTP/1.1\r\nHost: x\r\nCookie: beacon_session={cookie}\r\nContent-Length: 500000\r\n\r\n"
    )
    writer.write(head.encode() + b"email\r\n" + b"a@example.com\r\n" * 500)
    await writer.drain()
    await eventually(lambda: stored_uploads() == 1)
    writer.close()
    await eventually(lambda: stored_uploads() == 0)
    assert await count_rows("contact_import") == 0


async def test_contacts_under_filters_with_formulas_defused(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await add_contact('=HYPERLINK("http://evil")')
    await add_contact("Bo", "bo@example.com")
    answer = await client.get("/files/contacts.csv")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    rows = rows_of(answer)
    assert len(rows) == 3
    assert "'=HYPERLINK" in answer.text
    assert len(rows_of(await client.get("/files/contacts.csv?search=bo@example.com"))) == 2
    assert (await client.get("/files/contacts.csv?list_id=abc")).status_code == 422


async def test_audit_log_as_csv_under_filters(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await sign_in_as(client, Role.MANAGER)
    answer = await client.get("/files/audit.csv?action=session.sign_in")
    rows = rows_of(answer)
    assert rows[0][3] == "Action"
    assert {row[3] for row in rows[1:]} == {"session.sign_in"}
    assert len(rows) == 3
    async with db.reading() as session:
        newest = (await audit.search(session, SYSTEM)).rows[0]
    assert (newest.action, newest.details) == ("audit.export", {"filters": {"action": "session.sign_in"}, "count": 2})


async def test_an_audit_log_of_many_batches(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    async with db.transaction() as session:
        for number in range(1_300):
            await audit.record(session, SYSTEM, "thing.update", "thing", number)
    rows = rows_of(await sqlite_client.get("/files/audit.csv?object_type=thing"))
    assert [row[5] for row in rows[1:]] == [str(number) for number in reversed(range(1_300))]


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.VIEWER, "/files/contacts.csv", 403),
        (Role.VIEWER, "/files/audit.csv", 403),
        (Role.MARKETER, "/files/audit.csv", 403),
        (Role.VIEWER, "/files/suppressions.csv", 200),
        (Role.VIEWER, "/files/imports/1/rejected", 403),
        (Role.MARKETER, "/files/imports/1/rejected", 404),
        (Role.MARKETER, "/files/contacts.csv", 200),
        (Role.MANAGER, "/files/audit.csv", 200),
    ],
)
async def test_who_may_download_what(sqlite_client: httpx.AsyncClient, role: Role, path: str, status: int) -> None:
    await sign_in_as(sqlite_client, role)
    answer = await sqlite_client.get(path)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["error"]["code"].startswith("forbidden:")


async def test_a_viewer_cannot_upload(sqlite_client: httpx.AsyncClient) -> None:
    await sign_in_as(sqlite_client, Role.VIEWER)
    answer = await sqlite_client.post("/files/imports", content=b"email\r\na@example.com\r\n")
    assert answer.status_code == 403
    assert await count_rows("contact_import") == 0


async def test_rejected_rows_come_as_the_import_wrote_them(sqlite_client: httpx.AsyncClient) -> None:
    from campaign_app import audience

    source = settings().var_dir / "some.csv"
    source.write_text("email,first name\r\nana@example.com,Ana\r\nno address,=1+1\r\n")
    await audience.imports.run_now(source)
    await set_up(sqlite_client)
    answer = await sqlite_client.get("/files/imports/1/rejected")
    assert answer.status_code == 200
    assert "no address" in answer.text
    assert 'filename="some-left-out.csv"' in answer.headers["content-disposition"]
