"""The analytics page."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.analytics.analytics_state import (
    HEAT_HEIGHT,
    HEIGHT,
    PERIODS,
    AnalyticsPage,
    ComparedCampaign,
)
from campaign_app.ui.analytics.strip import metric_strip
from campaign_app.ui.components.charts import chart, chart_card, legend_item
from campaign_app.ui.kit.vars import choose, has_items
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _main() -> rx.Component:
    head = rx.el.div(
        rx.el.h2(AnalyticsPage.title),
        rx.el.div(
            legend_item("This period", "var(--iris-9)"),
            legend_item("Before", "var(--slate-8)"),
            class_name="b-row b-gap-12",
        ),
        class_name="b-between b-card-inset",
    )
    drawn = chart(AnalyticsPage.figure, label=AnalyticsPage.title, height=HEIGHT, loading=AnalyticsPage.loading)
    return rx.el.section(
        metric_strip(AnalyticsPage.cells, AnalyticsPage.metric, AnalyticsPage.choose, AnalyticsPage.loading),
        head,
        rx.el.div(drawn, class_name="b-card-inset"),
        class_name="b-card",
    )


def _compare() -> rx.Component:
    def row(line: ComparedCampaign) -> rx.Component:
        against = rx.el.span(
            rx.cond(line.better, c.icon("arrow_up", 12), c.icon("arrow_down", 12)),
            line.against,
            class_name="b-row b-end b-trend",
            data_trend=choose(line.better, "better", "worse"),
        )
        return c.table_row(
            c.name_cell(line.name, line.href),
            c.cell(line.sent, align="right"),
            c.cell(line.opened, align="right"),
            c.cell(against, align="right"),
            c.cell(line.clicked, align="right"),
            c.cell(line.unsubscribed, align="right", hide="narrow"),
        )

    def phone_row(line: ComparedCampaign) -> rx.Component:
        return c.phone_item(line.name, line.href, left=f"{line.sent} sent", right=f"{line.opened} opened")

    columns = [
        c.Column("Campaign"),
        c.Column("Sent", align="right"),
        c.Column("Opened by people", align="right"),
        c.Column("Against average", align="right"),
        c.Column("Clicked", align="right"),
        c.Column("Unsubscribed", align="right", hide="narrow"),
    ]
    table = c.data_table(
        columns,
        AnalyticsPage.campaigns,
        row,
        label="Campaigns of the period",
        loading=AnalyticsPage.loading,
        bleed=False,
        two_lines=False,
        phone_row=phone_row,
    )
    none = rx.el.p("No campaign was sent in this period.", class_name="b-muted b-dense b-none-yet")
    return c.card(
        rx.cond(has_items(AnalyticsPage.campaigns) | AnalyticsPage.loading, table, none),
        title="Compare campaigns",
        pad=False,
    )


@page(
    routes.ANALYTICS,
    title="Analytics",
    on_load=AnalyticsPage.load,
    may="analytics:read",
    icon="chart_no_axes_column",
    links=[Link(Area.MAIN, 60, phone="Analytics")],
)
def analytics() -> Any:
    """Figures of the period, funnel, best hours, comparison of campaigns."""
    period = rx.segmented_control.root(
        *(rx.segmented_control.item(f"{days} days", value=days) for days in PERIODS),
        value=AnalyticsPage.period,
        on_change=AnalyticsPage.choose_period,
    )
    export = rx.el.a(
        c.icon("download", 16),
        "Export CSV",
        href=f"/files/analytics.csv?days={AnalyticsPage.period}",
        reload_document=True,
        class_name="rt-reset rt-BaseButton rt-r-size-2 rt-variant-outline rt-Button b-outline",
    )
    heat = chart_card(
        "When people open",
        AnalyticsPage.heat,
        label=f"Share of opens by weekday and hour. {AnalyticsPage.best_hour}",
        height=HEAT_HEIGHT,
        meta="in the workspace's time zone",
        aside=rx.el.span(AnalyticsPage.best_hour, class_name="b-muted b-dense"),
    )
    return rx.fragment(
        c.page_header("Analytics", c.if_allowed("analytics:export", export)),
        c.page_body(
            rx.el.div(period),
            _main(),
            rx.el.div(
                c.card(c.bar_list(AnalyticsPage.funnel), title="Funnel", meta="Share of sent"),
                c.card(
                    rx.el.p(
                        "Opens and clicks of mail scanners and privacy proxies are told apart from people's and left "
                        "out of every rate on this page. Each campaign's results show how many there were.",
                        class_name="b-dense b-muted",
                    ),
                    title="People, not machines",
                ),
                class_name="b-grid-1-1",
            ),
            rx.cond(AnalyticsPage.has_heat, heat, rx.fragment()),
            _compare(),
        ),
    )
