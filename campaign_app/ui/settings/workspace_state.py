"""Settings of the whole installation."""

from typing import Any, ClassVar, Final

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.auth import factor_policy
from campaign_app.auth.schemas import FactorPolicy
from campaign_app.core import db
from campaign_app.core.actor import Actor
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_success
from campaign_app.ui.kit.forms_state import Field, Form, FormState, switched
from campaign_app.ui.setup import fields
from campaign_app.workspace import address, service
from campaign_app.workspace.schemas import Workspace

_ROWS: Final = (
    fields.PUBLIC_URL,
    fields.COMPANY,
    fields.POSTAL_ADDRESS,
    Field(
        "needs_postal_address",
        "Campaigns need a postal address",
        "switch",
        "Off: they go out without one. Only if no law asks you for it, or every message carries its own. "
        "The audit log says who switched it.",
    ),
    (
        fields.TIME_ZONE,
        Field(
            "default_country",
            "Country",
            "select",
            "Phone numbers without a country code are read as from here",
            options=tuple(service.countries().items()),
        ),
    ),
    Field(
        "suppress_refused",
        "Suppress addresses that do not exist",
        "switch",
        "A server that says so while a campaign is sent counts like a returned message. Not from a campaign "
        "whose first messages are all refused: that is stopped instead.",
    ),
    Field("require_factor", "Owners and admins need a second factor", "switch"),
)


class WorkspaceSettings(FormState, AppState):
    form: ClassVar[Form] = Form("", "workspace:write", _ROWS)
    loading: bool = True
    address_fixed: bool = False
    address_note: str = ""
    address_problem: str = ""
    factor_note: str = ""
    _public_url: str = ""
    _required_before: bool = False

    @rx.event
    async def load(self) -> Any:
        """Open the page. Without permission, go to the own profile."""
        actor = await self.require()
        if not actor.can("workspace:read"):
            return browser.redirect(routes.PROFILE)
        if not self._is_filled():
            async with self.busy(), db.reading() as session:
                self._show(await service.get(session), await factor_policy.get(session, actor))
        return None

    def _show(self, found: Workspace, policy: FactorPolicy) -> None:
        public = address.of(found)
        self.address_fixed = public.from_environment
        self._public_url = public.url if public.is_set else ""
        self.address_note = f"{address.VARIABLE} on the server says so and wins" if public.from_environment else ""
        self.address_problem = _words(public)
        self.factor_note = f"Now {policy.without} of {policy.people} have none."
        self._required_before = policy.required
        self._fill(
            public_url=self._public_url,
            company=found.company,
            postal_address=found.postal_address,
            time_zone=found.time_zone,
            default_country=found.default_country,
            needs_postal_address=switched(found.needs_postal_address),
            suppress_refused=switched(found.suppress_refused),
            require_factor=switched(policy.required),
        )

    async def _save(self, session: AsyncSession, actor: Actor, given: dict[str, Any]) -> tuple[Workspace, FactorPolicy]:
        public_url, required = given.pop("public_url").strip(), given.pop("require_factor")
        given["time_zone"] = given["time_zone"].strip()
        keeps = self.address_fixed or public_url == self._public_url
        saved = await service.update(session, actor, **given, public_url=None if keeps else public_url)
        if required != self._required_before:  # somebody else's change is kept
            await factor_policy.require(session, actor, required)
        return saved, await factor_policy.get(session, actor)

    async def _saved(self, actor: Actor, saved: tuple[Workspace, FactorPolicy]) -> Any:  # noqa: ARG002
        self._show(*saved)
        return notify_success("Workspace saved")


def _words(public: address.PublicAddress) -> str:
    """An error or a warning about the address; "" when there is none."""
    if not public.problem:
        return public.advice
    if not public.is_set:
        return f"Links lead to {public.url} now. {public.problem} Until there is an address, campaigns do not start."
    return f"{public.problem} Campaigns do not start until it is another one."
