"""Uploads and downloads, too big for a websocket. The guard requires a session; services check permissions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app import audience
from campaign_app.api import downloads
from campaign_app.api.deps import SignedInActor
from campaign_app.audience.schemas import ContactQuery
from campaign_app.audit import exports, labels
from campaign_app.audit import service as audit
from campaign_app.auth import second_factor
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit.csv_stream import BOM, encode
from campaign_app.kit.ids import Id
from campaign_app.models.audit import AuditEntry

router = APIRouter(prefix="/files", tags=["Files"])
_BATCH = 500


@router.post("/imports", summary="Upload a CSV file as the body of the request", status_code=201)
async def upload(request: Request, actor: SignedInActor, filename: str = "contacts.csv") -> JSONResponse:
    """201 with {"id": …}; the file is streamed to disk and examined, nothing is imported yet."""
    async with db.transaction() as session:
        made = await audience.imports.create_from_upload(session, actor, filename, request.stream())
    return JSONResponse({"id": made.id, "filename": made.filename}, 201)


@router.get("/second-factor.svg", summary="The secret of a second factor that is being set up, as a QR code")
async def second_factor_picture(actor: SignedInActor) -> Response:
    """For the person's own app; not available after it is confirmed."""
    async with db.reading() as session:
        uri = (await second_factor.setup(session, actor)).uri
    picture = BytesIO()
    segno.make(uri, error="m").save(picture, kind="svg", scale=4, border=4, light="white")
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.get("/imports/{import_id}/rejected", summary="The rows that an import left out, with reasons, as CSV")
async def rejected(import_id: Id, actor: SignedInActor) -> Response:
    """The file that the import wrote."""
    async with db.reading() as session:
        path, name = await audience.imports.rejected_file(session, actor, import_id)
    return await downloads.file(audience.imports.of_rejected(actor, import_id), path, name)


@router.get("/contacts.csv", summary="Contacts under the filters of the list page, as CSV")
async def contacts(actor: SignedInActor, query: Annotated[ContactQuery, Query()]) -> Response:
    """Imports again as it is; formula cells are defused."""
    noted = audience.exports.of_contacts(actor, query)
    make = partial(audience.exports.contacts, actor=actor, target=query)
    return await downloads.csv(noted, make, _dated("contacts"))


@router.get("/suppressions.csv", summary="The suppression list, as CSV")
async def suppressions(actor: SignedInActor) -> Response:
    """Address, reason, note, time."""
    noted = audience.exports.of_suppressions(actor)
    return await downloads.csv(noted, partial(audience.exports.suppressions, actor=actor), _dated("suppressions"))


@router.get("/audit.csv", summary="The audit log under the filters of its page, as CSV")
async def audit_log(
    actor: SignedInActor, action: str = "", object_type: str = "", actor_id: Id | None = None, text: str = ""
) -> Response:
    """Newest first, with the hashes that chain the entries."""
    filters = {"action": action, "object_type": object_type, "actor_id": actor_id, "text": text}
    noted = exports.of_log(actor, {name: value for name, value in filters.items() if value})

    def pieces(session: AsyncSession) -> AsyncIterator[bytes]:
        return _entries(session, actor, action, object_type, actor_id, text)

    return await downloads.csv(noted, pieces, _dated("audit"))


@router.get("/audit-anchor.txt", summary="The end of the audit log, signed, to keep elsewhere")
async def audit_anchor(actor: SignedInActor) -> Response:
    """`./campaign audit --anchor FILE` compares it with the log of that day."""
    async with db.reading() as session:
        line = await audit.anchor_text(session, actor)
    return await downloads.text(exports.of_anchor(actor), f"{line}\n", f"beacon-audit-anchor-{now():%Y-%m-%d}.txt")


async def _entries(
    session: AsyncSession, actor: Actor, action: str, object_type: str, actor_id: int | None, text: str
) -> AsyncIterator[bytes]:
    heads = ["Number", "At (UTC)", "Person", "Action", "Object", "Object id", "Name", "Details", "From", "Hash"]
    rows: list[list[str]] = [heads]
    found = audit.export(session, actor, action=action, object_type=object_type, actor_id=actor_id, text=text)
    mark = BOM
    async for entry in found:
        rows.append(_cells(entry))
        if len(rows) >= _BATCH:
            yield mark + encode(rows)
            rows, mark = [], b""
    yield mark + encode(rows)


def _cells(entry: AuditEntry) -> list[str]:
    return [
        str(entry.id),
        _utc(entry.at),
        entry.actor_name,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.object_name,
        labels.details(entry.details),
        entry.ip,
        entry.hash,
    ]


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _dated(name: str) -> str:
    return f"beacon-{name}-{now():%Y-%m-%d}.csv"
