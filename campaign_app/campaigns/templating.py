"""A campaign's message, read once and rendered for thousands: subject, HTML and text with all links in place.

Policy for variables: what renders empty and has no default is missing. Pre-flight counts the people concerned; the
engine asks `CompiledMessage.missing` for each recipient and skips those (Reason.MISSING_VARIABLE), it never sends
"Hello ,".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context

from campaign_app.campaigns import budget, layout, markup
from campaign_app.campaigns.budget import LimitReached
from campaign_app.campaigns.errors import RenderError, TemplateInvalid
from campaign_app.campaigns.filters import is_empty
from campaign_app.campaigns.sandbox import ALIASES, HTML, PLAIN, MessageEnvironment, plain_words
from campaign_app.campaigns.usage import needs_value, sets_names
from campaign_app.models.template import Editor

__all__ = ["CompiledMessage", "RenderError", "Rendered", "TemplateInvalid", "compile_message", "context_for"]

MAX_OUTPUT = 2_000_000
CONTACT_FIELDS = ("email", "phone", "first_name", "last_name", "company", "time_zone", "language")
CONTACT_VARIABLES = frozenset({*CONTACT_FIELDS, "name", "full_name", "domain"})
SYSTEM_VARIABLES = frozenset({"unsubscribe_url", "view_url", "postal_address", "open_url"})
_LINK = re.compile(r"link_\d+")
_TRACKED = re.compile(r"https?://|\{\{", re.I)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One person's message."""

    subject: str
    html: str
    text: str


def _can_grow(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in {"replace", "join", "split", "urlencode", "_bounded", "_joined"}
    return isinstance(node, nodes.For | nodes.BinExpr | nodes.Call)


class _Part:
    """One compiled template. Simple ones (no loops, no arithmetic) run without counting."""

    __slots__ = ("_blocks", "_counted", "_environment", "_root", "_template", "part")

    def __init__(self, environment: MessageEnvironment, source: str, part: str) -> None:
        tree = environment.read(source, part)
        self.part = part
        self._environment = environment
        self._counted = any(_can_grow(node) for node in tree.find_all(nodes.Node))
        try:
            code = environment.compile(tree)
        except TemplateSyntaxError as error:
            raise TemplateInvalid(plain_words(error.message or ""), part=part, line=error.lineno) from None
        except (SyntaxError, RecursionError, MemoryError):
            raise TemplateInvalid("Loops or conditions are nested too deeply", part=part) from None
        self._template = Template.from_code(environment, code, environment.globals)
        self._root = self._template.root_render_func
        self._blocks = self._template.blocks

    def render(self, values: dict[str, Any]) -> str:
        context = Context(self._environment, values, None, self._blocks)
        try:
            return self._count(context) if self._counted else "".join(self._root(context))
        except LimitReached as error:
            raise RenderError(str(error), part=self.part, line=self._line(error.__traceback__)) from None
        except Exception as error:
            raise RenderError(_why(error), part=self.part, line=self._line(error.__traceback__)) from None

    def _count(self, context: Context) -> str:
        token = budget.current.set(budget.Budget())
        pieces, size = [], 0
        try:
            for piece in self._root(context):
                size += len(piece)
                if size > MAX_OUTPUT:
                    raise LimitReached(f"The message grows beyond {MAX_OUTPUT // 1_000_000} MB")
                pieces.append(piece)
        finally:
            budget.current.reset(token)
        return "".join(pieces)

    def _line(self, trace: TracebackType | None) -> int | None:
        found = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "<template>":
                found = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return found


def _why(error: Exception) -> str:
    known = {
        "ZeroDivisionError": "Something is divided by zero",
        "TypeError": "Text and numbers are mixed, or a filter got something it cannot use",
        "ValueError": "A filter got a value it cannot use",
        "OverflowError": "A number is too large",
    }
    return known.get(type(error).__name__, str(error) or type(error).__name__)


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """A message ready to be rendered. `links` are the URL templates behind link_0, link_1, …

    `variables`: every name it reads; `required`: those that have no default and are not asked for by an `if`.
    """

    links: tuple[str, ...]
    variables: frozenset[str]
    required: frozenset[str]
    _source: str
    _subject: _Part
    _html: _Part
    _text: _Part

    def render(self, context: dict[str, Any]) -> Rendered:
        """One person's message from `context_for(contact)` plus `links.variables(delivery_id, len(self.links))`.

        Raises:
            RenderError: this person's values make it impossible, or a limit was reached.
        """
        values = {"range": HTML.globals["range"], **context}
        subject = self._subject.render(values)
        if "\n" in subject or "\r" in subject:
            subject = " ".join(subject.split())
        try:
            html = self._html.render(values)
        except RenderError:
            _Part(HTML, self._source, "html").render(values)  # fails too, and names the line the person wrote
            raise
        return Rendered(subject.strip(), html, self._text.render(values))

    def missing(self, context: Mapping[str, Any]) -> tuple[str, ...]:
        """The required variables that are empty for this person."""
        return tuple(name for name in self.required if is_empty(context.get(name)))


class _Links:
    """Gives each distinct target its position; with `frozen` only those of the launch."""

    def __init__(self, frozen: Sequence[str] | None, local: frozenset[str]) -> None:
        self.urls = list(frozen or ())
        self._positions = {url: position for position, url in enumerate(self.urls)}
        self._fixed = frozen is not None
        self._local = local

    def place(self, url: str) -> str | None:
        if not is_tracked(url, self._local):
            return None
        position = self._positions.get(url)
        if position is None:
            if self._fixed:
                return None
            position = self._positions[url] = len(self.urls)
            self.urls.append(url)
        return f"{{{{ link_{position} }}}}"


def is_tracked(url: str, local: frozenset[str] = frozenset()) -> bool:
    """Whether clicks on this target are counted: web addresses whose value is known outside loops and our own pages."""
    if not _TRACKED.match(url):
        return False
    try:
        names = variables(url, part="link")
    except TemplateInvalid:
        return False
    return not names & SYSTEM_VARIABLES and not names & local and not any(_LINK.fullmatch(name) for name in names)


def compile_message(
    subject: str,
    preheader: str,
    html: str,
    text: str = "",
    *,
    editor: Editor = Editor.HTML,
    links: Sequence[str] | None = None,
    track_clicks: bool = False,
    track_opens: bool = False,
    footer: bool = True,
) -> CompiledMessage:
    """Read a message once.

    `links`: the URL templates frozen at launch (CampaignLink by position); without them and with `track_clicks` they
    are found now. `text` empty: made from the HTML.

    Raises:
        TemplateInvalid: a part cannot be read; says which, where and why.
    """
    html, editor = _html_source(html, text, editor)
    read = {"subject": PLAIN.read(subject, "subject"), "preheader": PLAIN.read(preheader, "preheader")}
    held = markup.Held(html, "html")
    read["html"] = HTML.read(held.give_back(held.text), "html")
    if text.strip():
        read["text"] = PLAIN.read(text, "text")
    table = _Links(links, _union(sets_names(tree) for tree in read.values()))
    place = table.place if track_clicks or links is not None else None
    made_text = _text_part(held, html, text, place, footer)
    made_html = _html_part(held, html, preheader, editor, place, track_opens, footer)
    return CompiledMessage(
        links=tuple(table.urls),
        variables=_union(_names(tree) for tree in read.values()),
        required=_union(needs_value(tree) for tree in read.values()) - SYSTEM_VARIABLES,
        _source=held.give_back(held.text),
        _subject=_Part(PLAIN, subject, "subject"),
        _html=_Part(HTML, made_html, "html"),
        _text=_Part(PLAIN, made_text, "text"),
    )


def _html_source(html: str, text: str, editor: Editor) -> tuple[str, Editor]:
    """A message written as text only gets an HTML part that looks like it."""
    if html.strip() or not text.strip():
        return html, editor
    held = markup.Held(text, "text", html=False)
    body = held.give_back(escape(held.text, quote=False))
    return f'<div style="white-space:pre-wrap">{body}</div>', Editor.TEXT


def _html_part(
    held: markup.Held,
    source: str,
    preheader: str,
    editor: Editor,
    place: markup.LinkPlace | None,
    track_opens: bool,
    footer: bool,
) -> str:
    page = markup.wrapped(held, simple=editor is Editor.TEXT)
    if footer:
        page = markup.with_footer(held, page, source)
    page = markup.inlined(page)
    page = markup.after_body_start(page, markup.preheader_html(held, preheader))
    if place is not None:
        page = markup.replace_links(held, page, place)
    if track_opens:
        page = markup.before_body_end(page, layout.pixel())
    return held.give_back(page)


def _text_part(held: markup.Held, html: str, text: str, place: markup.LinkPlace | None, footer: bool) -> str:
    if text.strip():
        written = markup.Held(text, "text", html=False)
        body = markup.replace_text_links(written, written.text, place) if place else written.text
        body = written.give_back(body)
        return markup.text_with_footer(body, text) if footer else body
    body = held.give_back(markup.generated_text(held, place))
    return markup.text_with_footer(body, html) if footer else body


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(name for names in sets for name in names)


def _names(tree: nodes.Template) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(tree)) - {"range"}


