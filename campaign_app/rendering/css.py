"""Reads rules, selectors and declarations of style sheets with their positions, in linear time. Rewrites nothing."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_DEPTH = 4  # of @media in @supports in …; deeper rules are ignored
_MARK = re.compile(r"/\*|[\"'\\(\[{)\]};,]")
_STRING = {mark: re.compile(rf"(?:[^{mark}\\\n]++|\\.)*+{mark}?", re.DOTALL) for mark in "\"'"}
_BLANK = re.compile(r"(?:\s++|/\*.*?(?:\*/|\Z)|<!--|-->)*+", re.DOTALL)
_SPACE = re.compile(r"\s*+")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.IGNORECASE)
_NESTING = re.compile(r"@(?:media|supports|layer|container|document|-moz-document)\b", re.IGNORECASE)
_SIMPLE = re.compile(
    r"(?P<attribute>\[[^\]]*+\])|(?P<pseudo>::?[\w-]+(?:\([^()]*+(?:\([^()]*+\)[^()]*+)*+\))?)"
    r"|(?P<id>\#(?:[^\W]|[\\-])++)|(?P<class>\.(?:[^\W]|[\\-])++)|(?P<type>(?:[^\W]|[\\-])++)|(?P<sibling>[+~])"
    r"|(?P<other>\*|>|\s++)"
)
_ADDRESS = re.compile(
    r"/\*.*?(?:\*/|\Z)|\\.|(?P<string>[\"'])|(?<![\w-])(?P<function>(?:url|src)\(\s*+)|@(?P<import>import)\b|(?P<end>[;{}])",
    re.IGNORECASE | re.DOTALL,
)
_UNQUOTED = re.compile(r"(?:[^)\\]++|\\.)*+", re.DOTALL)
_FAMILIES = frozenset(
    {"margin", "padding", "border", "background", "font", "list-style", "outline", "overflow", "flex", "grid"}
    | {"text-decoration", "transition", "animation", "inset", "columns", "mso-padding", "mso-margin"}
)
_APART = frozenset({"border-radius", "border-collapse", "border-spacing", "mso-hide"})
_PSEUDO_ELEMENTS = frozenset({":before", ":after", ":first-line", ":first-letter"})
_CLOSERS = frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Declaration:
    """`name: value`. `end`: its end in the source. `family`: properties of one family may set each other."""

    name: str
    value: str
    important: bool
    end: int

    @property
    def family(self) -> str:
        """The shorthand to which it belongs, else its own name."""
        return _family(self.name)


@lru_cache(maxsize=1_024)
def _family(name: str) -> str:
    name = re.sub(r"^-(?:webkit|moz|ms|o)-", "", name)
    if name.startswith("border-") and name.endswith("radius"):
        return "border-radius"
    if name in _APART:
        return name
    if name == "line-height":
        return "font"
    return next((family for family in _FAMILIES if name == family or name.startswith(f"{family}-")), name)


@dataclass(slots=True)
class Rule:
    """Selectors and a block. `end`: after the blanks that follow. `sheet`: the start of its sheet.

    `conditional`: it is in an at-rule or in a sheet for other media, or its block is never closed.
    """

    selectors: list[str]
    declarations: list[Declaration]
    start: int
    end: int
    conditional: bool
    sheet: int


@dataclass(slots=True)
class Selector:
    """Facts about one selector. `base` matches every element that the selector can match in any mail program."""

    text: str
    specificity: tuple[int, int, int] = (0, 0, 0)
    has_pseudo: bool = False
    has_pseudo_element: bool = False
    has_sibling: bool = False
    attributes: list[str] = field(default_factory=list)
    base: str = ""
    subject: str = "*"
    understood: bool = True


def rules(css: str, start: int, end: int, *, conditional: bool = False) -> Iterator[Rule]:
    """The style rules in the sheet css[start:end], with those in at-rules."""
    for rule in _rules(css, start, end, conditional=conditional, depth=0):
        rule.sheet = start
        yield rule


def _rules(css: str, start: int, end: int, *, conditional: bool, depth: int) -> Iterator[Rule]:
    at = start
    while (at := _blank(css, at, end)) < end:
        if css[at] == "}":
            at += 1
            continue
        opening = _until(css, at, end, "{;" if css[at] == "@" else "{")
        if opening >= end or css[opening] == ";":
            at = opening + 1
            continue
        closing = _until(css, opening + 1, end, "}")
        if css[at] != "@":
            yield _rule(css, at, opening, closing, end, conditional=conditional or closing >= end)
        elif depth < _DEPTH and _NESTING.match(css, at):
            yield from _rules(css, opening + 1, closing, conditional=True, depth=depth + 1)
        at = closing + 1


def _rule(css: str, start: int, opening: int, closing: int, stop: int, *, conditional: bool) -> Rule:
    selectors = [_COMMENT.sub(" ", part).strip() for part, _ in _split(css, start, opening, ",")]
    nested = css.find("{", opening + 1, closing) >= 0
    found = [] if nested else list(declarations(css, opening + 1, closing))
    end = _SPACE.match(css, min(closing + 1, stop), stop).end()  # type: ignore[union-attr]
    return Rule(selectors, found, start, end, conditional or nested, 0)


def declarations(css: str, start: int, end: int) -> Iterator[Declaration]:
    """The declarations, separated by semicolons, that have a name and a value."""
    for part, stop in _split(css, start, end, ";"):
        name, colon, value = _COMMENT.sub(" ", part).partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not value or not name or not re.fullmatch(r"[\w*-]+", name):
            continue
        important = _IMPORTANT.search(value) is not None
        yield Declaration(name, _IMPORTANT.sub("", value).strip(), important, stop)


def addresses(css: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the addresses in a sheet or a style attribute: in `url(…)`, quoted or not, and in @import."""
    at, imported = 0, False
    while found := _ADDRESS.search(css, at):
        at, kind = found.end(), found.lastgroup
        if kind == "function":
            start, end, at = _string(css, at) if css[at : at + 1] in _STRING else _unquoted(css, at)
            yield start, start + len(css[start:end].rstrip())
        elif kind == "string":
            start, end, at = _string(css, found.start())
            if imported:
                yield start, end
        if kind in {"import", "end", "function", "string"}:
            imported = kind == "import"


