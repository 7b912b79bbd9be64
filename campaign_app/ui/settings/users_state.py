"""The people of the workspace: who they are, what they may do, whether they may sign in."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.auth import permissions, second_factor, service
from campaign_app.auth.schemas import UserPatch
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.kit import text
from campaign_app.models.user import Role, User
from campaign_app.ui.app_state import AppState, initials, notify_success
from campaign_app.ui.payload import choice
from campaign_app.workspace import service as workspace


@dataclass
class PersonLine:
    """One person as the page shows them; `reachable` = the actor may change them."""

    id: int
    name: str
    initials: str
    email: str
    role: str
    role_label: str
    status: str
    last_seen: str
    exact: str
    reachable: bool
    is_you: bool


class People(AppState):
    """The list, and the dialog that changes one person."""

    rows: list[PersonLine] = []
    loading: bool = True
    saving: bool = False
    summary: str = ""
    roles: list[tuple[str, str]] = []
    errors: dict[str, str] = {}
    editing: int = 0
    edit_name: str = ""
    edit_email: str = ""
    edit_role: str = ""
    asked: str = ""  # the question that is open: "reset", "off" or ""
    asked_id: int = 0
    asked_name: str = ""

    @rx.event
    async def load(self) -> None:
        """Open the page."""
        await self.require("users:read")
        self.editing, self.asked, self.errors = 0, "", {}
        async with self.busy():
            await self._read()

    async def _read(self) -> None:
        actor = await self.require("users:read")
        async with db.reading() as session:
            users = await service.list_users(session, actor)
            zone = await workspace.zone_of(session, actor)
        reach = permissions.grantable(actor)
        self.roles = [(role.value, f"{role.label} – {permissions.ROLE_TEXTS[role]}") for role in reach]
        self.rows = [_line(user, actor, zone, user.role in reach) for user in users]
        active = sum(user.is_active for user in users)
        self.summary = f"{text.plural(active, 'person', 'people')} may sign in"

    @rx.event
    async def edit(self, user_id: int) -> None:
        """Open the dialog of one person; 0 closes it."""
        await self.require("users:write")
        self.errors = {}
        line = next((row for row in self.rows if row.id == user_id), None)
        self.editing = line.id if line else 0
        if line:
            self.edit_name, self.edit_email, self.edit_role = line.name, line.email, line.role

    @rx.event
    async def toggle_edit(self, opened: bool) -> None:
        """Closed by Esc or beside it."""
        await self.require("users:read")
        if not opened:
            self.editing = 0

    @rx.event
    async def choose_role(self, role: str) -> None:
        """Not saved yet."""
        await self.require("users:write")
        self.edit_role = role if role in set(Role) else self.edit_role

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Name, e-mail and role of the person in the dialog."""
        actor = await self.require("users:write")
        patch = UserPatch(
            name=str(form.get("edit-name", "")),
            email=str(form.get("edit-email", "")),
            role=choice(Role, self.edit_role),
        )
        try:
            async with self.busy("saving"), db.transaction() as session:
                user = await service.update_user(session, actor, self.editing, patch)
        except Invalid as error:
            self.errors = error.fields
            return None
        self.editing = 0
        await self._read()
        return notify_success(f"{user.name} saved")

    @rx.event
    async def ask(self, question: str, user_id: int) -> None:
        """Open the question before switching off or a new password; "" closes it."""
        await self.require("users:write")
        line = next((row for row in self.rows if row.id == user_id), None)
        self.asked = question if line and question in {"reset", "off", "factor"} else ""
        self.asked_id, self.asked_name = (line.id, line.name) if line else (0, "")

    @rx.event
    async def reset_factor(self, user_id: int) -> Any:
        """For somebody who lost the phone and the recovery codes."""
        actor = await self.require("users:write")
        name, self.asked = self.asked_name, ""
        async with db.transaction() as session:
            removed = await second_factor.reset(session, actor, user_id)
        if not removed:
            return notify_success(f"{name} has no second factor")
        return notify_success(f"{name} signs in without a code now", "They are signed out everywhere.")

    @rx.event
    async def toggle_question(self, opened: bool) -> None:
        """Closed by Esc."""
        await self.require("users:read")
        if not opened:
            self.asked = ""

    @rx.event
    async def set_active(self, user_id: int, active: bool) -> Any:
        """Let a person in again, or out at once."""
        actor = await self.require("users:write")
        self.asked = ""
        async with db.transaction() as session:
            user = await service.update_user(session, actor, user_id, UserPatch(is_active=active))
        await self._read()
        return notify_success(
            f"{user.name} may sign in again" if active else f"{user.name} is switched off and signed out everywhere"
        )


def _line(user: User, actor: Actor, zone: str, reachable: bool) -> PersonLine:
    return PersonLine(
        id=user.id or 0,
        name=user.name,
        initials=initials(user.name),
        email=user.email,
        role=user.role.value,
        role_label=user.role.label,
        status="active" if user.is_active else "inactive",
        last_seen=text.ago(user.last_seen_at, now(), zone) if user.last_seen_at else "Never",
        exact=text.exact(user.last_seen_at, zone) if user.last_seen_at else "",
        reachable=reachable and actor.can("users:write"),
        is_you=user.id == actor.user_id,
    )
