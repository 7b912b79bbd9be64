"""The audit log: search, pages, and the proof that nobody changed it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audit import labels, service
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.models.audit import AuditEntry
from campaign_app.ui.app_state import AppState
from campaign_app.ui.routes import with_query
from campaign_app.workspace import service as workspace

ANCHOR_ADDRESS = "/files/audit-anchor.txt"


@dataclass
class EntryLine:
    """One act as the page shows it."""

    id: int
    when: str
    exact: str
    who: str
    ip: str
    what: str
    thing: str
    name: str
    details: str
    full: str


class AuditLog(AppState):
    """Filters, one page of rows, the state of the chain."""

    rows: list[EntryLine] = []
    loading: bool = True
    checking: bool = False
    search: str = ""
    action: str = ""
    thing: str = ""
    person: str = ""
    action_options: list[tuple[str, str]] = []
    thing_options: list[tuple[str, str]] = []
    person_options: list[tuple[str, str]] = []
    has_previous: bool = False
    has_next: bool = False
    chain: str = ""  # "", "fits" or "broken"
    chain_text: str = ""
    _next: str = ""
    _previous: str = ""
    _zone: str = "UTC"
    _choices: dict[str, dict[str, Any]] = {}

    @rx.event
    async def load(self) -> Any:
        """Open the page, then look at the chain."""
        actor = await self.require("audit:read")
        self.search = self.action = self.thing = self.person = self.chain = ""
        async with self.busy(), db.reading() as session:
            found = await service.choices(session, actor)
            self._zone = await workspace.zone_of(session, actor)
            self._choices = labels.choices(found)
            await self._go("")
        self.action_options = [(label, label) for label in self._choices["action"]]
        self.thing_options = [(label, label) for label in self._choices["thing"]]
        self.person_options = [(label, label) for label in self._choices["person"]]
        return AuditLog.check

    def _filters(self) -> dict[str, Any]:
        chosen = self._choices
        return {
            "action": chosen.get("action", {}).get(self.action, ""),
            "object_type": chosen.get("thing", {}).get(self.thing, ""),
            "actor_id": chosen.get("person", {}).get(self.person),
            "text": self.search,
        }

    async def _go(self, cursor: str) -> None:
        actor = await self.require("audit:read")
        async with db.reading() as session:
            found = await service.search(session, actor, **self._filters(), cursor=cursor)
        self.rows = [_line(entry, self._zone) for entry in found.rows]
        self._next, self._previous = found.next_cursor or "", found.previous_cursor or ""
        self.has_next, self.has_previous = bool(self._next), bool(self._previous)

    @rx.var
    def export_address(self) -> str:
        """Where the CSV file of what is shown comes from."""
        return with_query("/files/audit.csv", **self._filters())

    @rx.event
    async def find(self, value: str) -> None:
        """Search in names, people and ids."""
        await self.require("audit:read")
        self.search = value
        await self._go("")

    @rx.event
    async def choose(self, field: str, value: str) -> None:
        """Set one of the three filters."""
        await self.require("audit:read")
        if field in {"action", "thing", "person"} and (not value or value in self._choices.get(field, {})):
            setattr(self, field, value)
            await self._go("")

    @rx.event
    async def clear(self) -> None:
        """Drop the filters."""
        await self.require("audit:read")
        self.search = self.action = self.thing = self.person = ""
        await self._go("")

    @rx.event
    async def turn(self, forward: bool) -> None:
        """Older or newer entries."""
        await self.require("audit:read")
        if cursor := self._next if forward else self._previous:
            await self._go(cursor)

    @rx.event
    async def check(self) -> Any:
        """Read the whole chain."""
        await self.require("audit:read")
        self.checking = True
        yield
        async with self.busy("checking"), db.reading() as session:
            found = await service.prove(session)
        service.keep_anchor(found)
        self.chain = "fits" if found.is_whole else "broken"
        self.chain_text = labels.verdict(found, text.exact(now(), self._zone))


def _line(entry: AuditEntry, zone: str) -> EntryLine:
    details = labels.details(entry.details)
    return EntryLine(
        id=entry.id or 0,
        when=text.ago(entry.at, now(), zone),
        exact=text.exact(entry.at, zone),
        who=entry.actor_name or text.NONE,
        ip=entry.ip,
        what=labels.action(entry.action),
        thing=labels.thing(entry.object_type),
        name=entry.object_name or entry.object_id or text.NONE,
        details=details[:160],
        full=details,
    )
