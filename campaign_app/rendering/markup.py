"""Turns what a person wrote into the HTML that is sent: layout, preheader, footer, links, pixel, inlined style sheets.

The page is read once (`kit.html_tokens`) and never rewritten. Everything that Beacon adds is kept as an edit.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from campaign_app.kit import template_tags
from campaign_app.kit.html_tokens import Attribute, Document, Kind, Token, code
from campaign_app.rendering import css, plain_text, urls
from campaign_app.rendering.layout import BASE_LAYOUT, BODY_MARK, FOOTER_HTML, FRAGMENT_LAYOUT, footer_text
from campaign_app.rendering.plain_text import LinkPlace
from campaign_app.rendering.template_environment import ALIASES

_BODY_END = "</body>"
_WHOLE = frozenset({"html", "head", "body"})
_STRING = re.compile(r"\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*+")
_SETS = re.compile(r"\{%[-+]?\s*set\b")


Edit = tuple[int, int, str]  # source[start:end] is replaced by this text


class Page:
    """A message's HTML: `document` as it was read, and edits."""

    def __init__(self, source: str) -> None:
        self.document = Document(template_tags.plain(source))
        self._edits: list[Edit] = []

    def insert(self, at: int, text: str) -> None:
        self._edits.append((at, at, text))

    def replace(self, start: int, end: int, text: str) -> None:
        """Replace source[start:end] by `text`. Edits inside it are dropped."""
        self._edits.append((start, end, text))

    def source(self) -> str:
        """The page as a template, with all edits applied."""
        return _applied(self.document.source, [*self._edits, *self._tags(), *self._literals()])

    def _tags(self) -> Iterator[Edit]:
        for tag in self.document.tags:
            given = self.document.source[tag.start : tag.end]
            if (read := code(given)) != given:
                yield tag.start, tag.end, read

    def _literals(self) -> Iterator[Edit]:
        for at in self.document.literal:
            yield at, at + 2, template_tags.literal(self.document.source[at : at + 2])

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole document and not a fragment."""
        return any(
            token.kind is Kind.DOCTYPE or (token.kind is Kind.START and token.name in _WHOLE)
            for token in self.document.tokens
            if not token.hidden
        )

    def framed(self, *, simple: bool, footer: bool) -> "Page":
        """A whole document, with missing lines of the footer and encoded values in the addresses of its CSS.

        A text of the simple editor is put into the base layout, a fragment into the plainest one.
        """
        source, lines = self.document.source, _footer(self.missing() if footer else [])
        if self.is_whole:
            at = self._body_end()
            return with_css_values(Page(f"{source[:at]}{lines}{source[at:]}"))
        before, after = (BASE_LAYOUT if simple else FRAGMENT_LAYOUT).split(BODY_MARK)
        return with_css_values(Page(f"{before}{source}{after.replace(_BODY_END, lines + _BODY_END)}"))

    def missing(self) -> list[str]:
        """The variables of the footer that the message does not show. Comments, titles and attributes do not count."""
        shown = set(self._shown())
        return [name for name in FOOTER_HTML if name not in shown]

    def _shown(self) -> Iterator[str]:
        source = self.document.source
        for token in self.document.tokens:
            if token.hidden:
                continue
            if token.kind is Kind.TEMPLATE and not token.name:
                yield from _printed(code(source[token.start : token.end]))
        for token, attribute in links(self.document):
            if not token.hidden:
                for start, end in attribute.tags:
                    yield from _printed(code(source[start:end]))

    def add_at_end(self, fragment: str) -> None:
        self.insert(self._body_end(), fragment)

    def _body_end(self) -> int:
        ends = [token for token in self.document.tokens if token.kind is Kind.END and not token.hidden]
        for name in ("body", "html"):
            if found := next((token for token in reversed(ends) if token.name == name), None):
                return found.start
        return len(self.document.source)

    def add_preheader(self, preheader: str) -> None:
        """Insert hidden text that inboxes show after the subject. Filler keeps them from showing more after it."""
        if not preheader.strip():
            return
        parts = template_tags.pieces(template_tags.plain(preheader))
        shown = "".join(text if is_tag else escape(text, quote=False) for is_tag, text in parts)
        self.insert(
            self._body_start(),
            '<div style="display:none;font-size:1px;color:transparent;line-height:1px;max-height:0;max-width:0;'
            f'opacity:0;overflow:hidden;mso-hide:all">{shown}{"&#847;&zwnj;&nbsp;" * 30}</div>',
        )

    def _body_start(self) -> int:
        tokens = [token for token in self.document.tokens if not token.hidden]
        for kind, name in ((Kind.START, "body"), (Kind.END, "head"), (Kind.START, "html"), (Kind.DOCTYPE, "")):
            if found := next((token for token in tokens if token.kind is kind and token.name == name), None):
                return found.end
        return 0

    def place_links(self, place: LinkPlace | None) -> None:
        """Replace each link for which `place` returns a variable. Values in other links are percent-encoded."""
        for token in self.document.tokens:
            for attribute in token.attributes:
                if attribute.tags and attribute.name in urls.ATTRIBUTES:
                    self._encode(attribute)
        if place is None:
            return
        for _, attribute in links(self.document):
            if variable := place(urls.target(self.document.segments(attribute))):
                self.replace(attribute.start, attribute.end, f'"{variable}"')

    def _encode(self, attribute: Attribute) -> None:
        segments = list(self.document.segments(attribute))
        texts = urls.with_encoding(segments)
        spans = iter(attribute.tags)
        for (is_tag, before), after in zip(segments, texts, strict=True):
            if is_tag:
                start, end = next(spans)
                if after != before:
                    self.replace(start, end, after)


_HELD = "\ue000"  # placeholder of a template tag while CSS is read
Piece = tuple[str, int, int]  # a template tag with its position; a text has none


def with_css_values(page: Page) -> Page:
    """The page with percent-encoded values in the addresses of its sheets and style attributes.

    It must run before inlining, which moves encoded values into attributes.
    """
    document = page.document
    edits = [edit for token in document.tokens for edit in _in_attributes(document, token)]
    edits += [edit for sheet in _sheet_texts(document) for edit in _in_css(sheet, "css_address(true)")]
    return Page(_applied(document.source, edits)) if edits else page


def _in_attributes(document: Document, token: Token) -> Iterator[Edit]:
    for attribute in token.attributes:
        if attribute.name == "style" and attribute.tags:
            places = iter(attribute.tags)
            segments = document.segments(attribute)
            yield from _in_css(
                [(text, *(next(places) if is_tag else (0, 0))) for is_tag, text in segments], "css_address"
            )


def _sheet_texts(document: Document) -> Iterator[list[Piece]]:
    sheet: list[Piece] = []
    for token in document.tokens:
        text = document.source[token.start : token.end]
        if token.name == "style" and token.kind is Kind.TEMPLATE:
            sheet.append((code(text), token.start, token.end))
        elif token.name == "style" and token.kind is Kind.TEXT:
            sheet.append((text, 0, 0))
        elif sheet:
            yield sheet
            sheet = []
    if sheet:
        yield sheet


def _in_css(pieces: Sequence[Piece], whole: str) -> Iterator[Edit]:
    """The edits that encode values in the addresses of CSS. `whole`: the filter for a value that is a whole address."""
    text = "".join(_HELD if end else text.replace(_HELD, "?") for text, _, end in pieces)
    tags = iter([piece for piece in pieces if piece[2]])
    at = 0
    for start, end in css.addresses(text) if _HELD in text else ():
        for _ in range(text.count(_HELD, at, start)):
            next(tags)
        at = end
        parts = [(part == _HELD, part) for part in re.split(f"({_HELD})", text[start:end]) if part]
        used = [next(tags) if is_tag else (part, 0, 0) for is_tag, part in parts]
        made = urls.with_encoding([(bool(end), part) for part, _, end in used], otherwise=whole)
        yield from ((first, last, after) for (old, first, last), after in zip(used, made, strict=True) if old != after)


def _footer(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    lines = "".join(FOOTER_HTML[name] for name in missing)
    return (
        '\n<div style="max-width:600px;margin:0 auto;padding:16px 24px 32px;font:12px/18px Arial,Helvetica,sans-serif;'
        f'color:#60646c;text-align:center">{lines}</div>'
    )


def _applied(source: str, edits: list[Edit]) -> str:
    """`source` with the edits applied. An edit inside another one is dropped."""
    out: list[str] = []
    at = 0
    for start, end, text in sorted(edits, key=lambda edit: (edit[0], edit[1] > edit[0], -edit[1])):
        if start >= at:
            out += (source[at:start], text)
            at = end
    return "".join(out) + source[at:]


def links(document: Document) -> Iterator[tuple[Token, Attribute]]:
    """All links: of a and area, and of buttons drawn by Outlook (`<v:roundrect href=…>`)."""
    for token in document.tokens:
        if token.kind is Kind.START and (token.name in {"a", "area"} or token.name.startswith("v:")):
            found = [attribute for attribute in token.attributes if attribute.name == "href"]
            for attribute in found if token.branches else found[:1]:
                yield token, attribute


def hrefs(html: str) -> list[str]:
    """The addresses of all links in order, as templates."""
    document = Document(template_tags.plain(html))
    return [urls.target(document.segments(attribute)) for _, attribute in links(document)]


def _printed(tag: str) -> Iterator[str]:
    """The names that a tag prints or uses to set others."""
    if tag.startswith("{{") or _SETS.match(tag):
        for found in _WORD.finditer(_STRING.sub("", tag)):
            yield ALIASES.get(found.group(), found.group())


def text_missing(text: str) -> list[str]:
    """The variables of the footer that a text version does not show."""
    tags = (tag for is_tag, tag in template_tags.pieces(template_tags.plain(text)) if is_tag)
    shown = {name for tag in tags for name in _printed(tag)}
    return [name for name in FOOTER_HTML if name not in shown]


def text_with_footer(text: str, missing: Sequence[str]) -> str:
    """A text version with the missing lines of the footer."""
    return f"{text.rstrip()}\n\n-- \n{footer_text(missing)}\n" if missing else text


def text_of(html: str) -> str:
    """The HTML as readable text, without images and formatting."""
    return plain_text.made(Document(template_tags.plain(html)))
