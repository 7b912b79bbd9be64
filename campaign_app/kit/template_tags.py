"""Where the tags of the template language begin and end in a text. Linear; an open tag reaches to the end."""

import re
from collections.abc import Iterator

OPENER = re.compile(r"\{[{%#]")
_SIMPLE = re.compile(r"\{\{[^{}\"'(\[&%]*+\}\}")
_INSIDE = re.compile(r"[\"'\[({\])}]|%\}|&quot;|&apos;|&#3[49];")
_STRING = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'", re.DOTALL)
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_LITERAL = "{%% raw %%}%s{%% endraw %%}"
LITERAL = re.compile(r"\{% raw %\}\{[{%#]\{% endraw %\}")


def end(source: str, at: int, stop: int | None = None) -> int:
    """Where the tag that begins at `at` ends; `stop` when it is never closed."""
    stop = len(source) if stop is None else stop
    if simple := _SIMPLE.match(source, at, stop):
        return simple.end()
    if literal := LITERAL.match(source, at, stop):
        return literal.end()
    if source.startswith("{#", at):
        closing = source.find("#}", at + 2, stop)
        return closing + 2 if closing >= 0 else stop
    closer = "}}" if source.startswith("{{", at) else "%}"
    depth, position = 0, at + 2
    while found := _INSIDE.search(source, position, stop):
        mark = found.group()
        if not depth and source.startswith(closer, found.start()):
            return found.start() + 2
        position = found.end()
        if mark in {'"', "'"}:
            text = _STRING.match(source, found.start(), stop)
            position = text.end() if text else stop
        elif mark[0] == "&":
            closing = source.find(mark, position, stop)
            position = closing + len(mark) if closing >= 0 else stop
        elif mark in {"(", "[", "{"}:
            depth += 1
        elif depth and mark != "%}":
            depth -= 1
    return stop


def pieces(source: str) -> Iterator[tuple[bool, str]]:
    """(is a tag, text) of a text that is no HTML, in order. Call `plain` first when it may hold raw blocks."""
    at = 0
    while found := OPENER.search(source, at):
        if found.start() > at:
            yield False, source[at : found.start()]
        at = end(source, found.start())
        yield True, source[found.start() : at]
    if at < len(source):
        yield False, source[at:]


def without(source: str) -> str:
    """The words of a text, its tags left out."""
    return "".join(text for is_tag, text in pieces(source) if not is_tag)


def literal(text: str) -> str:
    """`text` so that the template language prints it as it is."""
    return OPENER.sub(lambda found: _LITERAL % found.group(), text) if "{" in text else text


def plain(source: str) -> str:
    """`source` with its raw blocks opened: what stands in one is text, and only what looks like a tag stays held.

    An unclosed block stays, for the template language to complain of.
    """
    if "endraw" not in source:
        return source
    out, at = [], 0
    while found := OPENER.search(source, at):
        out.append(source[at : found.start()])
        at = end(source, found.start())
        opening = _RAW.fullmatch(source, found.start(), at)
        if opening is None:
            out.append(source[found.start() : at])
            continue
        closing = _END_RAW.search(source, at)
        if closing is None:
            at = found.start()
            break
        out.append(literal(source[at : closing.start()]))
        at = closing.end()
    return "".join(out) + source[at:]
