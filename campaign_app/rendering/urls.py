"""Web addresses in a message: clean-up as in browsers, finding them in plain text, percent-encoding of variables."""

import re
from collections.abc import Iterable, Iterator, Sequence

from campaign_app.kit import template_tags

ATTRIBUTES = frozenset({"href", "src", "background", "action", "poster", "cite", "longdesc", "data"})
_REMOVED = re.compile(r"[\t\n\r]")
_EDGES = "".join(map(chr, range(0x21)))
_UNSAFE = re.compile(r"[\x00-\x20<>\"]")
_BEGIN = re.compile(r"https?://", re.IGNORECASE)
_STOP = re.compile(r"[\s<>\"()\[\]{}]")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_TRAILING = frozenset("([{.,;:!?'*`…’”»›“‘„。、")
_ENOUGH = 2_000  # characters of an address that decide whether a variable is a part of it
_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):")
_WEB = frozenset({"http", "https", "ftp"})
_PRINTED = re.compile(r"\{\{([-+]?)(.*?)([-+]?)\}\}", re.DOTALL)
_WORD = re.compile(r"\{%[-+]?\s*(\w+)")
_STRING = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'", re.DOTALL)
_ENCODED = re.compile(r"\|\s*urlencode\b")

Segments = Iterable[tuple[bool, str]]


def target(segments: Segments) -> str:
    """The template of an address as a browser reads it: without line breaks and tabs, without blanks around it."""
    parts = [(is_tag, text if is_tag else _REMOVED.sub("", text)) for is_tag, text in segments]
    if parts and not parts[0][0]:
        parts[0] = (False, parts[0][1].lstrip(_EDGES))
    if parts and not parts[-1][0]:
        parts[-1] = (False, parts[-1][1].rstrip(_EDGES))
    return "".join(text if is_tag else template_tags.literal(text) for is_tag, text in parts)


def encoded(url: str) -> str:
    """A template of an address, with its variables percent-encoded."""
    if "{" not in url:
        return url
    return "".join(with_encoding(list(template_tags.pieces(url))))


def written(url: str) -> str:
    """Like `encoded`, and characters that would end the address in plain text are percent-encoded too."""
    parts = list(template_tags.pieces(url))
    texts = with_encoding(parts)
    return "".join(
        text if is_tag else _UNSAFE.sub(lambda found: f"%{ord(found.group()):02X}", text)
        for (is_tag, _), text in zip(parts, texts, strict=True)
    )


def with_encoding(segments: Sequence[tuple[bool, str]], otherwise: str = "") -> list[str]:
    """The segments of one address, with `|urlencode` added to variables whose value is a part of it.

    A variable that is the whole address, its beginning or its whole host stays unchanged, or gets the filter
    `otherwise`. Variables that are encoded already stay unchanged.
    """
    texts, before = [], ""
    branches: list[str] = []
    for position, (is_tag, text) in enumerate(segments):
        if not is_tag:
            before = (before + text)[:_ENOUGH]
        elif text.startswith("{{"):
            is_last = position + 1 == len(segments)
            following = "" if is_last or segments[position + 1][0] else segments[position + 1][1]
            name = "urlencode" if _is_value(before, following) else otherwise
            texts.append(_encoding(text, name) if name else text)
            continue
        elif text.startswith("{%"):
            before = _branch(text, before, branches)
        texts.append(text)
    return texts


def _branch(tag: str, before: str, branches: list[str]) -> str:
    """The text before the next piece. Each branch of a condition begins with the text before the condition."""
    word = found.group(1) if (found := _WORD.match(tag)) else ""
    if word in {"if", "for"}:
        branches.append(before)
    elif word in {"else", "elif"} and branches:
        return branches[-1]
    elif word in {"endif", "endfor"} and branches:
        branches.pop()
    return before


def _is_value(before: str, following: str) -> bool:
    if not before.strip():
        return False
    scheme = _SCHEME.match(before)
    if scheme and scheme.group(1).lower() not in _WEB:  # mailto:{{ email }}?subject={{ … }}
        return "?" in before
    is_host = before.endswith("//") and "?" not in before and before.count("/") == 2
    return not (is_host and following[:1] in {"", "/", "?", "#"})


def _encoding(tag: str, name: str) -> str:
    found = _PRINTED.fullmatch(tag)
    if found is None or _ENCODED.search(_STRING.sub("''", tag)):
        return tag
    left, inner, right = found.groups()
    return f"{{{{{left} ({inner.strip()})|{name} {right}}}}}"


def bare(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the addresses in a plain text, without punctuation after them."""
    at = 0
    while found := _BEGIN.search(text, at):
        at = end = _end(text, found.end())
        while end > found.end() and text[end - 1] in _TRAILING:
            end -= 1
        if end > found.end():
            yield found.start(), end


def _end(text: str, at: int) -> int:
    """The latest end of an address: a blank, or a closing bracket that was not opened in it."""
    opened = dict.fromkeys("([{", 0)
    while found := _STOP.search(text, at):
        mark, at = found.group(), found.end()
        if mark in opened:
            opened[mark] += 1
        elif mark in _CLOSERS and opened[_CLOSERS[mark]]:
            opened[_CLOSERS[mark]] -= 1
        else:
            return found.start()
    return len(text)
