"""The text version of a message, made from its HTML or written by a person. Links are the same as in the HTML."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from campaign_app.kit import template_tags
from campaign_app.kit.html_tokens import Document, Kind, Token, code
from campaign_app.rendering import urls

LinkPlace = Callable[[str], str | None]

_BLOCKS: Final = frozenset(
    {"address", "article", "blockquote", "div", "dl", "dt", "dd", "figure", "footer", "form", "header", "hr", "li"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_CLOSE: Final = frozenset({"li", "tr", "dt", "dd"})
_VOID: Final[Mapping[str, str]] = {"br": "\n", "hr": "\n----\n"}
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_WIDE = re.compile(r"[ \t]{2,}")
_EMPTY_LINES = re.compile(r"\n{3,}")
_HELD = re.compile(r"\0(\d+)\0")
_CLOSING = re.compile(r"\{%[-+]?\s*(?:end\w+|else|elif)\b")
_BETWEEN = re.compile(r"\{%[-+]?\s*el")


class _Atoms:
    """Pieces that clean-up must not change, each held under a placeholder."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def hold(self, piece: str) -> str:
        self._kept.append(piece)
        return f"\0{len(self._kept) - 1}\0"

    def resolved(self, text: str) -> str:
        """`text` as a template: held pieces unchanged, other text printed literally."""
        out, at = [], 0
        for found in _HELD.finditer(text):
            out.append(template_tags.literal(text[at : found.start()]))
            out.append(self._kept[int(found.group(1))])
            at = found.end()
        return "".join(out) + template_tags.literal(text[at:])

    def cut(self, text: str, start: int, end: int) -> int:
        """`end`, or the position of a statement that closes a block around the address."""
        depth = 0
        for found in _HELD.finditer(text, start, end):
            tag = self._kept[int(found.group(1))]
            if not tag.startswith("{%"):
                continue
            closes = _CLOSING.match(tag) is not None
            if closes and not depth:
                return found.start()
            depth += -1 if closes and not _BETWEEN.match(tag) else not closes
        return end


def _with_links(text: str, atoms: _Atoms, write: Callable[[str], str]) -> str:
    """The text with each address replaced by `write` of its template."""
    out, at = [], 0
    for start, end in urls.bare(text):
        stop = atoms.cut(text, start, end)
        out.append(text[at:start])
        out.append(atoms.hold(write(atoms.resolved(text[start:stop]))))
        at = stop
    return "".join(out) + text[at:]


def _writer(place: LinkPlace | None) -> Callable[[str], str]:
    def write(target: str) -> str:
        return (place(target) if place else None) or urls.written(target)

    return write


def written(source: str, place: LinkPlace | None) -> str:
    """A text that a person wrote, with its addresses replaced by `place`."""
    atoms = _Atoms()
    held = "".join(atoms.hold(text) if is_tag else text for is_tag, text in template_tags.pieces(_clean(source)))
    return atoms.resolved(_with_links(held, atoms, _writer(place)))


def linked_html(source: str, escape: Callable[[str], str]) -> str:
    """The same text as HTML: escaped, with its addresses as links."""
    atoms = _Atoms()
    held = "".join(atoms.hold(text) if is_tag else text for is_tag, text in template_tags.pieces(_clean(source)))
    found = _with_links(held, atoms, lambda url: _anchor(url, escape))
    return atoms.resolved(escape(found))


def _anchor(url: str, escape: Callable[[str], str]) -> str:
    shown = "".join(text if is_tag else escape(text) for is_tag, text in template_tags.pieces(url))
    return f'<a href="{shown}">{shown}</a>'


def targets(source: str) -> list[str]:
    """The addresses in a text that a person wrote, as templates."""
    found: list[str] = []

    def note(url: str) -> str | None:
        found.append(url)
        return None

    written(source, note)
    return found


def _clean(source: str) -> str:
    return template_tags.plain(source).replace("\0", "")


def made(document: Document, place: LinkPlace | None = None) -> str:
    """A readable text version: links as "text (address)", lists with dashes, blank lines between blocks."""
    maker = _Maker(document, _writer(place))
    for token in document.tokens:
        maker.take(token)
    return maker.text()


