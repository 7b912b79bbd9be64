"""The line of links between the settings pages."""

from typing import Final

import reflex as rx

from campaign_app.kit import zones
from campaign_app.ui import components as c
from campaign_app.ui import routes

_TABS: Final = (
    ("Workspace", routes.SETTINGS, "workspace:read"),
    ("Your profile", routes.PROFILE, ""),
    ("People", routes.USERS, "users:read"),
    ("Contact fields", routes.FIELDS, "contacts:write"),
    ("Audit log", routes.AUDIT, "audit:read"),
)


def tabs(current: str) -> rx.Component:
    """Links to the pages that the person may see; `current` is the address of this one."""

    def tab(label: str, href: str, permission: str) -> rx.Component:
        chosen = {"aria_current": "page"} if href == current else {}
        link = c.anchor(label, href=href, class_name="b-tab", **chosen)
        return c.if_allowed(permission, link) if permission else link

    return rx.el.nav(
        rx.el.div(*(tab(*entry) for entry in _TABS), class_name="b-tabs"),
        aria_label="Settings",
        class_name="b-tab-line",
    )


def zone_choices(list_id: str) -> rx.Component:
    """Suggestions for a field whose `list` is this id."""

    def option(name: rx.Var[str]) -> rx.Component:
        return rx.el.option(value=name)

    return rx.el.datalist(rx.foreach(rx.Var.create(zones.names()), option), id=list_id)
