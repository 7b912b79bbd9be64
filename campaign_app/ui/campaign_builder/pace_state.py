"""Fourth step, second half: rate and sending windows."""

from typing import Any

import reflex as rx

from campaign_app.ui.campaign_builder.schedule_state import BuilderSchedule
from campaign_app.ui.campaign_builder.state import OPENERS
from campaign_app.ui.campaign_builder.windows import WindowDay, days_of, stored_windows, with_time

_LIMITS = {"rate_per_minute": (1, 1_000_000), "batch_size": (1, 1_000_000), "batch_delay": (0, 86_400)}


class BuilderPace(BuilderSchedule):
    """Limits of the campaign itself. Account limits also apply."""

    rate_per_minute: str = ""
    batch_size: str = ""
    batch_delay: str = ""
    any_hour: bool = True
    days: list[WindowDay] = []
    window_zone: str = "UTC"

    @rx.event
    async def open_pace(self) -> Any:
        """Fill this half, then estimate."""
        await self.require("campaigns:write")
        mine = self._mine
        self.rate_per_minute = str(mine["rate_per_minute"] or "")
        self.batch_size = str(mine["batch_size"] or "")
        self.batch_delay = f"{mine['batch_delay_ms'] / 1000:g}" if mine["batch_delay_ms"] else ""
        windows = mine["windows"] or {}
        self.any_hour = not windows.get("days")
        self.window_zone = windows.get("zone") or self.time_zone
        self.days = days_of(windows)
        self.opened = "schedule"
        yield
        await self._estimate()

    @rx.event
    async def set_rate(self, value: str) -> None:
        """Messages per minute; empty: as fast as the account allows."""
        await self.require("campaigns:write")
        if (found := self._limit("rate_per_minute", value)) is not None:
            self.rate_per_minute = value.strip()
            await self._save(rate_per_minute=int(found) or None)
            await self._estimate()

    @rx.event
    async def set_batch_size(self, value: str) -> None:
        """Messages in a batch; empty: no batches."""
        await self.require("campaigns:write")
        if (found := self._limit("batch_size", value)) is not None:
            self.batch_size = value.strip()
            await self._save(batch_size=int(found) or None)
            await self._estimate()

    @rx.event
    async def set_batch_delay(self, value: str) -> None:
        """Seconds between batches."""
        await self.require("campaigns:write")
        if (found := self._limit("batch_delay", value)) is not None:
            self.batch_delay = value.strip()
            await self._save(batch_delay_ms=round(found * 1000))
            await self._estimate()

    def _limit(self, field: str, value: str) -> float | None:
        """The number (0 when empty), or None when it is invalid or out of bounds; then the field shows the error."""
        low, high = _LIMITS[field]
        found = _number(value)
        if found is None or (value.strip() and not low <= found <= high):
            self.errors = {**self.errors, field: f"Give a number from {low} to {high:,}, or leave it empty."}
            return None
        self.errors = {name: words for name, words in self.errors.items() if name != field}
        return found

    @rx.event
    async def choose_hours(self, any_hour: bool) -> None:
        """At any time, or only in sending windows."""
        await self.require("campaigns:write")
        self.any_hour = any_hour
        if not any_hour and not any(day.on for day in self.days):
            self.days = days_of({"days": {str(day): [["09:00", "18:00"]] for day in range(5)}})
        await self._save_windows()

    @rx.event
    async def toggle_day(self, number: int, on: bool) -> None:
        """Switch this weekday's window on or off."""
        await self.require("campaigns:write")
        self.days = [WindowDay(**{**vars(day), "on": on}) if day.number == number else day for day in self.days]
        await self._save_windows()

    @rx.event
    async def set_window(self, number: int, edge: str, value: str) -> None:
        """The start or end of a weekday's window; `edge` is opens or closes."""
        await self.require("campaigns:write")
        self.days = [with_time(day, edge, value) if day.number == number else day for day in self.days]
        await self._save_windows()

    async def _save_windows(self) -> None:
        if not self.any_hour and not any(day.on for day in self.days):
            self.errors = {**self.errors, "windows": "Choose at least one weekday, or send at any time."}
            return
        self.errors = {name: words for name, words in self.errors.items() if name != "windows"}
        await self._save(windows={} if self.any_hour else stored_windows(self.days, self.window_zone))
        await self._estimate()


def _number(value: str) -> float | None:
    if not value.strip():
        return 0.0
    try:
        return float(value.replace(",", "").strip())
    except ValueError:
        return None


OPENERS["pace"] = BuilderPace.open_pace
