"""A campaign's message, read once and rendered for thousands of people: subject, HTML and text with all links.

A variable that renders empty and has no default is missing. Pre-flight counts the people concerned. The engine asks
`CompiledMessage.missing` for each recipient and skips those people (Reason.MISSING_VARIABLE). It never sends "Hello ,".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from jinja2 import meta, nodes

from campaign_app.rendering import budget, inlining, layout, markup, plain_text, urls
from campaign_app.rendering.compiled_template import CompiledTemplate
from campaign_app.rendering.errors import RenderError, TemplateInvalid, TooSlow
from campaign_app.rendering.filters import is_empty
from campaign_app.rendering.link_values import LinkValues, PersonalLinks
from campaign_app.rendering.syntax import measure
from campaign_app.rendering.template_environment import ALIASES, HTML, PLAIN
from campaign_app.rendering.usage import needs_value, sets_names

__all__ = [
    "CompiledMessage",
    "Prepared",
    "RenderError",
    "Rendered",
    "TemplateInvalid",
    "assemble",
    "compile_message",
    "context_for",
    "prepare_message",
]

SIMPLE = "text"
"""Editor.TEXT. Not imported, because its module loads all tables, which the rendering process does not need."""

CONTACT_FIELDS = ("email", "phone", "first_name", "last_name", "company", "time_zone", "language")
CONTACT_VARIABLES = frozenset({*CONTACT_FIELDS, "name", "full_name", "domain"})
SYSTEM_VARIABLES = frozenset({"unsubscribe_url", "view_url", "postal_address", "open_url"})
MAX_ATTRIBUTES = 1_000_000
_LINK = re.compile(r"link_\d+")
_TRACKED = re.compile(r"https?://|\{\{", re.I)


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that was read, for `assemble` to compile. Plain data, so that another process can read it."""

    links: tuple[str, ...]
    variables: tuple[str, ...]
    required: tuple[str, ...]
    source: str
    subject: str
    html: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Prepared":
        """The inverse of `to_json`."""
        lists = {name: tuple(found[name]) for name in ("links", "variables", "required")}
        return cls(**{**found, **lists})


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """A message ready to be rendered. `links`: the URL templates of link_0, link_1, …

    `variables`: all names that its author used. `required`: those without a default and not tested by an `if`.
    `personal`: its links with variables.
    """

    links: tuple[str, ...]
    variables: frozenset[str]
    required: frozenset[str]
    _source: str
    _subject: CompiledTemplate
    _html: CompiledTemplate
    _text: CompiledTemplate
    _is_fixed: bool
    personal: PersonalLinks

    @property
    def reads(self) -> frozenset[str]:
        """All variables that it uses when rendered, with those of links, pixel and footer."""
        return self._subject.reads | self._html.reads | self._text.reads

    def render(self, context: Mapping[str, Any]) -> Rendered:
        """One person's message. `context`: `context_for(contact)` plus `links.Addresses(…).make(…).variables`.

        Raises:
            RenderError: it cannot be rendered with this person's values, or a limit was reached.
        """
        if self._is_fixed:
            return self._render(context)
        token = budget.begin()  # one for all parts
        try:
            return self._render(context)
        finally:
            budget.end(token)

    def _render(self, context: Mapping[str, Any]) -> Rendered:
        subject = self._subject.render(context)
        if "\n" in subject or "\r" in subject:
            subject = " ".join(subject.split())
        try:
            html = self._html.render(context)
        except TooSlow:
            raise
        except RenderError:
            CompiledTemplate(HTML, self._source, "html").render(
                context
            )  # fails again, and names the line that the person wrote
            raise
        return Rendered(subject.strip(), html, self._text.render(context))

    def link_values(self, context: Mapping[str, Any]) -> LinkValues:
        """The values that tokens of links with variables carry for this person.

        Raises:
            RenderError: it cannot be rendered with this person's values, or a limit was reached.
            ValueError: a value contains a lone surrogate.
        """
        return self.personal.values(context)

    def missing(self, context: Mapping[str, Any]) -> tuple[str, ...]:
        """The required variables that are empty for this person."""
        return tuple(name for name in self.required if is_empty(context.get(name)))


class _Links:
    """Gives each distinct address its position. With `frozen`: only the addresses frozen at the launch."""

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
    """Whether clicks on this address are counted: it is a web address, not one of our own pages, and uses no variable
    that the template sets itself."""
    if not _TRACKED.match(url):
        return False
    try:
        names = variables(url, part="link")
    except TemplateInvalid:
        return False
    return not names & SYSTEM_VARIABLES and not names & local and not any(_LINK.fullmatch(name) for name in names)


def compile_message(subject: str, preheader: str, html: str, text: str = "", **options: Any) -> CompiledMessage:
    """Read and compile a message. Only for trusted templates and in the rendering process. See `prepare_message`.

    Raises:
        TemplateInvalid: a part cannot be read. The error says which part, where and why.
    """
    return assemble(prepare_message(subject, preheader, html, text, **options))


