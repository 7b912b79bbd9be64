"""Headers of every answer, unless the route sets them."""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders

from campaign_app.api.origin import is_secure

# No text runs as a program: scripts are files of ours, or stand in the built pages and are named by their hashes.
# Styles and images may be anything: a preview shows the customer's own message and inherits this (decision 15).
_BEFORE_SCRIPTS: Final = "default-src 'self'"
_AFTER_SCRIPTS: Final = "; ".join(
    (
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob: http: https:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_INLINE_SCRIPT: Final = re.compile(r"<script\b[^>]*>([^<]*(?:<(?!/script)[^<]*)*)</script", re.IGNORECASE)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_PRIVATE: Final = ("/api/", "/auth/", "/files/")
IMMUTABLE: Final = "public, max-age=31536000, immutable"


def inline_scripts(pages: Path) -> tuple[str, ...]:
    """The CSP sources, `'sha256-…'`, of every script that stands inside the built pages, sorted."""
    found = {
        script
        for page in pages.glob("**/*.html")
        for script in _INLINE_SCRIPT.findall(page.read_text("utf-8"))
        if script
    }
    return tuple(
        sorted(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in found)
    )


def policy(scripts: Iterable[str] = ()) -> str:
    """The Content-Security-Policy; `scripts` are the inline ones that may run."""
    return "; ".join((_BEFORE_SCRIPTS, " ".join(("script-src 'self'", *scripts)), _AFTER_SCRIPTS))


_FOR_DATA: Final = policy()


def complete(headers: MutableHeaders, path: str, scheme: str, status: int, for_pages: str) -> None:
    """Add missing headers; `for_pages` is the policy of HTML."""
    is_page = headers.get("content-type", "").startswith("text/html")
    if status != 304:  # the browser keeps the policy that came with the page; 304 says no type to choose one by
        headers.setdefault("Content-Security-Policy", for_pages if is_page else _FOR_DATA)
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if is_secure(scheme):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")  # over http browsers refuse it, as an error
    if rule := _caching(path, headers.get("content-type", ""), status):
        headers.setdefault("Cache-Control", rule)


def _caching(path: str, content_type: str, status: int) -> str:
    if path.startswith("/assets/") and status in {200, 206, 304}:
        return IMMUTABLE  # the bundler puts a hash of the content into every name
    if path.startswith(_PRIVATE):
        return "no-store"
    return "no-cache" if content_type.startswith("text/html") else ""
