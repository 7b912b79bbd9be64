"""What the pages before sign-in may know: an error text, the next page, whether an owner exists."""

from typing import Any, Final

import reflex as rx

from campaign_app.auth import service
from campaign_app.auth.cookies import session_digest
from campaign_app.auth.current import current_actor
from campaign_app.auth.passwords import MIN_LENGTH
from campaign_app.core import db
from campaign_app.kit.addresses import is_local
from campaign_app.ui import browser, routes
from campaign_app.ui.app_state import AppState, public

_ERRORS: Final = {
    "credentials": "E-mail or password is not right. Check both, or ask your administrator for a new password.",
    "unavailable": "Signing in is not possible at the moment: a part of the server does not answer. Try again soon.",
    "password": f"The password is too weak. Take at least {MIN_LENGTH} characters that are not easy to guess: "
    "a few uncommon words in a row, without your name or the name of this product.",
    "email": "This is not an e-mail address. Check it for typing errors.",
    "name": "Your name is missing. Colleagues see it beside what you do.",
    "code": "This code is not right or was used before. Enter the code that your app shows now.",
    "code_over": "The five minutes for the code are over. Sign in again.",
    "setup_link": "This link has been used, has expired or is not complete. The server prints a valid one.",
    "exists": "An owner exists already. Sign in, or ask the owner for an account.",
}


def error_text(code: str, wait: str) -> str:
    """The text for the error code in the address; "" without one."""
    if code == "throttled":
        number, _, unit = wait.partition(" ")
        shown = wait if number.isdecimal() and len(number) < 5 and unit in {"s", "min"} else "a minute"
        return f"Too many attempts. Wait {shown}, or use a browser in which you signed in before: there you need not."
    return _ERRORS.get(code, _ERRORS["credentials"]) if code else ""


@public
class AuthState(AppState):
    """A stranger learns only whether the installation is new."""

    error: str = ""
    email: str = ""
    has_link: bool = False  # only decides what the page shows; the server checks the link itself
    _next: str = ""

    @rx.event
    async def open_login(self) -> Any:
        """Redirects signed-in people, and a new installation to its first start."""
        self._read_address()
        if await current_actor(session_digest(self.router.headers.cookie), for_set_up=True):
            return browser.redirect(self._next or routes.DASHBOARD)
        return None if await _has_owner() else browser.redirect(routes.SETUP)

    @rx.event
    async def open_code(self) -> None:
        """The second step. A cookie that no page can read tells the server who may take it."""
        self._read_address()

    @rx.event
    async def open_setup(self) -> Any:
        """Available only until the first owner exists."""
        self._read_address()
        self.has_link = bool(self.query("link"))
        return browser.redirect(routes.LOGIN) if await _has_owner() else None

    def _read_address(self) -> None:
        self.error = error_text(self.query("error"), self.query("wait"))
        self.email = self.query("email")[:200]
        wanted = self.query("next")
        self._next = wanted if is_local(wanted) else ""


async def _has_owner() -> bool:
    async with db.reading() as session:
        return await service.has_users(session)
