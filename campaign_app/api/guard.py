"""The ASGI guard around the app: sessions, size limits, origins and the headers of every answer."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign_app.api import headers as answer_headers
from campaign_app.api import strangers
from campaign_app.api.downloads import NOTED
from campaign_app.api.origin import is_same_origin, peer
from campaign_app.auth.cookies import hide_token, session_digest
from campaign_app.auth.current import STRANGER, current_actor
from campaign_app.auth.errors import FactorRequired
from campaign_app.core import logging
from campaign_app.core.config import ROOT, settings
from campaign_app.media import types as media_types

ACTOR: Final = "beacon.actor"  # where the guard leaves the signed-in actor in the ASGI scope
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Recipients' mail programs (RFC 8058) and providers post from anywhere; the signed token authenticates them.
_FROM_ANYWHERE: Final = ("/u/", "/t/", "/hooks/")
_RECIPIENTS: Final = ("/u/", "/t/", "/v/")  # their own pages say that a link does not work
_NEEDS_SESSION: Final = ("/_upload", "/files/")
_FOR_SET_UP: Final = frozenset({"/files/second-factor.svg"})
_SOCKET: Final = "/_event"  # its long polling too
_UPLOADS: Final = ("/_upload", "/files/imports")
_MEDIA: Final = "/files/media"
_MEGABYTE: Final = 1 << 20
_BODY_LIMIT: Final = 1 * _MEGABYTE
_HOOK_LIMIT: Final = 10 * _MEGABYTE
_FRAME_LIMIT: Final = 4 * _MEGABYTE
_POLICY_VIOLATION: Final = 1008
_TOO_BIG: Final = 1009
_TRY_LATER: Final = 1013
_SAY_AGAIN_S: Final = 60.0
_READ_REST_S: Final = 30.0  # time to read the rest of a refused body
log = logging.get("api")


class EdgeGuard:
    """Wraps the whole app. `pages` is the folder of the built front end."""

    def __init__(self, app: ASGIApp, pages: Path = ROOT / ".web/build/client") -> None:
        self._app = app
        self._door = strangers.Door()
        self._say_again = 0.0
        self._folders = frozenset(
            "/" + found.parent.relative_to(pages).as_posix() for found in pages.glob("**/index.html")
        ) - {"/."}
        self._policy = answer_headers.policy(answer_headers.inline_scripts(pages))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _take_peer(scope)
        path: str = scope["path"]
        scope[NOTED] = []
        answer = _Answer(scope, send, self._policy)
        body = _Body(receive, _limit(path), headers)
        try:
            await self._answer(scope, headers, body, answer)
        finally:
            await body.read_rest()

    async def _answer(self, scope: Scope, headers: Mapping[str, str], body: "_Body", answer: "_Answer") -> None:
        path: str = scope["path"]
        if path.startswith(_FROM_ANYWHERE) and not is_same_origin(headers):
            scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() != b"cookie"]
        if refusal := await _refusal(scope, headers):
            await refusal(scope, body.receive, answer.send)
            return
        if path in self._folders and scope["method"] in {"GET", "HEAD"}:
            # Starlette would answer with a redirect to http://…/login/, wrong behind TLS and wrong for the router.
            scope["path"], scope["raw_path"] = f"{path}/", f"{path}/".encode()
        answer.body = body
        try:
            await self._app(scope, body.receive, answer.send)
        except Exception:
            if not body.is_too_large:
                raise
        if body.is_too_large and not answer.is_started:
            await _too_large(_limit(path))(scope, body.receive, answer.send_own)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _take_peer(scope)
        if not is_same_origin(headers):
            await _close(receive, send, _POLICY_VIOLATION, "foreign origin")
            return
        if not strangers.is_sensible(scope.get("query_string", b"")):
            await _close(receive, send, _POLICY_VIOLATION, "this address is not one of a page")
            return
        address = scope["client"][0]
        try:
            scope[STRANGER] = await _is_stranger(headers)
        except Exception as error:  # whatever a driver raises; the browser tries again by itself
            log.warning("a socket cannot be told apart from a stranger's", error=type(error).__name__)
            await _close(receive, send, _TRY_LATER, "try again later")
            return
        scope["headers"] = strangers.needed(scope["headers"])
        if not scope[STRANGER]:
            await self._app(scope, _measured(receive, send, _FRAME_LIMIT), send)
        elif refusal := self._door.refuses(address):
            self._say_refused(refusal, address)
            await _close(receive, send, _TRY_LATER, refusal)
        else:
            with self._door.inside(address):
                measured = _measured(receive, send, strangers.FRAME_LIMIT, strangers.Speech())
                await self._app(scope, measured, send)

    def _say_refused(self, why: str, address: str) -> None:
        """Log a refusal, at most once a minute, so that refused clients cannot fill the log."""
        if monotonic() >= self._say_again:
            self._say_again = monotonic() + _SAY_AGAIN_S
            log.warning("a socket was refused", why=why, address=address)


async def _is_stranger(headers: Mapping[str, str]) -> bool:
    digest = session_digest(headers.get("cookie", ""))
    return await current_actor(digest, in_use=False, for_set_up=True) is None


async def _close(receive: Receive, send: Send, code: int, reason: str) -> None:
    await receive()
    await send({"type": "websocket.close", "code": code, "reason": reason})


def _measured(receive: Receive, send: Send, limit: int, speech: strangers.Speech | None = None) -> Receive:
    """The socket's messages, within the limits."""

    async def measured() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        code = 0
        if len(message.get("text") or message.get("bytes") or "") > limit:
            code, reason = _TOO_BIG, "message too big"
        elif speech is not None and not strangers.is_packet(message.get("text")):
            code, reason = _POLICY_VIOLATION, "not a message of a page"
        elif speech is not None and not await speech.hear():
            code, reason = _POLICY_VIOLATION, "too many messages without a session"
        if not code:
            return message
        await send({"type": "websocket.close", "code": code, "reason": reason})
        return {"type": "websocket.disconnect", "code": code}

    return measured


