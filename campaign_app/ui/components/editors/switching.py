"""From the simple editor to the HTML one and back: what is kept, and what is lost, in words. Pure."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

from campaign_app.campaigns.layout import BASE_LAYOUT, BODY_MARK

_PREFIX, _SUFFIX = BASE_LAYOUT.split(BODY_MARK)
_BLOCKS: Final = frozenset({"p", "h1", "h2", "h3", "ul", "ol", "li", "blockquote"})
_INLINE: Final = frozenset({"strong", "b", "em", "i", "u", "s", "code", "a"})
_SINGLE: Final = frozenset({"br", "hr", "img"})
_DROPPED: Final = frozenset({"style", "script", "head", "title"})
_FRAME: Final = frozenset({"html", "body", "head", "meta", "title"})
_ATTRIBUTES: Final = {"a": ("href", "style"), "img": ("src", "alt"), "p": ("data-button",)}
_TABLES: Final = frozenset({"table", "tr", "td", "th", "tbody", "thead", "tfoot"})
_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_HELD: Final = re.compile(r"jj(\d+)jj")
_STATEMENT: Final = re.compile(r"\{%.*?%\}", re.S)


def to_source(fragment: str) -> str:
    """The simple editor's text as a whole page that looks the same; an empty text stays empty."""
    return f"{_PREFIX}{fragment}{_SUFFIX}" if fragment.strip() else ""


def to_simple(source: str) -> tuple[str, list[str]]:
    """What the simple editor can keep of a page, and what would be lost ("Tables and columns"). Ours loses nothing."""
    if source.startswith(_PREFIX) and source.endswith(_SUFFIX):
        source = source[len(_PREFIX) : -len(_SUFFIX)]
    held: list[str] = []  # template tags may hold quotes and angle brackets that are not the page's

    def hold(found: re.Match[str]) -> str:
        held.append(found.group(0))
        return f"jj{len(held) - 1}jj"

    reader = _Reader()
    reader.feed(_TEMPLATE.sub(hold, source))
    reader.close()
    return _HELD.sub(lambda m: held[int(m.group(1))], reader.result()), reader.losses(source)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent = 0
        self._loose = False
        self._buttons: list[bool] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag in _DROPPED:
            self._silent += 1
        elif self._silent:
            return
        elif tag in _BLOCKS:
            self._close_loose()
            self._buttons.append(any(name == "data-button" for name, _ in attrs))
            self._emit(tag, attrs)
            self._open.append(tag)
        elif tag in _INLINE or tag in _SINGLE:
            if tag != "hr":
                self._ensure_block()
            self._emit(tag, attrs)
        else:
            self._close_loose()

    def handle_endtag(self, tag: str) -> None:
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

    def handle_data(self, data: str) -> None:
        if self._silent or (not data.strip() and not self._open and not self._loose):
            return
        self._ensure_block()
        self._out.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        self.seen.add("comment")

    def result(self) -> str:
        self._close_loose()
        while self._open:
            self._out.append(f"</{self._open.pop()}>")
        return re.sub(r"<p>\s*</p>", "", "".join(self._out)).strip()

    def losses(self, source: str) -> list[str]:
        """In the order of how much they hurt."""
        other = sorted(name for name in self.seen if name not in {"table", "style", "script", "comment"})
        words = [
            ("table" in self.seen, "Tables and columns"),
            ("style" in self.seen, "Styles, colours and sizes"),
            ("script" in self.seen, "Scripts"),
            ("comment" in self.seen, "Comments"),
            (bool(_STATEMENT.search(source)), "The place of conditions and loops between blocks"),
            (bool(other), f"Other elements: {', '.join(other[:5])}"),
        ]
        return [word for lost, word in words if lost]

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        button = tag == "a" and bool(self._buttons and self._buttons[-1])
        if tag in _TABLES:
            self.seen.add("table")
        elif tag in {"style", "font"} or (not button and any(name in {"style", "class"} for name, _ in attrs)):
            self.seen.add("style")
        elif tag == "script":
            self.seen.add("script")
        elif tag not in _BLOCKS | _INLINE | _SINGLE | _FRAME:
            self.seen.add(tag)

    def _emit(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        button = tag != "a" or bool(self._buttons and self._buttons[-1])
        kept = [
            f' {name}="{escape(value or "", quote=True)}"'
            for name, value in attrs
            if name in _ATTRIBUTES.get(tag, ()) and (name != "style" or button)
        ]
        self._out.append(f"<{tag}{''.join(kept)}>")

    def _ensure_block(self) -> None:
        if not self._open and not self._loose:
            self._out.append("<p>")
            self._loose = True

    def _close_loose(self) -> None:
        if self._loose:
            self._out.append("</p>")
            self._loose = False
