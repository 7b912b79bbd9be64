"""Why somebody got a message or not: the rules that were applied, in their order, as sentences. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from campaign_app.campaigns import schedule
from campaign_app.delivery.schemas import RecipientRow, Rule
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import DeliveryEvent, DeliveryStatus, EventKind, Reason

S = DeliveryStatus
_SUPPRESSED = {
    Reason.UNSUBSCRIBED,
    Reason.SUPPRESSED_BOUNCED,
    Reason.COMPLAINED,
    Reason.SUPPRESSED_MANUAL,
}
_CONTENT = {Reason.MISSING_VARIABLE, Reason.RENDER_ERROR}
_EVENTS = {
    EventKind.DELAY: "The receiving server puts it off, and goes on trying",
    EventKind.BOUNCE: "A report came back",
}
_ENDS = {
    S.SENT: "The receiving server accepted the message",
    S.DELIVERED: "The message was delivered",
    S.READ: "The message was read",
    S.REPLIED: "The recipient replied",
    S.BOUNCED: "The message came back",
    S.FAILED: "The message was not accepted",
    S.UNCERTAIN: "Nobody can tell whether the message arrived",
}


def explain(
    row: RecipientRow,
    campaign: Campaign,
    account: SendingAccount | None,
    events: Sequence[DeliveryEvent],
    at: datetime,
) -> tuple[Rule, ...]:
    """Every rule that was applied to this recipient, up to the one that stopped it."""
    rules: list[Rule] = []
    for rule in _chain(row, campaign, account, at):
        rules.append(rule)
        if rule.verdict in {"stopped", "waiting"}:
            break
    rules.extend(
        Rule("noted", _EVENTS.get(event.kind) or f"Event: {event.kind.value}", _detail(event), event.at)
        for event in events
    )
    return tuple(rules)


def _detail(event: DeliveryEvent) -> str:
    if event.machine:
        return f"By a machine: {event.machine}"
    return event.detail if event.kind in _EVENTS else ""


def _chain(row: RecipientRow, campaign: Campaign, account: SendingAccount | None, at: datetime) -> Iterator[Rule]:
    yield Rule("passed", "In the audience when the campaign was launched", at=campaign.launched_at)
    yield from _recipient_rules(row)
    if row.status is S.SKIPPED and row.reason is Reason.CANCELLED:
        yield Rule("stopped", row.reason.label, at=row.updated_at)
    if row.status is S.PENDING:
        yield from _waiting(row, campaign, account, at)
        yield Rule("waiting", "In line to be sent", "Its turn comes under the campaign's limits.")
    if row.reason in _CONTENT or (row.status is S.SKIPPED and row.reason is Reason.CONTACT_DELETED):
        yield Rule("stopped", row.reason.label, row.response, row.updated_at)
    yield from _end(row)


def _recipient_rules(row: RecipientRow) -> Iterator[Rule]:
    if row.reason in {Reason.NO_ADDRESS, Reason.ADDRESS_INVALID} and row.status is S.SKIPPED:
        yield Rule("stopped", row.reason.label, at=row.updated_at)
    else:
        yield Rule("passed", "Has an address", row.address)
    if row.reason in _SUPPRESSED and row.status is S.SKIPPED:
        yield Rule("stopped", row.reason.label, "Suppressed addresses are never written to.", row.updated_at)
    else:
        yield Rule("passed", "Not on the suppression list")


def _waiting(row: RecipientRow, campaign: Campaign, account: SendingAccount | None, at: datetime) -> Iterator[Rule]:
    if campaign.status is not CampaignStatus.RUNNING:
        yield Rule("waiting", f"The campaign is {campaign.status.value}", campaign.status_reason)
    if row.next_attempt_at and row.next_attempt_at > at:
        detail = f"Attempt {row.attempts} was put off: {row.response}" if row.response else row.reason.label
        yield Rule("waiting", "Tried again later", detail, row.next_attempt_at)
    opens = schedule.next_open(campaign.windows, at)
    if opens is None or opens > at:
        yield Rule("waiting", "Outside the sending windows", "It goes on when the next window opens.", opens)
    if account and account.circuit_open_until and account.circuit_open_until > at:
        yield Rule("waiting", "The sending account does not work now", account.last_error, account.circuit_open_until)


def _end(row: RecipientRow) -> Iterator[Rule]:
    good = row.status in {S.SENT, S.DELIVERED, S.READ, S.REPLIED}
    detail = " ".join(part for part in (row.reason.label, row.response) if part)
    if row.attempts > 1:
        detail = f"{detail} (attempt {row.attempts})".strip()
    yield Rule(
        "passed" if good else "stopped",
        _ENDS.get(row.status, row.status.value),
        detail,
        (row.sent_at if good else row.failed_at) or row.updated_at,
    )
