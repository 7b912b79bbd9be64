"""Which statuses a delivery may go through: the one table, and the rank of what providers report. Pure."""

from collections.abc import Mapping

from campaign_app.models.delivery import DeliveryStatus, EventKind

S = DeliveryStatus
_OUTCOMES = frozenset({S.SENT, S.FAILED, S.UNCERTAIN, S.SKIPPED})
_PROVIDER = frozenset({S.DELIVERED, S.READ, S.REPLIED, S.BOUNCED})

# A row under a held lease reads `pending` while it is being sent, so every outcome may follow both.
TRANSITIONS: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    S.PENDING: _OUTCOMES | _PROVIDER,
    S.UNCERTAIN: _PROVIDER | {S.SENT, S.FAILED, S.PENDING},
    S.SENT: _PROVIDER | {S.FAILED, S.PENDING},  # a failure that the provider told later; pending: it is tried again
    S.DELIVERED: frozenset({S.READ, S.REPLIED, S.BOUNCED}),
    S.BOUNCED: frozenset({S.READ, S.REPLIED}),
    S.READ: frozenset({S.REPLIED}),
    S.REPLIED: frozenset(),
    S.FAILED: _PROVIDER,  # the failure was told first and was wrong
    S.SKIPPED: frozenset(),
}

OUTCOMES: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    **dict.fromkeys(S, frozenset()),
    S.PENDING: _OUTCOMES | {S.PENDING},
    S.UNCERTAIN: frozenset({S.SENT, S.FAILED}),
}
"""What a worker or its journal may report of a row in each status. Pending again: put off until later."""

# What providers report, weakest first. A failure is weaker than any sign that the message arrived. The strongest report
# wins whatever the order, so that late and repeated ones never move a row back: a bounce after `delivered` is news, a
# bounce after a reply is not.
RANK: Mapping[DeliveryStatus, int] = {
    S.PENDING: 0,
    S.UNCERTAIN: 0,
    S.SENT: 1,
    S.FAILED: 2,
    S.DELIVERED: 3,
    S.BOUNCED: 4,
    S.READ: 5,
    S.REPLIED: 6,
}

EVENT_STATUS: Mapping[EventKind, DeliveryStatus] = {
    EventKind.DELIVER: S.DELIVERED,
    EventKind.BOUNCE: S.BOUNCED,
    EventKind.REPLY: S.REPLIED,
    EventKind.SENT: S.SENT,
    EventKind.READ: S.READ,
    EventKind.FAIL: S.FAILED,
}


def allows(current: DeliveryStatus, target: DeliveryStatus) -> bool:
    """Whether the table leads from `current` to `target`."""
    return target in TRANSITIONS[current]


def after_event(current: DeliveryStatus, kind: EventKind) -> DeliveryStatus | None:
    """The status that a provider's event leads to; None when it changes nothing (no status, late, or repeated)."""
    target = EVENT_STATUS.get(kind)
    if target is None or current not in RANK or RANK[target] <= RANK[current] or not allows(current, target):
        return None
    return target
