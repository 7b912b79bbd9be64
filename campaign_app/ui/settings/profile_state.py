"""The person's own name, zone, password and sessions."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import devices, service
from campaign_app.auth.cookies import session_digest
from campaign_app.auth.passwords import MIN_LENGTH
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.kit import text
from campaign_app.models.user import User
from campaign_app.ui.app_state import AppState, for_set_up, initials, notify_success
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormState
from campaign_app.workspace import service as workspace

ZONES: Final = "own-zones"


@dataclass
class SessionLine:
    """A signed-in browser as the page shows it."""

    id: int
    device: str
    detail: str
    exact: str
    current: bool


class Profile(AppState):
    """The person's sessions, and the initial values of the page's forms."""

    loading: bool = True
    name: str = ""
    workspace_zone: str = ""
    sessions: list[SessionLine] = []

    @rx.event
    async def load(self) -> None:
        actor = await self.require()
        async with self.busy():
            await self._read(actor)

    async def _read(self, actor: Actor) -> None:
        async with db.reading() as session:
            user = await service.get_user(session, actor, actor.user_id or 0)
            rows = await service.sessions_of(session, actor, _session(self))
            self.workspace_zone = (await workspace.get(session)).time_zone
        self.name = user.name
        person = await self.get_state(PersonForm)
        if not person._is_filled():
            person._fill(name=user.name, email=user.email, time_zone=user.time_zone)
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

    @rx.event
    async def end_session(self, session_id: int) -> Any:
        """Sign out another browser."""
        actor = await self.require()
        async with db.transaction() as session:
            await service.revoke_session(session, actor, session_id)
        await self._read(actor)
        return notify_success("Session ended")


class SessionQuestions(Questions, AppState):
    """Ends all other sessions."""

    async def _end_others(self, actor: Actor) -> Any:
        async with db.transaction() as session:
            ended = await service.revoke_other_sessions(session, actor, _session(self))
        await (await self.get_state(Profile))._read(actor)
        return notify_success(f"{text.plural(ended, 'session')} ended")

    questions: ClassVar = {"end": Question("", _end_others)}


class PersonForm(FormState, AppState):
    """The person's own name and time zone."""

    form: ClassVar[Form] = Form(
        "",
        "",
        (
            Field("name", "Name", more={"max_length": 255, "auto_complete": "name"}),
            Field("email", "E-mail", hint="You sign in with it. An admin can change it.", more={"read_only": True}),
            Field("time_zone", "Time zone", optional=True, more={"list": ZONES, "auto_complete": "off"}),
        ),
    )

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> User:
        return await service.update_profile(session, actor, name=given["name"], time_zone=given["time_zone"].strip())

    async def _saved(self, actor: Actor, saved: User) -> Any:  # noqa: ARG002
        self.person_name, self.person_initials = saved.name, initials(saved.name)
        (await self.get_state(Profile)).name = saved.name
        return notify_success("Profile saved")


class PasswordForm(FormState, AppState):
    """A new password. All other sessions end."""

    form: ClassVar[Form] = Form(
        "",
        "",
        (
            Field("old", "Present password", "password", more={"required": True, "auto_complete": "current-password"}),
            Field(
                "new",
                "New password",
                "password",
                f"At least {MIN_LENGTH} characters",
                more={"required": True, "auto_complete": "new-password"},
            ),
        ),
    )

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> None:
        await service.change_password(session, actor, given["old"], given["new"], _session(self))

    async def _saved(self, actor: Actor, saved: None) -> Any:  # noqa: ARG002
        self._fill()
        self.revision += 1  # the passwords are cleared
        await (await self.get_state(Profile))._read(actor)
        return notify_success("Password changed", "You stay signed in here and are signed out everywhere else.")


def _session(state: AppState) -> str:
    return session_digest(state.router.headers.cookie)


for_set_up(Profile, "load")
