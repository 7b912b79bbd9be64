"""Media over a real socket: in for who may, out for everybody, as what they are."""

import httpx
import pytest

from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.config import settings
from campaign_app.media import service, types
from campaign_app.models.user import Role
from tests.api.conftest import set_up
from tests.api.test_files import sign_in_as
from tests.media import samples


async def upload(client: httpx.AsyncClient, data: bytes, name: str = "photo.png") -> httpx.Response:
    return await client.post("/files/media", params={"filename": name}, content=data)


async def test_a_file_goes_in_once_and_out_to_anybody(client: httpx.AsyncClient) -> None:
    await set_up(client)
    answer = await upload(client, samples.png(30, 20), "Über uns.png")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["type"], made["width"], made["height"], made["is_new"]) == ("image/png", 30, 20, True)
    again = await upload(client, samples.png(30, 20))
    assert (again.status_code, again.json()["id"], again.json()["is_new"]) == (200, made["id"], False)
    client.cookies.clear()
    path = made["address"].removeprefix(settings().server_url)
    for method in ("GET", "HEAD"):
        image = await client.request(method, path)
        assert image.status_code == 200
        assert image.headers["content-type"] == "image/png"
        assert image.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert image.headers["x-content-type-options"] == "nosniff"
        assert image.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "content-disposition" not in image.headers
        assert "set-cookie" not in image.headers
        assert image.content == (samples.png(30, 20) if method == "GET" else b"")
    renamed = path.rsplit("/", 1)[0] + "/another-name.html"
    assert (await client.get(renamed)).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(samples.pdf(), "application/pdf"), (samples.mp4(), "video/mp4"), (samples.mp3(), "audio/mpeg")],
)
async def test_what_is_no_image_is_saved_and_not_opened(
    sqlite_client: httpx.AsyncClient, data: bytes, content_type: str
) -> None:
    await set_up(sqlite_client)
    made = (await upload(sqlite_client, data, "Preis liste ä.html")).json()
    answer = await sqlite_client.get(made["address"].removeprefix(settings().server_url))
    assert answer.headers["content-type"] == content_type
    assert answer.headers["content-disposition"].startswith('attachment; filename="Preis_liste__.')
    part = await sqlite_client.get(made["address"].removeprefix(settings().server_url), headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, data[:4])


@pytest.mark.parametrize(
    "path",
    [
        "/media/" + "x" * 22 + "/photo.png",
        "/media/../../secret.key",
        "/media/%2e%2e/secret.key",
        "/media/..%2f..%2fsecret.key/x.png",
        "/media/incoming/x",
        "/media/%ff%fe/x.png",
    ],
)
async def test_an_address_that_was_not_given_out_gives_nothing(sqlite_client: httpx.AsyncClient, path: str) -> None:
    (settings().var_dir / "secret.key").write_text("the key")
    answer = await sqlite_client.get(path)
    assert "the key" not in answer.text
    assert answer.status_code in {404, 200}
    assert answer.status_code == 404 or answer.json()["path"]  # no route of ours: a page's


async def test_a_deleted_file_is_gone_at_once(sqlite_client: httpx.AsyncClient) -> None:
    await set_up(sqlite_client)
    made = (await upload(sqlite_client, samples.gif(), "a.gif")).json()
    path = made["address"].removeprefix(settings().server_url)
    async with db.transaction() as session:
        await service.delete(session, SYSTEM, made["id"])
    answer = await sqlite_client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


async def test_who_may_not_and_what_is_too_large(
    sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await upload(sqlite_client, samples.png())).status_code == 401
    await set_up(sqlite_client)
    await sign_in_as(sqlite_client, Role.VIEWER)
    assert (await upload(sqlite_client, samples.png())).status_code == 403
    await sign_in_as(sqlite_client, Role.MARKETER)
    assert (await upload(sqlite_client, b"<svg onload=alert(1)>")).status_code == 422
    monkeypatch.setattr(types, "LARGEST", 2 << 20)
    assert (await upload(sqlite_client, b"x" * (3 << 20))).status_code == 413
    foreign = await sqlite_client.post(
        "/files/media", content=samples.png(), headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
