"""The set-up step: proposes what the browser reports, saves what the person enters, is shown once."""

from typing import Any, ClassVar

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.kit import zones
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.forms_state import Form, FormState
from campaign_app.ui.setup import fields
from campaign_app.workspace import address, service

UNREACHABLE = (
    "You opened Beacon at {origin}, which recipients cannot open. Enter the address where they will reach it, or leave "
    "it empty for now: until then campaigns go into the sandbox only."
)
_LONGEST_ORIGIN = 80


class SetUp(FormState, AppState):
    """Four fields. The values that the browser reports are proposals: the person sees them before they are saved."""

    form: ClassVar[Form] = Form(
        "", "workspace:write", (fields.PUBLIC_URL, fields.COMPANY, fields.POSTAL_ADDRESS, fields.TIME_ZONE)
    )
    loading: bool = True
    address_fixed: bool = False
    address_note: str = ""
    _origin: str = ""
    _browser_zone: str = ""

    @rx.event
    async def load(self) -> Any:
        """Open the page. Without permission to set up, go to the dashboard."""
        actor = await self.require()
        if not actor.can("workspace:write"):
            return browser.redirect(routes.DASHBOARD)
        if not self._is_filled():
            await self._read()
        self.loading = False  # also when the browser has reported first
        return None

    @rx.event
    async def arrive(self, origin: str, zone: str) -> None:
        """The browser reports its address and its time zone."""
        await self.require("workspace:write")
        self._origin, self._browser_zone = str(origin)[:_LONGEST_ORIGIN], str(zone)[:64]
        await self._read()

    async def _read(self) -> None:
        async with db.reading() as session:
            found = await service.get(session)
        public = address.of(found)
        self.address_fixed = public.from_environment
        public_url = public.url if public.is_set else address.proposed(self._origin)
        zone = self._browser_zone if zones.is_known(self._browser_zone) else found.time_zone
        self._fill(
            public_url=public_url,
            company=found.company,
            postal_address=found.postal_address,
            time_zone=found.time_zone if found.introduced else zone,
        )
        self.address_note = self._note(public, public_url)

    def _note(self, public: address.PublicAddress, proposed: str) -> str:
        if public.from_environment:
            return f"{address.VARIABLE} on the server says so. {public.problem or public.advice}".strip()
        if public.is_set or proposed or not self._origin:
            return public.advice if public.is_set else ""
        return UNREACHABLE.format(origin=self._origin)

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> None:
        """An address that is not known yet may be left out."""
        texts = {name: value.strip() for name, value in given.items()}
        public_url, stored = texts.pop("public_url"), (await service.get(session)).public_url
        keeps = self.address_fixed or not (public_url or stored)
        await service.update(session, actor, **texts, public_url=None if keeps else public_url)

    async def _saved(self, actor: Actor, saved: None) -> Any:  # noqa: ARG002
        return browser.redirect(routes.DASHBOARD)

    @rx.event
    async def skip(self) -> Any:
        """Later, in the settings. The dashboard shows what is missing."""
        actor = await self.require("workspace:write")
        async with db.transaction() as session:
            await service.introduce(session, actor)
        return browser.redirect(routes.DASHBOARD)
