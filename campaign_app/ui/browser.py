"""The only way to send instructions to the browser: as data, never as code.

Reflex looks for `<reflex.Var>…</reflex.Var>` in every text that becomes an argument of one of its own events, and
treats the text between the tags as a variable of the program. People's texts may contain anything, so they avoid that
path: an `Event` with a plain payload is sent unchanged. Ruff (TID251) forbids Reflex's functions everywhere else.
"""

import base64
from typing import Any, Final, Literal

import reflex as rx
from reflex_base.event import Event, EventHandler, EventSpec
from reflex_base.utils.format import format_event_handler, format_ref

from campaign_app.kit.addresses import is_local

TOAST: Final = "_toast"
FOCUS: Final = "_focus"
ADDRESS: Final = "_address"
SEARCH: Final = "_search"
"""Events of our own; `plugins/no_eval.py` teaches the browser to understand them."""


def redirect(path: str, *, replace: bool = False) -> Event:
    """Show another page of the product. With `replace`, "back" does not return here.

    Raises:
        ValueError: the address leads elsewhere.
    """
    if not is_local(path):
        raise ValueError("Only addresses of this installation can be shown.")
    return Event(name="_redirect", payload={"path": path, "external": False, "popup": False, "replace": replace})


def show_address(path: str, *, in_history: bool = True) -> Event:
    """Show another address of the current page without loading it. "Back" returns to the previous address.

    Raises:
        ValueError: the address leads elsewhere.
    """
    if not is_local(path):
        raise ValueError("Only addresses of this installation can be shown.")
    return Event(name=ADDRESS, payload={"path": path, "in_history": in_history})


def show_search(words: str) -> Event:
    """Put text into the search field of the page, unless somebody is typing there."""
    return Event(name=SEARCH, payload={"words": words})


def set_value(field: str, value: str) -> Event:
    """Put a text into the input with this id."""
    return Event(name="_set_value", payload={"ref": format_ref(field), "value": value})


def toast(
    level: Literal["success", "error"],
    title: str,
    *,
    text: str,
    milliseconds: int,
    has_close: bool = False,
    action: tuple[str, Event | EventHandler] | None = None,
) -> Event:
    """Show a message in the corner. `action` is the label of its button and the event that it sends."""
    payload: dict[str, Any] = {"level": level, "title": title, "duration": milliseconds, "closeButton": has_close}
    if text:
        payload["description"] = text
    if action is not None:
        event = action[1] if isinstance(action[1], Event) else then(action[1])
        payload["action"] = {"label": action[0], "name": event.name, "payload": event.payload}
    return Event(name=TOAST, payload=payload)


def then(handler: EventHandler, **arguments: Any) -> Event:
    """Run another handler of ours after this one. With `Page.handler(text)` Reflex would decode the text."""
    return Event(name=format_event_handler(handler), payload=arguments)


def download(data: bytes, filename: str, mime_type: str = "text/csv") -> Event:
    """Download content as a file."""
    content = base64.b64encode(data).decode()
    return Event(name="_download", payload={"url": f"data:{mime_type};base64,{content}", "filename": filename})


def focus(selector: str, *, after_ms: int = 0) -> Event:
    """Move the focus to the first element of a CSS selector."""
    return Event(name=FOCUS, payload={"selector": selector, "after": after_ms})


# The following is for components. It is compiled into the page, which contains no person's text.


def on_click_run(code: str) -> EventSpec:
    """Compile an expression into the page as a function. It must not contain a person's text."""
    return rx.call_function(rx.Var(f"(() => {{ {code} }})"))


def on_click_copy(value: Any) -> EventSpec:
    """Copy the value of a var."""
    return rx.set_clipboard(value)


def on_click_download(address: Any, filename: str) -> EventSpec:
    """Download a file from one of our addresses."""
    return rx.download(url=address, filename=filename)
