"""HTML as a browser's tokenizer reads it (WHATWG HTML, section 13.2.5), with the place of every piece in the source.

Everything that reads a message reads it through this module, so that links, text version, checks and tracking agree.
Tags of the template language go first: one in an attribute, a comment or a tag is part of it, whatever quotes and
brackets it holds. In a style sheet `{#` begins an id selector's block, as in `@media print{#logo{…}}`, unless a blank
follows it. What a comment for old Outlook holds (`<!--[if mso]>…<![endif]-->`) is read too and marked `hidden`.
The time is linear in the length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from campaign_app.kit import html_entities, template_tags

_NEXT = re.compile(r"<(?=[a-zA-Z/!?]|\{\{)|\{[{%#]")
_NEXT_PLAIN = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME_END = re.compile(r"[\t\n\f\r />]|\{[{%#]")
_SPACE = re.compile(r"[\t\n\f\r /]*+")
_ATTRIBUTE_END = re.compile(r"[\t\n\f\r />=]|\{[{%#]")
_EQUALS = re.compile(r"[\t\n\f\r ]*+=[\t\n\f\r ]*+")
_UNQUOTED_END = re.compile(r"[\t\n\f\r >]|\{[{%#]")
_COMMENT_END = re.compile(r"--!?>|\{[{%#]")
_CONDITION = re.compile(r"\[if\b[^\]>]{0,200}\]>", re.IGNORECASE)
_CONDITION_END = re.compile(r"<!\[endif\]\Z", re.IGNORECASE)
_RAW = ("style", "script", "xmp", "iframe", "noembed", "noframes", "textarea", "title")
_RAW_END = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW}
_QUOTED = {mark: re.compile(rf"{mark}|\{{[{{%#]") for mark in "\"'"}
_DECODED = frozenset({"textarea", "title"})
_CSS_NAME = re.compile(r"\{#(?=[\w\\]|-[\w\\-]|\{\{)")
_BOGUS_END = re.compile(r">|\{[{%#]")
_BOGUS_END_PLAIN = re.compile(r">")
_COMMENT_END_PLAIN = re.compile(r"--!?>")


class Kind(StrEnum):
    """What a token is."""

    TEXT = "text"
    START = "start"
    END = "end"
    COMMENT = "comment"
    DOCTYPE = "doctype"
    TEMPLATE = "template"


@dataclass(slots=True)
class Attribute:
    """One attribute; `start` and `end` are its value's with the quotes, `tags` the template tags in it."""

    name: str
    start: int
    end: int
    quote: str = ""
    tags: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Token:
    """One piece of the source.

    `hidden`: inside a comment for Outlook. A TEXT's `name` is the raw element it stands in. `branches`: a start tag
    holds template statements between its attributes, so that one name can stand there twice.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    hidden: bool = False
    attributes: list[Attribute] = field(default_factory=list)
    branches: bool = False
    name_end: int = 0

    def attribute(self, name: str) -> Attribute | None:
        """The first attribute of this name, which is the one that counts."""
        return next((found for found in self.attributes if found.name == name), None)


@dataclass(frozen=True, slots=True)
class TemplateTag:
    """A template tag in the source, and where: `text`, `comment`, `tag`, an attribute's name, or a raw element's."""

    start: int
    end: int
    place: str
    hidden: bool


class Document:
    """The tokens of a source, and the template tags wherever they stand. `literal`: `{#` that is CSS."""

    __slots__ = ("_template", "literal", "source", "tags", "tokens")

    def __init__(self, source: str, *, template: bool = True) -> None:
        self.source = source
        self._template = template
        reader = _Reader(source, template=template)
        reader.read(0, len(source), hidden=False)
        self.tokens = reader.tokens
        self.tags = sorted(reader.tags, key=lambda tag: tag.start)
        self.literal = reader.literal

    def starts(self, *names: str) -> Iterator[Token]:
        """Start tags of these elements that a reader without Outlook gets."""
        for token in self.tokens:
            if token.kind is Kind.START and not token.hidden and token.name in names:
                yield token

    def segments(self, attribute: Attribute) -> Iterator[tuple[bool, str]]:
        """(is a template tag, text with references resolved) of an attribute's value."""
        edge = len(attribute.quote)
        at, stop = attribute.start + edge, max(attribute.start + edge, attribute.end - edge)
        for start, end in attribute.tags:
            if start > at:
                yield False, html_entities.decoded(self.source[at:start], attribute=True)
            yield True, code(self.source[start:end])
            at = end
        if stop > at:
            yield False, html_entities.decoded(self.source[at:stop], attribute=True)

    def value(self, attribute: Attribute | None) -> str:
        """What a browser reads; of a template, the template that prints it. An attribute that is not there is empty."""
        if attribute is None:
            return ""
        segments = self.segments(attribute)
        if not self._template:
            return "".join(text for _, text in segments)
        return "".join(text if is_tag else template_tags.literal(text) for is_tag, text in segments)

    def text(self, token: Token) -> str:
        """What a reader sees of a TEXT token."""
        words = self.source[token.start : token.end].replace("\0", "")
        return words if token.name and token.name not in _DECODED else html_entities.decoded(words)


