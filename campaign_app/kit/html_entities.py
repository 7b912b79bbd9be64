"""Character references as browsers read them (WHATWG HTML, "character reference state"). Linear in what is given."""

import re
from html.entities import html5

_REFERENCE = re.compile(r"&(?:#([0-9]++);?|#[xX]([0-9a-fA-F]++);?|([a-zA-Z][a-zA-Z0-9]{0,31}+;?))")
_UNREADABLE = "\ufffd"
_LARGEST = 0x10FFFF
_WINDOWS = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
_SHORTEST = 2


def decoded(text: str, *, attribute: bool = False) -> str:
    """`text` with its references resolved.

    In an attribute `&copy=2` and `&sections` stay: a name without its semicolon that goes on is no reference there.
    """
    if "&" not in text:
        return text
    return _REFERENCE.sub(lambda found: _character(found, text, attribute), text)


def _character(found: re.Match[str], text: str, attribute: bool) -> str:
    decimal, hexadecimal, name = found.groups()
    if name is None:
        return _numbered(decimal or hexadecimal, 10 if decimal else 16)
    if name in html5 and name.endswith(";"):
        return html5[name]
    for length in range(len(name), _SHORTEST - 1, -1):
        if (known := html5.get(name[:length])) is not None:
            after = name[length : length + 1] or text[found.end() : found.end() + 1]
            if attribute and (after == "=" or (after.isascii() and after.isalnum())):
                return found.group()
            return known + name[length:]
    return found.group()


def _numbered(digits: str, base: int) -> str:
    significant = digits.lstrip("0")
    code = int(significant or "0", base) if len(significant) <= 8 else _LARGEST + 1
    if code in _WINDOWS:
        return _WINDOWS[code]
    if code == 0 or code > _LARGEST or 0xD800 <= code <= 0xDFFF:
        return _UNREADABLE
    return chr(code)
