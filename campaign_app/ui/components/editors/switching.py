"""Switching between the simple editor and the HTML editor: what is kept, and what is lost, as text. Pure."""

import re
from html import escape
from typing import Final

from campaign_app.kit import template_tags
from campaign_app.kit.html_tokens import Document, Kind, Token, code
from campaign_app.rendering.layout import BASE_LAYOUT, BODY_MARK

_PREFIX, _SUFFIX = BASE_LAYOUT.split(BODY_MARK)
_BLOCKS: Final = frozenset({"p", "h1", "h2", "h3", "ul", "ol", "li", "blockquote"})
_INLINE: Final = frozenset({"strong", "b", "em", "i", "u", "s", "code", "a"})
_SINGLE: Final = frozenset({"br", "hr", "img"})
_DROPPED: Final = frozenset({"style", "script", "head", "title"})
_FRAME: Final = frozenset({"html", "body", "head", "meta", "title"})
_ATTRIBUTES: Final = {"a": ("href", "style"), "img": ("src", "alt"), "p": ("data-button",)}
_TABLES: Final = frozenset({"table", "tr", "td", "th", "tbody", "thead", "tfoot"})


def to_source(fragment: str) -> str:
    """The simple editor's text as a whole HTML page that looks the same. An empty text stays empty."""
    return f"{_PREFIX}{fragment}{_SUFFIX}" if fragment.strip() else ""


def to_simple(source: str) -> tuple[str, list[str]]:
    """What the simple editor can keep of a page, and what is lost ("Tables and columns"). Our pages lose nothing."""
    if source.startswith(_PREFIX) and source.endswith(_SUFFIX):
        source = source[len(_PREFIX) : -len(_SUFFIX)]
    reader = _Reader(Document(template_tags.plain(source)))
    return reader.result(), reader.losses()


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent = 0
        self._loose = False
        self._buttons: list[bool] = []
        self.seen: set[str] = set()
        for token in document.tokens:
            self._take(token)

    def _take(self, token: Token) -> None:
        words = self._document.source[token.start : token.end]
        if token.kind is Kind.COMMENT:
            self.seen.add("comment")
        elif token.hidden:
            return
        elif token.kind is Kind.START:
            self._start(token)
        elif token.kind is Kind.END:
            self._end(token.name)
        elif token.kind is Kind.TEXT:
            self._data(words)
        elif token.kind is Kind.TEMPLATE:
            if words.startswith("{%") and not template_tags.LITERAL.fullmatch(words):
                self.seen.add("statement")
            self._data(code(words))

    def _start(self, token: Token) -> None:
        tag = token.name
        self._note(token)
        if tag in _DROPPED:
            self._silent += 1
        elif self._silent:
            return
        elif tag in _BLOCKS:
            self._close_loose()
            self._buttons.append(token.attribute("data-button") is not None)
            self._emit(token)
            self._open.append(tag)
        elif tag in _INLINE or tag in _SINGLE:
            if tag != "hr":
                self._ensure_block()
            self._emit(token)
        else:
            self._close_loose()

    def _end(self, tag: str) -> None:
        if tag in _DROPPED:
            self._silent = max(0, self._silent - 1)
        elif self._silent:
            return
        elif tag in _BLOCKS:
            self._close_loose()
            if tag in self._open:
                while self._open:
                    self._buttons.pop()
                    closed = self._open.pop()
                    self._out.append(f"</{closed}>")
                    if closed == tag:
                        break
        elif tag in _INLINE:
            self._out.append(f"</{tag}>")
        elif tag not in _SINGLE:
            self._close_loose()

    def _data(self, data: str) -> None:
        if self._silent or (not data.strip() and not self._open and not self._loose):
            return
        self._ensure_block()
        self._out.append(data)

    def result(self) -> str:
        self._close_loose()
        while self._open:
            self._out.append(f"</{self._open.pop()}>")
        return re.sub(r"<p>\s*</p>", "", "".join(self._out)).strip()

    def losses(self) -> list[str]:
        """The losses, the most serious first."""
        other = sorted(name for name in self.seen if name not in {"table", "style", "script", "comment", "statement"})
        words = [
            ("table" in self.seen, "Tables and columns"),
            ("style" in self.seen, "Styles, colours and sizes"),
            ("script" in self.seen, "Scripts"),
            ("comment" in self.seen, "Comments"),
            ("statement" in self.seen, "The place of conditions and loops between blocks"),
            (bool(other), f"Other elements: {', '.join(other[:5])}"),
        ]
        return [word for lost, word in words if lost]

    def _note(self, token: Token) -> None:
        tag = token.name
        button = tag == "a" and bool(self._buttons and self._buttons[-1])
        styled = any(attribute.name in {"style", "class"} for attribute in token.attributes)
        if tag in _TABLES:
            self.seen.add("table")
        elif tag in {"style", "font"} or (not button and styled):
            self.seen.add("style")
        elif tag == "script":
            self.seen.add("script")
        elif tag not in _BLOCKS | _INLINE | _SINGLE | _FRAME:
            self.seen.add(tag)

    def _emit(self, token: Token) -> None:
        button = token.name != "a" or bool(self._buttons and self._buttons[-1])
        kept = []
        for attribute in token.attributes:
            if attribute.name in _ATTRIBUTES.get(token.name, ()) and (attribute.name != "style" or button):
                segments = self._document.segments(attribute)
                value = "".join(text if is_tag else escape(text, quote=True) for is_tag, text in segments)
                kept.append(f' {attribute.name}="{value}"')
        self._out.append(f"<{token.name}{''.join(kept)}>")

    def _ensure_block(self) -> None:
        if not self._open and not self._loose:
            self._out.append("<p>")
            self._loose = True

    def _close_loose(self) -> None:
        if self._loose:
            self._out.append("</p>")
            self._loose = False
