"""What the command palette finds: things by name, what can be started, pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState


@dataclass
class Hit:
    """A row: icon key (palette.ICONS), name, gray detail, address, a status of the theme's table or ""."""

    icon: str
    name: str
    href: str
    detail: str = ""
    status: str = ""


@dataclass
class Group:
    """Rows under one heading."""

    title: str
    hits: list[Hit] = field(default_factory=list)


Search = Callable[[AsyncSession, Actor, str], Awaitable[list[Hit]]]

PER_GROUP: Final = 5

# Heading, permission, search. `search_source` adds one.
_sources: list[tuple[str, str, Search]] = []

_ACTIONS: Final = (
    ("campaigns:write", Hit("plus", "New campaign", routes.CAMPAIGN_NEW)),
    ("contacts:import", Hit("upload", "Import CSV", routes.IMPORTS)),
)
_PAGES: Final = (
    Hit("house", "Dashboard", routes.DASHBOARD),
    Hit("send", "Campaigns", routes.CAMPAIGNS),
    Hit("users", "Contacts", routes.CONTACTS),
    Hit("list", "Lists", routes.LISTS),
    Hit("layers", "Segments", routes.SEGMENTS),
    Hit("template", "Templates", routes.TEMPLATES),
    Hit("chart", "Analytics", routes.ANALYTICS),
    Hit("import", "Imports", routes.IMPORTS),
    Hit("shield", "Suppressions", routes.SUPPRESSIONS),
    Hit("plug", "Sending accounts", routes.ACCOUNTS),
    Hit("activity", "Operations", routes.OPERATIONS),
    Hit("settings", "Settings", routes.SETTINGS),
    Hit("user", "Your profile", routes.PROFILE),
)

_NEEDED: Final = {
    routes.IMPORTS: "contacts:import",
    routes.ACCOUNTS: "accounts:read",
    routes.OPERATIONS: "workspace:read",
}


def search_source(title: str, permission: str) -> Callable[[Search], Search]:
    """Decorator: `async def find(session, actor, text) -> list[Hit]` answers in the palette under `title`."""

    def add(search: Search) -> Search:
        _sources.append((title, permission, search))
        return search

    return add


async def find(session: AsyncSession, actor: Actor, text: str) -> list[Group]:
    """Everything the palette shows for `text`, by heading; empty text gives only actions and pages."""
    found: list[Group] = []
    for title, permission, source in _sources if text else ():
        if actor.can(permission) and (hits := await source(session, actor, text)):
            found.append(Group(title, hits[:PER_GROUP]))
    return found + _fixed_groups(actor, text)


class PaletteState(AppState):
    """The open palette of this tab."""

    groups: list[Group] = []
    searched: str = ""

    @rx.event
    async def open_palette(self, opened: bool) -> None:
        """Starts with what can be done and where one can go."""
        if opened:
            actor = await self.require()
            self.searched = ""
            self.groups = _fixed_groups(actor, "")

    @rx.event
    async def search(self, text: str) -> None:
        """Finds by name, at most five of a kind."""
        actor = await self.require()
        text = text.strip()[:80]
        async with db.reading() as session:
            groups = await find(session, actor, text)
        self.searched = text
        self.groups = groups


def _fixed_groups(actor: Actor, text: str) -> list[Group]:
    def fits(hit: Hit) -> bool:
        return text.lower() in hit.name.lower()

    actions = [hit for permission, hit in _ACTIONS if actor.can(permission) and fits(hit)]
    pages = [hit for hit in _PAGES if fits(hit) and (hit.href not in _NEEDED or actor.can(_NEEDED[hit.href]))]
    groups = [Group("Actions", actions), Group("Pages", pages)]
    return [group for group in groups if group.hits]
