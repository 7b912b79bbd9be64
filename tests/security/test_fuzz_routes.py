"""Every route with every kind of value, as the owner: never a 5xx, never half an answer, never a hang."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute

from campaign_app.core import crypto
from tests.security import enumerate as found
from tests.security.installation import Installation

ROUTES = found.routes()
PLACES = (
    "0",
    "-1",
    "1",
    "9" * 19,
    "9223372036854775808",
    "9" * 5_000,
    "1e9",
    "²",
    "é",
    "😀",
    "%00",
    "%FF",
    "..",
    "<reflex.Var>x</reflex.Var>",
    "x" * 3_000,
    "true",
    "[]",
    "A" * 24,
    "-" * 24,
)
FORM = "application/x-www-form-urlencoded"
MAIL = b"From: \x00\r\nMessage-ID: <\xff\xfe>\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\x00"
PART = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\x00\xff\r\n--x--'
BODIES: tuple[tuple[str, bytes], ...] = (
    (FORM, b""),
    (FORM, b"email=a%00%40b.c&password=%00&name=%00&token=%00&next=%00"),
    (FORM, b"email=%ED%A0%80&password=%FF&name=%F0%9F&token=%C3%A9&next=//x"),
    (FORM, b"email=" + b"9" * 5_000 + b"&password=" + b"p" * 100_000),
    ("application/json", b'{"id": ' + b"9" * 5_000 + b"}"),
    ("application/json", b'["\\ud800", null, {"a": 1e999}]'),
    ("multipart/form-data; boundary=x", PART),
    ("multipart/form-data", b"no boundary"),
    ("message/rfc822", MAIL),
    ("text/csv", b"E-Mail;\x00\r\n\xff\xfe\r\n" + b"a;" * 5_000),
)


def _encoded(value: str) -> str:
    return value if value.startswith("%") else quote(value, safe="")


def _requests(route: APIRoute) -> Iterator[tuple[str, str, dict[str, Any]]]:
    places = found.places(route)
    queries = [field.alias for field in route.dependant.query_params] or ["more"]
    for method in sorted(route.methods):
        for value in PLACES:
            path = route.path
            for name in places:
                path = path.replace("{" + name + "}", _encoded(value))
            yield method, path, {}
            if not places:
                asked = "&".join(f"{name}={_encoded(value)}" for name in queries)
                yield method, f"{path}?{asked}", {}
        if method not in {"GET", "HEAD"}:
            path = route.path
            for name in places:
                path = path.replace("{" + name + "}", "1")
            for kind, body in BODIES:
                yield method, path, {"content": body, "headers": {"Content-Type": kind}}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{'+'.join(sorted(route.methods))} {route.path}")
async def test_no_route_breaks(route: APIRoute, installation: Installation) -> None:
    sent = 0
    token = await installation.sign_in("owner")
    async with installation.browser(token) as browser:
        for method, path, more in _requests(route):
            answer = await browser.request(method, path, timeout=20, **more)
            assert answer.status_code < 500, (method, path[:200], answer.text[:500])
            sent += 1
    print(f"\n{route.path}: {sent} requests")


def test_there_are_routes() -> None:
    print(f"\n{len(ROUTES)} routes")
    assert len(ROUTES) > 15


@pytest.mark.parametrize("segment", ["1", "77", "9223372036854775807"])
async def test_an_export_of_what_is_not_there_is_no_file(segment: str, installation: Installation) -> None:
    async with installation.browser(installation.owner) as browser:
        answer = await browser.get(f"/files/contacts.csv?segment_id={segment}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"]


@pytest.mark.parametrize(("kind", "body"), BODIES)
async def test_signed_mail_may_hold_anything(kind: str, body: bytes, installation: Installation) -> None:
    key = crypto._derive(installation.stack.secret, "hooks mail", 32)
    made = hmac.digest(key, body, hashlib.sha256).hex()
    async with httpx.AsyncClient(base_url=installation.url, timeout=20) as server:
        headers = {"X-Beacon-Signature": made, "Content-Type": kind}
        answer = await server.post("/hooks/mail", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("length", ["9" * 5_000, "9" * 30, "-1", "1e3", "\xb2"])
async def test_a_length_that_is_no_size_is_refused(length: str, installation: Installation) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.stack.web_port)
    head = f"POST /auth/login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(12), 20)
    writer.close()
    await writer.wait_closed()
    assert answer[9:10] in {b"", b"4"}  # refused, or the connection is closed without a word
