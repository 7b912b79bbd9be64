"""Buttons: one solid per view; the others are outline or ghost."""

from typing import Any, Literal

import reflex as rx

from campaign_app.ui.components.base import Content, Handler, Size, Text, Truth, anchor, icon, tooltip


def _button(label: Content, mark: str, busy: Truth, href: Text | None, **props: Any) -> rx.Component:
    before = []
    if mark:
        before = [rx.cond(busy, rx.spinner(size="1"), icon(mark)) if busy is not False else icon(mark)]
    elif busy is not False:
        before = [rx.cond(busy, rx.spinner(size="1"), rx.fragment())]
    if busy is not False:
        props["disabled"] = busy | props["disabled"] if props.get("disabled", False) is not False else busy
        props["aria_busy"] = busy
    if href is not None:
        return rx.button(anchor(*before, label, href=href), as_child=True, **props)
    return rx.button(*before, label, type=props.pop("type", "button"), **props)


def primary_button(
    label: Content,
    icon: str = "",
    on_click: Handler = None,
    href: Text | None = None,
    busy: Truth = False,
    disabled: Truth = False,
    size: Size = "2",
    **props: Any,
) -> rx.Component:
    """The one solid button of a view. Its label is a verb and an object."""
    return _button(label, icon, busy, href, on_click=on_click, disabled=disabled, size=size, variant="solid", **props)


def outline_button(
    label: Text,
    icon: str = "",
    on_click: Handler = None,
    href: Text | None = None,
    busy: Truth = False,
    disabled: Truth = False,
    size: Size = "2",
    danger: bool = False,
    **props: Any,
) -> rx.Component:
    """A secondary button; `danger` makes its text red."""
    props["class_name"] = f"b-outline {'b-outline-danger' if danger else ''} {props.get('class_name', '')}".strip()
    props.update(on_click=on_click, disabled=disabled, size=size, variant="outline", color_scheme="gray")
    return _button(label, icon, busy, href, **props)


def small_button(label: Text, icon: str = "", on_click: Handler = None, **props: Any) -> rx.Component:
    """An outline button 28px high, for cards and rows."""
    props["class_name"] = f"b-button-28 {props.get('class_name', '')}".strip()
    return outline_button(label, icon, on_click, **props)


def ghost_button(
    label: Text,
    icon: str = "",
    on_click: Handler = None,
    href: Text | None = None,
    busy: Truth = False,
    disabled: Truth = False,
    **props: Any,
) -> rx.Component:
    """A quiet button for bars and feet."""
    props["class_name"] = f"b-ghost {props.get('class_name', '')}".strip()
    props.update(on_click=on_click, disabled=disabled, size="2", variant="ghost", color_scheme="gray")
    return _button(label, icon, busy, href, **props)


def danger_button(
    label: Text, icon: str = "", on_click: Handler = None, busy: Truth = False, disabled: Truth = False, **props: Any
) -> rx.Component:
    """A solid red button, only inside a confirm dialog."""
    props["class_name"] = f"b-danger {props.get('class_name', '')}".strip()
    return _button(label, icon, busy, None, on_click=on_click, disabled=disabled, size="2", variant="solid", **props)


def icon_button(
    icon_name: str,
    label: Text,
    on_click: Handler = None,
    href: Text | None = None,
    disabled: Truth = False,
    variant: Literal["outline", "ghost"] = "outline",
    small: bool = False,
    **props: Any,
) -> rx.Component:
    """An icon without text. `label` names the action ("Choose columns") for screen readers and the tooltip."""
    names = ("b-outline" if variant == "outline" else "b-ghost-icon") + (" b-icon-28" if small else "")
    props.update(
        size="2", variant=variant, color_scheme="gray", class_name=f"{names} {props.get('class_name', '')}".strip()
    )
    if href is not None:
        inner = rx.icon_button(anchor(icon(icon_name), href=href, aria_label=label), as_child=True, **props)
    else:
        inner = rx.icon_button(
            icon(icon_name), on_click=on_click, disabled=disabled, aria_label=label, type="button", **props
        )
    return tooltip(inner, label)


def menu_item(
    label: Text,
    on_click: Handler = None,
    icon_name: str = "",
    href: Text | None = None,
    danger: bool = False,
    disabled: Truth = False,
) -> rx.Component:
    """One action in a `menu`."""
    mark = [icon(icon_name, 14)] if icon_name else []
    color: dict[str, Any] = {"color_scheme": "red"} if danger else {}
    if href is not None:
        return rx.dropdown_menu.item(
            anchor(*mark, label, href=href, class_name="b-menu-link"), as_child=True, disabled=disabled, **color
        )
    return rx.dropdown_menu.item(*mark, label, on_select=on_click, disabled=disabled, **color)


def menu_line() -> rx.Component:
    """A thin line between groups of a menu."""
    return rx.dropdown_menu.separator()


def menu(*items: rx.Component, label: Text = "More actions", trigger: rx.Component | None = None) -> rx.Component:
    """An ellipsis button (or `trigger`) that opens a list of actions."""
    opener = trigger or rx.icon_button(
        icon("ellipsis"), size="2", variant="outline", color_scheme="gray", class_name="b-outline", aria_label=label
    )
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(opener),
        rx.dropdown_menu.content(*items, align="end", variant="soft", color_scheme="gray", class_name="b-float"),
        modal=False,
    )
