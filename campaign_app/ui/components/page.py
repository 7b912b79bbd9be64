"""The frame of a page's content: header, body, cards, facts, stats."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx

from campaign_app.ui.components.base import Content, Handler, Text, Truth, anchor, avatar, icon
from campaign_app.ui.components.status import status_pill
from campaign_app.ui.kit.vars import choose


def page_body(*children: Content, **props: Any) -> rx.Component:
    """Everything below the shell's top: header first, then the content with gaps of 16px."""
    return rx.el.div(*children, class_name="b-page", **props)


def stack(*children: Content, **props: Any) -> rx.Component:
    """Children below each other, with gaps of 16px."""
    return rx.el.div(*children, class_name="b-stack", **props)


def row(*children: Content, **props: Any) -> rx.Component:
    """Children beside each other, with gaps of 8px, wrapping when needed."""
    return rx.el.div(*children, class_name="b-row b-wrap", **props)


Grid = Literal["2-1", "1-1", "3", "side", "side-left", "review"]


def grid(kind: Grid, *children: Content, **props: Any) -> rx.Component:
    """Columns: 2:1, halves, thirds, 1fr + 336, 320 + 1fr, 1fr + 400 in 1120. One column on narrow windows."""
    return rx.el.div(*children, class_name=f"b-grid-{kind}", **props)


def page_header(
    title: Text,
    *actions: Content,
    back: tuple[str, Text] | None = None,
    above: Sequence[tuple[str, Text]] = (),
    status: Text | None = None,
    status_label: Text | None = None,
    meta: Content | None = None,
    letters: Text | None = None,
) -> rx.Component:
    """The h1 with its details. At most one solid and two outline buttons, then a menu.

    `back` is the label and the address of the page above this one, `above` are those above that one, from the top.
    """
    row: list[rx.Component] = [rx.el.h1(title)]
    if status is not None:
        row.append(status_pill(status, status_label))
    below: list[rx.Component] = [] if meta is None else [rx.el.div(meta, class_name="b-meta")]
    if letters is None:
        row, below = row + below, []
    words = rx.el.div(*_trail(back, above), rx.el.div(*row, class_name="b-title-row"), *below, class_name="b-grow")
    picture = [] if letters is None else [avatar(letters, "large")]
    act = [rx.el.div(*actions, class_name="b-actions")] if actions else []
    return rx.el.header(*picture, words, *act, class_name="b-header", data_back=back is not None)


def _trail(back: tuple[str, Text] | None, above: Sequence[tuple[str, Text]]) -> list[rx.Component]:
    links = [anchor(label, " /", href=href, class_name="b-crumb") for label, href in above]
    return [*links, _back(*back)] if back else []


def _back(label: str, href: Text) -> rx.Component:
    return anchor(icon("chevron_left", 14), label, href=href, class_name="b-back")


def card(
    *children: Content,
    title: Text | None = None,
    count: Text | None = None,
    meta: Text | None = None,
    aside: Content | None = None,
    pad: bool = True,
    **props: Any,
) -> rx.Component:
    """A box with an h2 head. `aside` is on the right of the head. `pad=False` for tables and lists inside."""
    names = "b-card" + (" b-card-pad" if pad else "")
    props["class_name"] = f"{names} {props.get('class_name', '')}".strip()
    head = [] if title is None else [card_head(title, count=count, meta=meta, aside=aside)]
    return rx.el.section(
        *head, rx.el.div(*children, class_name="b-card-body") if pad else rx.fragment(*children), **props
    )


def card_head(
    title: Text, *, count: Text | None = None, meta: Text | None = None, aside: Content | None = None
) -> rx.Component:
    """The head of a card: h2, a count in a tag, gray text, an element on the right."""
    more: list[rx.Component] = []
    if count is not None:
        more.append(rx.el.span(count, class_name="b-tag b-num"))
    if meta is not None:
        more.append(rx.el.span(meta, class_name="b-muted b-dense"))
    if aside is not None:
        more.append(rx.el.div(aside, class_name="b-aside"))
    return rx.el.div(rx.el.h2(title), *more, class_name="b-card-head")


def list_item(
    *children: Content, mark: Content | None = None, action: Content | None = None, href: Text | None = None
) -> rx.Component:
    """A row of a card with a thin line above: icon, text, one action. `href` makes the whole row a link."""
    before = [] if mark is None else [rx.el.div(mark, class_name="b-item-mark")]
    after = [] if action is None else [rx.el.div(action, class_name="b-item-act")]
    inner = [*before, rx.el.div(*children, class_name="b-grow"), *after]
    if href is not None:
        return anchor(*inner, href=href, class_name="b-item b-item-link")
    return rx.el.div(*inner, class_name="b-item")


def two_lines(first: Content, second: Content) -> rx.Component:
    """A medium-weight line with a gray line below."""
    return rx.el.div(
        rx.el.div(first, class_name="b-strong"), rx.el.div(second, class_name="b-dense b-muted"), class_name="b-col"
    )


def facts(rows: list[tuple[Text, Content]], action: Content | None = None) -> rx.Component:
    """Label and value pairs, one per line."""
    pairs = [rx.el.div(rx.el.dt(label), rx.el.dd(value), class_name="b-fact") for label, value in rows]
    return rx.el.div(rx.el.dl(*pairs, class_name="b-facts"), *([action] if action else []))


Trend = Literal["better", "worse", "same", ""]


def stat(
    label: Text,
    value: Text,
    delta: Text = "",
    trend: Trend | rx.Var[Any] = "",
    rising: Truth = True,
    chosen: Truth | None = None,
    on_click: Handler = None,
    loading: Truth = False,
) -> rx.Component:
    """One number. `trend` says whether the change is good, `rising` its direction. `on_click` makes it a choice."""
    number = rx.cond(loading, rx.skeleton(width="72px", height="24px"), rx.fragment(value))
    change = rx.el.div(
        rx.cond(
            (rx.Var.create(delta) != "") & (rx.Var.create(trend) != "same"),
            rx.cond(rising, icon("arrow_up", 12), icon("arrow_down", 12)),
            rx.fragment(),
        ),
        delta,
        class_name="b-stat-delta",
        data_trend=trend,
    )
    inner = [
        rx.el.span(label, class_name="b-stat-label"),
        rx.el.span(number, class_name="b-stat-value"),
        rx.cond(loading, rx.skeleton(width="48px", height="12px", margin_top="4px"), change),
    ]
    if on_click is None:
        return rx.el.div(*inner, class_name="b-stat")
    pressed = choose(chosen, "true", "false") if chosen is not None else "false"
    return rx.el.button(*inner, type="button", class_name="b-stat", aria_pressed=pressed, on_click=on_click)


def stat_strip(*cells: rx.Component) -> rx.Component:
    """A row of stats with thin lines between; two per row on the phone."""
    return rx.el.div(*cells, class_name="b-stats", style={"--b-stats": str(len(cells))})
