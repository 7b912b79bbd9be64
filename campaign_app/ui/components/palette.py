"""Command palette: Cmd/Ctrl+K. The browser opens it, moves in it and chooses (assets/beacon.js)."""

from typing import Any, Final

import reflex as rx

from campaign_app.ui import pages
from campaign_app.ui.components.base import anchor, icon
from campaign_app.ui.components.palette_state import PaletteState
from campaign_app.ui.components.status import status_badge
from campaign_app.ui.kit.vars import choose, is_empty
from campaign_app.ui.pages import Hit

_MORE_ICONS: Final = ("plus", "upload", "user")


def icons() -> list[str]:
    """Every icon that a hit may have: of pages, commands and single objects."""
    return sorted({page.icon for page in pages.everything() if page.icon} | set(_MORE_ICONS))


def command_palette() -> rx.Component:
    """The dialog and the hidden button that opens it."""
    line = rx.el.div(
        icon("search"),
        rx.el.input(
            placeholder="Search or jump to",
            on_change=PaletteState.search.debounce(150),
            aria_label="Search or jump to",
            role="combobox",
            aria_expanded="true",
            aria_controls="palette-list",
            auto_complete="off",
            id="palette-input",
        ),
        rx.dialog.close(rx.el.button(rx.el.span("Close, ", class_name="b-hidden"), rx.el.kbd("Esc"), type="button")),
        class_name="b-palette-line",
    )
    role: Any = choose(is_empty(PaletteState.groups), "status", "listbox")
    results = rx.el.div(
        rx.foreach(PaletteState.groups, _group),
        rx.cond(
            is_empty(PaletteState.groups),
            rx.el.p(f"Nothing found for “{PaletteState.searched}”", class_name="b-palette-none"),
            rx.fragment(),
        ),
        id="palette-list",
        data_searched=PaletteState.searched,
        role=role,
        aria_label="Results",
        class_name="b-palette-list",
    )
    return rx.dialog.root(
        rx.dialog.trigger(
            rx.el.button("Open search", type="button", id="palette-open", hidden=True, tab_index=-1, aria_hidden="true")
        ),
        rx.dialog.content(
            rx.dialog.title("Search or jump to", class_name="b-hidden"),
            rx.dialog.description("Type a name, move with the arrow keys, open with Enter", class_name="b-hidden"),
            line,
            results,
            _keys(),
            class_name="b-palette",
            max_width="640px",
        ),
        on_open_change=PaletteState.open_palette,
    )


def _group(group: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(group.title, class_name="b-palette-title", aria_hidden="true"),
        rx.foreach(group.hits.to(list[Hit]), _hit),
        role="group",
        aria_label=group.title,
    )


def _hit(hit: Any) -> rx.Component:
    mark = rx.match(hit.icon, *((name, icon(name)) for name in icons()), icon("search"))
    row = anchor(
        mark,
        rx.el.span(hit.name, class_name="b-strong b-ell"),
        rx.el.span(hit.detail, class_name="b-dense b-muted b-ell b-grow"),
        rx.cond(hit.status != "", status_badge(hit.status), rx.fragment()),
        href=hit.href,
        role="option",
        class_name="b-palette-hit",
        data_hit="true",
        tab_index=-1,
    )
    return rx.dialog.close(row)


def _keys() -> rx.Component:
    def key(words: str, *keys: str) -> rx.Component:
        return rx.el.span(*(rx.el.kbd(k) for k in keys), words, class_name="b-row b-gap-4")

    return rx.el.div(key("Move", "↑", "↓"), key("Open", "↵"), class_name="b-palette-foot")
