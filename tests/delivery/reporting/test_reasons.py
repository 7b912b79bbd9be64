"""Why somebody got a message or did not: each rule, in its order, up to the one that stopped it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign_app.delivery.reporting import reasons
from campaign_app.delivery.schemas import RecipientRow, Rule
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.models.delivery import DeliveryEvent, DeliveryStatus, EventKind, Reason
from tests.channels.accounts import smtp_row

S, R = DeliveryStatus, Reason
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SOON = AT + timedelta(minutes=10)
ROW = RecipientRow(1, 2, "Anna", "anna@d.example", S.SENT, R.NONE, "", 1, AT)
ADDRESS = Rule("passed", "Has an address", "anna@d.example")
CLEAR = Rule("passed", "Not on the suppression list")
TURN = Rule("waiting", "In line to be sent", "Its turn comes under the campaign's limits.")


def campaign(**values: Any) -> Campaign:
    return Campaign(**{"name": "x", "status": CampaignStatus.RUNNING, "launched_at": AT} | values)


def explained(
    row: RecipientRow = ROW,
    events: tuple[DeliveryEvent, ...] = (),
    account: SendingAccount | None = None,
    **values: Any,
) -> list[Rule]:
    first, *rest = reasons.explain(row, campaign(**values), account, events, AT)
    assert first == Rule("passed", "In the audience when the campaign was launched", at=AT)
    return rest


@pytest.mark.parametrize("reason", [R.NO_ADDRESS, R.ADDRESS_INVALID])
def test_without_an_address_nothing_else_is_asked(reason: Reason) -> None:
    row = replace(ROW, status=S.SKIPPED, reason=reason)
    assert explained(row) == [Rule("stopped", reason.label, at=AT)]
    refused = replace(row, status=S.FAILED)
    assert explained(refused)[:2] == [ADDRESS, CLEAR], "a server said so: it had one"


@pytest.mark.parametrize("reason", sorted(reasons._SUPPRESSED))
def test_who_is_suppressed_is_never_written_to(reason: Reason) -> None:
    stop = Rule("stopped", reason.label, "Suppressed addresses are never written to.", AT)
    assert explained(replace(ROW, status=S.SKIPPED, reason=reason)) == [ADDRESS, stop]


def test_a_cancelled_campaign_left_somebody_out() -> None:
    row = replace(ROW, status=S.SKIPPED, reason=R.CANCELLED)
    assert explained(row, status=CampaignStatus.CANCELLED)[-1] == Rule("stopped", R.CANCELLED.label, at=AT)


@pytest.mark.parametrize("reason", [R.MISSING_VARIABLE, R.RENDER_ERROR, R.CONTACT_DELETED])
def test_a_message_that_could_not_be_made(reason: Reason) -> None:
    row = replace(ROW, status=S.SKIPPED, reason=reason, response="company")
    assert explained(row) == [ADDRESS, CLEAR, Rule("stopped", reason.label, "company", AT)]


def test_the_contact_that_was_deleted_later_got_its_message() -> None:
    assert explained(replace(ROW, reason=R.CONTACT_DELETED))[-1].verdict == "passed"


@pytest.mark.parametrize("status", [S.PENDING])
def test_in_line(status: DeliveryStatus) -> None:
    assert explained(replace(ROW, status=status)) == [ADDRESS, CLEAR, TURN]


def test_a_paused_campaign_waits_with_its_reason() -> None:
    found = explained(replace(ROW, status=S.PENDING), status=CampaignStatus.PAUSED, status_reason="535 no")
    assert found[-1] == Rule("waiting", "The campaign is paused", "535 no")


@pytest.mark.parametrize(
    ("response", "detail"), [("451 later", "Attempt 2 was put off: 451 later"), ("", R.TEMPORARY.label)]
)
def test_put_off(response: str, detail: str) -> None:
    row = replace(ROW, status=S.PENDING, reason=R.TEMPORARY, response=response, attempts=2, next_attempt_at=SOON)
    assert explained(row)[-1] == Rule("waiting", "Tried again later", detail, SOON)
    assert explained(replace(row, next_attempt_at=AT))[-1] == TURN, "its time has come"


def test_put_off_because_its_server_refuses_the_sender() -> None:
    row = replace(ROW, status=S.PENDING, reason=R.SENDER_REFUSED, attempts=1, next_attempt_at=SOON)
    assert explained(row)[-1].detail == "The receiving server refused the sender, not this address"


def test_outside_the_windows() -> None:
    days = {str(day): [["10:00", "11:00"]] for day in range(7)}
    row = replace(ROW, status=S.PENDING)
    found = explained(row, windows={"zone": "UTC", "days": days})[-1]
    opens = AT + timedelta(hours=1)
    assert found == Rule("waiting", "Outside the sending windows", "It goes on when the next window opens.", opens)
    inside = {str(day): [["08:00", "11:00"]] for day in range(7)}
    assert explained(row, windows={"zone": "UTC", "days": inside})[-1] == TURN


@pytest.mark.parametrize(
    ("until", "title"),
    [(SOON, "The sending account does not work now"), (AT, TURN.title), (None, TURN.title)],
)
def test_an_account_that_rests(until: datetime | None, title: str) -> None:
    account = smtp_row(name="Main", host="h", port=25, from_address="a@b.example", circuit_open_until=until)
    account.last_error = "535 no"
    found = explained(replace(ROW, status=S.PENDING), account=account)[-1]
    assert found.title == title
    assert found.detail == ("535 no" if until is SOON else TURN.detail)


@pytest.mark.parametrize("status", sorted(reasons._ENDS))
def test_every_end(status: DeliveryStatus) -> None:
    row = replace(ROW, status=status, sent_at=AT, failed_at=SOON, response="250 ok")
    good = status in {S.SENT, S.DELIVERED, S.READ, S.REPLIED}
    wanted = Rule("passed" if good else "stopped", reasons._ENDS[status], "250 ok", AT if good else SOON)
    assert explained(row) == [ADDRESS, CLEAR, wanted]


@pytest.mark.parametrize(
    ("reason", "response", "attempts", "detail"),
    [
        (R.NONE, "", 1, ""),
        (R.POLICY, "554 spam", 1, "Blocked by the receiving server's policy 554 spam"),
        (R.RETRIES_USED_UP, "451 later", 4, "Not accepted after every retry 451 later (attempt 4)"),
        (R.NONE, "", 2, "(attempt 2)"),
    ],
)
def test_the_end_in_words(reason: Reason, response: str, attempts: int, detail: str) -> None:
    row = replace(ROW, status=S.FAILED, reason=reason, response=response, attempts=attempts)
    assert explained(row)[-1] == Rule("stopped", "The message was not accepted", detail, AT)


def test_a_status_without_a_sentence_says_its_name() -> None:
    assert explained(replace(ROW, status=S.SKIPPED, reason=R.POLICY))[-1].title == "skipped"


@pytest.mark.parametrize(
    ("kind", "machine", "detail", "title", "said"),
    [
        (EventKind.DELAY, "", "451 4.7.1", "The receiving server puts it off, and goes on trying", "451 4.7.1"),
        (EventKind.BOUNCE, "", "550 5.1.1", "A report came back", "550 5.1.1"),
        (EventKind.OPEN, "", "not shown", "Event: open", ""),
        (EventKind.OPEN, "Gmail's proxy", "", "Event: open", "By a machine: Gmail's proxy"),
        (EventKind.BOUNCE, "scanner", "550", "A report came back", "By a machine: scanner"),
    ],
)
def test_events_follow_the_end(kind: EventKind, machine: str, detail: str, title: str, said: str) -> None:
    event = DeliveryEvent(delivery_id=1, campaign_id=1, kind=kind, at=SOON, machine=machine, detail=detail)
    end, noted = explained(events=(event,))[-2:]
    assert end.title == "The receiving server accepted the message"
    assert noted == Rule("noted", title, said, SOON)
