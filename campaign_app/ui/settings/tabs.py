"""The line of links between the settings pages."""

import reflex as rx

from campaign_app.kit import zones
from campaign_app.ui import components as c
from campaign_app.ui import pages
from campaign_app.ui.pages import Area, Place


def tabs(current: str) -> rx.Component:
    """Links to the pages that the person may see; `current` is the address of this page."""

    def tab(place: Place) -> rx.Component:
        chosen = {"aria_current": "page"} if place.page.route == current else {}
        link = c.anchor(place.label, href=place.page.route, class_name="b-tab", **chosen)
        return c.if_allowed(place.may, link) if place.may else link

    return rx.el.nav(
        rx.el.div(*(tab(place) for place in pages.places(Area.SETTINGS)), class_name="b-tabs"),
        aria_label="Settings",
        class_name="b-tab-line",
    )


def zone_choices(list_id: str) -> rx.Component:
    """Suggestions for an input whose `list` is this id."""

    def option(name: rx.Var[str]) -> rx.Component:
        return rx.el.option(value=name)

    return rx.el.datalist(rx.foreach(rx.Var.create(zones.names()), option), id=list_id)
