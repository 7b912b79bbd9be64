"""Shows and hides components by role. This protects nothing: every handler checks its permission itself."""

import reflex as rx

from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import Content
from campaign_app.ui.kit.vars import any_of, contains


def may(permission: str) -> rx.Var[bool]:
    return any_of(contains(AppState.permissions, permission), contains(AppState.permissions, "*"))


def if_allowed(permission: str, content: Content, otherwise: Content | None = None) -> rx.Component:
    """`content` with the permission, nothing (or `otherwise`) without it."""
    return rx.cond(may(permission), content, otherwise if otherwise is not None else rx.fragment())
