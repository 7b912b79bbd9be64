"""What the rooms know of a channel's content: a model, made into messages, shown and checked by the channel itself."""

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
    """What a channel writes to. `like` is the SQL pattern of a usable one; `has_domain`: one without a domain is none.

    Each kind has rows of its own in `suppression`; "email" and "phone" are columns of a contact, others are rows of
    `contact_address`.
    """

    name: str
    label: str
    like: str = "_%"
    has_domain: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do; pages, checks and figures ask this and not which channel it is."""

    has_subject: bool = False
    has_links: bool = False  # of ours: clicks are counted, people unsubscribe by one
    tracks_opens: bool = False
    confirms_delivery: bool = False
    confirms_read: bool = False
    hears_replies: bool = False
    hears_returns: bool = False  # bounces and complaints
    needs_postal_address: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message for one person. `missing`: required variables that are empty; `variables`: all that it names.

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
    """What a sample of people would get: mistakes found, and what the message asks for."""

    findings: tuple[Finding, ...] = ()
    targets: tuple[str, ...] = ()
    variables: frozenset[str] = field(default_factory=frozenset)
    required: frozenset[str] = field(default_factory=frozenset)


class Prepared(Protocol):
    """Content read once in the process that can be killed; plain data."""

    @property
    def links(self) -> tuple[str, ...]:
        """The URL templates that get tokens, by position."""


class Message(Protocol):
    """Content compiled, ready to be rendered for thousands."""

    @property
    def links(self) -> tuple[str, ...]:
        """The URL templates behind link_0, link_1, …"""

    @property
    def reads(self) -> frozenset[str]:
        """Every name that it asks for when rendered."""

    @property
    def personal(self) -> PersonalLinks:
        """Its links with variables."""

    def missing(self, context: Mapping[str, Any]) -> tuple[str, ...]:
        """The required variables that are empty for this person."""

    def link_values(self, context: Mapping[str, Any]) -> LinkValues:
        """What the tokens of links with variables carry for this person."""

    def render(self, context: Mapping[str, Any]) -> Any:
        """One person's message, for the channel's composer.

        Raises:
            RenderError: this person's values make it impossible, or a limit was reached.
        """


class Channel(Protocol):
    """What providers of one channel share: who it writes to, and what is written."""

    name: str
    label: str
    icon: str
    message_word: str  # with its article: "an e-mail"
    address: AddressKind
    capabilities: Capabilities
    content_model: type[BaseModel]
    content_form: Form

    templates: Sequence[Mapping[str, Any]]  # those that come with the product

    def read_report(self, raw: bytes) -> Report | None:
        """What a provider or a receiver sent about messages, bytes in; None when it says nothing. Pure."""

    def lacks(self, content: Any) -> str:
        """What is empty and must not be ("subject", "message"); "" when all is there."""

    async def prepare(
        self, who: str, content: Any, *, links: Sequence[str] | None, track_clicks: bool, track_opens: bool
    ) -> Prepared:
        """Content read in a process that can be killed; `links` are those of the launch (None: find them now).

        Raises:
            TemplateInvalid: it cannot be read. TooSlow: reading takes too long. NotRunning, TooMany: not now.
        """

    def compile(self, prepared: Any) -> Message:
        """What was prepared, ready to be rendered; quick, whatever was written.

        Raises:
            TemplateInvalid: it cannot be compiled.
        """

    async def preview(
        self, who: str, content: Any, person: Mapping[str, Any], around: Mapping[str, str], *, marked: bool
    ) -> Shown:
        """The message for one person (`context_for`); with `marked` empty variables are shown as such.

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
        """What is wrong with the message, made for a sample of people.

        Raises:
            RenderError: it cannot be read, or takes too long. NotRunning, TooMany: not now.
        """
