"""Types and small elements that all other components use: icon, link, tag, avatar, dot."""

from typing import Any, Literal

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink
from reflex_components_lucide.icon import Icon
from reflex_components_radix.themes.components.checkbox import Checkbox

Text = str | rx.Var[str] | rx.Var[Any]
Number = int | float | rx.Var[int] | rx.Var[float] | rx.Var[Any]
Truth = bool | rx.Var[bool] | rx.Var[Any]
Handler = Any
Size = Literal["1", "2", "3"]
Content = Any

NONE = "–"


class Box(Checkbox):
    """A Radix checkbox without a label that may also be "indeterminate"."""

    checked: rx.Var[bool | str]


def icon(tag: str, size: int = 16, **props: Any) -> rx.Component:
    """A decorative lucide icon. `tag` is a literal name, never a Var."""
    props.setdefault("stroke_width", 1.75)
    props.setdefault("flex_shrink", "0")
    return Icon.create(tag, size=size, aria_hidden="true", **props)


def anchor(*children: Content, href: Text, **props: Any) -> rx.Component:
    """A link inside the product that does not reload the page."""
    return ReactRouterLink.create(*children, to=href, **props)


def text_link(label: Text, href: Text | None = None, on_click: Handler = None, **props: Any) -> rx.Component:
    """A link (`href`) or a small action (`on_click`) as coloured text."""
    props["class_name"] = f"b-link {props.get('class_name', '')}".strip()
    if href is not None:
        return anchor(label, href=href, **props)
    return rx.el.button(label, type="button", on_click=on_click, **props)


def tag(text: Text) -> rx.Component:
    """Small gray label."""
    return rx.el.span(text, class_name="b-tag")


def avatar(letters: Text, size: Literal["small", "large"] = "small", tint: bool = False) -> rx.Component:
    """Round initials, 24 or 44 px. Decoration beside a name."""
    names = "b-avatar" + (" b-avatar-large" if size == "large" else "") + (" b-avatar-tint" if tint else "")
    return rx.el.span(letters, class_name=names, aria_hidden="true")


def live_dot(label: Text = "Live") -> rx.Component:
    """Shows that the element beside it is updated live."""
    return rx.el.span(rx.el.span(class_name="b-dot b-live"), label, class_name="b-row b-dense b-muted")


def tooltip(child: rx.Component, text: Text) -> rx.Component:
    """`text` on hover and on keyboard focus of `child`."""
    return rx.tooltip(child, content=text, delay_duration=300)
