"""Which addresses a click may lead to, and how much of an e-mail address a page may show. Pure."""

from urllib.parse import quote, urlsplit

_KEPT = "!#$%&'()*+,/:;=?@[]~-._"


def redirectable(url: str) -> str:
    """The address in the form of a Location header; "" unless it is a complete http or https address."""
    cleaned = url.strip()
    try:
        parts = urlsplit(cleaned)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not host or any(ord(letter) < 33 for letter in parts.netloc):
        return ""
    return quote(cleaned, safe=_KEPT)


def half_hidden(address: str) -> str:
    """a…a@example.com: enough to recognise one's own address, too little for somebody with a forwarded link."""
    name, at, domain = address.partition("@")
    if not at:
        return f"…{address[-3:]}" if len(address) > 5 else "…"
    shown = f"{name[0]}…{name[-1]}" if len(name) > 2 else f"{name[:1]}…"
    return f"{shown}@{domain}"
