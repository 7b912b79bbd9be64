"""The state of one sending account and its form. Passwords are never sent to the browser."""

from collections.abc import Mapping
from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import registry, service
from campaign_app.channels.errors import AccountInvalid
from campaign_app.channels.fields import Kind
from campaign_app.channels.schemas import Account, AccountForm
from campaign_app.channels.tested import CheckedConnection
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.core.clock import now
from campaign_app.core.errors import Invalid
from campaign_app.delivery.reporting import account_rates
from campaign_app.ui import browser, routes
from campaign_app.ui.accounts import labels
from campaign_app.ui.accounts.labels import Standing
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.kit.dialogs_state import Question, Questions
from campaign_app.ui.kit.forms_state import Form, FormState
from campaign_app.workspace import service as workspace

NEW = "new"
OTHER = "other"
FIRST_ERROR = "input[aria-invalid=true]"


class AccountPage(FormState, AppState):
    """The form; the provider declares its fields. Input stays in the browser until it is saved or tested."""

    _needed: ClassVar[str] = "accounts:read"
    form: ClassVar[Form] = Form("", "accounts:write", ())
    loading: bool = True
    is_new: bool = False
    number: int = 0
    title: str = ""
    facts: list[tuple[str, str]] = []
    standing: Standing = Standing()
    provider: str = ""
    choices: dict[str, str] = {}
    active: bool = True
    stored_secrets: list[str] = []
    form_key: str = ""
    preset: str = OTHER
    preset_hint: str = ""
    _version: int = 0
    _account: Account | None = None
    _tested: CheckedConnection | None = None  # stays on the server; the service checks whether it matches what is saved

    def _takes(self, handler: str) -> bool:
        """Before the page is loaded the provider, and so the form, is unknown."""
        return handler in {"load", "load_saved"} or self.provider != ""

    @rx.event
    async def load(self) -> Any:
        """Open the page. Without permission to create an account, go to the list."""
        actor = await self.require("accounts:read")
        if self.account_id == NEW and not actor.can("accounts:write"):
            return browser.redirect(routes.ACCOUNTS)
        if self._is_filled():
            if not self.is_new:
                await self._refresh_standing()
            return None
        self.preset, self.preset_hint = OTHER, ""
        self.is_new, self._tested = self.account_id == NEW, None
        async with self.busy():
            await self._read()
        return None

    @rx.event
    async def load_saved(self) -> None:
        """Replace this page's content with what somebody else has saved."""
        await self.require("accounts:read")
        await self._read()
        self.form_key = f"{self.form_key} {self.revision}"

    async def _read(self) -> None:
        actor = await self.require("accounts:read")
        if self.is_new:
            self._show(None)
            return
        self.number = to_id(self.account_id, "sending account")
        async with db.reading() as session:
            account = await service.get(session, actor, self.number)
            zone = await workspace.zone_of(session, actor)
        self._show(account)
        await self._stand(account, zone)
        self.facts = labels.facts(account)

    async def _refresh_standing(self) -> None:
        """After a test: refresh only the state; input stays."""
        actor = await self.require("accounts:read")
        async with db.reading() as session:
            account = await service.get(session, actor, self.number)
            zone = await workspace.zone_of(session, actor)
        await self._stand(account, zone)

    async def _stand(self, account: Account, zone: str) -> None:
        actor = await self.require("accounts:read")
        slowed = await account_rates.learnt(actor, [account.id])
        self.standing = labels.standing(account, now(), zone, slowed.get(account.id))

    def _show(self, account: Account | None) -> None:
        self._account, self._version = account, account.version if account else 0
        self.number = account.id if account else 0
        self.title = account.name if account else "New account"
        self.active = account.is_active if account else True
        self._show_form(account.provider if account else registry.adapters()[0].provider)

    def _show_form(self, provider: str) -> None:
        self.provider = provider
        values, self.choices = labels.values(provider, self._account)
        self._fill(**values)
        self.stored_secrets = sorted(self._account.stored_secrets) if self._account else []
        self.form_key = f"{provider} {self.number}"

    @rx.event
    async def choose_provider(self, provider: str) -> None:
        """Choose the provider of the new account, which changes the fields."""
        await self.require("accounts:write")
        if self.is_new and provider in dict(provider_choices()):
            self._show_form(provider)

    @rx.event
    async def choose_preset(self, key: str) -> Any:
        """Fill in the server of a well-known service."""
        await self.require("accounts:write")
        form = registry.adapter(self.provider).form
        if key not in form.presets:
            self.preset, self.preset_hint = OTHER, ""
            return None
        preset = form.presets[key]
        self.preset, self.preset_hint = key, preset.hint
        return self._put(preset.values)

    def _put(self, values: Mapping[str, str]) -> list[Any]:
        """Set fields: choices are kept on the server, typed text is in the browser."""
        self.choices = {**self.choices, **{name: value for name, value in values.items() if name in self.choices}}
        return [browser.set_value(name, value) for name, value in values.items() if name not in self.choices]

    @rx.event
    async def choose(self, name: str, value: str) -> Any:
        """Choose a value of a list; not saved yet. The values that usually belong to it are filled in."""
        await self.require("accounts:write")
        fields = registry.adapter(self.provider).form.of_kind(Kind.CHOICE)
        found = next(
            (each for field in fields if field.name == name for each in field.choices if each.value == value), None
        )
        return self._put({name: value, **found.sets}) if found else None

    @rx.event
    async def set_active(self, active: bool) -> None:
        """Not saved yet."""
        await self.require("accounts:write")
        self.active = active

    def _takes_form(self, form: Mapping[str, Any]) -> bool:
        """A form submitted for a test is not saved."""
        return form.get("act") == "save" and super()._takes_form(form)

    def _given(self, form: Mapping[str, Any]) -> dict[str, Any]:
        read, wrong = labels.read_form(self.provider, form, self._account, self.active)
        return {"form": read, "wrong": wrong}

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> tuple[int, str]:
        form: AccountForm = given["form"]
        if given["wrong"]:
            raise AccountInvalid("Check the marked fields.", given["wrong"])
        if self.is_new:
            return await service.create(session, actor, form, self._tested), form.name
        await service.update(session, actor, self.number, self._version, form, self._tested)
        return self.number, form.name

    def _refuse(self, error: Invalid) -> None:
        self.errors = error.fields

    def _refused(self) -> Any:
        return browser.focus(FIRST_ERROR, after_ms=100)

    async def _saved(self, actor: Actor, saved: tuple[int, str]) -> Any:  # noqa: ARG002
        number, name = saved
        told = notify_success(f"{name} saved")
        if self.is_new:
            return [browser.redirect(routes.account(number)), told]
        await self._read()
        secrets = registry.adapter(self.provider).form.of_kind(Kind.SECRET)
        return [*(browser.set_value(field.name, "") for field in secrets), told]

    @rx.event
    async def forget_weakness(self) -> Any:
        """Let the next campaign try again what the server handled wrongly."""
        actor = await self.require("accounts:write")
        async with db.transaction() as session:
            await service.forget_weakness(session, actor, self.number)
        await self._read()
        return notify_success("It is tried again with the next campaign")


class AccountQuestions(Questions, AppState):
    """Deletes the account of the page. Refused while a campaign will still send through it."""

    async def _delete(self, actor: Actor) -> Any:
        page = await self.get_state(AccountPage)
        async with db.transaction() as session:
            await service.delete(session, actor, page.number)
        return [browser.redirect(routes.ACCOUNTS), notify_success(f"{page.title} deleted")]

    questions: ClassVar = {"delete": Question("accounts:write", _delete)}


def provider_choices() -> list[tuple[str, str]]:
    """(provider, label) of all providers."""
    return [(adapter.provider, adapter.provider_label) for adapter in registry.adapters()]


def preset_choices(provider: str) -> list[tuple[str, str]]:
    """(key, label) of the services with presets."""
    presets = registry.adapter(provider).form.presets
    return [(OTHER, "Another server"), *((key, preset.label) for key, preset in presets.items())]
