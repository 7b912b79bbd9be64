"""Tables on wide windows, lists on the phone. The server sorts, selects and pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.tables import Td

from campaign_app.ui.components.base import Box, Content, Handler, Text, Truth, anchor, icon
from campaign_app.ui.components.buttons import small_button
from campaign_app.ui.kit.vars import choose

_SKELETON_ROWS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A head cell. `sort` is the key given to on_sort, "" = not sortable. `hide="narrow"` drops it under 1024px.

    `cell` renders a row's cell: its content, or a whole cell (`name_cell`).
    """

    label: str
    sort: str = ""
    align: Literal["left", "right"] = "left"
    width: str = ""
    hide: Literal["", "narrow"] = ""
    skeleton: Literal["bar", "lines", "dot", "none"] = "bar"
    cell: Callable[[Any], Content] | None = None
    muted: bool = False
    title: Callable[[Any], Text] | None = None
    class_name: str = ""

    def show(self, row: Any) -> rx.Component:
        shown = "" if self.cell is None else self.cell(row)
        if isinstance(shown, Td):
            return shown
        more = {} if self.title is None else {"title": self.title(row)}
        return cell(shown, align=self.align, muted=self.muted, hide=self.hide, class_name=self.class_name, **more)

    @property
    def classes(self) -> str:
        """CSS classes of every cell in the column."""
        return " ".join(
            filter(None, ("b-right" if self.align == "right" else "", f"b-hide-{self.hide}" * bool(self.hide)))
        )


def data_table(
    columns: Sequence[Column],
    rows: Any,
    row: Callable[[Any], rx.Component],
    *,
    label: str,
    loading: Truth = False,
    sort: Text = "",
    on_sort: Handler = None,
    all_checked: Any = False,
    on_check_all: Handler = None,
    bleed: bool = True,
    two_lines: bool = True,
    phone_row: Callable[[Any], rx.Component] | None = None,
) -> rx.Component:
    """A table of `rows` (list Var). `sort` is "key" or "-key"; on_sort gets the next one. In cards, `bleed=False`."""
    check = [] if on_check_all is None else [_check_all(all_checked, on_check_all)]
    head = rx.el.thead(rx.el.tr(*check, *(_head_cell(column, sort, on_sort) for column in columns)))
    filled = rx.el.tbody(rx.foreach(rows, row))
    empty = rx.el.tbody(*(_skeleton_row(columns, bool(check), index) for index in range(_SKELETON_ROWS)))
    names = "b-table" + ("" if two_lines else " b-one-line")
    around = "b-table-scroll" + (" b-bleed-box" if bleed else "") + (" b-only-wide" if phone_row is not None else "")
    table = rx.el.table(head, rx.cond(loading, empty, filled), class_name=names, aria_label=label, aria_busy=loading)
    scroll = rx.el.div(table, class_name=around)
    if phone_row is None:
        return scroll
    listed = rx.cond(loading, _phone_skeleton(), rx.el.ul(rx.foreach(rows, phone_row), aria_label=label))
    return rx.fragment(scroll, rx.el.div(listed, class_name="b-only-phone" + (" b-bleed-box" if bleed else "")))


def _head_cell(column: Column, sort: Text, on_sort: Handler) -> rx.Component:
    style = {"width": column.width} if column.width else {}
    if not column.sort or on_sort is None:
        return rx.el.th(column.label, scope="col", class_name=column.classes, style=style)
    up, down = rx.Var.create(sort) == column.sort, rx.Var.create(sort) == f"-{column.sort}"
    arrow = rx.cond(up, icon("arrow_up", 12), rx.cond(down, icon("arrow_down", 12), rx.fragment()))
    button = rx.el.button(
        column.label,
        arrow,
        type="button",
        class_name="b-sort",
        on_click=on_sort(choose(down, column.sort, f"-{column.sort}")),
    )
    order = choose(up, "ascending", choose(down, "descending", "none"))
    return rx.el.th(button, scope="col", aria_sort=order, class_name=column.classes, style=style)


def _check_all(state: Any, on_change: Handler) -> rx.Component:
    box = Box.create(
        checked=state,
        on_change=on_change,
        aria_label="Choose all rows on this page",
        size="2",
    )
    return rx.el.th(box, scope="col", class_name="b-check")


def _skeleton_row(columns: Sequence[Column], checked: bool, index: int) -> rx.Component:
    widths = ("72%", "90%", "60%", "80%")
    width = widths[index % len(widths)]

    def bar(kind: str) -> rx.Component:
        if kind == "lines":
            return rx.el.div(_bar(width, 12), _bar("52%", 9), class_name="b-col b-skeleton-lines")
        if kind == "dot":
            return rx.skeleton(width="24px", height="24px", border_radius="99px")
        return rx.fragment() if kind == "none" else _bar("72px", 12)

    cells = [rx.el.td(bar(column.skeleton), class_name=column.classes) for column in columns]
    return rx.el.tr(*([rx.el.td(class_name="b-check")] if checked else []), *cells, aria_hidden="true")


