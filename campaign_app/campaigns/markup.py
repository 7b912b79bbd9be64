"""From what a person wrote to the HTML that is sent: layout, inlined CSS, preheader, footer, pixel, text version.

All of it happens once per campaign, with the template's own tags replaced by words that no HTML tool touches.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape, unescape
from html.parser import HTMLParser

import css_inline
from jinja2 import TemplateSyntaxError

from campaign_app.campaigns.errors import TemplateInvalid
from campaign_app.campaigns.layout import BASE_LAYOUT, BODY_MARK, FOOTER_HTML, FRAGMENT_LAYOUT, footer_text
from campaign_app.campaigns.sandbox import HTML, PLAIN, plain_words

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
_HELD = re.compile(r"<!--qzj(\d+)jzq-->|qzj(\d+)jzq")
_SCAN = re.compile(r"<!--|-->|<(?=[a-zA-Z/!])|[\"'>]")
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|\w+);")
_HREF = re.compile(r"(<(?:a|area)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*?\shref\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>\"']+)", re.I)
_BARE = re.compile(r"https?://[^\s<>\"'()\[\]]+", re.I)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

LinkPlace = Callable[[str], str | None]


class Held:
    """HTML or text whose template tags are held back as words; `give_back` restores them."""

    def __init__(self, source: str, part: str, *, html: bool = True) -> None:
        self.tags: list[str] = []
        self._inside, self._quote = "", ""
        self.text = "".join(self._pieces(_unescaped(source) if html else source, part, html))

    def _pieces(self, source: str, part: str, html: bool) -> list[str]:
        pieces, tag = [], ""
        try:
            for _line, kind, value in (HTML if html else PLAIN).lex(source):
                if kind == "data" and not tag:
                    self._follow(value)
                    pieces.append(value)
                    continue
                tag += value
                if kind in {"variable_end", "block_end", "comment_end", "raw_end"}:
                    pieces.append(self.hold(tag, as_word=bool(self._inside) or tag.startswith("{{") or not html))
                    tag = ""
        except TemplateSyntaxError as error:
            raise TemplateInvalid(plain_words(error.message or ""), part=part, line=error.lineno) from None
        return [*pieces, tag]

    def _follow(self, text: str) -> None:
        """Keep track of whether the next template tag stands inside an HTML tag or comment."""
        for mark in _SCAN.finditer(text):
            found = mark.group()
            if not self._inside:
                self._inside = {"<!--": "comment", "<": "tag"}.get(found, "")
            elif self._inside == "comment":
                self._inside = "" if found == "-->" else "comment"
            elif self._quote:
                self._quote = "" if found == self._quote else self._quote
            elif found in {">", "-->"}:
                self._inside = ""
            elif found in "\"'":
                self._quote = found

    def hold(self, tag: str, *, as_word: bool = True) -> str:
        """The stand-in of one template tag: a word, or a comment, which a table may hold between its rows."""
        self.tags.append(tag)
        word = f"qzj{len(self.tags) - 1}jzq"
        return word if as_word else f"<!--{word}-->"

    def give_back(self, text: str) -> str:
        """`text` with the template's own tags."""
        return _HELD.sub(self._tag_of, text)

    def _tag_of(self, found: re.Match[str]) -> str:
        number = int(found.group(1) or found.group(2))
        return self.tags[number] if number < len(self.tags) else found.group()


def _unescaped(html: str) -> str:
    """Editors write `{{ a &lt; b }}` and `default(&quot;there&quot;)`."""
    return _TAG.sub(lambda found: unescape(found.group()), html)


def _target(written: str) -> str:
    """An href's value as the browser reads it: `&copy=1` is no entity in an address."""
    inner = written[1:-1] if written[:1] in {'"', "'"} else written
    return _ENTITY.sub(lambda found: unescape(found.group()), inner).strip()


def uses(source: str, names: Sequence[str]) -> dict[str, bool]:
    """Which of these variables a template's tags mention."""
    tags = " ".join(_TAG.findall(source))
    return {name: re.search(rf"\b{name}\b", tags) is not None for name in names}


def wrapped(held: Held, *, simple: bool) -> str:
    """A whole document: the simple editor's text in the base layout, a fragment in the plainest one."""
    if re.search(r"<(html|body)\b", held.text, re.I):
        return held.text
    return (BASE_LAYOUT if simple else FRAGMENT_LAYOUT).replace(BODY_MARK, held.text)


def inlined(html: str) -> str:
    """Style sheets moved into style attributes (media queries stay); unreadable CSS stays as it is."""
    if "<style" not in html.lower():
        return html
    try:
        return str(_inliner.inline(html))
    except css_inline.InlineError:
        return html


def before_body_end(html: str, fragment: str) -> str:
    """`fragment` as the last thing in the body."""
    at = html.lower().rfind("</body>")
    return f"{html[:at]}{fragment}{html[at:]}" if at >= 0 else html + fragment


