"""Showing and hiding by role. It protects nothing: every handler asks for its permission itself."""

from typing import Any

import reflex as rx

from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import Content


def may(permission: str) -> Any:
    """Var: whether the signed-in person has the permission."""
    return AppState.permissions.contains(permission) | AppState.permissions.contains("*")


def if_allowed(permission: str, content: Content, otherwise: Content | None = None) -> rx.Component:
    """`content` for those who may, nothing (or `otherwise`) for the rest."""
    return rx.cond(may(permission), content, otherwise if otherwise is not None else rx.fragment())
