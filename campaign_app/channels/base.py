"""What the engine knows of a channel: a Sender pulls messages from a Source and tells it each outcome.

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
    """The outcome of one message. `response` holds the provider's own words (≤ 500 characters).

    `account_trouble`: the account, not the recipient, is at fault (log-in refused, connection refused, sender refused
    at any command, the final dot too): the circuit breaker counts it. With NOT_TRIED the message is certainly not
    sent, even if it had been handed over. `throttled`: the provider asked to slow down; no attempt of the recipient's
    is used up. `retry_after` in seconds. `party` and `rule` name who is at fault and the row of the table that says so.
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
        """Whether the address itself does not exist or cannot be written to, now and later."""
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
        """The next message whose slot is granted now; None when there is none at this moment."""

    def handed_over(self, key: int) -> None:
        """The provider may accept this message from now on."""

    def settled(self, key: int, result: Result) -> None:
        """The one final outcome of a message that was taken."""


class Sender(Protocol):
    """An account's open connections. It takes from the source whenever a connection is free."""

    @property
    def in_flight(self) -> int:
        """Messages taken and not settled."""

    def wake(self) -> None:
        """The source has messages again (or new slots)."""

    async def drain(self, timeout_s: float) -> None:
        """Take no more, wait for answers; after the timeout settle the rest as UNCERTAIN or NOT_TRIED."""

    async def close(self) -> None:
        """Close every connection politely."""


class AccountSettings(BaseModel):
    """What a provider's account is told by people, secrets aside. Each adapter has a model of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """A sending account with its secrets opened; lives in memory only and never in a log (repr hides secrets).

    `learnt`: what of the server's capabilities decides how messages are made and sent (`ChannelAdapter.learnt`).
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
    """An account as a form would save it. `entered`: secrets, None = kept as stored; `kept`: those that are stored."""

    settings: Any
    entered: Mapping[str, str | None]
    before: Any = None
    kept: frozenset[str] = frozenset()

    def keeps(self, secret: str) -> bool:
        """Whether a stored secret would go on being used."""
        return self.entered.get(secret) is None and secret in self.kept


@dataclass(frozen=True, slots=True)
class Summary:
    """An account's settings in the words that every page has room for.

    `address` and `name` are the sender's as recipients see them, `server` is where it connects to; `is_sandbox`: it
    reaches this installation's own sandbox and nobody else.
    """

    address: str
    name: str = ""
    reply_to: str = ""
    server: str = ""
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Dependence:
    """Names of settings and secrets. When one of them changes, what was known is not true any more."""

    connection: frozenset[str]  # a connection test
    server: frozenset[str]  # what was learnt of the server
    rate: frozenset[str]  # the rate that its push-back taught


@dataclass(frozen=True, slots=True)
class Weakness:
    """`what` a server claims to do and was seen to break on; `text`: what is done instead; its own words."""

    what: str
    text: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom one message goes to, and what names its delivery wherever the message turns up.

    `key` is the delivery's id; `token` names it to everybody else, `unsubscribe_url` is where this person leaves.
    """

    key: int
    recipient: str
    name: str
    unsubscribe_url: str
    token: str


class Composer(Protocol):
    """Turns rendered content into bytes; made once per campaign and account."""

    def compose(self, envelope: Envelope, rendered: Any) -> bytes:
        """The complete message as the channel sends it; `rendered` is what its own compiled content made.

        Raises:
            ValueError: something cannot be written as the channel needs it, or the address cannot be sent to.
        """


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a connection test found: `ok`, the server's own words line by line, its capabilities, seconds taken."""

    ok: bool
    summary: str
    transcript: tuple[str, ...]
    capabilities: Mapping[str, str]
    seconds: float


class AccountKind(Protocol):
    """What an adapter says of its accounts: their settings, secrets, form, and what was learnt of their server."""

    provider: str
    provider_label: str
    settings_model: type[AccountSettings]
    secret_names: tuple[str, ...]
    form: Form
    dependence: Dependence

    def problems(self, candidate: Candidate) -> dict[str, str]:
        """Field → what is wrong with it; a stored secret must not go to another server than it was entered for."""

    def unused_secrets(self, settings: Any) -> frozenset[str]:
        """Secrets that these settings leave no use for: they are erased."""

    def summary(self, settings: Any) -> Summary:
        """The settings in a few words."""

    def facts(self, settings: Any, secrets: Collection[str]) -> list[tuple[str, str]]:
        """The settings for people who may look but not change; `secrets` are the names of those that are stored."""

    def connection(self, account: AccountConfig) -> tuple[Any, ...]:
        """Everything that a connection test depends on, in one spelling."""

    def connection_key(self, account: AccountConfig) -> object:
        """Changes when open connections must be replaced although nobody edited the account."""

    def learnt(self, capabilities: Mapping[str, Any], settings: Any) -> Mapping[str, str]:
        """What of the server's capabilities decides how messages are made and sent."""

    def keeps(self, capability: str) -> bool:
        """Whether it was learnt while sending, so that the server's next greeting does not replace it."""

    def offers(self, capabilities: Mapping[str, Any]) -> list[str]:
        """What the server can do, in words."""

    def weakness(self, capabilities: Mapping[str, Any]) -> Weakness | None:
        """What the server breaks on; None when nothing is known."""


class ChannelAdapter(AccountKind, Protocol):
    """Everything about one provider of a channel; found through `channels.registry.adapter(provider)`."""

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

        `on_capabilities` hears what the server turned out to offer, and what it offers but breaks on; hand it to
        `channels.service.record_capabilities`.
        """

    def composer(self, account: AccountConfig, content: Any) -> Composer:
        """A composer for one campaign's messages; `content` is in the channel's model.

        Raises:
            ValueError: the account's own addresses or its key cannot be used.
        """

    async def test_connection(self, account: AccountConfig, timeout_s: float = 15.0) -> ConnectionReport:
        """Connect, greet, log in, leave. Never raises for what the server does."""

    async def send_one(self, account: AccountConfig, message: Outgoing, timeout_s: float = 30.0) -> Result:
        """Send a single message outside any campaign (test sends)."""

    async def sender_checks(self, settings: Any) -> list[Finding]:
        """For pre-flight, with the network: whether receivers will trust this sender. About 4 s at most."""

    def recipient_problem(self, address: str) -> str:
        """What is wrong with a recipient that a person entered; "" when nothing is."""

    def campaign_test(self, account: AccountConfig, content: Any, shown: Shown, to: str, mark: str) -> Outgoing:
        """A campaign's message for a colleague, marked as a test; `mark` is different each time.

        Raises:
            ValueError: the address cannot be sent to, or the account's own cannot be used.
        """

    def message_id(self, settings: Any, delivery_id: int) -> str:
        """The name that the messages of a delivery carry from here; "" where the channel has none."""

    def provider_id(self, response: str) -> str:
        """The name under which the server took a message, read from its answer; "" when it holds none."""

    def account_test(self, account: AccountConfig, to: str) -> Outgoing:
        """A short message that shows that the account works.

        Raises:
            ValueError: the account's own addresses or its key cannot be used.
        """
