"""The only way out for files: each that is not public is written to the audit log first. The guard lets no other
attachment through.

CSV is streamed. Its first piece is made before the headers, so that an error still gives a proper answer.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from campaign_app.audit import exports
from campaign_app.audit.exports import Export
from campaign_app.core import db

NOTED: Final = "beacon.noted"
_CSV: Final = "text/csv; charset=utf-8"
Pieces = Callable[[AsyncSession], AsyncIterator[bytes]]


async def csv(export: Export, make: Pieces, filename: str) -> StreamingResponse:
    """The pieces that `make` gives over one consistent view of the database, as a file to save.

    `make` checks the permission before its first piece.
    """
    pieces = _over_one_view(make)
    try:
        first = await anext(pieces)
    except StopAsyncIteration:
        first = b""
    await exports.note(export)
    return _Stream(
        _after(first, pieces),
        media_type=_CSV,
        headers={"Content-Disposition": attachment(filename)},
    )


async def file(export: Export, path: Path, filename: str) -> FileResponse:
    """An existing file. The caller has checked the permission."""
    await exports.note(export)
    return _File(path, media_type=_CSV, headers={"Content-Disposition": attachment(filename)})


async def text(export: Export, content: str, filename: str) -> Response:
    """A short text. The caller has checked the permission."""
    await exports.note(export)
    return _Text(content, headers={"Content-Disposition": attachment(filename)})


def published(path: Path, media_type: str, filename: str, headers: Mapping[str, str]) -> FileResponse:
    """A file that anybody who has its address may read, so that the log says nothing of it. `filename`: to be saved."""
    disposition = {"Content-Disposition": attachment(filename)} if filename else {}
    return _File(path, media_type=media_type, headers={**headers, **disposition})


def attachment(filename: str) -> str:
    """The header that makes a browser save under this name, whatever letters it has."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def _over_one_view(make: Pieces) -> AsyncGenerator[bytes]:
    async with db.reading() as session:
        async for piece in make(session):
            yield piece


async def _after(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


class _Noted(Response):
    """Tells the guard that this file is in the audit log or public."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Starlette's."""
        scope.setdefault(NOTED, []).append(True)
        await super().__call__(scope, receive, send)


class _Text(_Noted, PlainTextResponse):
    """A text response."""


class _File(_Noted, FileResponse):
    """A response with a file on disk."""


class _Stream(_Noted, StreamingResponse):
    """Returns the database connection at once when the browser disconnects."""

    async def stream_response(self, send: Send) -> None:
        """As Starlette's, closing the generator whatever happens."""
        async with aclosing(cast(AsyncGenerator[bytes], self.body_iterator)):
            await super().stream_response(send)
