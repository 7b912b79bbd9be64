"""What the rooms know of a channel's content: a model that the channel checks, previews and turns into messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from campaign_app.channels.fields import Form
from campaign_app.channels.reports import Report
from campaign_app.rendering.finding import Finding
from campaign_app.rendering.link_values import LinkValues, PersonalLinks


@dataclass(frozen=True, slots=True)
class AddressKind:
    """The kind of address that a channel writes to.

    `like` is the SQL pattern of a usable address. `has_domain`: an address without a domain is not usable. Each kind
    has its own rows in `suppression`. "email" and "phone" are columns of a contact; other kinds are rows of
    `contact_address`.
    """

    name: str
    label: str
    like: str = "_%"
    has_domain: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. Pages, checks and figures ask this, not which channel it is."""

    has_subject: bool = False
    has_links: bool = False  # links to our server: clicks are counted, people unsubscribe
    tracks_opens: bool = False
    confirms_delivery: bool = False
    confirms_read: bool = False
    hears_replies: bool = False
    hears_returns: bool = False  # bounces and complaints
    needs_postal_address: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message for one person. `missing`: required variables that are empty; `variables`: all variables in use.

    `html` is a page to look at, whatever the channel sends.
    """

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    missing: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspected:
    """Result of making the message for a sample of people: findings, links and variables."""

    findings: tuple[Finding, ...] = ()
    targets: tuple[str, ...] = ()
    variables: frozenset[str] = field(default_factory=frozenset)
    required: frozenset[str] = field(default_factory=frozenset)


class Prepared(Protocol):
    """Content parsed once in the process that can be killed. Plain data."""

    @property
    def links(self) -> tuple[str, ...]:
        """The URL templates that get tokens, by position."""


class Message(Protocol):
    """Compiled content, ready to be rendered for thousands of people."""

    @property
    def links(self) -> tuple[str, ...]:
        """The URL templates behind link_0, link_1, …"""

    @property
    def reads(self) -> frozenset[str]:
        """Every variable that rendering reads."""

    @property
    def personal(self) -> PersonalLinks:
        """Its links that contain variables."""

    def missing(self, context: Mapping[str, Any]) -> tuple[str, ...]:
        """The required variables that are empty for this person."""

    def link_values(self, context: Mapping[str, Any]) -> LinkValues:
        """The values that the tokens of links with variables carry for this person."""

    def render(self, context: Mapping[str, Any]) -> Any:
        """One person's message, for the channel's composer.

        Raises:
            RenderError: this person's values make it impossible, or a limit was reached.
        """


class Channel(Protocol):
    """What the providers of one channel share: the kind of address and the content."""

    name: str
    label: str
    icon: str
    message_word: str  # with its article: "an e-mail"
    address: AddressKind
    capabilities: Capabilities
    content_model: type[BaseModel]
    content_form: Form

    templates: Sequence[Mapping[str, Any]]  # templates that come with the product

    def read_report(self, raw: bytes) -> Report | None:
        """Parse what a provider or a receiver sent about messages, as bytes; None when it reports nothing. Pure."""

    def lacks(self, content: Any) -> str:
        """The first required part that is empty ("subject", "message"); "" when all are filled."""

    async def prepare(
        self, who: str, content: Any, *, links: Sequence[str] | None, track_clicks: bool, track_opens: bool
    ) -> Prepared:
        """Parse content in a process that can be killed. `links` are those of the launch (None: find them now).

        Raises:
            TemplateInvalid: it cannot be read. TooSlow: reading takes too long. NotRunning, TooMany: not now.
        """

    def compile(self, prepared: Any) -> Message:
        """Compile prepared content for rendering. Fast for any content.

        Raises:
            TemplateInvalid: it cannot be compiled.
        """

    async def preview(
        self, who: str, content: Any, person: Mapping[str, Any], around: Mapping[str, str], *, marked: bool
    ) -> Shown:
        """The message for one person (`context_for`). With `marked`, empty variables are shown as empty.

        Raises:
            RenderError: it cannot be made, or takes too long. NotRunning, TooMany: not now.
        """

    async def inspect(
        self,
        who: str,
        content: Any,
        sample: Sequence[Mapping[str, Any]],
        around: Mapping[str, str],
        attributes: Sequence[str],
    ) -> Inspected:
        """Make the message for a sample of people and report what is wrong with it.

        Raises:
            RenderError: it cannot be read, or takes too long. NotRunning, TooMany: not now.
        """