class _Body:
    """Counts the request's body. Above the limit the app receives a disconnect."""

    def __init__(self, receive: Receive, limit: int, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self._left = limit
        self._goes_on = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self.is_too_large = False

    async def receive(self) -> Message:
        if self.is_too_large:
            return {"type": "http.disconnect"}
        message = await self._next()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_too_large = True
            return {"type": "http.disconnect"}
        return message

    async def _next(self) -> Message:
        message = await self._receive()
        self._goes_on = self._goes_on and message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def read_rest(self) -> None:
        """Read the rest of the body after the answer: closing with unread data resets the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_READ_REST_S):
                while self._goes_on:
                    await self._next()


class _Answer:
    """Completes the headers; withholds the app's answer to a body that was cut off."""

    def __init__(self, scope: Scope, send: Send, policy: str) -> None:
        self._send = send
        self._scope = scope
        self._policy = policy
        self._path: str = scope["path"]
        self._scheme: str = scope["scheme"]
        self.is_started = False
        self.body: _Body | None = None

    async def send(self, message: Message) -> None:
        if self.body is not None and self.body.is_too_large and not self.is_started:
            return
        await self.send_own(message)

    async def send_own(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            message.setdefault("headers", [])
            self._refuse_unnoted(Headers(raw=message["headers"]))
            answer_headers.complete(
                MutableHeaders(scope=message), self._path, self._scheme, message["status"], self._policy
            )
        await self._send(message)

    def _refuse_unnoted(self, headers: Headers) -> None:
        if "attachment" in headers.get("content-disposition", "") and not self._scope[NOTED]:
            raise RuntimeError(f"{self._path} gives a file that is not in the audit log: use api.downloads")


def _take_peer(scope: Scope) -> Mapping[str, str]:
    """Put the browser's address and scheme into the scope; remove forwarded headers from untrusted addresses."""
    headers = Headers(scope=scope)
    address, port = scope.get("client") or ("", 0)
    found = peer(address, scope["scheme"], headers, settings().trusted_proxies)
    scope["client"], scope["scheme"] = (found.ip, port), found.scheme
    if not found.behind_proxy:
        if "x-forwarded-for" in headers:
            _say_once(address)
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].lower().startswith(b"x-forwarded-")]
    _hide_token(scope, Headers(scope=scope))
    return Headers(scope=scope)


def _hide_token(scope: Scope, headers: Headers) -> None:
    """Remove the session's token: Reflex stores the headers of its sockets in Redis, including cookies."""
    if cookies := headers.getlist("cookie"):
        others = scope["type"] == "http" and not scope["path"].startswith(_SOCKET)
        hidden = hide_token("; ".join(cookies), others=others)
        rest = [pair for pair in scope["headers"] if pair[0].lower() != b"cookie"]
        scope["headers"] = [*rest, (b"cookie", hidden.encode("latin-1", "replace"))] if hidden else rest


@lru_cache(maxsize=8)
def _say_once(address: str) -> None:
    log.warning(
        "an address that is no trusted proxy sends X-Forwarded-For, which is ignored. If it is your proxy, "
        "name it in BEACON_TRUSTED_PROXIES",
        address=address,
    )


async def _refusal(scope: Scope, headers: Mapping[str, str]) -> JSONResponse | None:
    path: str = scope["path"]
    if ("\x00" in path and not path.startswith(_RECIPIENTS)) or b"%00" in scope["query_string"]:
        return _refuse(400, "bad_address", "The address holds a character that no text has. Check it and try again.")
    if scope["method"] not in _SAFE and not path.startswith(_FROM_ANYWHERE) and not is_same_origin(headers):
        return _refuse(403, "foreign_origin", "This request came from another site. Open Beacon itself and try again.")
    if path.startswith(_NEEDS_SESSION):
        digest, address = session_digest(headers.get("cookie", "")), scope["client"][0]
        try:
            actor = await current_actor(digest, address, for_set_up=path in _FOR_SET_UP)
        except FactorRequired as error:
            return _refuse(error.status, error.code, f"{error.title}. {error.message}")
        if actor is None:
            return _refuse(401, "unauthenticated", "You are signed out. Sign in and try again.")
        scope[ACTOR] = actor
    length = headers.get("content-length", "0")
    if not (length.isdecimal() and len(length) < 19) or int(length) > _limit(path):
        return _too_large(_limit(path))
    return None


def _limit(path: str) -> int:
    if path.startswith(_UPLOADS):
        return settings().upload_limit_mb * _MEGABYTE
    if path.startswith(_MEDIA):
        return media_types.LARGEST
    return _HOOK_LIMIT if path.startswith("/hooks/") else _BODY_LIMIT


def _too_large(limit: int) -> JSONResponse:
    return _refuse(413, "too_large", f"This is larger than {limit // _MEGABYTE} MB, the most that is taken here.")


def _refuse(status: int, code: str, message: str) -> JSONResponse:
    content: dict[str, Any] = {"error": {"code": code, "message": message, "fields": {}}}
    return JSONResponse(content, status, headers={"Connection": "close"} if status == 413 else None)
