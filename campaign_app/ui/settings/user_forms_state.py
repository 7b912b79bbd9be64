"""Adding and changing a user, the questions about one, and the password that is shown once."""

from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import second_factor, service
from campaign_app.auth.schemas import CreatedUser, NewUser, UserPatch
from campaign_app.core import crypto, db
from campaign_app.core.actor import Actor
from campaign_app.models.user import Role, User
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Dialog, Question, Questions
from campaign_app.ui.kit.forms_state import Field, Form, FormDialog, validated
from campaign_app.ui.settings.users_state import People

FIELD_ID: Final = "made-up-password"
_ROWS: Final = (
    Field("name", "Name", more={"required": True}),
    Field("email", "E-mail", "email", more={"required": True}),
    Field("role", "Role", "select"),
)


class MadeUpPassword(Dialog, AppState):
    """A generated password. It goes directly to its field in the browser and is in no var that is sent."""

    _made_up: str = ""

    def _show(self, name: str, password: str) -> None:
        self._open(subject=name)
        self._made_up = crypto.seal(password)  # Reflex keeps it in Redis until it is shown

    def _close(self) -> None:
        super()._close()
        self._made_up = ""

    @rx.event
    async def reveal(self) -> Any:
        """The dialog is open: send the password to its field, once."""
        await self.require("users:write")
        password, self._made_up = crypto.unseal(self._made_up), ""
        return browser.set_value(FIELD_ID, password) if password else None


class NewPerson(FormDialog, AppState):
    """A new user, who may sign in at once."""

    form: ClassVar[Form] = Form("new", "users:write", _ROWS)

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        return {"role": Role.MARKETER.value}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> CreatedUser:
        return await service.create_user(session, actor, validated(NewUser, **given))

    async def _saved(self, actor: Actor, saved: CreatedUser) -> Any:  # noqa: ARG002
        (await self.get_state(MadeUpPassword))._show(saved.user.name, saved.password)
        return People.load


class EditPerson(FormDialog, AppState):
    """Name, e-mail and role of a person."""

    form: ClassVar[Form] = Form("edit", "users:write", _ROWS)

    async def _start(self, actor: Actor, key: str) -> dict[str, str]:  # noqa: ARG002
        line = (await self.get_state(People))._row_of(to_id(key, "person"))
        self.subject = line.name
        return {"name": line.name, "email": line.email, "role": line.role}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> User:
        patch = validated(UserPatch, **given)
        return await service.update_user(session, actor, to_id(self.key, "person"), patch)

    async def _saved(self, actor: Actor, saved: User) -> Any:  # noqa: ARG002
        await (await self.get_state(People))._read()
        return notify_success(f"{saved.name} saved")


class PersonQuestions(Questions, AppState):
    """Questions about one person before an action."""

    async def _name(self, actor: Actor) -> None:  # noqa: ARG002
        self.subject = (await self.get_state(People))._row_of(to_id(self.key, "person")).name

    async def _switch_off(self, actor: Actor) -> Any:
        return await (await self.get_state(People))._set_active(actor, to_id(self.key, "person"), False)

    async def _reset_password(self, actor: Actor) -> None:
        async with db.transaction() as session:
            password = await service.reset_password(session, actor, to_id(self.key, "person"))
            user = await service.get_user(session, actor, to_id(self.key, "person"))
        (await self.get_state(MadeUpPassword))._show(user.name, password)

    async def _reset_factor(self, actor: Actor) -> Any:
        """For a person who lost the phone and the recovery codes."""
        async with db.transaction() as session:
            removed = await second_factor.reset(session, actor, to_id(self.key, "person"))
        if not removed:
            return notify_success(f"{self.subject} has no second factor")
        return notify_success(f"{self.subject} signs in without a code now", "They are signed out everywhere.")

    questions: ClassVar = {
        "off": Question("users:write", _switch_off, _name),
        "reset": Question("users:write", _reset_password, _name),
        "factor": Question("users:write", _reset_factor, _name),
    }
