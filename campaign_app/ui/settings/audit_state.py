"""The audit log: search, pages, and the check that nobody changed it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audit import labels, service
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.audit import AuditEntry
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState

ANCHOR_ADDRESS = "/files/audit-anchor.txt"


@dataclass
class EntryLine:
    """One entry as the page shows it."""

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


class AuditLog(ListState, AppState):
    """The entries, and the state of the chain."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="audit:read",
        one="entry",
        many="entries",
        address=routes.AUDIT,
        filters=[Filter("action", "Action"), Filter("thing", "Object"), Filter("person", "Person")],
    )
    rows: list[EntryLine] = []
    checking: bool = False
    chain: str = ""  # "", "fits" or "broken"
    chain_text: str = ""
    _values: dict[str, dict[str, Any]] = {}  # filter → label → the value that the log is searched for

    async def _prepare(self, session: AsyncSession, actor: Actor) -> None:
        self.chain = ""
        self._values = labels.choices(await service.choices(session, actor))
        self.choices = {name: [(label, label) for label in values] for name, values in self._values.items()}

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[AuditEntry]:
        return await service.search(session, actor, **self._asked_for(query), cursor=query.cursor)

    def _line(self, row: AuditEntry) -> EntryLine:
        return line_of(row, self._zone)

    def _asked_for(self, query: ListQuery) -> dict[str, Any]:
        def value(name: str, nothing: Any = "") -> Any:
            return self._values.get(name, {}).get(query.filter(name), nothing)

        return {
            "action": value("action"),
            "object_type": value("thing"),
            "actor_id": value("person", None),
            "text": query.search,
        }

    @rx.var
    def export_address(self) -> str:
        """The address of the CSV file with the shown entries."""
        return routes.with_query("/files/audit.csv", **self._asked_for(self._asked))

    @rx.event
    async def check(self) -> Any:
        """Check the whole chain."""
        await self.require("audit:read")
        self.checking = True
        yield
        async with self.busy("checking"), db.reading() as session:
            found = await service.prove(session)
        service.keep_anchor(found)
        self.chain = "fits" if found.is_whole else "broken"
        self.chain_text = labels.verdict(found, text.exact(now(), self._zone))


def line_of(entry: AuditEntry, zone: str) -> EntryLine:
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
