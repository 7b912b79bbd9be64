"""What all steps of the builder share: the edited campaign, saving it, and conflicts with somebody else's save."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

import reflex as rx
from pydantic import ValidationError

from campaign_app.campaigns import lifecycle, service
from campaign_app.campaigns.errors import CampaignNotFound, SavedByAnother
from campaign_app.campaigns.schemas import CampaignPatch
from campaign_app.channels import registry
from campaign_app.core import clock, db
from campaign_app.core.errors import Invalid
from campaign_app.kit import ids
from campaign_app.models.campaign import Campaign
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, notify_error, notify_success
from campaign_app.workspace import service as workspace


@dataclass(frozen=True, slots=True)
class StepName:
    """A step: its key in the address, its title, and the label of the button that leads to it."""

    key: str
    label: str
    next_label: str = ""


STEPS: Final = (
    StepName("setup", "Setup"),
    StepName("audience", "Audience", "Next: audience"),
    StepName("content", "Content", "Next: content"),
    StepName("schedule", "Schedule", "Next: schedule"),
    StepName("review", "Review", "Next: review"),
)
KEYS: Final = tuple(step.key for step in STEPS)
# Step (or "step channel" where a channel has a screen of its own) → the event that fills its screen; each step's
# module puts its own in.
OPENERS: Final[dict[str, Any]] = {}


_OPENERS = frozenset({"load", "enter", "note_color_mode"})


class Builder(AppState):
    """The edited campaign. Each change is saved separately. `revision` increases when the server replaces the texts."""

    name: str = ""
    channel: str = ""
    step: str = "setup"
    reached: int = 1
    ready: bool = False
    opened: str = ""
    revision: int = 0
    saved: str = ""
    address: str = ""
    page_address: str = ""
    conflict: str = ""
    conflict_title: str = ""
    copying: bool = False
    errors: dict[str, str] = {}
    zone: str = "UTC"
    _needed: ClassVar[str] = "campaigns:write"
    _id: int = 0
    _version: int = 0
    _mine: dict[str, Any] = {}

    def _takes(self, handler: str) -> bool:
        """Only loading is allowed until the campaign is loaded."""
        return handler in _OPENERS or bool(self._mine)

    @rx.event
    async def load(self) -> Any:
        """Read the campaign in the address and open its step."""
        actor = await self.require("campaigns:read")
        address = str(self.campaign_id)
        if ids.number(address) is None:
            raise CampaignNotFound
        async with db.reading() as session:
            campaign = await service.get(session, actor, int(address))
            self.zone = await workspace.zone_of(session, actor)
        reason = "" if actor.can("campaigns:write") else "Your role may read campaigns, not change them."
        reason = reason or lifecycle.why_not("edit", campaign.status)
        if reason:
            return [browser.redirect(routes.campaign(address)), notify_error("This campaign cannot be edited", reason)]
        self._take(campaign)
        wanted = self.query("step")
        reachable = KEYS[: self.reached]
        self.step = wanted if wanted in reachable else reachable[-1]
        return OPENERS.get(f"{self.step} {self.channel}", OPENERS.get(self.step))

    def _take(self, campaign: Campaign) -> None:
        self.conflict = self.conflict_title = ""
        self.errors = {}
        self.opened = ""
        self._id, self._version = int(campaign.id or 0), campaign.version
        self._mine = {field: getattr(campaign, field) for field in CampaignPatch.model_fields}
        self.address, self.page_address = routes.campaign_edit(self._id), routes.campaign(self._id)
        self.name = campaign.name
        self.channel = registry.channel(campaign.channel).name
        self.reached = min(max(campaign.step_reached, 1), len(STEPS))
        self.saved = f"Saved {self._clock(campaign.updated_at)}"
        self.revision += 1
        self.ready = True

    def _clock(self, at: Any) -> str:
        return f"{at.astimezone(ZoneInfo(self.zone)):%H:%M}"

    async def _save(self, **changes: Any) -> bool:
        """Save the changes. Returns False on failure; then the screen shows the reason."""
        actor = await self.require("campaigns:write")
        changes = {field: value for field, value in changes.items() if self._mine.get(field) != value}
        self._mine = {**self._mine, **changes}
        if not changes or self.conflict:
            return not self.conflict
        try:
            async with db.transaction() as session:
                patch = CampaignPatch(**changes)
                campaign = await service.save_step(session, actor, self._id, self._version, patch)
        except SavedByAnother as error:
            self.conflict_title, self.conflict = error.title, error.message
            return False
        except (Invalid, ValidationError) as error:
            self.errors = {**self.errors, **_by_field(error, changes)}
            return False
        self._version = campaign.version
        self.channel = registry.channel(campaign.channel).name
        self.errors = {field: text for field, text in self.errors.items() if field not in changes}
        self.saved = f"Saved {self._clock(clock.now())}"
        return True

    @rx.event
    async def advance(self) -> Any:
        """Go to the next step, which counts as reached from now on."""
        await self.require("campaigns:write")
        position = KEYS.index(self.step) + 1
        if self.errors or position >= len(KEYS):
            return (
                notify_error("This step is not finished", "Correct the marked fields first.") if self.errors else None
            )
        reached = max(self.reached, position + 1)
        if not await self._save(step_reached=reached):
            return None
        self.reached = reached
        return browser.redirect(routes.with_query(routes.campaign_edit(self._id), step=KEYS[position]))

    @rx.event
    async def load_theirs(self) -> Any:
        """Replace what is here with what the other person saved."""
        await self.require("campaigns:write")
        return Builder.load

    @rx.event
    async def keep_as_copy(self) -> Any:
        """Save everything on this screen as a new draft. The other person's version is unchanged."""
        actor = await self.require("campaigns:write")
        async with self.busy("copying"), db.transaction() as session:
            copy = await service.duplicate(session, actor, self._id)
            mine = CampaignPatch(**{**self._mine, "name": f"{self._mine['name'][:246]} (my copy)"})
            copy = await service.save_step(session, actor, int(copy.id or 0), copy.version, mine)
        address = routes.with_query(routes.campaign_edit(copy.id), step=self.step)
        return [
            browser.redirect(address),
            notify_success(f"{copy.name} has your version", "The other one was not touched."),
        ]


def _by_field(error: Exception, changes: dict[str, Any]) -> dict[str, str]:
    if isinstance(error, ValidationError):
        return {str(part["loc"][0]): _plain(part) for part in error.errors() if part["loc"]}
    fields = getattr(error, "fields", {})
    return dict(fields) or {next(iter(changes)): str(error)}


def _plain(part: Any) -> str:
    limit = part.get("ctx", {})
    if "max_length" in limit:
        return f"At most {limit['max_length']} characters fit here."
    if "min_length" in limit:
        return "This cannot be empty."
    if "ge" in limit or "gt" in limit or "le" in limit:
        low, high = limit.get("ge", limit.get("gt")), limit.get("le", limit.get("lt"))
        return f"Give a number of at least {low}." if low is not None else f"Give a number of at most {high}."
    return str(part["msg"]).removeprefix("Value error, ")
