"""Headers that every answer carries, unless the route set them itself."""

from typing import Final

from starlette.datastructures import MutableHeaders

from campaign_app.api.origin import is_secure

# Reflex needs inline scripts, and 'unsafe-eval' for toasts sent from Python: without it they silently do not show.
# Images may come from anywhere, because the preview shows the customer's own message.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
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
_ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_PRIVATE: Final = ("/api/", "/auth/", "/files/")
IMMUTABLE: Final = "public, max-age=31536000, immutable"


def complete(headers: MutableHeaders, path: str, scheme: str, status: int) -> None:
    """Add what is missing."""
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if is_secure(scheme):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if rule := _caching(path, headers.get("content-type", ""), status):
        headers.setdefault("Cache-Control", rule)


def _caching(path: str, content_type: str, status: int) -> str:
    if path.startswith("/assets/") and status in {200, 206, 304}:
        return IMMUTABLE  # the bundler puts a hash of the content into every name
    if path.startswith(_PRIVATE):
        return "no-store"
    return "no-cache" if content_type.startswith("text/html") else ""
