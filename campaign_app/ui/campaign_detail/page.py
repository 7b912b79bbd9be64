"""The page of one campaign."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, routes
from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.content import content_tab
from campaign_app.ui.campaign_detail.page_state import CampaignPage
from campaign_app.ui.campaign_detail.recipients import recipients_tab
from campaign_app.ui.campaign_detail.recipients_state import Recipients
from campaign_app.ui.campaign_detail.results import results_tab
from campaign_app.ui.campaign_detail.side import side_column
from campaign_app.ui.campaign_detail.side_state import CampaignSide
from campaign_app.ui.campaign_detail.template_dialog import template_dialog
from campaign_app.ui.campaign_detail.template_state import SaveAsTemplate
from campaign_app.ui.layout import page

_TABS = [
    c.View("Recipients", "recipients"),
    c.View("Results", "results"),
    c.View("Content", "content"),
    c.View("Activity", "activity"),
]


def _parts() -> list[c.Part]:
    shares = CampaignPage.shares
    return [
        c.Part("sent", shares.sent),
        c.Part("skipped", shares.skipped),
        c.Part("uncertain", shares.uncertain),
        c.Part("failed", shares.failed),
        c.Part("bounced", shares.bounced),
        c.Part("sending", shares.sending),
        c.Part("queued", shares.queued),
    ]


def _progress() -> rx.Component:
    return c.progress_card(
        CampaignPage.percent,
        CampaignPage.done_text,
        _parts(),
        CampaignPage.shares.total,
        figures=[
            ("Rate", CampaignPage.rate),
            (CampaignPage.third_label, CampaignPage.left),
            (rx.cond(CampaignPage.status == "running", "Finishes", "Finished"), CampaignPage.finishes),
            ("Sender", CampaignPage.sender),
        ],
        live=CampaignPage.status == "running",
        on_choose=Recipients.filter_status,
        chosen=Recipients.status,
    )


def _actions() -> list[rx.Component]:
    pause = c.outline_button("Pause", "pause", on_click=CampaignPage.steer("pause"), busy=CampaignPage.working)
    resume = c.primary_button("Resume", "play", on_click=CampaignPage.steer("resume"), busy=CampaignPage.working)
    cancel = c.outline_button("Cancel campaign", on_click=CampaignPage.ask("cancel"), danger=True)
    edit = c.outline_button("Edit", "pencil_line", href=f"/campaigns/{CampaignPage.campaign_id}/edit")
    return [
        c.if_allowed("campaigns:pause", rx.cond(CampaignPage.can_pause, pause, rx.fragment())),
        c.if_allowed("campaigns:pause", rx.cond(CampaignPage.can_resume, resume, rx.fragment())),
        c.if_allowed("campaigns:write", rx.cond(CampaignPage.can_edit, edit, rx.fragment())),
        c.if_allowed(
            "campaigns:pause",
            rx.el.span(rx.cond(CampaignPage.can_cancel, cancel, rx.fragment()), class_name="b-only-wide"),
        ),
        _menu(),
    ]


def _menu() -> rx.Component:
    def export(label: str, slug: str) -> rx.Component:
        address = f"/files/campaigns/{CampaignPage.campaign_id}/{slug}.csv"
        return c.menu_item(label, browser.on_click_download(address, f"{slug}.csv"), "download")

    cancel = c.menu_item("Cancel campaign", CampaignPage.ask("cancel"), "ban", danger=True)
    delete = c.menu_item("Delete campaign", CampaignPage.ask("delete"), "trash_2", danger=True)
    return c.menu(
        c.if_allowed("campaigns:duplicate", c.menu_item("Duplicate", CampaignPage.duplicate, "copy")),
        c.if_allowed("templates:write", c.menu_item("Save as template", SaveAsTemplate.ask, "layout_template")),
        c.if_allowed("analytics:export", export("Export recipients", "recipients")),
        c.if_allowed("campaigns:pause", rx.cond(CampaignPage.can_cancel, cancel, rx.fragment())),
        c.if_allowed("campaigns:delete", rx.cond(CampaignPage.can_delete, delete, rx.fragment())),
    )


def _questions() -> rx.Component:
    waiting = CampaignPage.shares.queued
    return rx.fragment(
        c.confirm_dialog(
            f"Cancel {CampaignPage.name}?",
            f"{waiting} people will not get this message. What was sent stays sent, and a cancelled campaign "
            "cannot be resumed.",
            act="Cancel campaign",
            on_confirm=CampaignPage.steer("cancel"),
            cancel="Keep sending",
            danger=True,
            open=CampaignPage.confirm == "cancel",
            on_open_change=CampaignPage.close_question,
            instead=rx.cond(
                CampaignPage.can_pause,
                c.text_link("Pause instead", on_click=CampaignPage.steer("pause")),
                rx.fragment(),
            ),
        ),
        c.confirm_dialog(
            f"Delete {CampaignPage.name}?",
            "It disappears from every list. The record of who received what is kept.",
            act="Delete campaign",
            on_confirm=CampaignPage.delete,
            danger=True,
            open=CampaignPage.confirm == "delete",
            on_open_change=CampaignPage.close_question,
        ),
        c.confirm_dialog(
            f"Send again to {CampaignPage.shares.uncertain} people?",
            "The server gave no answer for them, so some may already have the message and would get it twice.",
            act="Send again",
            on_confirm=CampaignPage.decide_uncertain("requeue"),
            cancel="Do not send again",
            danger=True,
            open=CampaignPage.confirm == "requeue",
            on_open_change=CampaignPage.close_question,
        ),
    )


def _notices() -> rx.Component:
    decide = rx.el.div(
        c.small_button("Count as sent", on_click=CampaignPage.decide_uncertain("sent")),
        c.small_button("Count as failed", on_click=CampaignPage.decide_uncertain("failed")),
        c.small_button("Send again", on_click=CampaignPage.ask("requeue")),
        class_name="b-row b-wrap",
    )
    uncertain = c.callout(
        "The server gave no answer before the connection or the worker ended. They are not sent again until a person "
        "decides.",
        "warning",
        title=f"{CampaignPage.shares.uncertain} messages without an answer",
        action=c.if_allowed("campaigns:start", decide),
    )
    return rx.fragment(
        rx.cond(
            (CampaignPage.reason != "") & (CampaignPage.status == "failed"),
            c.callout(CampaignPage.reason, "error", title="This campaign stopped"),
            rx.cond(
                (CampaignPage.reason != "") & (CampaignPage.status == "paused"),
                c.callout(CampaignPage.reason, "warning", title="Paused"),
                rx.fragment(),
            ),
        ),
        rx.cond(CampaignPage.shares.uncertain > 0, uncertain, rx.fragment()),
    )


def _tabs() -> rx.Component:
    return rx.el.div(
        c.saved_views(_TABS, CampaignPage.tab, CampaignPage.choose_tab, label="Parts of the campaign"),
        rx.match(
            CampaignPage.tab,
            ("results", results_tab()),
            ("content", content_tab()),
            ("activity", c.card(c.activity_log(CampaignPage.activity))),
            recipients_tab(),
        ),
        class_name="b-col b-gap-12",
    )


@page(
    routes.CAMPAIGN,
    title="Campaign",
    on_load=[Recipients.load, CampaignSide.load, CampaignPage.load],
)
def campaign() -> Any:
    """Progress on top, the tabs, charts and activity beside them."""
    return rx.fragment(
        c.page_header(
            rx.cond(CampaignPage.name == "", "Campaign", CampaignPage.name),
            *_actions(),
            back=("Campaigns", routes.CAMPAIGNS),
            status=CampaignPage.status,
        ),
        c.page_body(
            _notices(),
            _progress(),
            rx.cond(
                CampaignPage.tab == "results",
                _tabs(),
                rx.el.div(_tabs(), side_column(), class_name="b-grid-side"),
            ),
        ),
        _questions(),
        c.if_allowed("templates:write", template_dialog()),
    )
