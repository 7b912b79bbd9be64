"""The template library: cards by category."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import templates_service
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.template import Template
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.components import View
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.list_query import Filter, ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState
from campaign_app.ui.templates.thumbnails import thumbnails


@dataclass
class TemplateCard:
    """A template as its card shows it."""

    id: int
    name: str
    category: str
    description: str
    built_in: bool
    updated: str
    picture: str
    href: str


class TemplateLibrary(ListState, AppState):
    """All templates as cards; the categories are its tabs."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="templates:read",
        one="template",
        address=routes.TEMPLATES,
        filters=[Filter("category", "Category", chip=False)],
        paged=False,
    )
    rows: list[TemplateCard] = []
    nothing_at_all: bool = False

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[TemplateCard]:
        groups = await templates_service.categories(session, actor)
        rows = await templates_service.list_templates(
            session, actor, category=query.filter("category"), search=query.search
        )
        everything = sum(count for _, count in groups)
        self.nothing_at_all = everything == 0
        named = [View(name, name, text.number(count)) for name, count in groups if name]
        self.views = [View("All", "", text.number(everything)), *named]
        pictures = await thumbnails(session, actor, rows)
        cards = [_card(row, pictures[int(row.id or 0)], self._zone) for row in rows]
        return Page(cards).counted(len(cards))

    @rx.event
    async def duplicate(self, template_id: int) -> Any:
        """Open an editable copy."""
        actor = await self.require("templates:write")
        async with db.transaction() as session:
            copy = await templates_service.duplicate(session, actor, template_id)
        return [browser.redirect(routes.template(copy.id)), notify_success(f"{copy.name} is yours to change")]


class LibraryQuestions(Questions, AppState):
    """Deletes a template. Campaigns made from it keep their message."""

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await templates_service.delete(session, actor, to_id(self.key, "template"))
        await (await self.get_state(TemplateLibrary))._read()
        return notify_success(f"{self.subject} deleted")

    questions: ClassVar = {"delete": Question("templates:write", _delete)}


def _card(row: Template, picture: str, zone: str) -> TemplateCard:
    return TemplateCard(
        id=int(row.id or 0),
        name=row.name,
        category=row.category or "No category",
        description=row.description,
        built_in=row.built_in,
        updated="Built in" if row.built_in else text.ago(row.updated_at, clock.now(), zone),
        picture=picture,
        href=routes.template(row.id),
    )
