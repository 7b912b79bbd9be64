"""What the pages before sign-in may know: the words of an error, where to go next, whether an owner exists."""

from typing import Any, Final

import reflex as rx

from campaign_app.auth import service
from campaign_app.auth.current import current_actor
from campaign_app.core import db
from campaign_app.ui import routes
from campaign_app.ui.app_state import AppState, public, session_token

_ERRORS: Final = {
    "credentials": "E-mail or password is not right. Check both, or ask your administrator for a new password.",
    "throttled": "Too many attempts. Wait a few minutes, then try again.",
    "inactive": "This account is switched off. Ask your administrator.",
    "password": "The password is too weak. Take at least 12 characters that are not easy to guess.",
    "email": "This is not an e-mail address. Check it for typing errors.",
    "name": "Your name is missing. Colleagues see it beside what you do.",
    "mismatch": "The two passwords differ. Type the same one twice.",
    "exists": "An owner exists already. Sign in, or ask the owner for an account.",
    "expired": "You were signed out after a while. Sign in again to go on.",
}
_UNKNOWN: Final = "Signing in did not work. Try again; if it happens again, ask your administrator."


@public
class AuthState(AppState):
    """Nothing here tells a stranger more than whether the installation is new."""

    error: str = ""
    email: str = ""
    next_path: str = ""

    @rx.event
    async def open_login(self) -> Any:
        """Sends those signed in already onwards, and a new installation to its first start."""
        self._read_address()
        if await current_actor(session_token(self.router.headers.cookie)):
            return rx.redirect(self.next_path or routes.DASHBOARD)
        return None if await _has_owner() else rx.redirect(routes.SETUP)

    @rx.event
    async def open_setup(self) -> Any:
        """Only until the first owner exists."""
        self._read_address()
        return rx.redirect(routes.LOGIN) if await _has_owner() else None

    def _read_address(self) -> None:
        code = self.query("error")
        self.error = _ERRORS.get(code, _UNKNOWN) if code else ""
        self.email = self.query("email")[:200]
        wanted = self.query("next")
        self.next_path = wanted if _is_local(wanted) else ""


def _is_local(path: str) -> bool:
    """Whether the address stays in this installation: `//host` and `/\\host` would not."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


async def _has_owner() -> bool:
    async with db.reading() as session:
        return await service.has_users(session)
