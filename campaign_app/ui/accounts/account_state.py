"""One sending account: its form, saved with everything checked; passwords are never sent to the browser."""

from typing import Any

import reflex as rx

from campaign_app.channels import rules, service
from campaign_app.channels.email.presets import PRESETS
from campaign_app.channels.errors import AccountInvalid
from campaign_app.channels.schemas import Account, AccountForm
from campaign_app.channels.tested import CheckedConnection
from campaign_app.core import db
from campaign_app.core.clock import now
from campaign_app.delivery.reporting import account_rates
from campaign_app.models.account import Auth, Pipelining, Tls
from campaign_app.ui import browser, routes
from campaign_app.ui.accounts import labels
from campaign_app.ui.accounts.labels import Standing
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.ids import to_id
from campaign_app.ui.payload import choice
from campaign_app.workspace import service as workspace

NEW = "new"
OTHER = "other"
FIRST_ERROR = "input[aria-invalid=true]"


class AccountPage(AppState):
    """The form. What is typed stays in the browser until it is saved or tested."""

    loading: bool = True
    saving: bool = False
    is_new: bool = False
    number: int = 0
    title: str = ""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    facts: list[tuple[str, str]] = []
    standing: Standing = Standing()
    tls: str = Tls.STARTTLS.value
    auth: str = Auth.AUTO.value
    pipelining: str = Pipelining.AUTO.value
    active: bool = True
    has_password: bool = False
    preset: str = OTHER
    preset_hint: str = ""
    asking: bool = False
    _version: int = 0
    _account: Account | None = None
    _tested: CheckedConnection | None = None  # stays on the server; the service looks whether it fits what is saved

    @rx.event
    async def load(self) -> Any:
        """Open the page; who may not make an account lands on the list."""
        actor = await self.require("accounts:read")
        if self.account_id == NEW and not actor.can("accounts:write"):
            return browser.redirect(routes.ACCOUNTS)
        self.errors, self.preset, self.preset_hint, self.asking = {}, OTHER, "", False
        self.is_new, self._tested = self.account_id == NEW, None
        async with self.busy():
            await self._read()
        return None

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
        """After a test: the state only, what is typed stays."""
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
        shown = account or AccountForm()
        self._account, self._version = account, account.version if account else 0
        self.number = account.id if account else 0
        self.title = account.name if account else "New account"
        self.values = labels.values(account)
        self.tls, self.auth, self.pipelining = shown.tls.value, shown.auth.value, shown.pipelining.value
        self.active, self.has_password = shown.is_active, bool(account and account.has_password)

    @rx.event
    async def choose_preset(self, key: str) -> Any:
        """Fill a provider's server in."""
        await self.require("accounts:write")
        if key not in PRESETS:
            self.preset, self.preset_hint = OTHER, ""
            return None
        preset = PRESETS[key]
        self.preset, self.preset_hint, self.tls = key, preset.hint, preset.tls.value
        return [browser.set_value("host", preset.host), browser.set_value("port", str(preset.port))]

    @rx.event
    async def choose_tls(self, tls: str) -> Any:
        """Its usual port comes with it."""
        await self.require("accounts:write")
        self.tls = choice(Tls, tls).value
        port = {Tls.STARTTLS: "587", Tls.IMPLICIT: "465"}.get(Tls(self.tls))
        return browser.set_value("port", port) if port else None

    @rx.event
    async def choose_auth(self, auth: str) -> None:
        """Not saved yet."""
        await self.require("accounts:write")
        self.auth = choice(Auth, auth).value

    @rx.event
    async def choose_pipelining(self, pipelining: str) -> None:
        """Not saved yet."""
        await self.require("accounts:write")
        self.pipelining = choice(Pipelining, pipelining).value

    @rx.event
    async def set_active(self, active: bool) -> None:
        """Not saved yet."""
        await self.require("accounts:write")
        self.active = active

    @rx.event
    async def ask_delete(self, asking: bool) -> None:
        """The question before deleting."""
        await self.require("accounts:write")
        self.asking = asking

    @rx.event
    async def save(self, given: dict[str, Any]) -> Any:
        """Create or change the account; a form sent to be tested is not ours."""
        actor = await self.require("accounts:write")
        if given.get("act") != "save":
            return None
        form, wrong = labels.read_form(given, self._account, self.active)
        try:
            async with self.busy("saving"), db.transaction() as session:
                if wrong:
                    raise AccountInvalid("Check the marked fields.", wrong)
                if self.is_new:
                    number = await service.create(session, actor, form, self._tested)
                else:
                    number = self.number
                    await service.update(session, actor, number, self._version, form, self._tested)
        except AccountInvalid as error:
            self.errors = error.fields
            return browser.focus(FIRST_ERROR, after_ms=100)
        self.errors = {}
        if self.is_new:
            return [browser.redirect(routes.account(number)), notify_success(f"{form.name} saved")]
        await self._read()
        return [browser.set_value("password", ""), notify_success(f"{form.name} saved")]

    @rx.event
    async def delete(self) -> Any:
        """Take it out of use; refused while a campaign will still send through it."""
        actor = await self.require("accounts:write")
        self.asking = False
        async with db.transaction() as session:
            await service.delete(session, actor, self.number)
        return [browser.redirect(routes.ACCOUNTS), notify_success(f"{self.title} deleted")]

    @rx.event
    async def retry_grouping(self) -> Any:
        """Let the next campaign try grouped commands again."""
        actor = await self.require("accounts:write")
        async with db.transaction() as session:
            await service.retry_grouping(session, actor, self.number)
        await self._read()
        return notify_success("Grouped commands are tried again with the next campaign")


TLS_CHOICES = [(tls.value, label) for tls, label in rules.TLS_LABELS.items()]
AUTH_CHOICES = [(auth.value, label) for auth, label in rules.AUTH_LABELS.items()]
PIPELINING_CHOICES = [(mode.value, label) for mode, label in rules.PIPELINING_LABELS.items()]
PRESET_CHOICES = [(OTHER, "Another server")] + [(key, preset.label) for key, preset in PRESETS.items()]