class _Maker:
    def __init__(self, document: Document, write: Callable[[str], str]) -> None:
        self._document = document
        self._write = write
        self._atoms = _Atoms()
        self._out: list[str] = []
        self._unseen = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []
        self._tag = 0

    def take(self, token: Token) -> None:
        if token.kind is Kind.TEXT:
            if not (token.hidden or self._unseen or token.name):
                self._out.append(_BLANKS.sub(" ", self._document.text(token)))
        elif token.kind is Kind.TEMPLATE:
            self._template(code(self._document.source[token.start : token.end]), token)
        elif token.kind is Kind.COMMENT:
            self._comment(token)
        elif token.hidden:
            return
        elif token.kind is Kind.START:
            self._start(token)
        elif token.kind is Kind.END:
            self._end(token.name)

    def text(self) -> str:
        """The whole text, cleaned up."""
        self._unseen = 0
        self._end("a")
        joined = _with_links("".join(self._out), self._atoms, self._write)
        lines = (_WIDE.sub(" ", line.strip(" \t\u00a0")) for line in joined.split("\n"))
        return self._atoms.resolved(_EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()) + "\n"

    def _template(self, tag: str, token: Token) -> None:
        printed = tag.startswith("{{") or template_tags.LITERAL.fullmatch(tag)
        unseen = token.hidden or self._unseen or token.name
        if tag.startswith("{#") or (printed and unseen):
            return
        self._out.append(self._atoms.hold(tag))

    def _comment(self, token: Token) -> None:
        """Keep statements in comments, such as `<!-- {% if vip %} -->`: they take effect anywhere."""
        tags = self._document.tags
        while self._tag < len(tags) and tags[self._tag].start < token.start:
            self._tag += 1
        while self._tag < len(tags) and tags[self._tag].end <= token.end:
            tag = tags[self._tag]
            words = code(self._document.source[tag.start : tag.end])
            if tag.place == "comment" and words.startswith("{%") and not template_tags.LITERAL.fullmatch(words):
                self._out.append(self._atoms.hold(words))
            self._tag += 1

    def _start(self, token: Token) -> None:
        tag = token.name
        if tag == "template":
            self._unseen += 1
        elif self._unseen:
            return
        elif tag in _VOID:
            self._out.append(_VOID[tag])
        elif tag == "img":
            self._out.append(self._value(token, "alt"))
        elif tag == "a":
            self._end("a")  # a link inside a link ends the first
            self._links.append((self._href(token), len(self._out)))
        elif tag == "area":
            self._links.append((self._href(token), len(self._out)))
            self._out.append(self._value(token, "alt"))
            self._end("a")
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag in {"td", "th"}:
            self._out.append(" ")
        if tag in _BLOCKS:
            self._out.append("\n\n" if tag not in _CLOSE else "\n")
        if tag == "li":
            self._out.append(self._bullet())

    def _href(self, token: Token) -> str:
        found = token.attribute("href")
        return urls.target(self._document.segments(found)) if found else ""

    def _value(self, token: Token, name: str) -> str:
        found = token.attribute(name)
        if found is None:
            return ""
        return "".join(
            self._atoms.hold(text) if is_tag else _BLANKS.sub(" ", text.replace("\0", ""))
            for is_tag, text in self._document.segments(found)
        )

    def _bullet(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _end(self, tag: str) -> None:
        if tag == "template":
            self._unseen = max(0, self._unseen - 1)
        elif self._unseen:
            return
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        if tag in _BLOCKS - _CLOSE:
            self._out.append("\n\n")

    def _end_link(self, href: str, begun: int) -> None:
        words = "".join(self._out[begun:])
        label = self._atoms.resolved(words).strip()
        if not href or href.startswith("#"):
            return
        if href in {f"mailto:{label}", f"tel:{label}"}:
            return
        target = self._atoms.hold(self._write(href))
        if not label or _is_address(words.strip()):  # a link whose text is an address is shown by its own address
            self._out[begun:] = [target]
            return
        self._out[begun:] = [_with_links(words, self._atoms, str), f" ({target})"]


def _is_address(label: str) -> bool:
    found = next(iter(urls.bare(label)), None)
    return found == (0, len(label))
