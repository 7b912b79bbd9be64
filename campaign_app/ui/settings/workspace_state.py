"""What the whole installation shares."""

from typing import Any

import reflex as rx

from campaign_app.auth import factor_policy
from campaign_app.auth.schemas import FactorPolicy
from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.workspace import address, service
from campaign_app.workspace.schemas import Workspace


class WorkspaceSettings(AppState):
    """The form; what is typed stays in the browser until it is saved."""

    loading: bool = True
    saving: bool = False
    public_url: str = ""
    address_fixed: bool = False
    address_note: str = ""
    address_problem: str = ""
    needs_postal_address: bool = True
    company: str = ""
    postal_address: str = ""
    time_zone: str = ""
    country: str = ""
    suppress_refused: bool = True
    require_factor: bool = False
    factor_note: str = ""
    _required_before: bool = False
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
            self._show(await service.get(session), await factor_policy.get(session, actor))
        return None

    def _show(self, found: Workspace, policy: FactorPolicy) -> None:
        public = address.of(found)
        self.address_fixed = public.from_environment
        self.public_url = public.url if public.is_set else ""
        self.address_note = f"{address.VARIABLE} on the server says so and wins" if public.from_environment else ""
        self.address_problem = _words(public)
        self.needs_postal_address = found.needs_postal_address
        self.company, self.postal_address = found.company, found.postal_address
        self.time_zone, self.country = found.time_zone, found.default_country
        self.suppress_refused = found.suppress_refused
        self.require_factor = self._required_before = policy.required
        self.factor_note = f"Now {policy.without} of {policy.people} have none."
        self.revision += 1

    @rx.event
    async def set_needs_postal_address(self, needed: bool) -> None:
        """Not saved yet."""
        await self.require("workspace:write")
        self.needs_postal_address = needed

    @rx.event
    async def choose_country(self, code: str) -> None:
        """Not saved yet."""
        await self.require("workspace:write")
        self.country = code

    @rx.event
    async def set_suppress_refused(self, wanted: bool) -> None:
        """Not saved yet."""
        await self.require("workspace:write")
        self.suppress_refused = wanted

    @rx.event
    async def set_require_factor(self, required: bool) -> None:
        """Not saved yet."""
        await self.require("workspace:write")
        self.require_factor = required

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Save every field."""
        actor = await self.require("workspace:write")
        self.errors = {}
        public_url = str(form.get("public_url", "")).strip()
        keeps = self.address_fixed or public_url == self.public_url
        try:
            async with self.busy("saving"), db.transaction() as session:
                saved = await service.update(
                    session,
                    actor,
                    company=str(form.get("company", "")),
                    postal_address=str(form.get("postal_address", "")),
                    time_zone=str(form.get("time_zone", "")).strip(),
                    default_country=self.country,
                    public_url=None if keeps else public_url,
                    needs_postal_address=self.needs_postal_address,
                    suppress_refused=self.suppress_refused,
                )
                if self.require_factor != self._required_before:  # somebody else's change is not taken back
                    await factor_policy.require(session, actor, self.require_factor)
                policy = await factor_policy.get(session, actor)
        except Invalid as error:
            self.errors = error.fields
            return None
        self._show(saved, policy)
        return notify_success("Workspace saved")


def _words(public: address.PublicAddress) -> str:
    """What is wrong with the address or worth a look; "" when nothing is."""
    if not public.problem:
        return public.advice
    if not public.is_set:
        return f"Links lead to {public.url} now. {public.problem} Until there is an address, campaigns do not start."
    return f"{public.problem} Campaigns do not start until it is another one."
