"""What opening and closing a circuit writes, without an engine."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from campaign_app.channels import service as accounts
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.core.errors import AppError
from campaign_app.delivery import completion, service
from campaign_app.delivery.runtime import circuit
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus, Pauser
from tests.delivery import factory
from tests.delivery.conftest import launch
from tests.delivery.runtime.test_push_back import status_of
from tests.delivery.scripted import Script

pytestmark = pytest.mark.usefixtures("redis_url", "database")
AT = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)
PAST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit.clock, "now", lambda: AT)


async def account_of(account_id: int) -> SendingAccount:
    async with db.reading() as session:
        found = await session.get(SendingAccount, account_id)
        assert found is not None
        return found


async def change(account_id: int, **values: object) -> None:
    async with db.transaction() as session:
        found = await session.get(SendingAccount, account_id)
        assert found is not None
        for name, value in values.items():
            setattr(found, name, value)
        session.add(found)


async def opened(account_id: int, words: str = "535 no") -> bool:
    async with db.transaction() as session:
        return await circuit.open_circuit(session, account_id, words)


async def running(account_id: int, name: str = "person") -> int:
    audience = await factory.audience(1, f"{name} of account {account_id}")
    campaign_id = await factory.campaign(account_id, [audience])
    await launch(campaign_id)
    return campaign_id


def test_the_waits_grow_to_a_quarter_of_an_hour() -> None:
    expected = [30, 30, 60, 120, 300, 600, 900, 900, 900]
    assert [circuit.wait_s(failures) for failures in (0, 1, 2, 3, 4, 5, 6, 7, 50)] == expected


async def test_what_opening_writes() -> None:
    account_id = await factory.account(name="News")
    campaign_id = await running(account_id)
    with capture_logs() as lines:
        assert await opened(account_id, "535 no " + "x" * 900)
    found = await account_of(account_id)
    assert (found.circuit_failures, found.circuit_open_until) == (1, AT + timedelta(seconds=30))
    assert (found.last_error, found.last_checked_at) == (("535 no " + "x" * 900)[:500], AT)
    campaign = await status_of(campaign_id)
    assert (campaign.status, campaign.pauser) == (CampaignStatus.PAUSED, Pauser.CIRCUIT)
    assert campaign.status_reason == f"“News” does not work: 535 no {'x' * 900}"[:500]
    [line] = [line for line in lines if line["event"] == "circuit open"]
    assert (line["log_level"], line["account"], line["words"]) == ("warning", account_id, ("535 no " + "x" * 900)[:200])
    assert line["until"] == "2026-11-20 10:01:00+00:00"


async def test_a_server_without_words_gave_no_answer() -> None:
    account_id = await factory.account(name="News")
    campaign_id = await running(account_id)
    assert await opened(account_id, "")
    assert (await status_of(campaign_id)).status_reason == (
        "“News” does not work: no answer. It is tried again by itself."
    )


async def test_an_open_circuit_is_not_opened_again() -> None:
    account_id = await factory.account()
    assert await opened(account_id)
    await change(account_id, circuit_open_until=AT + timedelta(microseconds=1))
    assert not await opened(account_id)
    await change(account_id, circuit_open_until=AT)
    assert await opened(account_id)
    assert (await account_of(account_id)).circuit_failures == 2
    assert not await opened(account_id + 1), "there is none"


async def test_only_the_account_s_running_campaigns_pause() -> None:
    first, second = await factory.account(), await factory.account(name="Other")
    mine, theirs, draft = await running(first), await running(second), await factory.campaign(first, [])
    assert await opened(first)
    states = [(await status_of(found)).status for found in (mine, theirs, draft)]
    assert states == [CampaignStatus.PAUSED, CampaignStatus.RUNNING, CampaignStatus.DRAFT]


@pytest.mark.parametrize(
    ("checked", "since"), [(PAST.replace(second=59, microsecond=7), PAST), (None, AT.replace(second=0))]
)
async def test_what_was_sent_since_the_last_try_begins_the_count_anew(
    monkeypatch: pytest.MonkeyPatch, checked: datetime | None, since: datetime
) -> None:
    asked: list[tuple[int, datetime]] = []
    answers = [True, False]

    async def sent_since(account_id: int, at: datetime) -> bool:
        asked.append((account_id, at))
        return answers.pop()

    monkeypatch.setattr(completion, "sent_since", sent_since)
    account_id = await factory.account(created_at=AT)
    assert await opened(account_id)
    assert asked == [], "a first failure has nothing before it"
    for failures in (2, 1):
        await change(account_id, circuit_open_until=PAST, last_checked_at=checked)
        assert await opened(account_id)
        assert (await account_of(account_id)).circuit_failures == failures
    assert asked == [(account_id, since)] * 2


async def test_an_account_that_works_is_clean_again(scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    campaign_id = await running(account_id)
    assert await opened(account_id)
    await change(account_id, last_checked_at=PAST)
    assert await circuit.try_again(AT + timedelta(seconds=29)) == 0
    assert await circuit.try_again(AT + timedelta(seconds=30)) == 1
    found = await account_of(account_id)
    assert (found.circuit_open_until, found.last_error, found.last_checked_at) == (None, "", AT)
    assert found.circuit_failures == 1, "the next acceptance clears it"
    assert (await status_of(campaign_id)).status is CampaignStatus.RUNNING
    assert await circuit.try_again(AT + timedelta(days=1)) == 0


async def test_an_account_that_does_not_work_waits_longer(scripts: dict[int, Script]) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script(works=False)
    campaign_id = await running(account_id)
    assert await opened(account_id)
    assert await circuit.try_again(AT + timedelta(minutes=1)) == 0
    found = await account_of(account_id)
    assert (found.circuit_failures, found.circuit_open_until) == (2, AT + timedelta(seconds=60))
    assert found.last_error == "535 log-in refused"
    assert (await status_of(campaign_id)).status is CampaignStatus.PAUSED


async def test_an_account_whose_settings_cannot_be_read_waits_with_the_reason(
    scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object) -> None:
        raise AppError("The password cannot be read.")

    account_id = await factory.account()
    assert await opened(account_id)
    monkeypatch.setattr(accounts, "config", unreadable)
    assert await circuit.try_again(AT + timedelta(minutes=1)) == 0
    found = await account_of(account_id)
    assert (found.circuit_failures, found.last_error) == (2, "The password cannot be read.")


async def test_a_deleted_account_is_not_tried(scripts: dict[int, Script]) -> None:
    first, second = await factory.account(), await factory.account(name="Other")
    scripts.update({first: Script(), second: Script()})
    for account_id in (first, second):
        assert await opened(account_id)
    await change(first, deleted_at=AT)
    assert await circuit.try_again(AT + timedelta(minutes=1)) == 1
    assert (await account_of(first)).circuit_open_until is not None
    assert (await account_of(second)).circuit_open_until is None


async def test_an_account_that_goes_during_its_test_is_left_alone(
    scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    assert await opened(account_id)

    async def gone(*_: object) -> None:
        return None

    monkeypatch.setattr(circuit, "_account", gone)
    assert await circuit.try_again(AT + timedelta(minutes=1)) == 0
    assert (await account_of(account_id)).circuit_open_until == AT + timedelta(seconds=30)


async def test_one_that_cannot_go_on_holds_up_no_other(
    scripts: dict[int, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await factory.account()
    scripts[account_id] = Script()
    first, second = await running(account_id), await running(account_id, "another")
    assert await opened(account_id)
    resume = service.resume

    async def resume_but_one(session: db.AsyncSession, actor: object, campaign_id: int) -> Campaign:
        if campaign_id == first:
            raise AppError("Its list is gone.")
        return await resume(session, SYSTEM, campaign_id)

    monkeypatch.setattr(service, "resume", resume_but_one)
    with capture_logs() as lines:
        assert await circuit.try_again(AT + timedelta(minutes=1)) == 1
    assert [line for line in lines if line["event"] == "campaign not resumed"] == [
        {"event": "campaign not resumed", "log_level": "warning", "campaign": first, "why": "Its list is gone."}
        | {key: value for key, value in lines[0].items() if key == "room"}
    ]
    assert (await status_of(second)).status is CampaignStatus.RUNNING
