"""The template library."""

from typing import Any

import reflex as rx

from campaign_app.ui import components as c
from campaign_app.ui import palette_sources, routes
from campaign_app.ui.campaign_builder.templates import thumbnail
from campaign_app.ui.kit.dialogs import ask, question
from campaign_app.ui.kit.lists import has_no_rows, problem, toolbar
from campaign_app.ui.kit.vars import all_of, entry, is_empty
from campaign_app.ui.layout import page
from campaign_app.ui.pages import Area, Link
from campaign_app.ui.templates.library_state import LibraryQuestions
from campaign_app.ui.templates.library_state import TemplateLibrary as State


def _new_link() -> rx.Component:
    return c.if_allowed(
        "templates:write", c.icon_button("plus", "New template", href=routes.template("new"), variant="ghost")
    )


@page(
    routes.TEMPLATES,
    title="Templates",
    on_load=State.load,
    may="templates:read",
    icon="layout_template",
    links=[Link(Area.MAIN, 50)],
    find=palette_sources.find_templates,
    phone_action=_new_link,
)
def templates() -> rx.Component:
    """Categories, search, cards."""
    new = c.if_allowed("templates:write", c.primary_button("New template", icon="plus", href=routes.template("new")))
    category = entry(State.filters, "category")

    def choose_category(name: Any) -> Any:
        return State.choose("category", name)

    return c.page_body(
        c.page_header("Templates", new),
        c.saved_views(State.views, category, choose_category, label="Categories"),
        toolbar(State, search="Search templates"),
        problem(State),
        rx.cond(
            has_no_rows(State),
            rx.cond(State.nothing_at_all, _empty(), c.no_match("No templates match", State.clear)),
            rx.cond(
                all_of(State.loading, is_empty(State.rows)),
                rx.el.div(*(c.skeleton_card(6) for _ in range(4)), class_name="tp-grid"),
                rx.el.ul(rx.foreach(State.rows, _card), class_name="tp-grid tp-list", aria_label="Templates"),
            ),
        ),
        _delete_question(),
    )


def _card(card: Any) -> rx.Component:
    use = c.if_allowed(
        "campaigns:write",
        c.small_button("Use in a campaign", href=f"{routes.CAMPAIGN_NEW}?template={card.id}"),
    )
    return rx.el.li(
        thumbnail(card.picture, card.name),
        rx.el.div(
            c.anchor(card.name, href=card.href, class_name="b-row-link b-ell"),
            rx.el.div(
                rx.cond(card.description != "", card.description, card.category),
                class_name="b-dense b-muted tp-description",
            ),
            class_name="tp-words",
        ),
        rx.el.div(
            use,
            rx.el.span(card.updated, class_name="b-small b-muted b-grow b-ell tp-when"),
            c.if_allowed("templates:write", _menu(card)),
            class_name="tp-foot",
        ),
        class_name="tp-card",
    )


def _menu(card: Any) -> rx.Component:
    trigger = rx.icon_button(
        c.icon("ellipsis"),
        size="1",
        variant="ghost",
        color_scheme="gray",
        class_name="b-ghost-icon",
        aria_label=f"Actions for {card.name}",
    )
    delete = c.menu_item("Delete", ask(LibraryQuestions, "delete", card.id, card.name), "trash_2", danger=True)
    edit = c.menu_item("Edit", icon_name="pencil", href=card.href)
    return c.menu(
        rx.cond(card.built_in, rx.fragment(), edit),
        c.menu_item("Duplicate", State.duplicate(card.id), "copy"),
        rx.cond(card.built_in, rx.fragment(), delete),
        trigger=trigger,
    )


def _empty() -> rx.Component:
    return c.empty_state(
        "layout_template",
        "No templates yet",
        "A template is a message that you write once and use in many campaigns.",
        action=c.if_allowed("templates:write", c.primary_button("New template", href=routes.template("new"))),
    )


def _delete_question() -> rx.Component:
    return question(
        LibraryQuestions,
        "delete",
        f"Delete “{LibraryQuestions.subject}”?",
        "Campaigns made from it keep their message.",
        act="Delete",
        danger=True,
    )
