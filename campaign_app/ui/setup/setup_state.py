"""The set-up step: proposes what the browser knows, saves what the person says, is asked once."""

from typing import Any

import reflex as rx

from campaign_app.core import db
from campaign_app.core.errors import Invalid
from campaign_app.kit import zones
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState
from campaign_app.workspace import address, service

UNREACHABLE = (
    "You opened Beacon at {origin}, which recipients cannot open. Enter the address where they will reach it, or leave "
    "it empty for now: until then campaigns go into the sandbox only."
)
_LONGEST_ORIGIN = 80


class SetUp(AppState):
    """Four fields. What the browser says of itself is a proposal: the person sees it before it is saved."""

    loading: bool = True
    saving: bool = False
    public_url: str = ""
    address_fixed: bool = False
    address_note: str = ""
    company: str = ""
    postal_address: str = ""
    time_zone: str = ""
    revision: int = 0  # a new one draws the form again: its fields keep what was typed otherwise
    errors: dict[str, str] = {}
    _origin: str = ""
    _browser_zone: str = ""

    @rx.event
    async def load(self) -> Any:
        """Open the page; who may not set it up goes on to the dashboard."""
        actor = await self.require()
        if not actor.can("workspace:write"):
            return browser.redirect(routes.DASHBOARD)
        self.errors = {}
        async with self.busy():
            await self._read()
        return None

    @rx.event
    async def arrive(self, origin: str, zone: str) -> None:
        """The browser tells under which address it came, and its time zone."""
        await self.require("workspace:write")
        self._origin, self._browser_zone = str(origin)[:_LONGEST_ORIGIN], str(zone)[:64]
        await self._read()

    async def _read(self) -> None:
        async with db.reading() as session:
            found = await service.get(session)
        public = address.of(found)
        self.address_fixed = public.from_environment
        self.public_url = public.url if public.is_set else address.proposed(self._origin)
        self.company, self.postal_address = found.company, found.postal_address
        zone = self._browser_zone if zones.is_known(self._browser_zone) else found.time_zone
        self.time_zone = found.time_zone if found.introduced else zone
        self.address_note = self._note(public)
        self.revision += 1

    def _note(self, public: address.PublicAddress) -> str:
        if public.from_environment:
            return f"{address.VARIABLE} on the server says so. {public.problem or public.advice}".strip()
        if public.is_set or self.public_url or not self._origin:
            return public.advice if public.is_set else ""
        return UNREACHABLE.format(origin=self._origin)

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """Save it and go on. An address that is still unknown may be left out."""
        actor = await self.require("workspace:write")
        self.errors = {}
        given = {name: str(form.get(name, "")).strip() for name in ("public_url", "company", "postal_address")}
        zone = str(form.get("time_zone", "")).strip()
        async with db.reading() as session:
            stored = (await service.get(session)).public_url
        keeps = self.address_fixed or not (given["public_url"] or stored)
        try:
            async with self.busy("saving"), db.transaction() as session:
                await service.update(
                    session,
                    actor,
                    company=given["company"],
                    postal_address=given["postal_address"],
                    time_zone=zone,
                    public_url=None if keeps else given["public_url"],
                )
        except Invalid as error:
            self.errors = error.fields
            return None
        return browser.redirect(routes.DASHBOARD)

    @rx.event
    async def skip(self) -> Any:
        """Later, in the settings; the dashboard shows what is missing."""
        actor = await self.require("workspace:write")
        async with db.transaction() as session:
            await service.introduce(session, actor)
        return browser.redirect(routes.DASHBOARD)