def after_body_start(html: str, fragment: str) -> str:
    """`fragment` as the first thing in the body."""
    found = re.search(r"<body\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", html, re.I)
    return f"{html[: found.end()]}{fragment}{html[found.end() :]}" if found else fragment + html


def preheader_html(held: Held, preheader: str) -> str:
    """Hidden text that inboxes show after the subject, with filler so that nothing else follows it."""
    if not preheader.strip():
        return ""
    plain = Held(preheader, "preheader", html=False)
    shown = _HELD.sub(lambda found: held.hold(plain.tags[int(found.group(2))]), escape(plain.text, quote=False))
    return (
        '<div style="display:none;font-size:1px;color:transparent;line-height:1px;max-height:0;max-width:0;'
        f'opacity:0;overflow:hidden;mso-hide:all">{shown}{"&#847;&zwnj;&nbsp;" * 30}</div>'
    )


def with_footer(held: Held, html: str, source: str) -> str:
    """The missing ones of: unsubscribe link, postal address, view in browser."""
    missing = [name for name, there in uses(source, tuple(FOOTER_HTML)).items() if not there]
    if not missing:
        return html
    lines = "".join(_TAG.sub(lambda found: held.hold(found.group()), FOOTER_HTML[name]) for name in missing)
    return before_body_end(
        html,
        '<div style="max-width:600px;margin:0 auto;padding:16px 24px 32px;font:12px/18px Arial,Helvetica,sans-serif;'
        f'color:#60646c;text-align:center">{lines}</div>',
    )


def text_with_footer(text: str, source: str) -> str:
    """The same for the text version."""
    missing = [name for name, there in uses(source, tuple(FOOTER_HTML)).items() if not there]
    return f"{text.rstrip()}\n\n-- \n{footer_text(missing)}\n" if missing else text


def replace_links(held: Held, html: str, place: LinkPlace) -> str:
    """Every link that `place` gives a variable for now leads there."""

    def exchange(found: re.Match[str]) -> str:
        variable = place(held.give_back(_target(found.group(2))))
        return f'{found.group(1)}"{held.hold(variable)}"' if variable else found.group()

    return _HREF.sub(exchange, html)


def replace_text_links(held: Held, text: str, place: LinkPlace) -> str:
    """The same for addresses written out in the text version."""

    def exchange(found: re.Match[str]) -> str:
        url = found.group()
        trimmed = url.rstrip(".,;:!?")
        variable = place(held.give_back(trimmed))
        return held.hold(variable) + url[len(trimmed) :] if variable else url

    return _BARE.sub(exchange, text)


def generated_text(held: Held, place: LinkPlace | None) -> str:
    """The text version of held HTML, its links through `place`."""
    if place is None:
        return text_of(held.text)

    def link(target: str) -> str:
        variable = place(held.give_back(target))
        return held.hold(variable) if variable else target

    return replace_text_links(held, text_of(held.text, link), place)


def hrefs(html: str) -> list[str]:
    """The targets of all links, in order, as templates."""
    held = Held(html, "html")
    return [held.give_back(_target(found.group(2))) for found in _HREF.finditer(held.text)]


_BLOCKS = frozenset(
    {"address", "article", "blockquote", "div", "dl", "dt", "dd", "figure", "footer", "form", "header", "hr", "li"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "main", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_CLOSE = frozenset({"li", "tr", "dt", "dd"})
_HIDDEN = frozenset({"head", "style", "script", "title", "template"})
_VOID: Mapping[str, str] = {"br": "\n", "hr": "\n----\n"}


class _TextMaker(HTMLParser):
    def __init__(self, link: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._link = link
        self.out: list[str] = []
        self._hidden = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _VOID:
            self.out.append(_VOID[tag])
        elif tag == "img" and given.get("alt"):
            self.out.append(given["alt"])
        elif tag == "a":
            self._links.append((given.get("href", "").strip(), len(self.out)))
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag in {"td", "th"}:
            self.out.append(" ")
        if tag in _BLOCKS:
            self.out.append("\n\n" if tag not in _CLOSE else "\n")
        if tag == "li":
            self.out.append(self._bullet())

    def _bullet(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        if tag in _BLOCKS - _CLOSE:
            self.out.append("\n\n")

    def _end_link(self, href: str, begun: int) -> None:
        label = "".join(self.out[begun:]).strip()
        if not href or href.startswith("#") or href in {label, f"mailto:{label}", f"tel:{label}"}:
            return
        target = self._link(href)
        self.out.append(f" ({target})" if label else target)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.out.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    def handle_comment(self, data: str) -> None:
        if not self._hidden and _HELD.fullmatch(data):
            self.out.append(data)


def text_of(html: str, link: Callable[[str], str] = str) -> str:
    """A readable text version of (held) HTML: links as "text (url)", lists with dashes, blank lines between blocks.

    `link` gives what is written for a target.
    """
    maker = _TextMaker(link)
    maker.feed(html)
    maker.close()
    text = re.sub(r"[ \t\u00a0]*\n[ \t\u00a0]*", "\n", "".join(maker.out))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip() + "\n"
