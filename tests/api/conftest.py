"""The HTTP side as it runs: routes behind the guard, with two routes standing in for the pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from campaign_app.api.app import api
from campaign_app.api.guard import EdgeGuard
from campaign_app.auth import setup_link
from campaign_app.core import db
from tests.api.server import serving

PASSWORD = "correct horse battery"


async def echo(request: Request) -> Response:
    """What reaches the app."""
    body = await request.body()
    return JSONResponse(
        {
            "path": request.url.path,
            "scheme": request.url.scheme,
            "ip": request.client.host if request.client else "",
            "size": len(body),
            "forwarded": request.headers.get("x-forwarded-for", ""),
            "cookie": request.headers.get("cookie", ""),
        }
    )


async def page(_request: Request) -> Response:
    return HTMLResponse("<p>page</p>")


async def own_policy(_request: Request) -> Response:
    return PlainTextResponse("x", headers={"Content-Security-Policy": "sandbox", "Cache-Control": "private"})


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(len(await websocket.receive_text())))
    await websocket.close()


def pages() -> Starlette:
    """In the place of Reflex."""
    methods = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/login/", page),
            Route("/own", own_policy),
            WebSocketRoute("/_event", socket),
            Route("/{rest:path}", echo, methods=methods),
        ]
    )


def whole_app(folder: Path) -> EdgeGuard:
    """Composed as in campaign_app.campaign_app."""
    (folder / "login").mkdir()
    (folder / "login/index.html").touch()
    front = FastAPI(openapi_url=None)
    front.router.routes.extend(api.router.routes)
    front.exception_handlers.update(api.exception_handlers)
    front.mount("", pages())
    return EdgeGuard(front, folder)


@pytest.fixture
async def client(database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser-like client at the served app."""
    (tmp_path / "client").mkdir()
    async with serving(whole_app(tmp_path / "client")) as url, httpx.AsyncClient(timeout=60, base_url=url) as found:
        yield found


@pytest.fixture
async def sqlite_client(sqlite_database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The same for what has nothing to do with the database."""
    (tmp_path / "client").mkdir()
    async with serving(whole_app(tmp_path / "client")) as url, httpx.AsyncClient(timeout=60, base_url=url) as found:
        yield found


async def open_link(client: httpx.AsyncClient) -> None:
    """Follow the link that the server prints."""
    async with db.transaction() as session:
        token = await setup_link.ensure(session)
    await client.get("/auth/setup", params={"token": token})


async def set_up(client: httpx.AsyncClient, email: str = "ines@example.com") -> httpx.Response:
    """Create the owner by the link; the client is signed in afterwards."""
    await open_link(client)
    return await client.post("/auth/setup", data={"email": email, "name": "Ines Keller", "password": PASSWORD})
