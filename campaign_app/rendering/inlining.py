"""Moves style sheets into style attributes, for mail programs that drop sheets. Others show no difference.

Rules that cannot move into an attribute stay in their sheet unchanged: pseudo-classes, at-rules, sheets for other
media, rules that match no element. A style attribute overrides any sheet. So each kept rule is compared with the
declarations that would be inlined on the elements it can match. Where it won, it is marked `!important`. Where that
would make it win too often, the property is not inlined. `css_inline` only says which selector matches which element.
See docs/decisions/0010.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from html import escape

import css_inline

from campaign_app.kit.html_tokens import Document, Kind, Token, code
from campaign_app.rendering import css
from campaign_app.rendering.cascade import Element, Entry, chosen, contests, resolve
from campaign_app.rendering.css import Declaration, Rule
from campaign_app.rendering.layout import SHEET
from campaign_app.rendering.markup import Page

MOST_PAIRS, MOST_MATCHES = 250_000, 30_000  # selector-element pairs; a newsletter has 40,000 and 2,000
_MEDIA = frozenset({"", "all", "screen"})
_TYPES = frozenset({"", "text/css"})
_NAME = re.compile(r"[a-z_][\w.:-]*")
_LETTERS = range(0xE000, 0xF900)  # Unicode's private use area
_STAND_IN = re.compile("([\ue000-\uf8ff])\\1*+")
_MARKER = "data-bcn"
_FOUND = re.compile(r"--bcn(\d+)")


def inline(page: Page) -> None:
    """Move declarations into style attributes where possible, as edits of the page."""
    document = page.document
    held = _Held(document)
    sheets = list(_sheets(document))
    if held.full or any(tag.place == "style" and held.is_statement(tag.start) for tag in document.tags):
        return
    rules = [
        rule for start, end, conditional in sheets for rule in css.rules(held.text, start, end, conditional=conditional)
    ]
    if all(rule.conditional for rule in rules):
        return
    tokens = [token for token in document.tokens if _is_element(token)]
    if sum(len(rule.selectors) for rule in rules) * len(tokens) > MOST_PAIRS:
        return
    elements = [_element(held, token) for token in tokens]
    entries = list(_entries(document, rules, elements))
    if not _match(document, held, elements, entries):
        return
    for declaration in resolve(contests(elements)):
        page.insert(declaration.end, " !important")
    for element in elements:
        _write(page, held, element)
    _drop(page, rules, entries, elements)


class _Held:
    """The source with a placeholder of the same length for each template tag, so that positions stay the same."""

    def __init__(self, document: Document) -> None:
        self._source = document.source
        self._letters: dict[str, str] = {}
        self._given: dict[str, str] = {}
        used = set(document.source)
        self._free = [letter for letter in map(chr, _LETTERS) if letter not in used]
        self.full = False
        out: list[str] = []
        at = 0
        for tag in document.tags:
            if tag.start < at:
                continue
            out += (document.source[at : tag.start], self.stand_in(document.source[tag.start : tag.end]))
            at = tag.end
        self.text = "".join(out) + document.source[at:]

    def stand_in(self, given: str) -> str:
        """The placeholder of a tag: a character that the source does not use, repeated to the length of the tag."""
        if given.startswith("{#"):
            return " " * len(given)
        if given not in self._letters:
            if not self._free:
                self.full = True
                return " " * len(given)
            letter = self._free.pop()
            self._letters[given], self._given[letter] = letter, given
        return self._letters[given] * len(given)

    def is_statement(self, at: int) -> bool:
        return self._source.startswith("{%", at)

    def given(self, text: str) -> str:
        """`text` with placeholders replaced by their tags."""

        def tag(found: re.Match[str]) -> str:
            given = self._given.get(found.group(1))
            return found.group() if given is None else code(given) * (len(found.group()) // len(given))

        return _STAND_IN.sub(tag, text)


def _is_element(token: Token) -> bool:
    return token.kind is Kind.START and not token.hidden and token.name not in {"style", "script"}


def _sheets(document: Document) -> Iterator[tuple[int, int, bool]]:
    """(start, end, for other media) of every style sheet."""
    for position, token in enumerate(document.tokens):
        if token.kind is not Kind.START or token.name != "style" or token.hidden:
            continue
        if document.value(token.attribute("type")).strip().lower() not in _TYPES:
            continue
        media = document.value(token.attribute("media")).strip().lower()
        end, at = token.end, position + 1
        while at < len(document.tokens) and document.tokens[at].name == "style":
            if document.tokens[at].kind is Kind.END:
                break
            end, at = document.tokens[at].end, at + 1
        yield token.end, end, media not in _MEDIA


def _element(held: _Held, token: Token) -> Element:
    style = token.attribute("style")
    own: list[Declaration] = []
    if style is not None:
        edge = len(style.quote)
        own = list(css.declarations(held.text, style.start + edge, max(style.start + edge, style.end - edge)))
    changing = token.branches or any(
        (attribute.name in {"class", "id"} and attribute.tags)
        or (attribute is style and any(held.is_statement(start) for start, _ in attribute.tags))
        for attribute in token.attributes
    )
    return Element(token, style, own, changing)


def _entries(document: Document, rules: list[Rule], elements: list[Element]) -> Iterator[Entry]:
    has_statements = any(document.source.startswith("{%", tag.start) for tag in document.tags)
    unknown = {attribute.name for element in elements for attribute in element.token.attributes if attribute.tags}
    for order, rule in enumerate(rules):
        for text in rule.selectors:
            found = css.selector(text)
            if not found.understood or found.has_pseudo_element:
                continue
            fixed = not (
                rule.conditional
                or found.has_pseudo
                or (found.has_sibling and has_statements)
                or any(name in unknown or name.startswith("data-og") for name in found.attributes)
            )
            yield Entry(found, rule, order, fixed)


def _match(document: Document, held: _Held, elements: list[Element], entries: list[Entry]) -> bool:
    """Record which entry matches which element. A selector that matches nothing yet is matched by its last part.

    False: nothing can be inlined, because the page cannot be read or there are too many matches.
    """
    sheet = []
    for number, entry in enumerate(entries):
        sheet.append(f"{entry.selector.base}{{--bcn{2 * number}:1}}")
        if not entry.fixed:
            sheet.append(f"{entry.selector.subject}{{--bcn{2 * number + 1}:1}}")
    try:
        shown = css_inline.inline(
            _skeleton(document, held, elements), extra_css="".join(sheet), load_remote_stylesheets=False
        )
    except css_inline.InlineError:
        return False
    matched: dict[int, set[int]] = defaultdict(set)
    read = Document(shown, template=False)
    for token in read.tokens:
        marker, style = token.attribute(_MARKER), token.attribute("style")
        if marker is not None and style is not None:
            number = int(read.value(marker))
            for found in _FOUND.finditer(shown, style.start, style.end):
                matched[int(found.group(1))].add(number)
    if sum(map(len, matched.values())) > MOST_MATCHES:
        return False
    for number, entry in enumerate(entries):
        entry.elements = matched[2 * number] or matched[2 * number + 1]
        for at in entry.elements:
            elements[at].entries.append(entry)
    return True


def _skeleton(document: Document, held: _Held, elements: list[Element]) -> str:
    """The page's elements without text, each with its number."""
    numbers = {id(element.token): number for number, element in enumerate(elements)}
    out = []
    for token in document.tokens:
        if token.kind is Kind.DOCTYPE:
            out.append(document.source[token.start : token.end])
        elif token.kind is Kind.END and not token.hidden and _NAME.fullmatch(token.name):
            out.append(f"</{token.name}>")
        elif (number := numbers.get(id(token))) is not None and _NAME.fullmatch(token.name):
            out.append(f'<{token.name} {_MARKER}="{number}"{_attributes(document, held, token)}>')
    return "".join(out)


