"""The session cookie. Its token stays at the door: the guard puts its digest in its place. The digest is all that the
rest of the product knows, and all that Reflex keeps in its states and so in Redis and its files.
"""

from typing import Final

from campaign_app.core import crypto

SESSION_COOKIE: Final = "beacon_session"
_DIGEST_LENGTH: Final = 64


def session_digest(cookie_header: str) -> str:
    """The digest of the session's token in a Cookie header behind the guard, "" when there is none."""
    value = _values(cookie_header).get(SESSION_COOKIE, "")
    return value if len(value) == _DIGEST_LENGTH else ""


def hide_token(cookie_header: str, *, others: bool) -> str:
    """The header with the session's token replaced by its digest; with `others` the other cookies stay."""
    values = _values(cookie_header)
    kept = {name: value for name, value in values.items() if others and name != SESSION_COOKIE}
    if token := values.get(SESSION_COOKIE):
        kept[SESSION_COOKIE] = crypto.digest(token)
    return "; ".join(f"{name}={value}" for name, value in kept.items())


def _values(cookie_header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in cookie_header.split(";"))
    return {name.strip(): value.strip().strip('"') for name, mark, value in pairs if mark}
