"""Second step: the audience."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.audience import audiences, segment_service
from campaign_app.audience import service as audience
from campaign_app.channels import registry
from campaign_app.core import db
from campaign_app.kit import text
from campaign_app.models.suppression import SuppressionReason
from campaign_app.ui.campaign_builder.state import OPENERS, Builder

REASONS = {
    SuppressionReason.UNSUBSCRIBED: "Unsubscribed",
    SuppressionReason.BOUNCED: "Address bounced",
    SuppressionReason.COMPLAINED: "Complained",
    SuppressionReason.MANUAL: "Suppressed by hand",
}


@dataclass
class Choice:
    """A list or a segment: `key` is "list:3" or "segment:2"."""

    key: str
    name: str
    detail: str
    kind: str


@dataclass
class SummaryRow:
    """A figure of the summary."""

    label: str
    value: str


class BuilderAudience(Builder):
    """Included and excluded lists and segments. Counted after each change."""

    everyone: bool = False
    choices: list[Choice] = []
    included: list[str] = []
    excluded: list[str] = []
    search: str = ""
    counting: bool = False
    reachable: int = 0
    reachable_text: str = "0"
    lines: list[SummaryRow] = []
    chosen_any: bool = False

    @rx.var
    def shown(self) -> list[Choice]:
        """The choices whose name contains the search text."""
        wanted = self.search.strip().lower()
        return [choice for choice in self.choices if wanted in choice.name.lower()]

    @rx.event
    async def open_step(self) -> Any:
        """Fill the screen, then count."""
        actor = await self.require("campaigns:write")
        async with db.reading() as session:
            lists = await audience.lists(session, actor)
            segments = await segment_service.list_segments(session, actor)
        self.choices = [
            *(
                Choice(f"list:{row.id}", row.name, text.plural(row.members, "person", "people"), "List")
                for row in lists
            ),
            *(Choice(f"segment:{row.id}", row.name, row.description or "Rules", "Segment") for row in segments),
        ]
        stored = self._mine["audience"] or {}
        known = {choice.key for choice in self.choices}
        self.everyone = bool(stored.get("everyone"))
        self.included = [key for key in _keys(stored, "lists", "segments") if key in known]
        self.excluded = [key for key in _keys(stored, "exclude_lists", "exclude_segments") if key in known]
        self.search = ""
        self.opened = "audience"
        async for step in self._store():  # without those deleted meanwhile
            yield step

    @rx.event
    async def choose_everyone(self, everyone: bool) -> Any:
        """All contacts, or those of chosen lists and segments."""
        await self.require("campaigns:write")
        self.everyone = everyone
        async for step in self._store():
            yield step

    @rx.event
    async def include(self, key: str, on: bool) -> Any:
        """Include a list or segment in the audience, or remove it."""
        await self.require("campaigns:write")
        self.included = _with(self.included, key, on)
        self.excluded = _with(self.excluded, key, False) if on else self.excluded
        async for step in self._store():
            yield step

    @rx.event
    async def exclude(self, key: str, on: bool) -> Any:
        """Exclude its people, whatever else they are in."""
        await self.require("campaigns:write")
        self.excluded = _with(self.excluded, key, on)
        self.included = _with(self.included, key, False) if on else self.included
        async for step in self._store():
            yield step

    @rx.event
    async def find(self, search: str) -> None:
        """Narrow the choices."""
        await self.require("campaigns:write")
        self.search = search

    async def _store(self) -> Any:
        stored = {
            "everyone": self.everyone,
            "lists": _ids(self.included, "list") if not self.everyone else [],
            "segments": _ids(self.included, "segment") if not self.everyone else [],
            "exclude_lists": _ids(self.excluded, "list"),
            "exclude_segments": _ids(self.excluded, "segment"),
        }
        self.counting = True
        yield
        if stored != _whole(self._mine["audience"] or {}):
            await self._save(audience=stored)
        await self._count()

    async def _count(self) -> None:
        try:
            stored = self._mine["audience"] or {}
            self.chosen_any = self.everyone or bool(self.included)
            kind = registry.channel(self.channel).address
            async with db.reading() as session:
                count = await audiences.count(session, stored, kind.name)
            self.reachable, self.reachable_text = count.reachable, text.number(count.reachable)
            self.lines = [
                SummaryRow("In the audience", text.number(count.total)),
                *(SummaryRow(REASONS[reason], f"− {text.number(n)}") for reason, n in count.suppressed.items() if n),
                *([SummaryRow(f"No {kind.label}", f"− {text.number(count.no_address)}")] if count.no_address else []),
            ]
        finally:
            self.counting = False


def _keys(stored: dict[str, Any], lists: str, segments: str) -> list[str]:
    return [f"list:{n}" for n in stored.get(lists, [])] + [f"segment:{n}" for n in stored.get(segments, [])]


def _ids(keys: list[str], kind: str) -> list[int]:
    return sorted(int(key.partition(":")[2]) for key in keys if key.startswith(f"{kind}:"))


def _whole(audience: dict[str, Any]) -> dict[str, Any]:
    ids = {key: sorted(audience.get(key, [])) for key in ("lists", "segments", "exclude_lists", "exclude_segments")}
    return {"everyone": bool(audience.get("everyone")), **ids}


def _with(keys: list[str], key: str, on: bool) -> list[str]:
    rest = [known for known in keys if known != key]
    return [*rest, key] if on else rest


OPENERS["audience"] = BuilderAudience.open_step
