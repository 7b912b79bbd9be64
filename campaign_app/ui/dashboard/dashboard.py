"""The dashboard."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.analytics.strip import metric_strip
from campaign_app.ui.components.charts import chart
from campaign_app.ui.dashboard.dashboard_state import (
    HEIGHT,
    Account,
    DashboardPage,
    Finished,
    Note,
    Running,
    StepLine,
)
from campaign_app.ui.kit.vars import choose, has_items, length
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _running(row: Running) -> rx.Component:
    parts = [
        c.ProgressSegment("sent", row.shares.sent),
        c.ProgressSegment("skipped", row.shares.skipped),
        c.ProgressSegment("uncertain", row.shares.uncertain),
        c.ProgressSegment("failed", row.shares.failed),
        c.ProgressSegment("bounced", row.shares.bounced),
        c.ProgressSegment("sending", row.shares.sending),
        c.ProgressSegment("queued", row.shares.queued),
    ]
    return c.list_item(
        rx.el.div(
            rx.el.span(row.name, c.channel_icon("email"), class_name="b-row b-strong"),
            c.status_badge(row.status),
            class_name="b-between",
        ),
        c.segmented_progress(parts, row.shares.total, live=row.status == "running"),
        rx.el.div(
            rx.el.span(row.done, class_name="b-num"),
            rx.el.span(row.note, class_name="b-num b-ell"),
            class_name="b-between b-dense b-muted",
        ),
        href=row.href,
    )


def _sending_now() -> rx.Component:
    none = rx.el.p("Nothing is sending now.", class_name="b-muted b-dense b-none-yet")
    return c.card(
        rx.cond(has_items(DashboardPage.running), rx.foreach(DashboardPage.running, _running), none),
        title="Sending now",
        aside=c.text_link("All campaigns", href=routes.CAMPAIGNS),
        pad=False,
    )


def _attention() -> rx.Component:
    def row(note: Note) -> rx.Component:
        return c.list_item(
            c.two_lines(note.title, note.detail),
            mark=c.status_icon(note.severity, 16),
            action=c.text_link(note.act, href=note.href),
        )

    none = rx.el.p("Nothing needs you.", class_name="b-muted b-dense b-none-yet")
    return c.card(
        rx.cond(has_items(DashboardPage.notes), rx.foreach(DashboardPage.notes, row), none),
        title="Needs attention",
        count=length(DashboardPage.notes).to_string(),
        pad=False,
    )


def _period() -> rx.Component:
    return c.card(
        metric_strip(DashboardPage.cells, DashboardPage.metric, DashboardPage.choose, DashboardPage.loading),
        rx.el.div(
            chart(
                DashboardPage.figure,
                label=f"{DashboardPage.metric} per day over the last 30 days",
                height=HEIGHT,
                loading=DashboardPage.loading,
            ),
            class_name="b-card-inset",
        ),
        title="Last 30 days",
        meta="compared with the 30 days before",
        aside=c.text_link("Open analytics", href=routes.ANALYTICS),
        pad=False,
    )


def _accounts() -> rx.Component:
    def row(account: Account) -> rx.Component:
        doubtful = (account.health == "bouncing") | (account.health == "refused")
        return c.list_item(
            rx.el.div(
                rx.el.span(account.address, class_name="b-ell b-dense b-strong"),
                c.health_dot(account.health, account.words),
                class_name="b-between",
            ),
            rx.el.div(
                c.share_bar(account.share, choose(doubtful, "var(--amber-9)", "var(--green-9)")),
                rx.el.span(account.used, class_name="b-small b-muted b-num b-nowrap"),
                class_name="b-row",
            ),
        )

    none = rx.el.p("No sending account yet.", class_name="b-muted b-dense b-none-yet")
    return c.card(
        rx.cond(has_items(DashboardPage.accounts), rx.foreach(DashboardPage.accounts, row), none),
        title="Account health",
        aside=c.text_link("Manage", href=routes.ACCOUNTS),
        pad=False,
    )


def _finished() -> rx.Component:
    def row(line: Finished) -> rx.Component:
        return c.table_row(
            c.name_cell(line.name, line.href),
            c.cell(c.status_badge(line.status)),
            c.cell(line.sent, align="right"),
            c.cell(line.opened, align="right"),
            c.cell(line.clicked, align="right"),
            c.cell(line.unsubscribed, align="right", hide="narrow"),
        )

    def phone_row(line: Finished) -> rx.Component:
        return c.phone_item(
            line.name, line.href, left=f"{line.sent} sent", right=f"{line.opened} opened · {line.clicked} clicked"
        )

    columns = [
        c.Column("Campaign"),
        c.Column("Status", width="140px"),
        c.Column("Sent", align="right"),
        c.Column("Opened by people", align="right"),
        c.Column("Clicked", align="right"),
        c.Column("Unsubscribed", align="right", hide="narrow"),
    ]
    table = c.data_table(
        columns,
        DashboardPage.finished,
        row,
        label="Finished campaigns",
        loading=DashboardPage.loading,
        bleed=False,
        two_lines=False,
        phone_row=phone_row,
    )
    none = rx.el.p("No campaign has finished yet.", class_name="b-muted b-dense b-none-yet")
    return c.card(
        rx.cond(has_items(DashboardPage.finished) | DashboardPage.loading, table, none),
        title="Finished lately",
        pad=False,
    )


def _start() -> rx.Component:
    def step(line: StepLine) -> rx.Component:
        return c.setup_step(
            line.title,
            line.detail,
            line.done,
            rx.cond(
                line.done,
                c.text_link("Change", href=line.href, aria_label=f"Change: {line.title}"),
                c.text_link("Open", href=line.href, aria_label=f"Open: {line.title}"),
            ),
        )

    return c.empty_state(
        "send",
        "Send your first campaign",
        DashboardPage.steps_left,
        rx.foreach(DashboardPage.steps, step),
        action=c.if_allowed("campaigns:write", c.primary_button("New campaign", "plus", href=routes.CAMPAIGN_NEW)),
    )


@page(
    routes.DASHBOARD,
    title="Dashboard",
    on_load=DashboardPage.load,
    icon="house",
    links=[Link(Area.MAIN, 10, phone="Home")],
)
def dashboard() -> Any:
    """In order of urgency: sending, attention, results, health."""
    full = rx.fragment(
        rx.el.div(_sending_now(), _attention(), class_name="b-grid-2-1"),
        rx.el.div(_period(), _accounts(), class_name="b-grid-2-1"),
        _finished(),
    )
    new = c.if_allowed("campaigns:write", c.primary_button("New campaign", "plus", href=routes.CAMPAIGN_NEW))
    return rx.fragment(
        c.page_header(
            "Dashboard",
            rx.cond(DashboardPage.nothing_yet, rx.fragment(), new),
            meta=DashboardPage.today,
        ),
        c.page_body(rx.cond(DashboardPage.nothing_yet & ~DashboardPage.loading, _start(), full)),
    )
