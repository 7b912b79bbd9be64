"""The shell around every page, and the decorator that registers a page in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import reflex as rx
from reflex_base.style import set_color_mode

from campaign_app.ui import browser, pages, routes, theme
from campaign_app.ui.app_state import AppState
from campaign_app.ui.components.base import anchor, avatar, icon
from campaign_app.ui.components.buttons import menu_item, menu_line
from campaign_app.ui.components.guards import if_allowed
from campaign_app.ui.components.palette import command_palette
from campaign_app.ui.native_form import native_form
from campaign_app.ui.pages import Area, Command, Find, Link, Page, Place, Variant


@dataclass(frozen=True, slots=True)
class Frame:
    """A page with the content drawn in it."""

    page: Page
    children: list[Any]


def page(
    route: str,
    title: str,
    on_load: Any = None,
    *,
    may: str = "",
    icon: str = "",
    links: Sequence[Link] = (),
    parent: str = "",
    command: Command | None = None,
    find: Find | None = None,
    variant: Variant = "shell",
    phone_action: Callable[[], rx.Component] | None = None,
) -> Callable[[Callable[[], Any]], Callable[[], rx.Component]]:
    """Declares a page (`pages.Page` explains each argument) and registers it inside its frame.

    `window` leaves out the navigation (the builder). `blank` also leaves out the signed-in person (sign-in).
    """
    events = _as_list(on_load) if variant == "blank" else [AppState.enter, *_as_list(on_load)]
    declared = Page(route, title, may, icon, links, parent, command, find, variant, phone_action, events)

    def decorate(content: Callable[[], Any]) -> Callable[[], rx.Component]:
        def framed() -> rx.Component:
            made = content()
            children = list(made) if isinstance(made, (list, tuple)) else [made]
            return _FRAMES[variant](Frame(declared, children))

        framed.__name__, framed.__module__, framed.__doc__ = content.__name__, content.__module__, content.__doc__
        pages.register(declared)
        rx.page(route=route, title=f"{title} · {theme.APP_NAME}", on_load=events or None)(framed)
        return framed

    return decorate


def _as_list(events: Any) -> list[Any]:
    if events is None:
        return []
    return list(events) if isinstance(events, (list, tuple)) else [events]


def _skip_link() -> rx.Component:
    link = rx.el.a("Skip to content", href="#content", class_name="b-skip")
    return rx.el.nav(link, aria_label="Skip", class_name="b-skip-nav")


# Reflex's own variable is still "light" while the page starts; the class is set before the first paint.
_SHOWN_MODE: Final[Any] = rx.Var("(document.documentElement.classList.contains('dark') ? 'dark' : 'light')", str)


def _color_mode_reporter() -> rx.Component:
    return rx.el.span(on_mount=AppState.note_color_mode(_SHOWN_MODE), class_name="b-hidden", aria_hidden="true")


def _shell(frame: Frame) -> rx.Component:
    area, action = pages.area_of(frame.page.route), frame.page.phone_action
    return rx.el.div(
        _skip_link(),
        _color_mode_reporter(),
        _sidebar(area),
        rx.el.div(
            _phone_bar(action),
            rx.el.main(*frame.children, id="content", tab_index=-1),
            class_name="b-content",
        ),
        _tab_bar(area),
        command_palette(),
        class_name="b-app",
        data_phone_action="true" if action else "false",
    )


def _window(frame: Frame) -> rx.Component:
    return rx.el.div(
        _skip_link(),
        _color_mode_reporter(),
        rx.el.main(*frame.children, id="content", tab_index=-1, class_name="b-window-main"),
        command_palette(),
        class_name="b-window",
    )


def _blank(frame: Frame) -> rx.Component:
    return rx.el.main(*frame.children, id="content", class_name="b-blank")


_FRAMES: Final[dict[Variant, Callable[[Frame], rx.Component]]] = {
    "shell": _shell,
    "window": _window,
    "blank": _blank,
}


def brand() -> rx.Component:
    """Mark and name."""
    return rx.el.span(
        rx.el.img(src="/mark.svg", alt="", width="26", height="26"), rx.el.span(theme.APP_NAME), class_name="b-brand"
    )


def _sidebar(area: str) -> rx.Component:
    return rx.el.div(
        rx.el.header(
            anchor(brand(), href=routes.DASHBOARD, class_name="b-brand-link", title="Beacon, to the dashboard"),
            _search_button(),
            class_name="b-side-top",
        ),
        rx.el.nav(*_places(Area.MAIN, area), aria_label="Main", class_name="b-nav"),
        rx.el.nav(
            rx.el.h2("Sources", class_name="b-nav-title"),
            *_places(Area.SOURCES, area),
            aria_label="Sources",
            class_name="b-nav",
        ),
        rx.el.nav(
            rx.el.div(*_places(Area.WORKSPACE, area), class_name="b-nav"),
            _person_menu(),
            aria_label="Workspace",
            class_name="b-side-foot",
        ),
        class_name="b-side",
    )


def _search_button() -> rx.Component:
    return rx.el.button(
        icon("search", 14),
        rx.el.span("Search or jump to", class_name="b-grow b-fold"),
        rx.el.kbd("⌘ K", class_name="b-fold", aria_hidden="true"),
        type="button",
        class_name="b-search-button",
        data_open_palette="true",
        title="Search or jump to",
        aria_keyshortcuts="Meta+K Control+K",
    )


def _places(area: Area, current: str) -> list[rx.Component]:
    return [_place(place, current) for place in pages.places(area)]


def _place(place: Place, current: str) -> rx.Component:
    chosen = {"aria_current": "page"} if place.page.route == current else {}
    link = anchor(
        icon(place.page.icon),
        rx.el.span(place.label, class_name="b-fold"),
        *([place.link.badge()] if place.link.badge else []),
        href=place.page.route,
        title=place.label,
        class_name="b-place",
        **chosen,
    )
    return if_allowed(place.may, link) if place.may else link


_SYSTEM_MODE: Final[Any] = rx.Var("(window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')", str)


def _color_mode_items() -> Sequence[rx.Component]:
    def choice(label: str, mode: Literal["light", "dark", "system"], shown: Any, mark: str) -> rx.Component:
        return menu_item(label, [set_color_mode(mode), AppState.note_color_mode(shown)], mark)

    return (
        choice("Light", "light", "light", "sun"),
        choice("Dark", "dark", "dark", "moon"),
        choice("Like the system", "system", _SYSTEM_MODE, "monitor"),
    )


def _person_menu() -> rx.Component:
    trigger = rx.el.button(
        avatar(AppState.person_initials, tint=True),
        rx.el.span(
            rx.el.span(AppState.person_name, class_name="b-strong b-dense b-ell"),
            rx.el.span(AppState.person_role, class_name="b-small b-muted b-ell b-capital"),
            class_name="b-col b-grow b-fold",
        ),
        icon("chevrons_up_down", 14, class_name="b-fold"),
        type="button",
        class_name="b-person",
        title="Profile, colours, sign out",
    )
    return rx.fragment(
        rx.dropdown_menu.root(
            rx.dropdown_menu.trigger(trigger),
            rx.dropdown_menu.content(
                menu_item("Your profile", icon_name="user", href=routes.PROFILE),
                menu_line(),
                rx.el.div("Colours", class_name="b-menu-title"),
                *_color_mode_items(),
                menu_line(),
                menu_item("Sign out", browser.on_click_run("document.getElementById('sign-out').submit()"), "log_out"),
                side="top",
                align="start",
                variant="soft",
                color_scheme="gray",
                class_name="b-float b-person-panel",
            ),
            modal=False,
        ),
        # Signing out loads a page: only that removes the HttpOnly cookie and opens a new socket.
        native_form(action=routes.POST_LOGOUT, method="post", id="sign-out", hidden=True),
    )


def _phone_bar(phone_action: Callable[[], rx.Component] | None) -> rx.Component:
    return rx.el.header(
        rx.el.button(
            icon("search", 20), type="button", class_name="b-touch", data_open_palette="true", aria_label="Search"
        ),
        *([phone_action()] if phone_action else []),
        class_name="b-phone-bar",
    )


def _tab_bar(current: str) -> rx.Component:
    def tab(place: Place) -> rx.Component:
        chosen = {"aria_current": "page"} if place.page.route == current else {}
        label, href = place.link.phone, place.page.route
        return anchor(icon(place.page.icon, 20), label, href=href, class_name="b-tabbar-item", **chosen)

    linked = pages.navigation()
    profile = Place(pages.at(routes.PROFILE), Link(Area.SETTINGS, 0))
    more = rx.drawer.root(
        rx.drawer.trigger(
            rx.el.button(icon("menu", 20), "More", type="button", class_name="b-tabbar-item", aria_haspopup="dialog")
        ),
        rx.drawer.overlay(class_name="b-scrim"),
        rx.drawer.portal(
            rx.drawer.content(
                rx.drawer.title("More", class_name="b-hidden"),
                rx.drawer.description("Other pages and your account", class_name="b-hidden"),
                *(rx.drawer.close(_place(place, current)) for place in (*linked, profile) if not place.link.phone),
                rx.el.button(
                    icon("log_out"),
                    "Sign out",
                    type="button",
                    class_name="b-place",
                    on_click=browser.on_click_run("document.getElementById('sign-out').submit()"),
                ),
                class_name="b-sheet",
            )
        ),
        direction="bottom",
    )
    tabs = (tab(place) for place in linked if place.link.phone)
    return rx.el.nav(*tabs, more, aria_label="Tabs", class_name="b-tabbar")
