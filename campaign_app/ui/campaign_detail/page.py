"""The page of one campaign."""

from typing import Any

import reflex as rx

from campaign_app.ui import browser, pages, routes
from campaign_app.ui import components as c
from campaign_app.ui.campaign_detail.content import content_tab
from campaign_app.ui.campaign_detail.page_state import CampaignPage, CampaignQuestions
from campaign_app.ui.campaign_detail.recipients import recipients_tab
from campaign_app.ui.campaign_detail.recipients_state import Recipients
from campaign_app.ui.campaign_detail.results import results_tab
from campaign_app.ui.campaign_detail.side import side_column
from campaign_app.ui.campaign_detail.side_state import CampaignSide
from campaign_app.ui.campaign_detail.template_dialog import template_dialog
from campaign_app.ui.campaign_detail.template_state import SaveAsTemplate
from campaign_app.ui.kit.detail import detail_page, tab_line
from campaign_app.ui.kit.dialogs import ask, open_form, question
from campaign_app.ui.kit.vars import choose, entry, same
from campaign_app.ui.layout import page


def _parts() -> list[c.ProgressSegment]:
    shares = CampaignPage.shares
    return [
        c.ProgressSegment("sent", shares.sent),
        c.ProgressSegment("skipped", shares.skipped),
        c.ProgressSegment("uncertain", shares.uncertain),
        c.ProgressSegment("failed", shares.failed),
        c.ProgressSegment("bounced", shares.bounced),
        c.ProgressSegment("sending", shares.sending),
        c.ProgressSegment("queued", shares.queued),
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
            (choose(CampaignPage.status == "running", "Finishes", "Finished"), CampaignPage.finishes),
            ("Sender", CampaignPage.sender),
        ],
        live=CampaignPage.status == "running",
        on_choose=Recipients.toggle_status,
        chosen=entry(Recipients.filters, "status"),
    )


def _actions() -> list[rx.Component]:
    pause = c.outline_button("Pause", "pause", on_click=CampaignPage.steer("pause"), busy=CampaignPage.working)
    resume = c.primary_button("Resume", "play", on_click=CampaignPage.steer("resume"), busy=CampaignPage.working)
    cancel = c.outline_button("Cancel campaign", on_click=ask(CampaignQuestions, "cancel"), danger=True)
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

    cancel = c.menu_item("Cancel campaign", ask(CampaignQuestions, "cancel"), "ban", danger=True)
    delete = c.menu_item("Delete campaign", ask(CampaignQuestions, "delete"), "trash_2", danger=True)
    return c.menu(
        c.if_allowed("campaigns:duplicate", c.menu_item("Duplicate", CampaignPage.duplicate, "copy")),
        c.if_allowed(
            "templates:write",
            c.menu_item("Save as template", open_form(SaveAsTemplate, CampaignPage.campaign_id), "layout_template"),
        ),
        c.if_allowed("analytics:export", export("Export recipients", "recipients")),
        c.if_allowed("campaigns:pause", rx.cond(CampaignPage.can_cancel, cancel, rx.fragment())),
        c.if_allowed("campaigns:delete", rx.cond(CampaignPage.can_delete, delete, rx.fragment())),
    )


def _questions() -> rx.Component:
    waiting = CampaignPage.shares.queued
    pause = [CampaignPage.steer("pause"), CampaignQuestions.close(False)]
    return rx.fragment(
        question(
            CampaignQuestions,
            "cancel",
            f"Cancel {CampaignPage.name}?",
            f"{waiting} people will not get this message. What was sent stays sent, and a cancelled campaign "
            "cannot be resumed.",
            act="Cancel campaign",
            cancel="Keep sending",
            danger=True,
            instead=rx.cond(CampaignPage.can_pause, c.text_link("Pause instead", on_click=pause), rx.fragment()),
        ),
        question(
            CampaignQuestions,
            "delete",
            f"Delete {CampaignPage.name}?",
            "It disappears from every list. The record of who received what is kept.",
            act="Delete campaign",
            danger=True,
        ),
        question(
            CampaignQuestions,
            "requeue",
            f"Send again to {CampaignPage.shares.uncertain} people?",
            "The server gave no answer for them, so some may already have the message and would get it twice.",
            act="Send again",
            cancel="Do not send again",
            danger=True,
        ),
    )


def _notices() -> rx.Component:
    decide = rx.el.div(
        c.small_button("Count as sent", on_click=CampaignPage.decide_uncertain("sent")),
        c.small_button("Count as failed", on_click=CampaignPage.decide_uncertain("failed")),
        c.small_button("Send again", on_click=ask(CampaignQuestions, "requeue")),
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
    contents = {
        "recipients": recipients_tab(),
        "results": results_tab(),
        "content": content_tab(),
        "activity": c.card(c.activity_log(CampaignPage.activity)),
    }
    return tab_line(CampaignPage, contents, "Parts of the campaign")


@page(
    routes.CAMPAIGN,
    title="Campaign",
    on_load=[CampaignSide.load, CampaignPage.load],
    may="campaigns:read",
    parent=routes.CAMPAIGNS,
)
def campaign() -> Any:
    """Progress at the top, then the tabs, with charts and activity beside them."""
    beside = rx.el.div(_tabs(), side_column(), class_name="b-grid-side")
    return detail_page(
        CampaignPage.name,
        _notices(),
        _progress(),
        rx.cond(same(CampaignPage.tab, "results"), _tabs(), beside),
        unnamed="Campaign",
        crumbs=pages.above(routes.CAMPAIGN),
        actions=_actions(),
        status=CampaignPage.status,
        dialogs=[_questions(), c.if_allowed("templates:write", template_dialog())],
    )
