"""The addresses that recipients' mail programs and browsers request: pixel, click, unsubscribe, view in browser."""

import base64
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from campaign_app.api.deps import client_ip
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.models.delivery import EventKind
from campaign_app.tracking import buffer, machines, pages, service, view
from campaign_app.tracking.hits import Hit

router = APIRouter(include_in_schema=False)

PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
TEST: Final = "test"
_HOLD_S: Final = 3.0  # clicks right after sending wait for more: a scanner requests every link
_NEVER_KEPT: Final = {
    "Cache-Control": "no-store, max-age=0",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}
# The message is the customer's own HTML on our address: nothing in it may run or reach the signed-in session.
_MESSAGE_RULES: Final = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' http: https:; "
    "font-src http: https: data:; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def _gone() -> HTMLResponse:
    return HTMLResponse(pages.gone(), 404, headers=_NEVER_KEPT)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")[:255]


@router.api_route("/t/o/{token}.gif", methods=["GET", "HEAD"])
async def opened(token: str, request: Request) -> Response:
    """The pixel. Answered from memory; the event is written with the next batch."""
    hit = service.hit_of(
        EventKind.OPEN, token, method=request.method, ip=client_ip(request), user_agent=_agent(request)
    )
    if hit is None:
        return _gone()
    buffer.put(hit)
    return Response(PIXEL, media_type="image/gif", headers=_NEVER_KEPT)


@router.api_route("/t/c/{token}", methods=["GET", "HEAD"])
async def clicked(token: str, request: Request) -> Response:
    """302 to the link that was sent: the campaign's, or what our signature in the token vouches for."""
    async with db.reading() as session:
        found = await service.click(session, token)
    if found is None:
        return _gone()
    at = now()
    hit = Hit(
        EventKind.CLICK,
        found.delivery_id,
        at,
        link=found.position,
        method=request.method,
        ip=client_ip(request),
        user_agent=_agent(request),
    )
    just_sent = found.sent_at is None or at - found.sent_at < machines.BURST + timedelta(seconds=_HOLD_S)
    buffer.put(hit, hold_s=_HOLD_S if just_sent else 0.0)
    return RedirectResponse(found.url, 302, headers=_NEVER_KEPT)


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
async def unsubscribe_page(token: str) -> Response:
    """Asks for confirmation. Scanners follow every link, so opening this page never unsubscribes anybody (RFC 8058)."""
    if token == TEST:
        return HTMLResponse(pages.tested(), headers=_NEVER_KEPT)
    async with db.reading() as session:
        found = await service.leaving(session, token)
    if found is None:
        return _gone()
    page = pages.done if found.done else pages.ask
    return HTMLResponse(page(found.address, found.company), headers=_NEVER_KEPT)


@router.post("/u/{token}")
async def unsubscribe(token: str, request: Request) -> Response:
    """One click in the mail program (RFC 8058) or the button of the page. Whatever the body says, a POST means it."""
    if token == TEST:
        return HTMLResponse(pages.tested(), headers=_NEVER_KEPT)
    async with db.transaction() as session:
        found = await service.unsubscribe(session, token, ip=client_ip(request), user_agent=_agent(request))
    if found is None:
        return _gone()
    return HTMLResponse(pages.done(found.address, found.company), headers=_NEVER_KEPT)


@router.api_route("/v/{token}", methods=["GET", "HEAD"])
async def viewed(token: str, request: Request) -> Response:
    """The message as a page, in a sandbox of its own."""
    if token == TEST:
        return HTMLResponse(pages.tested(), headers=_NEVER_KEPT)
    async with db.reading() as session:
        html = await view.page(session, token)
    if html is None:
        return _gone()
    hit = service.hit_of(
        EventKind.VIEW, token, method=request.method, ip=client_ip(request), user_agent=_agent(request)
    )
    if hit is not None:
        buffer.put(hit)
    return HTMLResponse(html, headers={**_NEVER_KEPT, "Content-Security-Policy": _MESSAGE_RULES})
