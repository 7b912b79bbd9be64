"""How a status looks: a coloured icon and a word, never only the colour. The table is in theme."""

from collections.abc import Callable, Mapping

import reflex as rx

from campaign_app.ui import theme
from campaign_app.ui.components.base import Text, icon
from campaign_app.ui.kit.vars import by_case


def _choose(
    value: Text, table: Mapping[str, theme.Status], draw: Callable[[theme.Status], rx.Component]
) -> rx.Component:
    if isinstance(value, str):
        return draw(table[value])
    return by_case(value, *((key, draw(entry)) for key, entry in table.items()), rx.fragment())


def _mark(entry: theme.Status, size: int) -> rx.Component:
    turning = "b-turning" if entry.turning else ""
    return icon(entry.icon, size, stroke_width=2, color=f"var(--{entry.color}-11)", class_name=turning)


def status_icon(status: Text, size: int = 15) -> rx.Component:
    """The icon alone, for places where the word is beside it."""
    return _choose(status, theme.STATUS, lambda entry: _mark(entry, size))


def status_badge(status: Text, label: Text | None = None) -> rx.Component:
    """Icon and word, in tables and lists. `label` replaces the word ("Importing")."""

    def draw(entry: theme.Status) -> rx.Component:
        word = entry.label if label is None else label
        return rx.el.span(_mark(entry, 15), rx.el.span(word), class_name="b-status")

    return _choose(status, theme.STATUS, draw)


def status_pill(status: Text, label: Text | None = None) -> rx.Component:
    """A tinted pill beside a page title."""

    def draw(entry: theme.Status) -> rx.Component:
        return rx.el.span(
            _mark(entry, 14),
            rx.el.span(entry.label if label is None else label),
            class_name="b-pill",
            style={"background": f"var(--{entry.color}-a3)", "color": f"var(--{entry.color}-12)"},
        )

    return _choose(status, theme.STATUS, draw)


def health_dot(health: Text, words: Text | None = None) -> rx.Component:
    """An 8px dot and text: "Healthy", "Bounces 4.1%". `health` is a key of theme.HEALTH."""

    def draw(entry: theme.Status) -> rx.Component:
        dot = rx.el.span(class_name="b-dot", style={"background": f"var(--{entry.color}-9)"})
        return rx.el.span(dot, entry.label if words is None else words, class_name="b-status b-regular")

    return _choose(health, theme.HEALTH, draw)


def channel_icon(channel: Text, size: int = 14) -> rx.Component:
    """The gray icon of a channel, named for screen readers."""

    def draw(entry: theme.Status) -> rx.Component:
        return rx.el.span(
            icon(entry.icon, size, color="var(--gray-11)"), role="img", aria_label=entry.label, class_name="b-icon-box"
        )

    return _choose(channel, theme.CHANNEL, draw)


def channel_badge(channel: Text) -> rx.Component:
    """Gray icon and word of a channel."""

    def draw(entry: theme.Status) -> rx.Component:
        return rx.el.span(icon(entry.icon, 14), entry.label, class_name="b-channel")

    return _choose(channel, theme.CHANNEL, draw)
