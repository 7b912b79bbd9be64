"""All imports, and the way to a new one."""

from dataclasses import dataclass

import reflex as rx

from campaign_app.audience import imports
from campaign_app.audience.schemas import ImportRow
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.models.contact_import import ImportStatus
from campaign_app.ui.app_state import AppState
from campaign_app.workspace import service as workspace

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


class Imports(AppState):
    """The page of all imports."""

    rows: list[ImportLine] = []
    loading: bool = True

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        actor = await self.require("contacts:import")
        async with self.busy():
            async with db.reading() as session:
                zone = await workspace.zone_of(session, actor)
                found = await imports.list_imports(session, actor)
            self.rows = [_line(row, zone) for row in found]


def size(count: int) -> str:
    """Bytes for people: 4.1 MB."""
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{max(1, count // 1000)} kB"


def _line(row: ImportRow, zone: str) -> ImportLine:
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
