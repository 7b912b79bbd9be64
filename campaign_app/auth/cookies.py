"""The session cookie: its name, and how to read it."""

from http.cookies import CookieError, SimpleCookie
from typing import Final

SESSION_COOKIE: Final = "beacon_session"


def session_token(cookie_header: str) -> str:
    """The session token in a Cookie header, "" when there is none."""
    try:
        morsel = SimpleCookie(cookie_header).get(SESSION_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
