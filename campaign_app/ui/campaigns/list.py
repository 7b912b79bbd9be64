"""The list of campaigns."""

from typing import Any

import reflex as rx

from campaign_app.models.campaign import CampaignStatus
from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.campaigns.list_actions_state import CampaignActs as State
from campaign_app.ui.layout import page

_COLUMNS = [
    c.Column("Campaign", sort="name", skeleton="lines"),
    c.Column("Status", width="128px"),
    c.Column("Channel", width="112px", hide="narrow"),
    c.Column("Audience", sort="audience", align="right", width="88px"),
    c.Column("Progress", width="196px"),
    c.Column("Opened", align="right", width="76px"),
    c.Column("Clicked", align="right", width="76px"),
    c.Column("Replied", align="right", width="76px", hide="narrow"),
    c.Column("Owner", width="64px", hide="narrow", skeleton="dot"),
    c.Column("Updated", sort="updated", align="right", width="112px"),
    c.Column("", width="44px", skeleton="none"),
]
_STATUSES = [(status.value, status.label) for status in CampaignStatus]


def _new_link() -> rx.Component:
    return c.if_allowed(
        "campaigns:write", c.icon_button("plus", "New campaign", href=routes.CAMPAIGN_NEW, variant="ghost")
    )


@page(routes.CAMPAIGNS, title="Campaigns", on_load=State.load, phone_action=_new_link)
def campaigns() -> rx.Component:
    """Views, filters, rows; or the way to the first campaign."""
    new = c.if_allowed("campaigns:write", c.primary_button("New campaign", icon="plus", href=routes.CAMPAIGN_NEW))
    return c.page_body(
        rx.cond(
            ~State.loading & State.nothing_at_all,
            rx.fragment(c.page_header("Campaigns"), _first_steps()),
            rx.fragment(c.page_header("Campaigns", new), _listing()),
        ),
        _delete_question(),
    )


def _listing() -> rx.Component:
    nothing = ~State.loading & (State.rows.length() == 0)
    return rx.fragment(
        c.saved_views(State.views, State.view, State.choose_view),
        c.filter_bar(
            c.choice_chip("Status", State.status, _STATUSES, State.choose_status),
            search=c.search_field(State.search_text, State.search.debounce(250), "Search name or subject"),
            result=State.found,
        ),
        rx.cond(nothing, c.no_match("No campaigns match", State.clear), _table()),
        c.bulk_bar(
            rx.cond(State.chosen.length() > 0, f"{State.chosen.length()} selected", ""),
            *_bulk_acts(),
            on_clear=State.uncheck,
            on_all=State.check_all,
            all_label=rx.cond(State.total > State.rows.length(), f"Select all {State.total}", ""),
        ),
    )


def _table() -> rx.Component:
    return rx.fragment(
        c.data_table(
            _COLUMNS,
            State.rows,
            _row,
            label="Campaigns",
            loading=State.loading & (State.rows.length() == 0),
            sort=State.sort,
            on_sort=State.choose_sort,
            all_checked=State.all_checked,
            on_check_all=State.check_page,
            phone_row=_phone_row,
        ),
        c.pager(
            State.range_text,
            has_previous=State.previous_cursor != "",
            has_next=State.next_cursor != "",
            on_previous=State.turn(False),
            on_next=State.turn(True),
        ),
    )


def _bar(row: Any) -> rx.Component:
    parts = [c.Part(name, getattr(row, name)) for name in ("sent", "skipped", "uncertain", "failed")]
    return c.segmented_progress(parts, row.total, live=row.live)


def _row(row: Any) -> rx.Component:
    progress = rx.cond(
        row.bar,
        rx.el.div(
            rx.el.div(_bar(row), class_name="b-grow"),
            rx.el.span(row.progress, class_name="b-num cl-percent"),
            class_name="b-row b-muted",
        ),
        rx.el.span(row.progress, class_name="b-muted b-num"),
    )
    return c.table_row(
        c.name_cell(row.name, row.href, row.subject),
        c.cell(c.status_badge(row.status)),
        c.cell(c.channel_badge(row.channel), hide="narrow"),
        c.cell(row.audience, align="right"),
        c.cell(progress),
        c.cell(row.opened, align="right"),
        c.cell(row.clicked, align="right"),
        c.cell(row.replied, align="right", hide="narrow"),
        c.cell(c.tooltip(rx.el.span(c.avatar(row.owner_letters, tint=True)), row.owner), hide="narrow"),
        c.cell(rx.el.span(row.updated, title=row.updated_exact), align="right", muted=True),
        c.cell(_menu(row), class_name="cl-menu"),
        on_check=lambda on: State.check(row.id, on),
        checked=State.chosen.contains(row.id),
        check_label=f"Choose {row.name}",
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
        allowed("campaigns:pause", row.can_pause, c.menu_item("Pause", State.pause(ids), "circle_pause")),
        allowed("campaigns:pause", row.can_resume, c.menu_item("Resume", State.resume(row.id), "play")),
        c.if_allowed("campaigns:duplicate", c.menu_item("Duplicate", State.duplicate(ids), "copy")),
        allowed(
            "campaigns:delete",
            row.can_delete,
            c.menu_item("Delete", State.ask_delete(ids, row.name), "trash_2", danger=True),
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


def _bulk_acts() -> list[rx.Component]:
    def act(permission: str, label: str, mark: str, on_click: Any, why_not: Any = "") -> rx.Component:
        button = c.ghost_button(label, mark, on_click, disabled=rx.Var.create(why_not) != "")
        shown = rx.cond(rx.Var.create(why_not) != "", c.tooltip(rx.el.span(button, tab_index=0), why_not), button)
        return c.if_allowed(permission, shown)

    return [
        act("campaigns:pause", "Pause", "circle_pause", State.pause(State.chosen), State.why_no_pause),
        act("campaigns:duplicate", "Duplicate", "copy", State.duplicate(State.chosen)),
        act("analytics:export", "Export", "download", State.export),
        act("campaigns:delete", "Delete", "trash_2", State.ask_delete(State.chosen, ""), State.why_no_delete),
    ]


def _delete_question() -> rx.Component:
    return c.confirm_dialog(
        State.delete_question,
        "It leaves the lists. What was sent stays in the contacts' timelines and in the audit log.",
        act="Delete",
        on_confirm=State.delete,
        danger=True,
        open=State.delete_open,
        on_open_change=State.show_delete,
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
