"""Badges behind the labels of the navigation."""

import reflex as rx

from campaign_app.ui import theme
from campaign_app.ui.app_state import AppState
from campaign_app.ui.kit.vars import by_case, more_than


def running_campaigns() -> rx.Component:
    """The number of running campaigns."""
    count = rx.el.span(
        AppState.running_campaigns, rx.el.span(" running", class_name="b-hidden"), class_name="b-place-count b-fold"
    )
    return rx.cond(more_than(AppState.running_campaigns, 0), count, rx.fragment())


def accounts_health() -> rx.Component:
    """A dot for the worst account's health. Its text is for screen readers; the accounts page shows it to everyone."""

    def dot(key: str) -> rx.Component:
        entry = theme.HEALTH[key]
        word = rx.el.span(f" {entry.label}", class_name="b-hidden")
        return rx.el.span(word, class_name="b-dot b-fold", style={"background": f"var(--{entry.color}-9)"})

    shown = ("disconnected", "refused", "bouncing", "healthy")
    return by_case(AppState.accounts_health, *((key, dot(key)) for key in shown), rx.fragment())
