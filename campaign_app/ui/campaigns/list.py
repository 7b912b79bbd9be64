"""The list of campaigns."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import palette_sources, routes
from campaign_app.ui.campaigns.list_state import CampaignList as State
from campaign_app.ui.kit.lists import Table, bulk_question, list_page
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link


def _new_link() -> rx.Component:
    return c.if_allowed(
        "campaigns:write", c.icon_button("plus", "New campaign", href=routes.CAMPAIGN_NEW, variant="ghost")
    )


@page(
    routes.CAMPAIGNS,
    title="Campaigns",
    on_load=State.load,
    may="campaigns:read",
    icon="send",
    links=[Link(Area.MAIN, 20, badge=c.running_campaigns, phone="Campaigns")],
    find=palette_sources.find_campaigns,
    phone_action=_new_link,
)
def campaigns() -> rx.Component:
    """Views, filters, rows; or the first steps when there is no campaign."""
    new = c.if_allowed("campaigns:write", c.primary_button("New campaign", icon="plus", href=routes.CAMPAIGN_NEW))
    question = bulk_question(
        State,
        "delete",
        f"Delete {State.asked_words}?",
        "It leaves the lists. What was sent stays in the contacts' timelines and in the audit log.",
        act="Delete",
    )
    blank = ~State.loading & State.nothing_at_all
    return list_page(State, _TABLE, actions=[new], empty=_first_steps(), below=[question], blank=blank)


def _bar(row: Any) -> rx.Component:
    parts = [c.ProgressSegment(name, getattr(row, name)) for name in ("sent", "skipped", "uncertain", "failed")]
    return c.segmented_progress(parts, row.total, live=row.live)


def _progress(row: Any) -> rx.Component:
    return rx.cond(
        row.bar,
        rx.el.div(
            rx.el.div(_bar(row), class_name="b-grow"),
            rx.el.span(row.progress, class_name="b-num cl-percent"),
            class_name="b-row b-muted",
        ),
        rx.el.span(row.progress, class_name="b-muted b-num"),
    )


def _menu(row: Any) -> rx.Component:
    trigger = rx.icon_button(
        c.icon("ellipsis"),
        size="1",
        variant="ghost",
        color_scheme="gray",
        class_name="b-ghost-icon",
        aria_label=f"Actions for {row.name}",
    )
    ids = rx.Var.create([row.id])

    def allowed(permission: str, possible: Any, item: rx.Component) -> rx.Component:
        return rx.cond(c.may(permission) & possible, item, rx.fragment())

    return c.menu(
        c.menu_item("Open", icon_name="arrow_right", href=routes.campaign(row.id)),
        allowed(
            "campaigns:write", row.can_edit, c.menu_item("Edit", icon_name="pencil", href=routes.campaign_edit(row.id))
        ),
        allowed("campaigns:pause", row.can_pause, c.menu_item("Pause", State.run("pause", ids), "circle_pause")),
        allowed("campaigns:pause", row.can_resume, c.menu_item("Resume", State.run("resume", ids), "play")),
        c.if_allowed("campaigns:duplicate", c.menu_item("Duplicate", State.run("duplicate", ids), "copy")),
        allowed(
            "campaigns:delete",
            row.can_delete,
            c.menu_item("Delete", State.ask("delete", ids, row.name), "trash_2", danger=True),
        ),
        trigger=trigger,
    )


def _phone_row(row: Any) -> rx.Component:
    right = rx.cond(
        row.rates != "",
        row.rates,
        rx.cond(row.bar, row.progress, rx.cond(row.progress != "", row.progress, row.updated)),
    )
    return c.phone_item(
        row.name,
        row.href,
        status=c.status_badge(row.status),
        bar=rx.cond(row.bar, _bar(row), rx.fragment()),
        left=rx.fragment(c.channel_icon(row.channel), row.audience),
        right=right,
    )


_TABLE = Table(
    "Campaigns",
    [
        c.Column(
            "Campaign", sort="name", skeleton="lines", cell=lambda row: c.name_cell(row.name, row.href, row.subject)
        ),
        c.Column("Status", width="128px", cell=lambda row: c.status_badge(row.status)),
        c.Column("Channel", width="112px", hide="narrow", cell=lambda row: c.channel_badge(row.channel)),
        c.Column("Audience", sort="audience", align="right", width="88px", cell=lambda row: row.audience),
        c.Column("Progress", width="196px", cell=_progress),
        c.Column("Opened", align="right", width="76px", cell=lambda row: row.opened),
        c.Column("Clicked", align="right", width="76px", cell=lambda row: row.clicked),
        c.Column("Replied", align="right", width="76px", hide="narrow", cell=lambda row: row.replied),
        c.Column(
            "Owner",
            width="64px",
            hide="narrow",
            skeleton="dot",
            cell=lambda row: c.tooltip(rx.el.span(c.avatar(row.owner_letters, tint=True)), row.owner),
        ),
        c.Column(
            "Updated",
            sort="updated",
            align="right",
            width="112px",
            muted=True,
            cell=lambda row: rx.el.span(row.updated, title=row.updated_exact),
        ),
        c.Column("", width="44px", skeleton="none", class_name="cl-menu", cell=_menu),
    ],
    phone_row=_phone_row,
    check_label=lambda row: row.name,
    search="Search name or subject",
)


def _first_steps() -> rx.Component:
    create = c.if_allowed("campaigns:write", c.primary_button("New campaign", href=routes.CAMPAIGN_NEW))
    return c.empty_state(
        "send",
        "No campaigns yet",
        "A campaign sends one message to one audience, at the speed you set, and shows what became of each recipient.",
        c.setup_step(
            "Connect a sending account",
            State.account_words,
            State.has_account,
            rx.cond(
                State.has_account,
                rx.fragment(),
                c.if_allowed("accounts:write", c.small_button("Connect", href=routes.ACCOUNTS)),
            ),
        ),
        c.setup_step(
            "Add contacts",
            State.contact_words,
            State.has_contacts,
            rx.cond(
                State.has_contacts,
                rx.fragment(),
                c.if_allowed("contacts:import", c.small_button("Import CSV", href=routes.IMPORTS)),
            ),
        ),
        c.setup_step("Create the first campaign", "Nothing is sent before you confirm", False, create),
        links=[c.text_link("Start from a template", routes.TEMPLATES)],
    )
