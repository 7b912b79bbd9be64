"""Rows about servers and routes between them, and about codes without a known text."""

from campaign_app.channels.base import Party
from campaign_app.channels.email.mail_replies.vocabulary import Permanence, Rule, Stage
from campaign_app.models.delivery import Reason

_R, _A, _C, _S = Party.RECIPIENT, Party.ACCOUNT, Party.CONTENT, Party.SERVER
_THROTTLE, _TRANSIENT = Permanence.THROTTLE, Permanence.TRANSIENT
_NOT_NOW, _FOR_GOOD = frozenset({4}), frozenset({5})
_FIRST_STEPS = frozenset({Stage.CONNECT, Stage.AUTH, Stage.MAIL})
_LATER_STEPS = frozenset(Stage) - _FIRST_STEPS

BUSY = Rule(
    "server-busy", _S, Reason.TEMPORARY, _THROTTLE,
    words=(
        "server busy", "server is busy", "system busy", "too busy", "overload", "high load", "load too high",
        "system load", "load average", "insufficient system", "insufficient disk", "system resources", "congest",
        "mail system full", "out of resources", "resources temporarily", "queue too long", "backlog", "agent busy",
        "closing transmission channel", "service not available", "service unavailable try", "shutting down",
    ),
    classes=_NOT_NOW,
)  # fmt: skip

ROUTE = Rule(
    "route", _S, Reason.REFUSED,
    words=(
        "loop", "too many hops", "hop count", "hops", "received headers", "timed out", "time out", "timeout",
        "no route", "unreachable", "connection refused", "connection reset", "connection dropped", "connection was",
        "could not connect", "cannot connect", "unable to connect", "no answer from host", "lost connection",
        "queue.expired", "message expired", "delivery expired", "delivery time expired", "expired", "retry time not",
        "retry timeout", "been in the queue", "server did not respond", "not reachable", "resolv", "name server",
        "nameserver", "name lookup", "dns error", "dns lookup", "dns failure", "malformed or unexpected",
        "try again later", "configuration error", "misconfigured", "local error", "internal error",
        "internal server error", "system error", "system problem", "local problem", "no space left on device",
        "read only file", "input output error", "command died", "mailer error", "procmail", "maildrop", "write error",
        "starttls", " tls ", "certificate", "encryption", "handshake", "ssl",
    ),
)  # fmt: skip

POLICY_BUT = Rule(  # GMX says “mailbox unavailable” before it
    "policy-restrictions", _S, Reason.POLICY, words=("policy restrictions",), classes=_FOR_GOOD, stages=_LATER_STEPS
)

POLICY = Rule(
    "policy", _S, Reason.POLICY,
    words=(
        "policy", "policies", "prohibit", "denied", "forbidden", "not authorized", "not authorised", "not permitted",
        "not allowed", "blocked", "rejected for", "abuse", "security reasons", "organizational settings",
        "transport.rules", "access control", "filtered", "filter", "interdit", "verboten", "abgelehnt", "rechazado",
        "rifiutato",
    ),
    classes=_FOR_GOOD,
)  # fmt: skip

EDGE_BLOCKED = Rule(  # Exchange Online: the directory does not know the address
    "directory-edge", _R, Reason.UNKNOWN_ADDRESS,
    words=("recipient address rejected access denied",), spans=((4, 1, 1), (7, 504, 505)), classes=_FOR_GOOD,
    stages=_LATER_STEPS,
)  # fmt: skip


def _by_status(name: str, party: Party, reason: Reason, *spans: tuple[int, int, int], **more: object) -> Rule:
    return Rule(name, party, reason, spans=spans, **more)  # type: ignore[arg-type]


SYNTAX_STATUS = _by_status(
    "status-syntax", _R, Reason.ADDRESS_INVALID, (1, 3, 3), classes=_FOR_GOOD, stages=_LATER_STEPS
)
SURE_STATUS = (
    _by_status("status-unknown", _R, Reason.UNKNOWN_ADDRESS, (1, 1, 2), (1, 6, 6), (1, 10, 10), classes=_FOR_GOOD),
    _by_status("status-daily-limit", _A, Reason.TEMPORARY, (1, 90, 90), permanence=_THROTTLE),
    _by_status("status-sending-limit", _A, Reason.TEMPORARY, (4, 5, 5), permanence=_THROTTLE, classes=_FOR_GOOD),
    _by_status("status-flood", _A, Reason.TEMPORARY, (7, 28, 28), (7, 38, 38), permanence=_THROTTLE),
    _by_status("status-sender", _A, Reason.ACCOUNT, (1, 7, 9)),
    _by_status("status-authentication", _A, Reason.ACCOUNT, (7, 8, 9), (7, 13, 13), (7, 20, 27), (7, 29, 30)),
    _by_status(
        "status-exchange-online", _A, Reason.ACCOUNT,
        (7, 57, 57), (7, 60, 60), (7, 64, 64), (7, 501, 503), (7, 506, 512), (7, 600, 799), (7, 232, 233),
        classes=_FOR_GOOD,
    ),
)  # fmt: skip

BY_STATUS = (
    _by_status("status-congestion", _S, Reason.TEMPORARY, (4, 5, 5), (3, 1, 2), permanence=_THROTTLE, classes=_NOT_NOW),
    _by_status("status-too-many-recipients", _A, Reason.TEMPORARY, (5, 3, 3), permanence=_THROTTLE),
    _by_status("status-recipient-rate", _R, Reason.TEMPORARY, (2, 121, 122), permanence=_TRANSIENT),
    _by_status("status-full", _R, Reason.MAILBOX_FULL, (2, 2, 2)),
    _by_status("status-size", _C, Reason.MESSAGE_TOO_LARGE, (2, 3, 3), (3, 4, 4)),
    _by_status(
        "status-address", _R, Reason.UNKNOWN_ADDRESS, (1, 0, 0), (2, 1, 1), (7, 17, 18), classes=_FOR_GOOD,
    ),
    _by_status("status-recipient", _R, Reason.REFUSED, (1, 4, 5), (2, 0, 0), (2, 4, 4), (7, 504, 505)),
    _by_status("status-mailbox-later", _R, Reason.TEMPORARY, (1, 0, 999), (2, 0, 999), classes=_NOT_NOW),
    _by_status("status-form", _C, Reason.REFUSED, (6, 0, 999), (3, 3, 3)),
    _by_status("status-policy", _S, Reason.POLICY, (7, 0, 999), classes=_FOR_GOOD),
)  # fmt: skip

BY_CODE = (
    Rule("code-size", _C, Reason.MESSAGE_TOO_LARGE, codes=frozenset({552})),
    Rule("code-throttle", _S, Reason.TEMPORARY, _THROTTLE, codes=frozenset({421, 432, 454})),
)

SENDER_STEP = Rule("sender-step", _A, Reason.ACCOUNT, classes=_FOR_GOOD, stages=_FIRST_STEPS)
LATER = Rule("later", _S, Reason.TEMPORARY, _TRANSIENT, classes=_NOT_NOW)
REFUSED = Rule("refused", _S, Reason.REFUSED)
