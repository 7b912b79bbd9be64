"""The page of one contact."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import pages, routes
from campaign_app.ui.audience.contact_form import contact_dialog
from campaign_app.ui.audience.contact_form_state import ContactForm
from campaign_app.ui.audience.contact_state import ContactPage, ContactQuestions
from campaign_app.ui.kit.detail import detail_page
from campaign_app.ui.kit.dialogs import ask, open_form, question
from campaign_app.ui.kit.vars import has_items
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
        return rx.cond(has_items(names), shown, rx.el.span(none, class_name="b-muted b-dense"))

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
            rx.cond(has_items(ContactPage.days), c.timeline(ContactPage.days), nothing),
        ),
        class_name="b-col b-gap-12",
    )


def _questions() -> rx.Component:
    name = ContactPage.name
    return rx.fragment(
        question(
            ContactQuestions,
            "stop",
            f"Stop all messages to {name}?",
            "The address goes on the suppression list. No campaign reaches it, running ones included.",
            act="Stop all messages",
        ),
        question(
            ContactQuestions,
            "allow",
            f"Allow messages to {name}?",
            "Only do this when the person asked for it. The address leaves the suppression list.",
            act="Allow messages",
        ),
        question(
            ContactQuestions,
            "delete",
            f"Delete {name}?",
            "Fields, tags and list memberships are removed and cannot be brought back. What was sent stays in the "
            "ledger.",
            act="Delete contact",
            danger=True,
        ),
    )


@page(routes.CONTACT, title="Contact", on_load=ContactPage.load, may="contacts:read", parent=routes.CONTACTS)
def contact() -> Any:
    """Details on the left, timeline on the right."""
    stop = c.outline_button("Stop all messages", on_click=ask(ContactQuestions, "stop"))
    allow = c.outline_button("Allow messages", on_click=ask(ContactQuestions, "allow"))
    actions = [
        c.if_allowed(
            "contacts:write",
            c.outline_button("Edit", "pencil_line", on_click=open_form(ContactForm, ContactPage.number)),
        ),
        c.if_allowed("suppressions:write", rx.cond(ContactPage.allowed, stop, allow)),
        c.if_allowed(
            "contacts:delete",
            c.menu(c.menu_item("Delete contact", ask(ContactQuestions, "delete"), "trash_2", danger=True)),
        ),
    ]
    return detail_page(
        ContactPage.name,
        rx.el.div(_side(), _timeline(), class_name="b-grid-side-left"),
        unnamed="Contact",
        crumbs=pages.above(routes.CONTACT),
        actions=actions,
        meta=ContactPage.meta,
        letters=ContactPage.letters,
        dialogs=[_questions(), contact_dialog()],
    )
