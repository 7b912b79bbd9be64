"""The state of one contact: details, permission, figures, timeline."""

from datetime import datetime
from itertools import groupby
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import reflex as rx

from campaign_app.audience import service as people
from campaign_app.audience import suppression
from campaign_app.audience.schemas import ContactDetail, TimelineItem, TimelineKind
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import days, text
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, initials, notify_success
from campaign_app.ui.components.editors.variables import in_words
from campaign_app.ui.components.timeline import KINDS, TimelineDay, TimelineEvent
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.workspace import service as workspace

_KIND: Final = {"changed": "edit", "suppressed": "unsubscribe", "created": "person", "imported": "import"}
LIMIT: Final = 200


class ContactPage(AppState):
    loading: bool = True
    number: int = 0
    name: str = ""
    letters: str = ""
    meta: str = ""
    details: list[tuple[str, str]] = []
    lists: list[str] = []
    tags: list[str] = []
    allowed: bool = True
    permission: str = ""
    messages: str = ""
    opened: str = ""
    clicked: str = ""
    kind: str = "all"
    days: list[TimelineDay] = []
    _address: str = ""

    @rx.event
    async def load(self) -> None:
        await self.require("contacts:read")
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("contacts:read")
        self.number = to_id(self.contact_id, "contact")
        async with db.reading() as session:
            zone = await workspace.zone_of(session, actor)
            contact = await people.get_contact(session, actor, self.number)
            kind = "" if self.kind == "all" else self.kind
            items = await people.timeline(session, actor, self.number, kind=TimelineKind(kind), limit=LIMIT)
        self._show(contact, zone)
        self.days = timeline_days(items, now(), zone)

    def _show(self, contact: ContactDetail, zone: str) -> None:
        self.name, self.letters = contact.name, initials(contact.name)
        self.meta = ", ".join(part for part in (contact.company, contact.email or contact.phone) if part)
        fixed = [
            ("E-mail", contact.email),
            ("Phone", contact.phone),
            ("Company", contact.company),
            ("Language", contact.language),
            ("Time zone", contact.time_zone),
            ("Source", contact.source),
            ("Added", text.exact(contact.created_at, zone)),
        ]
        self.details = [*((label, value or text.NONE) for label, value in fixed), *contact.attributes.items()]
        self.lists, self.tags = [row.name for row in contact.lists], contact.tags
        self.allowed = contact.suppressed is None
        self.permission = contact.suppressed.label if contact.suppressed else "Allowed"
        self.messages, self.opened = text.number(contact.messages), text.number(contact.opened)
        self.clicked = text.number(contact.clicked)
        self._address = contact.email or contact.phone

    @rx.event
    async def choose_kind(self, kind: str) -> None:
        """Filter the timeline: all, email or changes."""
        await self.require("contacts:read")
        self.kind = kind if kind in {"email", "changes"} else "all"
        await self._read()


class ContactQuestions(Questions, AppState):
    """Questions about the contact of the page."""

    async def _stop(self, actor: Actor) -> Any:
        page = await self.get_state(ContactPage)
        async with db.transaction() as session:
            await suppression.add(session, actor, page._address, SuppressionReason.MANUAL)
        await page._read()
        return notify_success(f"{page.name} gets no more messages")

    async def _allow(self, actor: Actor) -> Any:
        page = await self.get_state(ContactPage)
        async with db.transaction() as session:
            await suppression.remove(session, actor, page._address)
        await page._read()
        return notify_success(f"{page.name} can be written to again")

    async def _delete(self, actor: Actor) -> Any:
        page = await self.get_state(ContactPage)
        async with db.transaction() as session:
            await people.delete_contacts(session, actor, [page.number])
        return [notify_success(f"{page.name} deleted"), browser.redirect(routes.CONTACTS)]

    questions: ClassVar = {
        "stop": Question("suppressions:write", _stop),
        "allow": Question("suppressions:write", _allow),
        "delete": Question("contacts:delete", _delete),
    }


def timeline_days(items: list[TimelineItem], at: datetime, zone: str) -> list[TimelineDay]:
    """Events grouped by day, newest first."""
    place = ZoneInfo(zone)

    def heading(item: TimelineItem) -> str:
        before = days.ago(item.at, at, zone)
        if before in (0, 1):
            return "Yesterday" if before else "Today"
        local = days.day_of(item.at, zone)
        year = "" if days.same_year(item.at, at, zone) else f" {local.year}"
        return f"{local:%A} {local.day} {local:%B}{year}"

    def event(item: TimelineItem) -> TimelineEvent:
        kind = _KIND.get(item.what, item.what)
        detail = f"{item.detail} Not counted: {item.machine}".strip() if item.machine else item.detail
        return TimelineEvent(
            kind=kind if kind in KINDS else "system",
            title=in_words(item.title),
            time=f"{item.at.astimezone(place):%H:%M}",
            detail=in_words(detail),
            exact=text.exact(item.at, zone),
        )

    return [TimelineDay(day, [event(item) for item in group]) for day, group in groupby(items, heading)]
