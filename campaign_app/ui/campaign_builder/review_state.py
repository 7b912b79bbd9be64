"""Last step: pre-flight findings, finishing time, and the launch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.campaigns import preflight, service
from campaign_app.campaigns.schemas import Report
from campaign_app.core import clock, db
from campaign_app.core.actor import Actor
from campaign_app.delivery import service as delivery
from campaign_app.kit import text
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.rendering.finding import Finding
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import notify_error, notify_success
from campaign_app.ui.campaign_builder import finish as finish
from campaign_app.ui.campaign_builder.state import KEYS, OPENERS, Builder
from campaign_app.ui.campaign_builder.summary import summarize

_FINE_SHOWN = 3
_ELSEWHERE = {"account": (routes.ACCOUNTS, "Open accounts"), "workspace": (routes.SETTINGS, "Open settings")}
_FIXES = {
    "account": "Choose sender",
    "dead_link": "Edit link",
    "link": "Edit link",
    "missing": "Give a default",
    "recent": "Leave them out",
    "send_at": "Change time",
    "subject": "Edit subject",
    "unknown": "Edit variable",
}
# The button gets the focus only after half a second, so that an early Enter does not send.
_ACT = "[role=alertdialog] .b-dialog-foot button:last-child"


@dataclass
class FindingRow:
    """A finding; `href` leads to the step where it can be fixed."""

    title: str
    detail: str
    href: str
    fix: str


@dataclass
class SummaryRow:
    """A line of the summary with the step where it can be changed."""

    label: str
    value: str
    href: str


class BuilderReview(Builder):
    """Everything is checked again when this step opens, and once more at the launch."""

    checking: bool = False
    blocking: list[FindingRow] = []
    warnings: list[FindingRow] = []
    fine: list[FindingRow] = []
    fine_all: bool = False
    headline: str = ""
    checked: str = ""
    reason: str = ""
    can_launch: bool = False
    act: str = "Launch"
    confirm: str = "Send"
    finish_when: str = ""
    question: str = ""
    consequence: str = ""
    sender: str = ""
    warning_words: str = ""
    finish_title: str = ""
    finish_text: str = ""
    hours_note: str = ""
    fig: dict[str, Any] = {}
    summary: list[SummaryRow] = []
    scheduled: bool = False
    launch_in: int = 0  # the page visit in which the question is open
    launching: bool = False

    @rx.var
    def fine_shown(self) -> list[FindingRow]:
        """The first three, or all."""
        return self.fine if self.fine_all else self.fine[:_FINE_SHOWN]

    @rx.event
    async def open_step(self) -> Any:
        """Run the checks."""
        actor = await self.require("campaigns:write")
        self.opened = "review"
        async with self.busy("checking"):
            yield
            async with db.reading() as session:
                report = await preflight.run(session, actor, self._id)
                campaign = await service.get(session, actor, self._id)
                found = await summarize(session, actor, campaign, report)
            self.sender = found.sender
            self.summary = [SummaryRow(label, value, self._href(step)) for label, value, step in found.lines]
            self._show(report, campaign, actor)
            self._show_act(found.reachable, campaign)
            self._show_finish(report, campaign)

    def _show(self, report: Report, campaign: Campaign, actor: Actor) -> None:
        found = {kind: [_row(item, self._href) for item in report.of(kind)] for kind in ("blocking", "warning", "fine")}
        self.blocking, self.warnings, self.fine = found["blocking"], found["warning"], found["fine"]
        self.scheduled = campaign.status is CampaignStatus.SCHEDULED
        problems, checks = len(self.blocking), sum(len(rows) for rows in found.values())
        self.headline = (
            f"{text.plural(problems, 'problem')} {'stops' if problems == 1 else 'stop'} this launch"
            if problems
            else "Ready to launch"
        )
        advice = "Fix it, then launch. Warnings are your decision." if problems else "Warnings are your decision."
        self.checked = f"{text.plural(checks, 'check')} at {self._clock(clock.now())}. {advice}"
        allowed = actor.can("campaigns:start")
        self.reason = self.blocking[0].title if problems else "" if allowed else "Your role may not launch campaigns"
        self.can_launch = not problems and allowed
        if not self.can_launch:
            self.launch_in = 0

    def _show_act(self, reachable: int, campaign: Campaign) -> None:
        people = text.plural(reachable, "person", "people")
        warned = len(self.warnings)
        self.warning_words = f"{warned} accepted" if warned else "None"
        if campaign.send_at is not None:
            start = finish.moment(campaign.send_at, clock.now(), campaign.time_zone)
            self.act = self.confirm = f"Schedule for {people}"
            self.question = f"Schedule for {people}?"
            self.consequence = f"The first message leaves {start} ({campaign.time_zone}). Until then you can change it."
        else:
            self.act, self.confirm = f"Launch to {people}", f"Send to {people}"
            self.question = f"Send to {people}?"
            self.consequence = (
                "The first message leaves right away. You can pause at any time; messages already sent cannot be "
                "called back."
            )

    def _show_finish(self, report: Report, campaign: Campaign) -> None:
        count = sum(number for _, number in report.finishing)
        at = clock.now()
        self.finish_title = finish.finish_words(report.finishes_at, at, self.zone) if count else "Nothing to send"
        self.finish_when = self.finish_title.removeprefix("Finishes ")
        self.finish_text = finish.rate_words(count, report.starts_at or at, report.finishes_at, report.limited_by)
        windows = campaign.windows or {}
        hours = f"Sending windows follow {windows['zone']}." if windows.get("days") else "At any hour."
        self.hours_note = f"Messages by hour, {self.zone}. {hours}"
        self.fig = finish.chart(report.finishing, windows, self.zone, dark=self.dark)

    def _href(self, step: str) -> str:
        return routes.with_query(routes.campaign_edit(self._id), step=step)

    @rx.event
    async def show_fine(self) -> None:
        """Show all passed checks."""
        await self.require("campaigns:write")
        self.fine_all = not self.fine_all

    @rx.event
    async def ask_launch(self, is_open: bool) -> Any:
        """Ask before the launch."""
        await self.require("campaigns:start")
        self.launch_in = self.visit if is_open and self.can_launch else 0
        return browser.focus(_ACT, after_ms=500) if self.launch_in else None

    @rx.event
    async def launch(self) -> Any:
        """Send, or schedule. A double click launches once."""
        actor = await self.require("campaigns:start")
        if self.launching:
            return
        async with self.busy("launching"):
            yield
            said = await self._launch(actor)
        self.launch_in = 0
        if not said:
            yield BuilderReview.open_step
            yield notify_error("Not launched", "Something changed since the checks. Look at the findings again.")
            return
        yield browser.redirect(routes.campaign(self._id))
        yield notify_success(said)

    async def _launch(self, actor: Actor) -> str:
        """The reason why it may not start, or "". The checks use the network, so they hold no transaction."""
        async with db.reading() as session:
            report = await preflight.run(session, actor, self._id)
        if report.blocking:
            return ""
        async with db.transaction() as session:
            campaign = await service.get(session, actor, self._id)
            if campaign.status is CampaignStatus.RUNNING:
                return f"{campaign.name} is running already"
            if campaign.version != self._version:
                return ""
            if campaign.send_at is not None:
                await service.schedule(session, actor, self._id)
                return f"{campaign.name} is scheduled"
            await delivery.launch(session, actor, self._id)
            return f"{campaign.name} is on its way"


def _row(finding: Finding, address: Callable[[str], str]) -> FindingRow:
    if finding.fix in _ELSEWHERE:
        return FindingRow(finding.title, finding.detail, *_ELSEWHERE[finding.fix])
    if finding.fix not in KEYS:
        return FindingRow(finding.title, finding.detail, "", "")
    label = _FIXES.get(finding.code, f"Edit {finding.fix}")
    return FindingRow(finding.title, finding.detail, address(finding.fix), label)


OPENERS["review"] = BuilderReview.open_step