def code(tag: str) -> str:
    """A template tag as the template language reads it: editors write `{{ a &lt; b }}` and `default(&quot;x&quot;)`."""
    if "&" not in tag or template_tags.LITERAL.fullmatch(tag):
        return tag
    return html_entities.decoded(tag, attribute=True)


class _Reader:
    def __init__(self, source: str, *, template: bool) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.tags: list[TemplateTag] = []
        self.literal: list[int] = []
        self._template = template
        self._stop = len(source)
        self._hidden = False
        self._found: dict[str, tuple[int, int]] = {}

    def read(self, at: int, stop: int, *, hidden: bool) -> None:
        """Read source[at:stop] into `tokens`."""
        before, self._stop, self._hidden = (self._stop, self._hidden), stop, hidden
        pattern = _NEXT if self._template else _NEXT_PLAIN
        shown = position = at
        while found := pattern.search(self.source, position, stop):
            start = found.start()
            if found.group() == "<":
                end = self._markup(start)
                if end is None:  # "</" or "<!" that begins nothing is text
                    position = start + 1
                    continue
                self._text(shown, start)
                shown = position = self._finish(end)
            else:
                self._text(shown, start)
                shown = position = self._tag(start, stop, "text")
                self._add(Kind.TEMPLATE, start, shown)
        self._text(shown, stop)
        self._stop, self._hidden = before

    def _finish(self, end: int) -> int:
        """Put the pending token in its place; a raw element's text follows its start tag."""
        token = self._pending
        if token is None:
            return end
        if token.kind is Kind.COMMENT and self._inside is not None:
            self.tokens.append(token)
            self.read(*self._inside, hidden=True)
            return end
        self.tokens.append(token)
        if token.kind is Kind.START and token.name in _RAW_END:
            return self._raw_text(end, token.name)
        return end

    def _add(self, kind: Kind, start: int, end: int, name: str = "") -> None:
        self.tokens.append(Token(kind, start, end, name, self._hidden))

    def _text(self, start: int, end: int, name: str = "") -> None:
        if end > start:
            self._add(Kind.TEXT, start, end, name)

    def _tag(self, start: int, stop: int, place: str) -> int:
        end = template_tags.end(self.source, start, stop)
        self.tags.append(TemplateTag(start, end, place, self._hidden))
        return end

    # --- everything that begins with "<" ---

    _pending: Token | None = None
    _inside: tuple[int, int] | None = None

    def _markup(self, start: int) -> int | None:
        """The end of what "<" begins, kept in `_pending`; None when it begins nothing."""
        self._pending = self._inside = None
        source, sign = self.source, self.source[start + 1]
        if sign == "/":
            after = source[start + 2 : start + 3]
            if after.isascii() and after.isalpha():
                return self._element(start, start + 2, Kind.END)
            return start + 3 if after == ">" else (self._bogus(start, start + 2) if after else None)
        if sign == "!":
            if source.startswith("--", start + 2):
                return self._comment(start)
            doctype = source[start + 2 : start + 9].lower() == "doctype"
            return self._bogus(start, start + 2, Kind.DOCTYPE if doctype else Kind.COMMENT)
        if sign == "?":
            return self._bogus(start, start + 1)
        return self._element(start, start + 1, Kind.START)

    def _bogus(self, start: int, at: int, kind: Kind = Kind.COMMENT) -> int:
        end = self._through(at, _BOGUS_END if self._template else _BOGUS_END_PLAIN, "comment")
        self._pending = Token(kind, start, end, "", self._hidden)
        return end

    def _through(self, at: int, pattern: re.Pattern[str], place: str) -> int:
        """Behind what `pattern` finds first outside template tags; the end when it finds nothing."""
        while found := pattern.search(self.source, at, self._stop):
            if found.group()[0] != "{":
                return found.end()
            at = self._tag(found.start(), self._stop, place)
        return self._stop

    def _comment(self, start: int) -> int:
        source, at = self.source, start + 4
        for empty in (">", "->"):
            if source.startswith(empty, at):
                self._pending = Token(Kind.COMMENT, start, at + len(empty), "", self._hidden)
                return at + len(empty)
        if not self._hidden and (condition := _CONDITION.match(source, at, self._stop)):
            closed = source.find("-->", at, self._stop)
            if closed >= 0 and (ending := _CONDITION_END.search(source, max(at, closed - 9), closed)):
                self._pending = Token(Kind.COMMENT, start, closed + 3, "", self._hidden)
                self._inside = (condition.end(), ending.start())
                return closed + 3
        end = self._comment_text(at)
        self._pending = Token(Kind.COMMENT, start, end, "", self._hidden)
        return end

    def _comment_text(self, at: int) -> int:
        pattern = _COMMENT_END if self._template else _COMMENT_END_PLAIN
        while found := pattern.search(self.source, at, self._stop):
            if found.group()[0] != "{":
                return found.end()
            at = found.end()
            if found.group() == "{#" and not self._closes(found.start(), "-->"):
                self.literal.append(found.start())
            else:
                at = self._tag(found.start(), self._stop, "comment")
        return self._stop

    def _first(self, words: str, at: int) -> int:
        """The next position of `words`, cached, so that repeated calls search once. -1: none."""
        asked, found = self._found.get(words, (len(self.source) + 1, -1))
        if asked > at or -1 < found < at:
            found = self.source.find(words, at)
            self._found[words] = (at, found)
        return found

    def _closes(self, at: int, before: str) -> bool:
        """Whether the template comment that would begin here ends before the next `before`."""
        found, limit = self._first("#}", at + 2), self._first(before, at)
        return found >= 0 and (limit < 0 or found < limit)

    # --- tags ---

    def _element(self, start: int, at: int, kind: Kind) -> int:
        name_end = self._name(at, _NAME_END)
        name = self.source[at:name_end].lower()
        token = Token(kind, start, name_end, name, self._hidden, name_end=name_end)
        end = self._attributes(token, name_end)
        if end is None:  # the source ends inside the tag: a browser drops it
            return self._stop
        token.end = end
        self._pending = token
        return end

    def _name(self, at: int, pattern: re.Pattern[str]) -> int:
        """The end of a name, in which printed variables may stand."""
        while found := pattern.search(self.source, at, self._stop):
            if found.group()[0] != "{":
                return found.start()
            if not self._template:
                at = found.end()
            elif found.group() == "{{":
                at = self._tag(found.start(), self._stop, "tag")
            else:
                return found.start()
        return self._stop

    def _attributes(self, token: Token, at: int) -> int | None:
        source, stop = self.source, self._stop
        while True:
            at = _SPACE.match(source, at, stop).end()  # type: ignore[union-attr]
            if at >= stop:
                return None
            if source[at] == ">":
                return at + 1
            if self._template and source[at] == "{" and source[at + 1 : at + 2] in {"%", "#"}:
                token.branches = True
                at = self._tag(at, stop, "tag")
                continue
            name_end = self._name(at + 1 if source[at] == "=" else at, _ATTRIBUTE_END)
            attribute = Attribute(source[at:name_end].lower(), name_end, name_end)
            equals = _EQUALS.match(source, name_end, stop)
            at = self._value(attribute, equals.end()) if equals else name_end
            token.attributes.append(attribute)

    def _value(self, attribute: Attribute, at: int) -> int:
        attribute.start = at
        mark = self.source[at : at + 1]
        if mark in {'"', "'"}:
            attribute.quote = mark
            at, pattern = at + 1, _QUOTED[mark]
        else:
            pattern = _UNQUOTED_END
        while found := pattern.search(self.source, at, self._stop):
            if found.group()[0] != "{":
                attribute.end = found.end() if attribute.quote else found.start()
                return attribute.end
            at = found.start() + 1
            if self._template:
                at = self._tag(found.start(), self._stop, attribute.name)
                attribute.tags.append((found.start(), at))
        attribute.end = self._stop
        return self._stop

    # --- elements whose text is no markup ---

    def _raw_text(self, at: int, name: str) -> int:
        closing = _RAW_END[name].search(self.source, at, self._stop)
        limit = closing.start() if closing else self._stop
        shown = at
        while self._template and (found := template_tags.OPENER.search(self.source, at, limit)):
            at = found.end()
            if found.group() == "{#" and name == "style" and self._is_css(found.start(), limit):
                self.literal.append(found.start())
                continue
            self._text(shown, found.start(), name)
            shown = at = self._tag(found.start(), limit, name)
            self._add(Kind.TEMPLATE, found.start(), at, name)
        self._text(shown, limit, name)
        return limit

    def _is_css(self, at: int, limit: int) -> bool:
        if _CSS_NAME.match(self.source, at, limit):
            return True
        found = self._first("#}", at + 2)
        return not 0 <= found < limit
