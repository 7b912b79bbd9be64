"""All imports, and the upload of a new file."""

from dataclasses import dataclass
from typing import ClassVar

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import imports
from campaign_app.audience.schemas import ImportRow
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.contact_import import ImportStatus
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.list_query import ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState

STATUS = {
    ImportStatus.DRAFT: ("draft", "Not started"),
    ImportStatus.QUEUED: ("queued", "Queued"),
    ImportStatus.RUNNING: ("running", "Importing"),
    ImportStatus.COMPLETED: ("completed", "Completed"),
    ImportStatus.FAILED: ("failed", "Failed"),
    ImportStatus.CANCELLED: ("cancelled", "Stopped"),
}


@dataclass
class ImportLine:
    """One import as the page shows it."""

    id: int
    filename: str
    size: str
    status: str
    label: str
    rows: str
    added: str
    rejected: str
    when: str
    exact: str


class Imports(ListState, AppState):
    """The latest imports on one page."""

    spec: ClassVar[ListSpec] = ListSpec(may="contacts:import", one="import", address=routes.IMPORTS, paged=False)
    rows: list[ImportLine] = []

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[ImportRow]:  # noqa: ARG002
        return Page(await imports.list_imports(session, actor))

    def _line(self, row: ImportRow) -> ImportLine:
        return line_of(row, self._zone)


def size(count: int) -> str:
    """A file size for people: 4.1 MB."""
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{max(1, count // 1000)} kB"


def line_of(row: ImportRow, zone: str) -> ImportLine:
    status, label = STATUS[row.status]
    rejected = sum(row.result.get("rejected", {}).values())
    return ImportLine(
        id=row.id,
        filename=row.filename,
        size=size(row.size_bytes),
        status=status,
        label=label,
        rows=text.number(row.rows_total) if row.rows_total else text.NONE,
        added=text.number(row.result.get("contacts_created", 0)) if row.result else text.NONE,
        rejected=text.number(rejected) if row.result else text.NONE,
        when=text.ago(row.created_at, now(), zone),
        exact=text.exact(row.created_at, zone),
    )
