"""All pages of the interface. This module keeps their declarations.

A page is declared once, where it is drawn, with the decorator `ui.layout.page`.

Navigation, the tabs of the settings, the phone's bar, the command palette and back links all use them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final, Literal

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.core.actor import Actor

Variant = Literal["shell", "window", "blank"]


class Area(StrEnum):
    """Where pages are linked."""

    MAIN = "main"
    SOURCES = "sources"
    WORKSPACE = "workspace"  # at the foot of the sidebar
    SETTINGS = "settings"  # the tabs of the settings


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page. The links of an area are in ascending `order`.

    `label`: a text other than the page's title. `may`: a permission other than the page's. `badge` is shown behind the
    label. `phone` adds it to the phone's tab bar under this label; without it the page is under "More".
    """

    area: Area
    order: int
    label: str = ""
    may: str | None = None
    badge: Callable[[], rx.Component] | None = None
    phone: str = ""


@dataclass
class Hit:
    """A row of the command palette: icon, name, gray detail, address, a status of the theme's table or ""."""

    icon: str
    name: str
    href: str
    detail: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """An action that the palette offers; it opens the page."""

    label: str
    icon: str
    may: str


Find = Callable[[AsyncSession, Actor, str], Awaitable[list[Hit]]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page's declaration.

    `may`: the permission to see it, "" for every signed-in person; its handlers check it themselves. An `icon` adds it
    to the palette. `parent` is the address of its back link. `find` finds its objects by name in the palette.
    `phone_action` is the one button beside the search in the phone's top bar.
    """

    route: str
    title: str
    may: str = ""
    icon: str = ""
    links: Sequence[Link] = ()
    parent: str = ""
    command: Command | None = None
    find: Find | None = None
    variant: Variant = "shell"
    phone_action: Callable[[], rx.Component] | None = None
    on_load: Sequence[Any] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Place:
    """A link with its page."""

    page: Page
    link: Link

    @property
    def label(self) -> str:
        return self.link.label or self.page.title

    @property
    def may(self) -> str:
        """The permission to see it."""
        return self.page.may if self.link.may is None else self.link.may


_pages: Final[dict[str, Page]] = {}


def register(page: Page) -> None:
    """Add a page. Raises ValueError when its address is taken."""
    if page.route in _pages:
        raise ValueError(f"Two pages are registered at {page.route}.")
    _pages[page.route] = page


def load_all() -> None:
    """Import all modules of the interface, so that their pages are registered."""
    package = import_module("campaign_app.ui")
    for module in walk_packages(package.__path__, "campaign_app.ui."):
        if not module.name.startswith("campaign_app.ui.plugins"):  # those are for build and check tools
            import_module(module.name)


def everything() -> list[Page]:
    """All pages: linked ones in the order of the navigation, then the others by address."""
    linked = dict.fromkeys(place.page.route for area in Area for place in places(area))
    return [_pages[route] for route in (*linked, *sorted(_pages.keys() - linked.keys()))]


def places(area: Area) -> list[Place]:
    """The links of an area, in order."""
    found = [Place(page, link) for page in _pages.values() for link in page.links if link.area is area]
    return sorted(found, key=lambda place: (place.link.order, place.label))


def navigation() -> list[Place]:
    """The links of the sidebar."""
    return [place for area in (Area.MAIN, Area.SOURCES, Area.WORKSPACE) for place in places(area)]


def at(route: str) -> Page:
    """The page at an address. Raises KeyError when there is none."""
    return _pages[route]


def area_of(route: str) -> str:
    """The sidebar address that a page belongs to: the longest one that its own address starts with."""
    known = [place.page.route for place in navigation()]
    found = [href for href in known if route == href or (href != "/" and route.startswith(href + "/"))]
    return max(found, key=len, default="")


def above(route: str) -> list[tuple[str, str]]:
    """Label and address of the pages above one, from the top."""
    parent = at(route).parent
    return [*above(parent), (at(parent).title, parent)] if parent else []


def back(route: str) -> tuple[str, str]:
    """Label and address of a page's back link."""
    parent = at(at(route).parent)
    return parent.title, parent.route
