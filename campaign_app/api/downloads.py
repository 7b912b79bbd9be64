"""CSV answers that stream: the first piece is made before the headers, so that an error is still an answer."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast
from urllib.parse import quote

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import StreamingResponse
from starlette.types import Send

from campaign_app.core import db

Pieces = Callable[[AsyncSession], AsyncIterator[bytes]]


async def csv(make: Pieces, filename: str) -> StreamingResponse:
    """The pieces that `make` gives over one consistent view of the database, as a file to save."""
    pieces = _over_one_view(make)
    try:
        first = await anext(pieces)
    except StopAsyncIteration:
        first = b""
    return _Download(
        _after(first, pieces),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": attachment(filename)},
    )


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


class _Download(StreamingResponse):
    """Gives the database connection back at once when the browser leaves."""

    async def stream_response(self, send: Send) -> None:
        """As Starlette's, closing the generator whatever happens."""
        async with aclosing(cast(AsyncGenerator[bytes], self.body_iterator)):
            await super().stream_response(send)