def assemble(prepared: Prepared) -> CompiledMessage:
    """Compile what was read. It is always quick, because the size of each part is limited.

    Raises:
        TemplateInvalid: a part cannot be compiled.
    """
    parts = (
        CompiledTemplate(PLAIN, prepared.subject, "subject"),
        CompiledTemplate(HTML, prepared.html, "html"),
        CompiledTemplate(PLAIN, prepared.text, "text"),
    )
    return CompiledMessage(
        links=prepared.links,
        variables=frozenset(prepared.variables),
        required=frozenset(prepared.required),
        _source=prepared.source,
        _subject=parts[0],
        _html=parts[1],
        _text=parts[2],
        _is_fixed=all(part.is_fixed for part in parts),
        personal=_personal(prepared.links, parts),
    )


def _personal(templates: Sequence[str], parts: Iterable[CompiledTemplate]) -> PersonalLinks:
    reads = _union(part.reads for part in parts)
    return PersonalLinks({at: url for at, url in enumerate(templates) if "{" in url and f"link_{at}" in reads})


def prepare_message(
    subject: str,
    preheader: str,
    html: str,
    text: str = "",
    *,
    editor: str = "html",
    links: Sequence[str] | None = None,
    track_clicks: bool = False,
    track_opens: bool = False,
    footer: bool = True,
) -> Prepared:
    """Read a message once.

    `links`: the URL templates frozen at launch (CampaignLink by position). Without them and with `track_clicks` they
    are found in the message. `text`: if empty, it is made from the HTML.

    Raises:
        TemplateInvalid: a part cannot be read. The error says which part, where and why.
    """
    measure(html, "html")
    measure(text, "text")
    html, editor = _html_source(html, text, editor)
    read = {"subject": PLAIN.read(subject, "subject"), "preheader": PLAIN.read(preheader, "preheader")}
    written = markup.Page(html)
    read["html"] = HTML.read(written.source(), "html")
    if text.strip():
        read["text"] = PLAIN.read(text, "text")
    table = _Links(links, _union(sets_names(tree) for tree in read.values()))
    place = table.place if track_clicks or links is not None else None
    page = written.framed(simple=editor == SIMPLE, footer=footer)
    made_text = _text_part(written, text, place, footer)
    _complete(page, preheader, place, track_opens)
    return Prepared(
        links=tuple(table.urls),
        variables=tuple(sorted(_union(_names(tree) for tree in read.values()))),
        required=tuple(sorted(_union(needs_value(tree) for tree in read.values()) - SYSTEM_VARIABLES)),
        source=written.source(),
        subject=subject,
        html=page.source(),
        text=made_text,
    )


def _html_source(html: str, text: str, editor: str) -> tuple[str, str]:
    """(HTML, editor). A message written as text only gets an HTML part that looks like it."""
    if html.strip() or not text.strip():
        return html, editor
    body = plain_text.linked_html(text, lambda words: escape(words, quote=False))
    return f'<div style="white-space:pre-wrap">{body}</div>', SIMPLE


def _complete(page: markup.Page, preheader: str, place: plain_text.LinkPlace | None, track_opens: bool) -> None:
    """Add preheader, links, pixel and inlined styles to a page."""
    inlining.inline(page)
    page.add_preheader(preheader)
    page.place_links(place)
    if track_opens:
        page.add_at_end(layout.pixel())


def _text_part(page: markup.Page, text: str, place: plain_text.LinkPlace | None, footer: bool) -> str:
    if text.strip():
        body = plain_text.written(text, place)
        return markup.text_with_footer(body, markup.text_missing(text)) if footer else body
    body = plain_text.made(page.document, place)
    return markup.text_with_footer(body, page.missing()) if footer else body


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset(name for names in sets for name in names)


def _names(tree: nodes.Template) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(tree)) - {"range"}


def variables(source: str, part: str = "html") -> set[str]:
    """The variables that a template uses, without aliases (firstName is first_name).

    Raises:
        TemplateInvalid: the template cannot be read.
    """
    return set(_names(PLAIN.read(source, part)))


def render_url(template: str, context: Mapping[str, Any]) -> str:
    """The address of a link for one person.

    Raises:
        RenderError: it cannot be rendered.
    """
    if "{" not in template:
        return template
    return CompiledTemplate(PLAIN, urls.encoded(template), "link").render(context).strip()


def unknown(names: Iterable[str], attributes: Iterable[str]) -> set[str]:
    """The names that no contact can have as a variable."""
    known = CONTACT_VARIABLES | SYSTEM_VARIABLES | set(attributes)
    return {name for name in names if name not in known and not _LINK.fullmatch(name)}


def context_for(contact: Any) -> dict[str, Any]:
    """The variables of a contact (a Contact or a mapping with its columns): first_name and firstName, name, full_name,
    and its attributes by key.

    Raises:
        RenderError: its attributes are too large for a message.
    """
    columns = contact if isinstance(contact, Mapping) else getattr(contact, "_mapping", None) or vars(contact)
    attributes = columns.get("attributes") or {}
    if isinstance(attributes, str | bytes):
        if len(attributes) > MAX_ATTRIBUTES:
            raise RenderError("The contact's own fields are too large for a message", part="contact")
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
