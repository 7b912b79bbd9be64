"""The person's own name, zone, password and sessions."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.auth import devices, service
from campaign_app.auth.cookies import session_digest
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState, for_set_up, initials, notify_success
from campaign_app.workspace import service as workspace


@dataclass
class SessionLine:
    """A signed-in browser as the page shows it."""

    id: int
    device: str
    detail: str
    exact: str
    current: bool


class Profile(AppState):
    """Three cards; passwords go straight to the service and are kept in no var."""

    loading: bool = True
    saving: bool = False
    changing: bool = False
    name: str = ""
    time_zone: str = ""
    workspace_zone: str = ""
    revision: int = 0  # a new one draws the form again: its fields keep what was typed otherwise
    errors: dict[str, str] = {}
    sessions: list[SessionLine] = []

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        actor = await self.require()
        self.errors = {}
        async with self.busy():
            await self._read(actor)
        self.revision += 1

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            user = await service.get_user(session, actor, actor.user_id or 0)
            rows = await service.sessions_of(session, actor, self._session())
            self.workspace_zone = (await workspace.get(session)).time_zone
        self.name, self.time_zone = user.name, user.time_zone
        zone = user.time_zone or self.workspace_zone
        self.sessions = [
            SessionLine(
                row.id,
                devices.describe(row.user_agent),
                f"{row.ip or 'unknown address'} · last used: {text.ago(row.last_used_at, now(), zone)}"
                f" · since {text.day(row.created_at, now(), zone)}",
                f"Ends by itself on {text.exact(row.expires_at, zone)}",
                row.is_current,
            )
            for row in rows
        ]

    def _session(self) -> str:
        return session_digest(self.router.headers.cookie)

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Name and time zone."""
        actor = await self.require()
        self.errors = {}
        try:
            async with self.busy("saving"), db.transaction() as session:
                user = await service.update_profile(
                    session, actor, name=str(form.get("name", "")), time_zone=str(form.get("time_zone", "")).strip()
                )
        except Invalid as error:
            self.errors = error.fields
            return None
        self.name, self.time_zone = user.name, user.time_zone
        self.person_name, self.person_initials = user.name, initials(user.name)
        return notify_success("Profile saved")

    @rx.event
    async def change_password(self, form: dict[str, Any]) -> Any:
        """Every other session ends."""
        actor = await self.require()
        self.errors = {}
        try:
            async with self.busy("changing"), db.transaction() as session:
                await service.change_password(
                    session, actor, str(form.get("old", "")), str(form.get("new", "")), self._session()
                )
        except Invalid as error:
            self.errors = error.fields
            return None
        await self._read(actor)
        return [
            browser.set_value("old", ""),
            browser.set_value("new", ""),
            notify_success("Password changed", "You stay signed in here and are signed out everywhere else."),
        ]

    @rx.event
    async def end_session(self, session_id: int) -> Any:
        """Sign another browser out."""
        actor = await self.require()
        async with db.transaction() as session:
            await service.revoke_session(session, actor, session_id)
        await self._read(actor)
        return notify_success("Session ended")

    @rx.event
    async def end_others(self) -> Any:
        """Sign every other browser out."""
        actor = await self.require()
        async with db.transaction() as session:
            ended = await service.revoke_other_sessions(session, actor, self._session())
        await self._read(actor)
        return notify_success(f"{text.plural(ended, 'session')} ended")


for_set_up(Profile, "load")
