"""The users of the workspace: their roles, and whether they may sign in."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import permissions, service
from campaign_app.auth.schemas import UserPatch
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import NotFound
from campaign_app.kit import text
from campaign_app.kit.pagination import Page
from campaign_app.models.user import User
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState, initials, notify_success
from campaign_app.ui.kit.list_query import ListQuery, ListSpec
from campaign_app.ui.kit.lists_state import ListState


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


class People(ListState, AppState):
    """All users on one page."""

    spec: ClassVar[ListSpec] = ListSpec(
        may="users:read", one="person", many="people", address=routes.USERS, paged=False
    )
    rows: list[PersonLine] = []
    summary: str = ""
    roles: list[tuple[str, str]] = []

    async def _fetch(self, session: AsyncSession, actor: Actor, query: ListQuery) -> Page[PersonLine]:  # noqa: ARG002
        users = await service.list_users(session, actor)
        reach = permissions.grantable(actor)
        self.roles = [(role.value, f"{role.label} – {permissions.ROLE_TEXTS[role]}") for role in reach]
        active = sum(user.is_active for user in users)
        self.summary = f"{text.plural(active, 'person', 'people')} may sign in"
        return Page([shown(user, actor, self._zone, user.role in reach) for user in users])

    def _row_of(self, user_id: int) -> PersonLine:
        for row in self.rows:
            if row.id == user_id:
                return row
        raise NotFound("This person is not in the list any more.", title="No such person")

    @rx.event
    async def let_in(self, user_id: int) -> Any:
        """Allow a person to sign in again."""
        return await self._set_active(await self.require("users:write"), user_id, True)

    async def _set_active(self, actor: Actor, user_id: int, active: bool) -> Any:
        async with db.transaction() as session:
            user = await service.update_user(session, actor, user_id, UserPatch(is_active=active))
        await self._read()
        return notify_success(
            f"{user.name} may sign in again" if active else f"{user.name} is switched off and signed out everywhere"
        )


def shown(user: User, actor: Actor, zone: str, reachable: bool) -> PersonLine:
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