def _attributes(document: Document, held: _Held, token: Token) -> str:
    out, seen = [], {"style", _MARKER}
    for attribute in token.attributes:
        if attribute.name not in seen and _NAME.fullmatch(attribute.name):
            seen.add(attribute.name)
            segments = document.segments(attribute)
            value = "".join(held.stand_in(text) if is_tag else text for is_tag, text in segments)
            out.append(f' {attribute.name}="{escape(value)}"')
    return "".join(out)


def _write(page: Page, held: _Held, element: Element) -> None:
    picked = chosen(element)
    if not picked:
        return
    style, token = element.style, element.token
    words = held.given(
        "".join(f"{each.name}: {' '.join(each.value.split())}{' !important' * each.important};" for each in picked)
    )
    if '"' in words and "'" not in words:
        words = words.replace('"', "'")
    words = words.replace("&", "&amp;") if "{" not in words else words
    words = words.replace('"', "&quot;")
    if style is None or style.end == style.start:
        page.insert(token.name_end, f' style="{words}"')
    elif style.quote:
        page.insert(style.start + 1, words.replace("'", "&#39;") if style.quote == "'" else words)
    else:
        page.replace(style.start, style.end, f'"{words}{page.document.source[style.start : style.end]}"')


def _drop(page: Page, rules: list[Rule], entries: list[Entry], elements: list[Element]) -> None:
    """Remove rules from the sheets when every element that they can match now has their declarations."""
    hidden = any(token.hidden and token.kind is Kind.START for token in page.document.tokens)
    if hidden or any(element.changing for element in elements):
        return
    by_rule: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_rule[entry.order].append(entry)
    for order, rule in enumerate(rules):
        found = by_rule[order]
        is_ours = page.document.source.startswith(SHEET, rule.sheet)
        if len(found) == len(rule.selectors) and all(_is_needless(entry, elements, is_ours) for entry in found):
            page.replace(rule.start, rule.end, "")


def _is_needless(entry: Entry, elements: list[Element], is_ours: bool) -> bool:
    """Whether every element that the selector can match has the rule inlined. Our sheet matches no other elements."""
    selector = entry.selector
    if not entry.fixed or not (is_ours or entry.elements):
        return False
    if not is_ours and (selector.has_sibling or selector.attributes):
        return False
    families = {declaration.family for declaration in entry.rule.declarations}
    return not any(families & elements[at].left for at in entry.elements)
