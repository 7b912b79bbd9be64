"""The guard, over a real socket: origins, sessions, sizes, headers, proxies, paths."""

import asyncio

import aiohttp
import httpx
import pytest

from campaign_app.api import guard
from campaign_app.core.config import settings
from tests.api.conftest import set_up

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Referer": "https://evil.example/page"},
]


def own_origin(client: httpx.AsyncClient) -> str:
    return str(client.base_url).rstrip("/")


@pytest.mark.parametrize("headers", FOREIGN)
async def test_other_sites_cannot_post(sqlite_client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await sqlite_client.post("/anything", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_origin"


async def test_our_own_pages_and_programs_can_post(sqlite_client: httpx.AsyncClient) -> None:
    for headers in (
        {"Origin": own_origin(sqlite_client)},
        {"Sec-Fetch-Site": "same-origin"},
        {"Referer": own_origin(sqlite_client) + "/x"},
        {},
    ):
        assert (await sqlite_client.post("/anything", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/u/token", "/t/token", "/hooks/mail"])
async def test_recipients_and_providers_post_from_anywhere_without_cookies(
    sqlite_client: httpx.AsyncClient, path: str
) -> None:
    headers = {"Origin": "https://mail.example", "Cookie": "beacon_session=stolen"}
    answer = await sqlite_client.post(path, headers=headers)
    assert answer.status_code != 403
    if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
        assert answer.json().get("cookie", "") == ""


async def open_socket(client: httpx.AsyncClient, headers: dict[str, str], text: str = "3") -> str:
    async with aiohttp.ClientSession() as session:
        url = own_origin(client).replace("http", "ws") + "/_event"
        async with session.ws_connect(url, headers=headers, max_msg_size=0) as socket:
            await socket.send_str(text)
            message = await socket.receive(timeout=10)
            return str(message.data)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_other_sites_get_no_socket(sqlite_client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await open_socket(sqlite_client, headers)


async def test_our_own_socket_opens_and_refuses_huge_messages(sqlite_client: httpx.AsyncClient) -> None:
    own = {"Origin": own_origin(sqlite_client)}
    assert await open_socket(sqlite_client, own) == "1"
    assert await open_socket(sqlite_client, own, "x" * (5 << 20)) == "1009"


@pytest.mark.parametrize("path", ["/_upload", "/files/contacts.csv", "/files/imports/1/rejected"])
async def test_uploads_and_files_need_a_session(sqlite_client: httpx.AsyncClient, path: str) -> None:
    for answer in (await sqlite_client.get(path), await sqlite_client.post(path, content=b"x")):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthenticated"
    stolen = {"Cookie": "beacon_session=made-up"}
    assert (await sqlite_client.get(path, headers=stolen)).status_code == 401
    await set_up(sqlite_client)
    assert (await sqlite_client.post("/_upload", content=b"x")).json()["size"] == 1


@pytest.mark.logs("request failed")
async def test_bodies_over_the_limit_are_refused_with_and_without_a_length(sqlite_client: httpx.AsyncClient) -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(20):
            yield b"x" * 100_000

    announced = await sqlite_client.post("/anything", content=b"x" * 2_000_000)
    unannounced = await sqlite_client.post("/anything", content=pieces())
    for answer in (announced, unannounced):
        assert answer.status_code == 413
        assert "1 MB" in answer.json()["error"]["message"]
    assert (await sqlite_client.post("/anything", content=b"x" * 900_000)).json()["size"] == 900_000


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/auth/logout", 100_000, 303),
        ("/auth/logout", 8_000_000, 413),
        ("/files/imports", 8_000_000, 401),
        ("/anything", 8_000_000, 413),
    ],
)
async def test_a_body_that_nobody_wants_is_read_and_the_connection_goes_on(
    sqlite_client: httpx.AsyncClient, path: str, size: int, status: int
) -> None:
    """Closed with a body half read it is reset: the browser (or a proxy) sees no answer, or the next request fails."""
    for _ in range(10):
        assert (await sqlite_client.post(path, content=b"x" * size)).status_code == status
        assert (await sqlite_client.get("/x")).status_code == 200


async def test_a_body_that_never_comes_is_not_waited_for(
    sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_READ_REST_S", 0.2)
    reader, writer = await asyncio.open_connection(sqlite_client.base_url.host, sqlite_client.base_url.port)
    writer.write(b"POST /auth/logout HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nx")
    assert (await reader.readline()).startswith(b"HTTP/1.1 303")  # at once
    await asyncio.wait_for(reader.read(), 20)  # to the end: the connection is closed
    writer.close()


async def test_uploads_have_a_limit_of_their_own(
    sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(sqlite_client)
    monkeypatch.setenv("BEACON_UPLOAD_LIMIT_MB", "3")
    settings.cache_clear()
    assert (await sqlite_client.post("/_upload", content=b"x" * 2_000_000)).status_code == 200
    assert (await sqlite_client.post("/_upload", content=b"x" * 3_500_000)).status_code == 413


async def test_every_answer_carries_the_security_headers(sqlite_client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/health", "/login", "/nowhere/at/all", "/files/none"):
        headers = (await sqlite_client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


async def test_a_route_keeps_its_own_headers(sqlite_client: httpx.AsyncClient) -> None:
    headers = (await sqlite_client.get("/own")).headers
    assert headers["content-security-policy"] == "sandbox"
    assert headers["cache-control"] == "private"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/assets/app-BkVO4Gy.js", "public, max-age=31536000, immutable"),
        ("/login", "no-cache"),
        ("/api/health", "no-store"),
        ("/beacon.css", None),
    ],
)
async def test_caching(sqlite_client: httpx.AsyncClient, path: str, rule: str | None) -> None:
    assert (await sqlite_client.get(path)).headers.get("cache-control") == rule


async def test_forwarded_headers_count_only_from_trusted_proxies(
    sqlite_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.2", "X-Forwarded-Proto": "https"}
    monkeypatch.setenv("BEACON_TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")
    settings.cache_clear()
    answer = await sqlite_client.get("/x", headers=forwarded)
    assert answer.json()["ip"] == "203.0.113.9"
    assert answer.json()["scheme"] == "https"
    assert "strict-transport-security" in answer.headers
    monkeypatch.setenv("BEACON_TRUSTED_PROXIES", "10.0.0.0/8")
    settings.cache_clear()
    seen = (await sqlite_client.get("/x", headers=forwarded)).json()
    assert (seen["ip"], seen["scheme"], seen["forwarded"]) == ("127.0.0.1", "http", "")


async def test_prerendered_pages_answer_without_a_redirect(sqlite_client: httpx.AsyncClient) -> None:
    answer = await sqlite_client.get("/login?error=credentials")
    assert answer.status_code == 200
    assert answer.text == "<p>page</p>"
    assert (await sqlite_client.get("/campaigns/5")).json()["path"] == "/campaigns/5"
