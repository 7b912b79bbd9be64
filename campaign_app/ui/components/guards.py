"""Showing and hiding by role. It protects nothing: every handler asks for its permission itself."""

import reflex as rx

from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import Content
from campaign_app.ui.kit.vars import any_of, contains


def may(permission: str) -> rx.Var[bool]:
    """Whether the signed-in person has the permission."""
    return any_of(contains(AppState.permissions, permission), contains(AppState.permissions, "*"))


def if_allowed(permission: str, content: Content, otherwise: Content | None = None) -> rx.Component:
    """`content` for those who may, nothing (or `otherwise`) for the rest."""
    return rx.cond(may(permission), content, otherwise if otherwise is not None else rx.fragment())
