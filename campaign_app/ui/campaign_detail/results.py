"""The results tab."""

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.page_state import CampaignPage
from campaign_app.ui.campaign_detail.results_state import HEIGHT, CampaignResults, DomainLine, LinkLine, ReasonLine
from campaign_app.ui.components.charts import chart_card
from campaign_app.ui.kit.vars import has_items


def _export(slug: str) -> rx.Component:
    link = rx.el.a(
        c.icon("download", 14),
        "CSV",
        href=f"/files/campaigns/{CampaignPage.campaign_id}/{slug}.csv",
        reload_document=True,  # a plain link, because the router would search for a page
        class_name="b-link b-row",
        aria_label=f"Export {slug} as CSV",
    )
    return c.if_allowed("analytics:export", link)


def _nothing(rows: object, words: str, table: rx.Component) -> rx.Component:
    return rx.cond(has_items(rows), table, rx.el.p(words, class_name="b-muted b-dense b-none-yet"))


def _reasons() -> rx.Component:
    def row(line: ReasonLine) -> rx.Component:
        return c.table_row(c.cell(c.status_badge(line.status)), c.cell(line.label), c.cell(line.count, align="right"))

    table = c.data_table(
        [c.Column("Status", width="140px"), c.Column("Reason"), c.Column("People", align="right")],
        CampaignResults.reasons,
        row,
        label="Reasons",
        bleed=False,
        two_lines=False,
    )
    return c.card(
        _nothing(CampaignResults.reasons, "Nobody was left out and nothing failed.", table),
        title="Left out, failed, uncertain",
        aside=_export("reasons"),
        pad=False,
    )


def _links() -> rx.Component:
    def row(line: LinkLine) -> rx.Component:
        return c.table_row(
            c.cell(rx.el.span(line.url, title=line.url, class_name="b-ell"), class_name="b-wrap-cell"),
            c.cell(line.people, align="right"),
            c.cell(line.rate, align="right"),
            c.cell(line.clicks, align="right"),
        )

    columns = [
        c.Column("Link"),
        c.Column("People", align="right"),
        c.Column("Share of sent", align="right"),
        c.Column("Clicks", align="right"),
    ]
    table = c.data_table(columns, CampaignResults.links, row, label="Links", bleed=False, two_lines=False)
    return c.card(
        _nothing(CampaignResults.links, "The message has no links.", table),
        title="Top links",
        aside=_export("links"),
        pad=False,
    )


def _domains() -> rx.Component:
    def row(line: DomainLine) -> rx.Component:
        return c.table_row(
            c.cell(line.domain, class_name="b-strong"),
            c.cell(line.sent, align="right"),
            c.cell(line.opened, align="right"),
            c.cell(line.clicked, align="right"),
            c.cell(line.failed, align="right"),
        )

    columns = [
        c.Column("Mailbox domain"),
        c.Column("Sent", align="right"),
        c.Column("Opened by people", align="right"),
        c.Column("Clicked", align="right"),
        c.Column("Failed or bounced", align="right"),
    ]
    table = c.data_table(columns, CampaignResults.domains, row, label="Mailbox domains", bleed=False, two_lines=False)
    return c.card(
        _nothing(CampaignResults.domains, "Nothing was sent yet.", table),
        title="By mailbox domain",
        aside=_export("domains"),
        pad=False,
    )


def results_tab() -> rx.Component:
    """Funnel, automatic opens, time, reasons, links, domains. Each can be exported."""
    machines = c.card(
        c.share_bar(CampaignResults.people_share, "var(--iris-9)"),
        rx.el.p(CampaignResults.machine_text, class_name="b-dense b-muted b-gap-top"),
        title="People and machines",
    )
    times = chart_card(
        "Sent, opened, clicked",
        CampaignResults.time_figure,
        label="Messages sent, opens and clicks over time",
        height=HEIGHT,
        legend=[("Sent", "var(--slate-9)"), ("Opens", "var(--iris-9)"), ("Clicks", "var(--teal-9)")],
        aside=_export("times"),
    )
    shown = rx.el.div(
        rx.el.div(
            c.card(c.bar_list(CampaignResults.funnel), title="Funnel", aside=_export("funnel")),
            rx.cond(CampaignResults.tracks_opens, machines, rx.fragment()),
            class_name="b-grid-1-1",
        ),
        rx.cond(CampaignResults.has_times, times, rx.fragment()),
        _reasons(),
        rx.cond(CampaignResults.has_links, _links(), rx.fragment()),
        rx.cond(CampaignResults.has_domains, _domains(), rx.fragment()),
        class_name="b-col b-gap-16",
    )
    return rx.cond(CampaignResults.loading, c.skeleton_card(6), shown)