def _bar(width: str, height: int) -> rx.Component:
    return rx.skeleton(width=width, height=f"{height}px", display="inline-block")


def _phone_skeleton() -> rx.Component:
    item = rx.el.li(_bar("62%", 14), _bar("38%", 12), class_name="b-phone-item b-col b-skeleton-lines")
    return rx.el.ul(*([item] * 8), aria_hidden="true")


def table_row(
    *cells: rx.Component,
    on_check: Handler = None,
    checked: Truth = False,
    check_label: Text = "Choose row",
    **props: Any,
) -> rx.Component:
    """One row; `on_check` (gets the new bool) adds the box. The link in `name_cell` covers the whole row."""
    box = []
    if on_check is not None:
        box = [
            rx.el.td(
                Box.create(checked=checked, on_change=on_check, aria_label=check_label, size="2"),
                class_name="b-check",
            )
        ]
        props["data_chosen"] = choose(checked, "true", "false")
    return rx.el.tr(*box, *cells, **props)


def cell(
    *children: Content,
    align: Literal["left", "right"] = "left",
    muted: bool = False,
    hide: Literal["", "narrow"] = "",
    **props: Any,
) -> rx.Component:
    """A cell of a `table_row`; numbers are on the right."""
    names = [
        "b-right b-num" if align == "right" else "",
        "b-muted" if muted else "",
        f"b-hide-{hide}" if hide else "",
        props.pop("class_name", ""),
    ]
    return rx.el.td(*children, class_name=" ".join(filter(None, names)), **props)


def name_cell(
    name: Content,
    href: Text | None = None,
    detail: Text | None = None,
    before: Content | None = None,
    on_click: Handler = None,
) -> rx.Component:
    """The first cell: the name as a link to the row's item, a second gray line, a mark before it."""
    if href is not None:
        title = anchor(name, href=href, class_name="b-row-link b-ell")
    elif on_click is not None:
        title = rx.el.button(name, type="button", on_click=on_click, class_name="b-row-link b-ell")
    else:
        title = rx.el.span(name, class_name="b-strong b-ell")
    lines = [title] + ([rx.el.span(detail, class_name="b-second b-ell")] if detail is not None else [])
    words = rx.el.span(*lines, class_name="b-name")
    return rx.el.td(
        rx.el.div(before, words, class_name="b-row") if before is not None else words, class_name="b-name-cell"
    )


def phone_item(
    name: Text,
    href: Text | None = None,
    *,
    status: Content | None = None,
    bar: Content | None = None,
    left: Content | None = None,
    right: Content | None = None,
    before: Content | None = None,
    on_click: Handler = None,
) -> rx.Component:
    """A table row on the phone: name and status, a bar when useful, then left and right text.

    Without `href` and `on_click` it is not a link. `before` is a mark on its left.
    """
    lines = [
        rx.el.div(rx.el.span(name, class_name="b-strong b-ell"), *([status] if status else []), class_name="b-between")
    ]
    if bar is not None:
        lines.append(bar)
    if left is not None or right is not None:
        lines.append(
            rx.el.div(
                rx.el.span(left, class_name="b-row b-ell"), rx.el.span(right), class_name="b-between b-muted b-num"
            )
        )
    if before is not None:
        lines = [
            rx.el.div(before, rx.el.div(*lines, class_name="b-col b-grow b-gap-4"), class_name="b-row b-gap-12 b-wide")
        ]
    if on_click is not None:
        button = rx.el.button(*lines, type="button", on_click=on_click, class_name="b-phone-link b-wide")
        return rx.el.li(button, class_name="b-phone-item")
    if href is None:
        return rx.el.li(rx.el.div(*lines, class_name="b-phone-link"), class_name="b-phone-item")
    return rx.el.li(anchor(*lines, href=href, class_name="b-phone-link"), class_name="b-phone-item")


def pager(text: Text, *, has_previous: Truth, has_next: Truth, on_previous: Handler, on_next: Handler) -> rx.Component:
    """The foot of a table: "1–50 of 18,942", Previous, Next."""
    return rx.el.div(
        rx.el.span(text, class_name="b-muted b-dense b-num", aria_live="polite"),
        rx.el.div(
            small_button("Previous", on_click=on_previous, disabled=~rx.Var.create(has_previous)),
            small_button("Next", on_click=on_next, disabled=~rx.Var.create(has_next)),
            class_name="b-row",
        ),
        class_name="b-between b-pager",
    )