def _string(css: str, at: int) -> tuple[int, int, int]:
    """(start, end of the text, end of the string) of the string that begins at `at`. It may be unclosed."""
    stop = _end(_STRING[css[at]], css, at + 1)
    is_closed = stop > at + 1 and css[stop - 1] == css[at]
    return at + 1, stop - is_closed, stop


def _unquoted(css: str, at: int) -> tuple[int, int, int]:
    stop = _end(_UNQUOTED, css, at)
    return at, stop, stop


def _end(pattern: re.Pattern[str], css: str, at: int, stop: int = sys.maxsize) -> int:
    """The end of the match of a pattern that matches everywhere."""
    found = pattern.match(css, at, stop)
    assert found is not None
    return found.end()


def _blank(css: str, at: int, end: int) -> int:
    return min(_end(_BLANK, css, at, end), end)


def _until(css: str, at: int, end: int, stops: str) -> int:
    """The position of the next of `stops` outside brackets, strings and comments, or `end`."""
    depth = 0
    while found := _MARK.search(css, at, end):
        mark, at = found.group(), found.end()
        if not depth and mark in stops:
            return found.start()
        if mark == "/*":
            closing = css.find("*/", at, end)
            at = closing + 2 if closing >= 0 else end
        elif mark == "\\":
            at += 1
        elif mark in _STRING:
            at = _end(_STRING[mark], css, at, end)
        elif mark in "([{":
            depth += 1
        elif depth and mark in _CLOSERS:
            depth -= 1
    return end


def _split(css: str, start: int, end: int, sign: str) -> Iterator[tuple[str, int]]:
    at = start
    while at < end:
        stop = _until(css, at, end, sign)
        if css[at:stop].strip():
            yield css[at:stop], at + len(css[at:stop].rstrip())
        at = stop + 1


def selector(text: str) -> Selector:
    found = Selector(text)
    ids = classes = types = at = 0
    base, subject = "", ""
    while at < len(text):
        part = _SIMPLE.match(text, at)
        if part is None:
            found.understood = False
            break
        at, kind, words = part.end(), part.lastgroup, part.group()
        if kind == "pseudo":
            found.has_pseudo = True
            element = words.startswith("::") or words.lower() in _PSEUDO_ELEMENTS
            found.has_pseudo_element |= element
            types, classes = types + element, classes + (not element)
            words = "" if base and base[-1] not in " >+~" else "*"
        elif kind == "attribute":
            name = re.split(r"[~|^$*]?=", words[1:-1], maxsplit=1)[0].strip().lower()
            found.attributes.append(name)
            classes += 1
            if name.startswith("data-og"):  # Outlook on the web adds them
                words = "" if base and base[-1] not in " >+~" else "*"
        elif kind == "sibling":
            found.has_sibling = True
        ids, classes, types = ids + (kind == "id"), classes + (kind == "class"), types + (kind == "type")
        if kind == "sibling" or (kind == "other" and words != "*"):
            subject = ""
        else:
            subject += words
        base += words
    found.specificity = (ids, classes, types)
    found.base, found.subject = base.strip(), subject.strip() or "*"
    return found
