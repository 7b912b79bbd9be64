"""Files of the media library: in from the browser, out to whoever reads a message."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from campaign_app.api import downloads
from campaign_app.api.deps import SignedInActor
from campaign_app.api.headers import IMMUTABLE
from campaign_app.core import db
from campaign_app.media import service
from campaign_app.models.media import MediaKind

router = APIRouter()
_PUBLIC: Final = {
    "Cache-Control": IMMUTABLE,  # another picture has another address
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}
_GONE: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.post("/files/media", tags=["Files"], summary="Upload a file as the body of the request", status_code=201)
async def upload(request: Request, actor: SignedInActor, filename: str = "") -> JSONResponse:
    """201 with the file; 200 with the one that is there when the library holds these bytes already."""
    async with db.transaction() as session:
        added = await service.add(session, actor, filename, request.stream())
    media = added.media
    content = {
        "id": media.id,
        "name": media.name,
        "type": media.content_type,
        "kind": media.kind.value,
        "size": media.size_bytes,
        "width": media.width,
        "height": media.height,
        "address": media.address,
        "is_new": added.is_new,
    }
    return JSONResponse(content, 201 if added.is_new else 200)


@router.api_route("/media/{token}/{name}", methods=["GET", "HEAD"], include_in_schema=False)
async def public(token: str) -> Response:
    """The file, for anybody who has the address. The name in it is for people, the token decides."""
    async with db.reading() as session:
        found = await service.published(session, token)
    if found is None or not found.path.is_file():
        return PlainTextResponse("There is no such file.", 404, headers=_GONE)
    inline = found.kind is MediaKind.IMAGE
    return downloads.published(found.path, found.content_type, "" if inline else found.name, _PUBLIC)
