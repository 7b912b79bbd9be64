"""Fourth step: start and priority. Rate and sending windows are in `pace_state`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import reflex as rx

from campaign_app.campaigns import schedule
from campaign_app.channels import registry
from campaign_app.core import clock, db
from campaign_app.core.errors import Invalid
from campaign_app.kit import zones
from campaign_app.kit.days import day_of
from campaign_app.models.campaign import LatePolicy
from campaign_app.ui.campaign_builder import estimate
from campaign_app.ui.campaign_builder.state import OPENERS, Builder


class BuilderSchedule(Builder):
    """Times are entered as local time in the campaign's zone and stored in UTC."""

    later: bool = False
    day: str = ""
    hour: str = ""
    time_zone: str = "UTC"
    zone_names: list[str] = []
    start_note: str = ""
    late_policy: str = LatePolicy.SEND.value
    priority: str = "5"
    finish: str = ""
    finish_why: str = ""

    @rx.event
    async def open_step(self) -> Any:
        """Fill the screen, then the limits."""
        await self.require("campaigns:write")
        mine = self._mine
        fresh = mine["send_at"] is None and mine["time_zone"] == "UTC"
        self.time_zone = self.zone if fresh else mine["time_zone"]
        self.zone_names = zones.names()
        self.later = mine["send_at"] is not None
        local = schedule.to_local(mine["send_at"], self.time_zone) if self.later else None
        self.day, self.hour = (f"{local:%Y-%m-%d}", f"{local:%H:%M}") if local else ("", "")
        self.late_policy, self.priority = LatePolicy(mine["late_policy"]).value, str(mine["priority"])
        self.start_note = ""
        return OPENERS["pace"]

    @rx.event
    async def choose_start(self, later: bool) -> None:
        """Right after launch, or at a set time."""
        await self.require("campaigns:write")
        self.later = later
        if later and not self.day:
            tomorrow = day_of(clock.now(), self.time_zone) + timedelta(days=1)
            self.day, self.hour = f"{tomorrow:%Y-%m-%d}", "09:00"
        await self._save_start()

    @rx.event
    async def set_day(self, day: str) -> None:
        """The date of the start."""
        await self.require("campaigns:write")
        self.day = day
        await self._save_start()

    @rx.event
    async def set_hour(self, hour: str) -> None:
        """The time of the start."""
        await self.require("campaigns:write")
        self.hour = hour
        await self._save_start()

    @rx.event
    async def choose_zone(self, zone: str) -> None:
        """The time zone of the start."""
        await self.require("campaigns:write")
        self.time_zone = zone
        await self._save_start()

    @rx.event
    async def choose_late_policy(self, policy: str) -> None:
        """What happens when no worker ran at the start time."""
        await self.require("campaigns:write")
        self.late_policy = LatePolicy(policy).value if policy in set(LatePolicy) else self.late_policy
        await self._save(late_policy=LatePolicy(self.late_policy))

    @rx.event
    async def choose_priority(self, priority: str) -> None:
        """Which campaign goes first when several share an account: 1 before 9."""
        await self.require("campaigns:write")
        self.priority = priority if priority in {"1", "3", "5", "7", "9"} else "5"
        await self._save(priority=int(self.priority))

    async def _save_start(self) -> None:
        self.start_note = ""
        self.errors = {name: words for name, words in self.errors.items() if name != "send_at"}
        if not self.later:
            await self._save(send_at=None, time_zone=self.time_zone)
            return await self._estimate()
        try:
            wall = datetime.fromisoformat(f"{self.day}T{self.hour}")
            chosen = schedule.resolve_local(wall, self.time_zone)
        except (ValueError, Invalid):
            self.errors = {**self.errors, "send_at": "Give a date and a time."}
            return None
        if chosen.at <= clock.now():
            self.errors = {**self.errors, "send_at": "This time has passed. Choose a later one, or send right away."}
            return None
        self.start_note = chosen.note or self._in_own_zone(chosen.at)
        await self._save(send_at=chosen.at.astimezone(UTC), time_zone=self.time_zone)
        return await self._estimate()

    def _in_own_zone(self, at: datetime) -> str:
        here = schedule.to_local(at, self.zone)
        return "" if self.zone == self.time_zone else f"That is {here:%-d %b, %H:%M} in {self.zone}."

    async def _estimate(self) -> None:
        actor = await self.require("campaigns:write")
        kind = registry.channel(self.channel).address.name
        async with db.reading() as session:
            self.finish, self.finish_why = await estimate.in_words(session, actor, self._mine, self.zone, kind)


OPENERS["schedule"] = BuilderSchedule.open_step
