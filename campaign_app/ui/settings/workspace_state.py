"""What the whole installation shares."""

from typing import Any

import reflex as rx

from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.workspace import service
from campaign_app.workspace.schemas import Workspace


class WorkspaceSettings(AppState):
    """The form; what is typed stays in the browser until it is saved."""

    loading: bool = True
    saving: bool = False
    company: str = ""
    postal_address: str = ""
    time_zone: str = ""
    country: str = ""
    revision: int = 0  # a new one draws the form again: its fields keep what was typed otherwise
    errors: dict[str, str] = {}

    @rx.event
    async def load(self) -> Any:
        """Open the page; who may not see it lands on their own profile."""
        actor = await self.require()
        if not actor.can("workspace:read"):
            return browser.redirect(routes.PROFILE)
        self.errors = {}
        async with self.busy(), db.reading() as session:
            self._show(await service.get(session))
        return None

    def _show(self, found: Workspace) -> None:
        self.company, self.postal_address = found.company, found.postal_address
        self.time_zone, self.country = found.time_zone, found.default_country
        self.revision += 1

    @rx.event
    async def choose_country(self, code: str) -> None:
        """Not saved yet."""
        await self.require("workspace:write")
        self.country = code

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Save every field."""
        actor = await self.require("workspace:write")
        self.errors = {}
        try:
            async with self.busy("saving"), db.transaction() as session:
                saved = await service.update(
                    session,
                    actor,
                    company=str(form.get("company", "")),
                    postal_address=str(form.get("postal_address", "")),
                    time_zone=str(form.get("time_zone", "")).strip(),
                    default_country=self.country,
                )
        except Invalid as error:
            self.errors = error.fields
            return None
        self._show(saved)
        return notify_success("Workspace saved")
