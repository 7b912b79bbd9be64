"""The page of one contact."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import routes
from campaign_app.ui.audience.contact_form import contact_dialog
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contact_state import ContactPage
from campaign_app.ui.layout import page

_KINDS = [c.View("All", "all"), c.View("E-mail", "email"), c.View("Changes", "changes")]


def _details() -> rx.Component:
    def fact(pair: Any) -> rx.Component:
        return rx.el.div(rx.el.dt(pair[0]), rx.el.dd(pair[1]), class_name="b-fact")

    return c.card(rx.el.dl(rx.foreach(ContactPage.details, fact), class_name="b-facts"), title="Details")


def _permission() -> rx.Component:
    state = rx.cond(
        ContactPage.allowed, c.status_badge("allowed"), c.status_badge("unsubscribed", ContactPage.permission)
    )
    return c.card(
        rx.el.div(
            rx.el.span(c.icon("mail", 16), "All messages", class_name="b-row b-dense b-strong"),
            state,
            class_name="b-between",
        ),
        title="Permission",
    )


def _side() -> rx.Component:
    def chips(names: Any, none: str) -> rx.Component:
        shown = rx.el.span(rx.foreach(names, lambda name: c.tag(name)), class_name="b-row b-wrap")
        return rx.cond(names.length() > 0, shown, rx.el.span(none, class_name="b-muted b-dense"))

    return rx.el.div(
        _details(),
        _permission(),
        c.card(
            c.stat_strip(
                c.stat("Messages", ContactPage.messages),
                c.stat("Opened", ContactPage.opened),
                c.stat("Clicked", ContactPage.clicked),
            ),
            title="Last 12 months",
            pad=False,
        ),
        c.card(
            chips(ContactPage.tags, "No tags"),
            rx.el.div(chips(ContactPage.lists, "In no list"), class_name="b-gap-top"),
            title="Tags and lists",
        ),
        class_name="b-col b-gap-16",
    )


def _timeline() -> rx.Component:
    nothing = rx.el.p("Nothing has happened yet.", class_name="b-muted b-dense")
    return rx.el.div(
        c.saved_views(_KINDS, ContactPage.kind, ContactPage.choose_kind, label="Kinds of events"),
        rx.cond(
            ContactPage.loading,
            c.skeleton_lines(4),
            rx.cond(ContactPage.days.length() > 0, c.timeline(ContactPage.days), nothing),
        ),
        class_name="b-col b-gap-12",
    )


def _questions() -> rx.Component:
    return rx.fragment(
        c.confirm_dialog(
            f"Stop all messages to {ContactPage.name}?",
            "The address goes on the suppression list. No campaign reaches it, running ones included.",
            act="Stop all messages",
            on_confirm=ContactPage.stop_messages,
            open=ContactPage.question == "stop",
            on_open_change=ContactPage.close_question,
        ),
        c.confirm_dialog(
            f"Allow messages to {ContactPage.name}?",
            "Only do this when the person asked for it. The address leaves the suppression list.",
            act="Allow messages",
            on_confirm=ContactPage.allow_messages,
            open=ContactPage.question == "allow",
            on_open_change=ContactPage.close_question,
        ),
        c.confirm_dialog(
            f"Delete {ContactPage.name}?",
            "Fields, tags and list memberships are removed and cannot be brought back. What was sent stays in the "
            "ledger.",
            act="Delete contact",
            on_confirm=ContactPage.delete,
            danger=True,
            open=ContactPage.question == "delete",
            on_open_change=ContactPage.close_question,
        ),
    )


@page(routes.CONTACT, title="Contact", on_load=ContactPage.load)
def contact() -> Any:
    """Details left, what happened right."""
    stop = c.outline_button("Stop all messages", on_click=ContactPage.ask("stop"))
    allow = c.outline_button("Allow messages", on_click=ContactPage.ask("allow"))
    actions = [
        c.if_allowed(
            "contacts:write",
            c.outline_button("Edit", "pencil_line", on_click=ContactForm.open_for(ContactPage.number)),
        ),
        c.if_allowed("suppressions:write", rx.cond(ContactPage.allowed, stop, allow)),
        c.if_allowed(
            "contacts:delete",
            c.menu(c.menu_item("Delete contact", ContactPage.ask("delete"), "trash_2", danger=True)),
        ),
    ]
    return rx.fragment(
        c.page_header(
            rx.cond(ContactPage.name == "", "Contact", ContactPage.name),
            *actions,
            back=("Contacts", routes.CONTACTS),
            meta=ContactPage.meta,
            letters=ContactPage.letters,
        ),
        c.page_body(rx.el.div(_side(), _timeline(), class_name="b-grid-side-left")),
        _questions(),
        contact_dialog(),
    )
