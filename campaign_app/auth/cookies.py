"""The session cookie. The guard replaces its token by the token's digest. The rest of the product sees only the digest,
so Reflex stores nothing else in its states, in Redis and in its files.
"""

from typing import Final

from campaign_app.core import crypto

SESSION_COOKIE: Final = "beacon_session"
_DIGEST_LENGTH: Final = 64


def session_digest(cookie_header: str) -> str:
    """The digest of the session's token in a Cookie header that passed the guard; "" when there is none."""
    value = _values(cookie_header).get(SESSION_COOKIE, "")
    return value if len(value) == _DIGEST_LENGTH else ""


def hide_token(cookie_header: str, *, others: bool) -> str:
    """The header with the session's token replaced by its digest; `others` keeps the other cookies."""
    values = _values(cookie_header)
    kept = {name: value for name, value in values.items() if others and name != SESSION_COOKIE}
    if token := values.get(SESSION_COOKIE):
        kept[SESSION_COOKIE] = crypto.digest(token)
    return "; ".join(f"{name}={value}" for name, value in kept.items())


def _values(cookie_header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in cookie_header.split(";"))
    return {name.strip(): value.strip().strip('"') for name, mark, value in pairs if mark}
