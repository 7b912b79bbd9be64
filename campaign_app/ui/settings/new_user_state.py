"""Adding a person, and the password that is shown once."""

from typing import Any

import reflex as rx

from campaign_app.auth import service
from campaign_app.auth.schemas import NewUser
from campaign_app.core import crypto, db
from campaign_app.core.errors import AppError, Invalid
from campaign_app.models.user import Role
from campaign_app.ui import browser
from campaign_app.ui.app_state import AppState, explain
from campaign_app.ui.settings.users_state import People

FIELD_ID = "made-up-password"


class NewPerson(AppState):
    """The dialog. The password is put into its field in the browser and kept in no var that is sent."""

    adding: bool = False
    saving: bool = False
    role: str = Role.MARKETER.value
    errors: dict[str, str] = {}
    shown_for: str = ""
    _made_up: str = ""

    @rx.event
    async def open_form(self, opened: bool) -> None:
        """Open or close the dialog."""
        await self.require("users:write")
        self.adding, self.errors, self.role = opened, {}, Role.MARKETER.value

    @rx.event
    async def choose_role(self, role: str) -> None:
        """Not saved yet."""
        await self.require("users:write")
        self.role = role if role in set(Role) else self.role

    @rx.event
    async def add(self, form: dict[str, Any]) -> Any:
        """Create the person, then show the password."""
        actor = await self.require("users:write")
        self.errors = {}
        new = NewUser(email=str(form.get("new-email", "")), name=str(form.get("new-name", "")), role=Role(self.role))
        try:
            async with self.busy("saving"), db.transaction() as session:
                made = await service.create_user(session, actor, new)
        except Invalid as error:
            self.errors = error.fields
            return None
        self.adding = False
        self._show(made.user.name, made.password)
        return People.load

    @rx.event
    async def reset_password(self, user_id: int) -> Any:
        """A new made-up password for somebody who forgot theirs."""
        actor = await self.require("users:write")
        people = await self.get_state(People)
        people.asked = ""
        try:
            async with db.transaction() as session:
                password = await service.reset_password(session, actor, user_id)
                user = await service.get_user(session, actor, user_id)
        except AppError as error:
            return explain(error)
        self._show(user.name, password)
        return None

    def _show(self, name: str, password: str) -> None:
        self.shown_for, self._made_up = name, crypto.seal(password)  # Reflex keeps it in Redis until it is shown

    @rx.event
    async def reveal(self) -> Any:
        """The dialog is there: hand the password to its field, once."""
        await self.require("users:write")
        password, self._made_up = crypto.unseal(self._made_up), ""
        return browser.set_value(FIELD_ID, password) if password else None

    @rx.event
    async def close_password(self, opened: bool = False) -> None:
        """It cannot be seen again."""
        await self.require("users:write")
        if not opened:
            self.shown_for, self._made_up = "", ""
