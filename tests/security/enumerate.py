"""What there is to attack: every handler of every state, every route."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import reflex as rx
from fastapi.routing import APIRoute
from reflex_base.event import EventHandler

from campaign_app.api.app import api
from campaign_app.campaign_app import app
from campaign_app.ui.app_state import AppState


def states(root: type[rx.State] = AppState) -> Iterator[type[rx.State]]:
    """Every state of ours, pages' and components'."""
    app._apply_decorated_pages()  # gives the states their `campaign_id` and the like
    yield from _below(root)


def _below(root: type[rx.State]) -> Iterator[type[rx.State]]:
    if root.__module__.startswith("campaign_app."):  # other tests bring states that the server does not know
        yield root
    for state in root.get_substates():
        yield from _below(state)


def handlers() -> Iterator[tuple[type[rx.State], str, EventHandler]]:
    """(state, name, handler), each once."""
    for state in states():
        inherited = state.get_parent_state()
        known = inherited.event_handlers if inherited else {}
        for name, handler in state.event_handlers.items():
            if name not in known or known[name].fn is not handler.fn:
                yield state, name, handler


def arguments(handler: EventHandler) -> list[str]:
    """What a handler takes."""
    return [name for name in handler._parameters if name != "self"]


def routes() -> list[APIRoute]:
    """Every route with its methods."""
    return list(_flat(api.routes))


def _flat(found: Iterable[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from _flat(included.routes)


def places(route: APIRoute) -> list[str]:
    """The names in the path of a route."""
    return [name for name in inspect.signature(route.endpoint).parameters if f"{{{name}" in route.path]
