"""What the engine knows of a channel: a Sender takes messages from a Source and reports each outcome to it.

The order of calls for one message is always: `take` → `handed_over` → `settled`. `handed_over` comes in the same
event-loop step as the write after which the provider might accept the message, and before that write; a message that
was taken but never handed over is certainly not sent. `settled` is called exactly once for every message taken.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from campaign_app.channels.content import Capabilities, Channel, Shown
from campaign_app.channels.fields import Form
from campaign_app.models.delivery import Reason
from campaign_app.rendering.finding import Finding


class Verdict(StrEnum):
    """What a provider's answer means for one message."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # try again later; costs an attempt
    PERMANENT = "permanent"  # never again
    UNCERTAIN = "uncertain"  # handed over, and no answer is known
    NOT_TRIED = "not_tried"  # certainly not sent, costs no attempt: outage, drain, account trouble
    RETURNED = "returned"  # answered after the hand-over: certainly not sent, nobody's fault, costs no attempt


class Party(StrEnum):
    """Who is at fault for a refusal."""

    NOBODY = ""
    RECIPIENT = "recipient"
    ACCOUNT = "account"  # the sender: log-in, address, domain, network, reputation, quota
    CONTENT = "content"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one message. `response` holds the provider's own text (≤ 500 characters).

    `account_trouble`: the account is at fault, not the recipient (log-in refused, connection refused, sender refused
    at any command, including the final dot). The circuit breaker counts it. With NOT_TRIED the message is certainly
    not sent, even if it was handed over. `throttled`: the provider asked to slow down; the recipient loses no attempt.
    `retry_after` is in seconds. `party` and `rule` name who is at fault and the row of the reply table that says so.
    `provider_id`: the name under which the provider reports about an accepted message (≤ 128 characters, "" for none).
    """

    verdict: Verdict
    reason: Reason = Reason.NONE
    response: str = ""
    retry_after: float | None = None
    account_trouble: bool = False
    throttled: bool = False
    party: Party = Party.NOBODY
    rule: str = ""
    provider_id: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether the address does not exist or can never be written to."""
        return (
            self.verdict is Verdict.PERMANENT
            and self.party is Party.RECIPIENT
            and self.reason in {Reason.UNKNOWN_ADDRESS, Reason.ADDRESS_INVALID}
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, ready to go. `key` is the delivery's id; `content` is complete (for SMTP: RFC 5322, CRLF)."""

    key: int
    sender: str
    recipient: str
    content: bytes


class Source(Protocol):
    """Where a Sender gets its messages; implemented by the engine. All calls are synchronous and quick."""

    def take(self) -> Outgoing | None:
        """The next message whose send slot is granted now; None when there is none now."""

    def handed_over(self, key: int) -> None:
        """The provider may accept this message from now on."""

    def settled(self, key: int, result: Result) -> None:
        """The one final outcome of a taken message."""


class Sender(Protocol):
    """An account's open connections. It takes from the source whenever a connection is free."""

    @property
    def in_flight(self) -> int:
        """Messages taken and not yet settled."""

    def wake(self) -> None:
        """The source has messages or send slots again."""

    async def drain(self, timeout_s: float) -> None:
        """Take no more messages and wait for answers. After the timeout, settle the rest as UNCERTAIN or NOT_TRIED."""

    async def close(self) -> None:
        """Close every connection with a goodbye."""


class AccountSettings(BaseModel):
    """An account's settings without its secrets. Each adapter has its own model."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """A sending account with its secrets opened. It lives only in memory and never in a log (repr hides secrets).

    `learnt`: the server's capabilities that decide how messages are made and sent (`ChannelAdapter.learnt`).
    """

    id: int
    name: str
    provider: str
    settings: Any
    secrets: Mapping[str, str]
    limit_per_minute: int | None = None
    limit_per_day: int | None = None
    learnt: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"AccountConfig(id={self.id}, name={self.name!r}, provider={self.provider!r})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account as a form would save it. `entered`: typed secrets, None = keep the stored one; `kept`: stored ones."""

    settings: Any
    entered: Mapping[str, str | None]
    before: Any = None
    kept: frozenset[str] = frozenset()

    def keeps(self, secret: str) -> bool:
        """Whether a stored secret stays in use."""
        return self.entered.get(secret) is None and secret in self.kept


@dataclass(frozen=True, slots=True)
class Summary:
    """An account's settings in short, as all pages show them.

    `address` and `name` are the sender's as recipients see them. `server` is the server that it connects to.
    `is_sandbox`: it connects to this installation's own sandbox, so no mail leaves the machine.
    """

    address: str
    name: str = ""
    reply_to: str = ""
    server: str = ""
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Dependence:
    """Names of settings and secrets. When one of them changes, what was known about the server is no longer valid."""

    connection: frozenset[str]  # a connection test
    server: frozenset[str]  # what was learnt of the server
    rate: frozenset[str]  # the rate learnt from its push-back


@dataclass(frozen=True, slots=True)
class Weakness:
    """A fault of the server.

    `what`: an extension that it offers but handles wrongly; `text`: what is done instead; `words`: its reply.
    """

    what: str
    text: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who gets one message, and the names that identify its delivery.

    `key` is the delivery's id. `token` identifies it outside the product. This person unsubscribes at
    `unsubscribe_url`.
    """

    key: int
    recipient: str
    name: str
    unsubscribe_url: str
    token: str


class Composer(Protocol):
    """Turns rendered content into bytes. Made once per campaign and account."""

    def compose(self, envelope: Envelope, rendered: Any) -> bytes:
        """The complete message as the channel sends it. `rendered` is the result of the channel's compiled content.

        Raises:
            ValueError: something cannot be written as the channel needs it, or the address cannot be sent to.
        """


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """Result of a connection test: `ok`, the server's replies line by line, its capabilities, seconds taken."""

    ok: bool
    summary: str
    transcript: tuple[str, ...]
    capabilities: Mapping[str, str]
    seconds: float


class AccountKind(Protocol):
    """What an adapter knows of its accounts: settings, secrets, form, and what was learnt about their server."""

    provider: str
    provider_label: str
    settings_model: type[AccountSettings]
    secret_names: tuple[str, ...]
    form: Form
    dependence: Dependence

    def problems(self, candidate: Candidate) -> dict[str, str]:
        """Field → what is wrong with it. A stored secret must not go to another server than it was entered for."""

    def unused_secrets(self, settings: Any) -> frozenset[str]:
        """Secrets that these settings do not use. They are erased."""

    def summary(self, settings: Any) -> Summary:
        """The settings in short."""

    def facts(self, settings: Any, secrets: Collection[str]) -> list[tuple[str, str]]:
        """The settings for people who may read but not change them. `secrets` are the names of the stored ones."""

    def connection(self, account: AccountConfig) -> tuple[Any, ...]:
        """Everything that a connection test depends on, in one normal form."""

    def connection_key(self, account: AccountConfig) -> object:
        """Changes when open connections must be replaced although nobody edited the account."""

    def learnt(self, capabilities: Mapping[str, Any], settings: Any) -> Mapping[str, str]:
        """The server's capabilities that decide how messages are made and sent."""

    def keeps(self, capability: str) -> bool:
        """Whether this was learnt while sending, so that the server's next greeting does not replace it."""

    def offers(self, capabilities: Mapping[str, Any]) -> list[str]:
        """What the server can do, as text."""

    def weakness(self, capabilities: Mapping[str, Any]) -> Weakness | None:
        """The server's known weakness; None when none is known."""


class ChannelAdapter(AccountKind, Protocol):
    """One provider of a channel; found through `channels.registry.adapter(provider)`."""

    channel: Channel
    capabilities: Capabilities

    def sender(
        self,
        account: AccountConfig,
        source: Source,
        *,
        on_capabilities: Callable[[Mapping[str, str]], None] | None = None,
    ) -> Sender:
        """A sender bound to the running event loop. Connections open when there is something to send.

        `on_capabilities` is called with what the server offers and with its weaknesses. Pass the values to
        `channels.service.record_capabilities`.
        """

    def composer(self, account: AccountConfig, content: Any) -> Composer:
        """A composer for one campaign's messages; `content` is in the channel's model.

        Raises:
            ValueError: the account's own addresses or its key cannot be used.
        """

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        """Connect, greet, log in, quit. Never raises because of what the server does."""

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        """Send a single message outside any campaign (test sends)."""

    async def sender_checks(self, settings: Any) -> list[Finding]:
        """Pre-flight checks that use the network: whether receivers will trust this sender. Takes at most about 4 s."""

    def recipient_problem(self, address: str) -> str:
        """What is wrong with a recipient that a person typed; "" when nothing is wrong."""

    def campaign_test(self, account: AccountConfig, content: Any, shown: Shown, to: str, mark: str) -> Outgoing:
        """A campaign's message for a colleague, marked as a test. `mark` is different each time.

        Raises:
            ValueError: the address cannot be sent to, or the account's own cannot be used.
        """

    def message_id(self, settings: Any, delivery_id: int) -> str:
        """The message id of a delivery sent by this account; "" where the channel has none."""

    def provider_id(self, response: str) -> str:
        """The provider's id of an accepted message, read from its answer; "" when the answer has none."""

    def account_test(self, account: AccountConfig, to: str) -> Outgoing:
        """A short test message that shows that the account works.

        Raises:
            ValueError: the account's own addresses or its key cannot be used.
        """