def variables(source: str, part: str = "html") -> set[str]:
    """The variables a template reads, by their one name (firstName is first_name).

    Raises:
        TemplateInvalid: the template cannot be read.
    """
    return set(_names(PLAIN.read(source, part)))


def render_url(template: str, context: Mapping[str, Any]) -> str:
    """The target of a link for one person.

    Raises:
        RenderError: it cannot be made.
    """
    if "{" not in template:
        return template
    return _Part(PLAIN, template, "link").render({**context}).strip()


def unknown(names: Iterable[str], attributes: Iterable[str]) -> set[str]:
    """Variables that no contact can have."""
    known = CONTACT_VARIABLES | SYSTEM_VARIABLES | set(attributes)
    return {name for name in names if name not in known and not _LINK.fullmatch(name)}


def context_for(contact: Any) -> dict[str, Any]:
    """What a template sees of a contact (a Contact or a mapping with its columns): first_name and firstName,
    name, full_name, and its own attributes by key."""
    columns = contact if isinstance(contact, Mapping) else getattr(contact, "_mapping", None) or vars(contact)
    attributes = columns.get("attributes") or {}
    if isinstance(attributes, str | bytes):
        attributes = json.loads(attributes)
    values: dict[str, Any] = dict(attributes)
    for name in CONTACT_FIELDS:
        values[name] = columns.get(name) or ""
    values["domain"] = values["email"].rpartition("@")[2]
    values["name"] = values["full_name"] = f"{values['first_name']} {values['last_name']}".strip()
    for alias, name in ALIASES.items():
        if name in values:
            values[alias] = values[name]
    return values
