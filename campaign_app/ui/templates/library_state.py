"""The template library: cards by category."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from campaign_app.campaigns import templates_service
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.kit import text
from campaign_app.models.template import Template
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.components import View
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.templates.thumbnails import thumbnails
from campaign_app.workspace import service as workspace


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


class TemplateLibrary(AppState):
    """Category and search are in the address."""

    cards: list[TemplateCard] = []
    views: list[View] = []
    category: str = ""
    search_text: str = ""
    loading: bool = True
    found: str = ""
    nothing_at_all: bool = False

    @rx.event
    async def load(self) -> Any:
        """Reads what the address names."""
        actor = await self.require("templates:read")
        self.category, self.search_text = self.query("category"), self.query("search")[:200]
        async with self.busy("loading"):
            yield
            async with db.reading() as session:
                groups = await templates_service.categories(session, actor)
                rows = await templates_service.list_templates(
                    session, actor, category=self.category, search=self.search_text
                )
                pictures = await thumbnails(session, actor, rows)
                zone = await workspace.zone_of(session, actor)
            self.cards = [_card(row, pictures[int(row.id or 0)], zone) for row in rows]
        everything = sum(count for _, count in groups)
        self.nothing_at_all = everything == 0
        self.views = [
            View("All", "", text.number(everything)),
            *(View(name, name, text.number(count)) for name, count in groups if name),
        ]
        self.found = text.plural(len(rows), "template")

    @rx.event
    async def choose_category(self, category: str) -> Any:
        """Only this category; "" is all."""
        await self.require("templates:read")
        return browser.redirect(routes.with_query(routes.TEMPLATES, category=category, search=self.search_text))

    @rx.event
    async def search(self, words: str) -> Any:
        """Name or description contains these words."""
        await self.require("templates:read")
        return browser.redirect(routes.with_query(routes.TEMPLATES, category=self.category, search=words.strip()))

    @rx.event
    async def clear(self) -> Any:
        """No filter."""
        await self.require("templates:read")
        return browser.redirect(routes.TEMPLATES)

    @rx.event
    async def duplicate(self, template_id: int) -> Any:
        """An editable copy, opened."""
        actor = await self.require("templates:write")
        async with db.transaction() as session:
            copy = await templates_service.duplicate(session, actor, template_id)
        return [browser.redirect(routes.template(copy.id)), notify_success(f"{copy.name} is yours to change")]


class LibraryQuestions(Questions, AppState):
    """Deleting a template; campaigns made from it keep their message."""

    async def _delete(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            await templates_service.delete(session, actor, to_id(self.key, "template"))
        return [TemplateLibrary.load, notify_success(f"{self.subject} deleted")]

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
