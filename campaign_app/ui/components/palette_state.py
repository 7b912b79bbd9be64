"""Results of the command palette: objects by name, commands, pages."""

from dataclasses import dataclass, field
from typing import Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.ui import pages
from campaign_app.ui.app_state import AppState
from campaign_app.ui.pages import Hit


@dataclass
class Group:
    """Rows under one heading."""

    title: str
    hits: list[Hit] = field(default_factory=list)


PER_GROUP: Final = 5


async def find(session: AsyncSession, actor: Actor, text: str) -> list[Group]:
    """All results for `text`, by heading. An empty text gives only actions and pages."""
    found = [
        Group(page.title, hits[:PER_GROUP])
        for page in (pages.everything() if text else ())
        if page.find and actor.can(page.may) and (hits := await page.find(session, actor, text))
    ]
    return found + _fixed_groups(actor, text)


class PaletteState(AppState):
    groups: list[Group] = []
    searched: str = ""

    @rx.event
    async def open_palette(self, opened: bool) -> None:
        """Show commands and pages first."""
        if opened:
            actor = await self.require()
            self.searched = ""
            self.groups = _fixed_groups(actor, "")

    @rx.event
    async def search(self, text: str) -> None:
        """Find objects by name, at most five of a kind."""
        actor = await self.require()
        text = text.strip()[:80]
        async with db.reading() as session:
            groups = await find(session, actor, text)
        self.searched = text
        self.groups = groups


def _fixed_groups(actor: Actor, text: str) -> list[Group]:
    """Commands and pages that match the text and that the person may use."""
    known = pages.everything()
    commands = [
        (command.may, Hit(command.icon, command.label, page.route)) for page in known if (command := page.command)
    ]
    places = [(page.may, Hit(page.icon, page.title, page.route)) for page in known if page.icon]

    def fitting(entries: list[tuple[str, Hit]]) -> list[Hit]:
        return [hit for may, hit in entries if (not may or actor.can(may)) and text.lower() in hit.name.lower()]

    groups = [Group("Actions", fitting(commands)), Group("Pages", fitting(places))]
    return [group for group in groups if group.hits]
