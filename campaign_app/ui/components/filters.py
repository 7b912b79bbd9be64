"""The parts above a table: saved views, search, filter chips; and the bar for selected rows."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from campaign_app.ui.components.base import Content, Handler, Text, Truth, icon
from campaign_app.ui.components.buttons import icon_button
from campaign_app.ui.kit.vars import choose, same


@dataclass
class View:
    """A saved view: its label, the value given to on_choose, its number of rows."""

    label: str
    value: str
    count: str = ""


def saved_views(
    views: Any, current: Text, on_choose: Handler, extra: Content | None = None, label: str = "Views"
) -> rx.Component:
    """Tabs over a list. `views` is a list of View or a Var of it."""

    def tab(view: Any) -> rx.Component:
        return rx.el.button(
            view.label,
            rx.cond(view.count != "", rx.el.span(view.count, class_name="b-tab-count"), rx.fragment()),
            type="button",
            role="tab",
            class_name="b-tab",
            aria_selected=choose(same(current, view.value), "true", "false"),
            on_click=on_choose(view.value),
        )

    tabs = rx.el.div(rx.foreach(rx.Var.create(views), tab), role="tablist", aria_label=label, class_name="b-tabs")
    return rx.el.div(tabs, *([extra] if extra is not None else []), class_name="b-tab-line")


def search_field(
    value: Text, on_change: Handler, placeholder: str = "Search", label: str = "", width: str = "220px"
) -> rx.Component:
    """Search above a table; pass `S.search.debounce(250)`. The key `/` focuses it."""
    return rx.el.label(
        icon("search", 14),
        rx.el.input(
            default_value=value,
            on_change=on_change,
            placeholder=placeholder,
            aria_label=label or placeholder,
            type="search",
            data_search="true",
        ),
        class_name="b-search",
        style={"width": width},
    )


def filter_bar(
    *chips: Content, search: Content | None = None, result: Text | None = None, actions: Content | None = None
) -> rx.Component:
    """Search and chips, then the number of matching rows and the list's buttons on the right."""
    right = []
    if result is not None:
        right.append(rx.el.span(result, class_name="b-muted b-dense b-num", aria_live="polite"))
    if actions is not None:
        right.append(actions)
    return rx.el.div(
        *([search] if search is not None else []),
        *chips,
        *([rx.el.div(*right, class_name="b-row b-push")] if right else []),
        class_name="b-filters",
    )


def filter_chip(
    key: str, value: Text, *content: Content, active: Truth = False, on_clear: Handler = None
) -> rx.Component:
    """Key and value that open a popover with `content`. Active chips are tinted and have a cross."""
    opener = rx.el.button(
        rx.el.span(key, class_name="b-muted"),
        rx.el.span(value, class_name="b-strong"),
        icon("chevron_down", 12),
        type="button",
        class_name="b-chip-button",
    )
    clear = []
    if on_clear is not None:
        cross = rx.el.button(
            icon("x", 12), type="button", class_name="b-chip-clear", aria_label=f"Clear {key}", on_click=on_clear
        )
        clear = [rx.cond(active, cross, rx.fragment())]
    return rx.el.span(
        rx.popover.root(
            rx.popover.trigger(opener),
            rx.popover.content(
                *content, side="bottom", align="start", size="1", class_name="b-float b-chip-panel", aria_label=key
            ),
        ),
        *clear,
        class_name="b-chip",
        data_active=choose(active, "true", "false"),
    )


def choice_chip(
    key: str,
    value: Text,
    options: Any,
    on_choose: Handler,
    any_label: str = "Any",
    any_value: str = "",
    shown: Text | None = None,
) -> rx.Component:
    """A chip with a menu for one choice. `options`: (value, label) pairs or a Var of them, `shown`: its label then."""
    pairs = [(any_value, any_label), *options] if isinstance(options, list) else options
    current = rx.Var.create(value)

    def item(pair: Any) -> rx.Component:
        tick = rx.cond(current == pair[0], icon("check", 14), rx.el.span(class_name="b-tick-space"))
        return rx.dropdown_menu.item(tick, pair[1], on_select=on_choose(pair[0]))

    if isinstance(options, list):
        words = rx.match(current, *((v, label) for v, label in pairs), any_label)
        items: list[Any] = [item(pair) for pair in pairs]
    else:
        words = choose(same(current, any_value), any_label, current if shown is None else shown)
        items = [item((any_value, any_label)), rx.foreach(options, item)]
    opener = rx.el.button(
        rx.el.span(key, class_name="b-muted"),
        rx.el.span(words, class_name="b-strong"),
        icon("chevron_down", 12),
        type="button",
        class_name="b-chip-button",
    )
    cross = rx.el.button(
        icon("x", 12),
        type="button",
        class_name="b-chip-clear",
        aria_label=f"Clear {key}",
        on_click=on_choose(any_value),
    )
    return rx.el.span(
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(opener),
            rx.dropdown_menu.content(*items, align="start", variant="soft", color_scheme="gray", class_name="b-float"),
            modal=False,
        ),
        rx.cond(current != any_value, cross, rx.fragment()),
        class_name="b-chip",
        data_active=choose(same(current, any_value), "false", "true"),
    )


def bulk_bar(
    words: Text, *actions: Content, on_clear: Handler, on_all: Handler = None, all_label: Text = ""
) -> rx.Component:
    """Floats at the bottom while rows are selected. `words` say how many, and are empty when none is selected."""
    everything = []
    if on_all is not None:
        everything = [
            rx.cond(
                rx.Var.create(all_label) != "",
                rx.el.button(all_label, type="button", class_name="b-link", on_click=on_all),
                rx.fragment(),
            )
        ]
    bar = rx.el.div(
        rx.el.span(words, class_name="b-strong b-dense b-num", aria_live="polite"),
        *everything,
        rx.el.span(class_name="b-bulk-line"),
        *actions,
        rx.el.span(class_name="b-bulk-line"),
        icon_button("x", "Clear the choice", on_click=on_clear, variant="ghost", small=True),
        class_name="b-bulk b-floating",
        role="region",
        aria_label="Chosen rows",
    )
    return rx.cond(rx.Var.create(words) != "", bar, rx.fragment())
