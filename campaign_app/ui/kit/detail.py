"""The page of one object: its place in the navigation, name, actions and tabs."""

from collections.abc import Mapping, Sequence

import reflex as rx

from campaign_app.ui.components.base import Content, Text
from campaign_app.ui.components.filters import View, saved_views
from campaign_app.ui.components.page import page_body, page_header
from campaign_app.ui.kit.detail_state import Tabs
from campaign_app.ui.kit.vars import choose, is_set

Crumb = tuple[str, Text]
"""Label and address of a page above this one."""


def detail_page(
    title: Text,
    *body: Content,
    unnamed: str,
    crumbs: Sequence[Crumb],
    actions: Sequence[Content] = (),
    dialogs: Sequence[Content] = (),
    status: Text | None = None,
    meta: Content | None = None,
    letters: Text | None = None,
) -> rx.Component:
    """Header, body, dialogs. `crumbs` are the pages above, from the top; `unnamed` is the title without a name."""
    return rx.fragment(
        page_header(
            choose(is_set(title), title, unnamed),
            *actions,
            back=crumbs[-1],
            above=crumbs[:-1],
            status=status,
            meta=meta,
            letters=letters,
        ),
        page_body(*body),
        *dialogs,
    )


def tab_line(state: type[Tabs], contents: Mapping[str, rx.Component], label: str) -> rx.Component:
    """The tabs of `state`, and the content of the selected one."""
    views = [View(tab.label, tab.name) for tab in state.tabs]
    first, *others = (tab.name for tab in state.tabs)
    return rx.el.div(
        saved_views(views, state.tab, state.choose_tab, label=label),
        rx.match(state.tab, *((name, contents[name]) for name in others), contents[first]),
        class_name="b-col b-gap-12",
    )
