"""The list of the media library, and deletion of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, get_args
from urllib.parse import urlsplit

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.bulk import ItemResult
from campaign_app.kit.pagination import Page
from campaign_app.media import service, types
from campaign_app.media.schemas import MediaQuery, MediaRow, Sort
from campaign_app.models.media import MediaKind
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.bulk_state import BulkAction, BulkState, Chosen
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec

SORTS: Final[tuple[Sort, ...]] = get_args(Sort)


@dataclass
class MediaLine:
    """One file as the list shows it; `path` is its address on this site."""

    id: int
    name: str
    alt_text: str
    is_image: bool
    kind: str
    type: str
    size: str
    path: str
    when: str
    exact: str
    person: str


async def _delete(_state: Any, actor: Actor, chosen: Chosen) -> list[ItemResult]:
    async with db.transaction() as session:
        return await service.delete_many(session, actor, chosen.ids)


class MediaLibrary(BulkState, AppState):
    """All files, newest first."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="media:read",
        one="file",
        address=routes.MEDIA,
        filters=[Filter("kind", "Kind", [(kind.value, kind.label) for kind in MediaKind])],
        sorts=SORTS,
        sort="-added",
    )
    actions: ClassVar[Mapping[str, BulkAction]] = {
        "delete": BulkAction("Delete", "trash_2", "media:write", _delete, "deleted", asks=True)
    }
    names_up_to: ClassVar[int] = 1_000
    rows: list[MediaLine] = []
    summary: str = ""

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[MediaRow]:
        space = await service.space(session, actor)
        self.summary = f"{size(space.used)} of {size(space.limit)} used" if space.files else ""
        kind = query.filter("kind")
        asked = MediaQuery(
            search=query.search,
            kind=MediaKind(kind) if kind else None,
            sort=next((known for known in SORTS if known == query.key), SORTS[0]),
            descending=query.descending,
            cursor=query.cursor,
            limit=query.limit,
        )
        return await service.search(session, actor, asked)

    def _line(self, row: MediaRow) -> MediaLine:
        return line_of(row, self._zone)

    @rx.event
    async def show_uploads(self) -> None:
        """The browser has uploaded files: the first page shows them."""
        await self.require("media:read")
        await self._read_first()


def line_of(row: MediaRow, zone: str) -> MediaLine:
    return MediaLine(
        id=row.id,
        name=row.name,
        alt_text=row.alt_text,
        is_image=row.kind is MediaKind.IMAGE,
        kind=row.kind.value,
        type=type_of(row),
        size=size(row.size_bytes),
        path=urlsplit(row.address).path,
        when=text.ago(row.created_at, now(), zone),
        exact=text.exact(row.created_at, zone),
        person=row.created_by or text.NONE,
    )


def type_of(row: MediaRow) -> str:
    """Type and size in pixels: "PNG, 1,200 × 800"."""
    label = types.BY_CONTENT_TYPE[row.content_type].label
    return f"{label}, {row.width:,} × {row.height:,}" if row.width and row.height else label


def size(count: int) -> str:
    """A file size for people: 640 B, 12 kB, 4.1 MB, 2.0 GB."""
    if count >= 1_000_000_000:
        return f"{count / 1_000_000_000:.1f} GB"
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{count // 1_000:,} kB" if count >= 1_000 else f"{count} B"
