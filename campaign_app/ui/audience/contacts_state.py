"""The contact list and its bulk actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.audience import segment_service
from campaign_app.audience import service as people
from campaign_app.audience.schemas import ContactQuery, ContactRow, ContactSort, ContactStatus
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import ids, text
from campaign_app.kit.pagination import Page
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState, initials
from campaign_app.ui.kit.bulk_state import BulkAction, BulkState, Chosen
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec

_STATUSES = [(ContactStatus.ACTIVE.value, "Allowed"), (ContactStatus.SUPPRESSED.value, "Not allowed")]


@dataclass
class ContactLine:
    """One contact as the list shows it."""

    id: int
    name: str
    initials: str
    company: str
    address: str
    permission: str
    suppressed: bool
    tags: list[str]
    activity: str
    when: str
    exact: str
    messages: str


async def _tag(_state: Any, actor: Actor, chosen: Chosen) -> int:
    async with db.transaction() as session:
        return await people.bulk_tag(session, actor, _target(chosen), chosen.value, add=True)


async def _list(_state: Any, actor: Actor, chosen: Chosen) -> int:
    async with db.transaction() as session:
        return await people.bulk_list(session, actor, _target(chosen), ids.number(chosen.value) or 0, add=True)


async def _unlist(_state: Any, actor: Actor, chosen: Chosen) -> int:
    async with db.transaction() as session:
        return await people.bulk_list(session, actor, _target(chosen), ids.number(chosen.value) or 0, add=False)


async def _delete(_state: Any, actor: Actor, chosen: Chosen) -> int:
    async with db.transaction() as session:
        return await people.delete_contacts(session, actor, _target(chosen))


def _target(chosen: Chosen) -> people.Target:
    return list(chosen.ids) if chosen.query is None else contact_query(chosen.query)


class Contacts(BulkState, AppState):
    """All contacts that match the filters."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="contacts:read",
        one="contact",
        address=routes.CONTACTS,
        filters=[
            Filter("status", "May be contacted", _STATUSES),
            Filter("list", "List"),
            Filter("tag", "Tag"),
            Filter("segment", "Segment"),
        ],
        sorts=(ContactSort.NAME, ContactSort.COMPANY, ContactSort.ADDED, ContactSort.UPDATED),
        sort="-updated",
    )
    actions: ClassVar[Mapping[str, BulkAction]] = {
        "tag": BulkAction("Tag", "tag", "contacts:write", _tag, "tagged {value}", asks=True),
        "list": BulkAction("Add to list", "list_plus", "contacts:write", _list, "added to the list", asks=True),
        "unlist": BulkAction("Take off list", "list_minus", "contacts:write", _unlist, "taken off the list", asks=True),
        "delete": BulkAction("Delete", "trash_2", "contacts:delete", _delete, "deleted", asks=True),
    }
    rows: list[ContactLine] = []

    @rx.var
    def everything_words(self) -> str:
        """The link that selects all contacts."""
        return "All that match are chosen" if self.everything else f"Choose all {self.total_text}"

    @rx.var
    def export_address(self) -> str:
        """The download address of the contacts that match these filters."""
        found = self.filters
        return routes.with_query(
            "/files/contacts.csv",
            search=self.search_text,
            list_id=found.get("list", ""),
            tag=found.get("tag", ""),
            segment_id=found.get("segment", ""),
            status=found.get("status", ""),
        )

    async def _prepare(self, session: AsyncSession, actor: Actor) -> None:
        found = await segment_service.list_segments(session, actor)
        self.choices = {
            "list": [(str(row.id), row.name) for row in await people.lists(session, actor)],
            "tag": [(row.name, row.name) for row in await people.tags(session, actor)],
            "segment": [(str(row.id), row.name) for row in found],
        }

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[ContactRow]:
        return await people.list_contacts(session, actor, contact_query(query))

    def _line(self, row: ContactRow) -> ContactLine:
        return line_of(row, self._zone)


def contact_query(query: ListQuery) -> ContactQuery:
    """The list's question as the room's query."""
    status = query.filter("status")
    return ContactQuery(
        search=query.search,
        list_id=ids.number(query.filter("list")),
        tag=query.filter("tag"),
        segment_id=ids.number(query.filter("segment")),
        status=ContactStatus(status) if status else ContactStatus.ANY,
        sort=ContactSort(query.key),
        descending=query.descending,
        cursor=query.cursor,
        limit=query.limit,
    )


def line_of(row: ContactRow, zone: str) -> ContactLine:
    return ContactLine(
        id=row.id,
        name=row.name,
        initials=initials(row.name),
        company=row.company or text.NONE,
        address=row.email or row.phone or text.NONE,
        permission=row.suppressed.label if row.suppressed else "Allowed",
        suppressed=row.suppressed is not None,
        tags=row.tags[:3],
        activity=row.last_activity or text.NONE,
        when=text.ago(row.updated_at, now(), zone),
        exact=text.exact(row.updated_at, zone),
        messages=text.number(row.messages),
    )
