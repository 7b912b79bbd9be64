"""Creates campaigns by plan: shared accounts, priorities, and a recipient domain for each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

import sqlalchemy as sa
from sqlmodel import col

from bench.installation import Installation
from bench.references import mail
from bench.target import Seen
from campaign_app.channels.email_smtp.settings import SmtpSettings, Tls
from campaign_app.core import db
from campaign_app.core.actor import SYSTEM
from campaign_app.delivery import service
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignCounter, CampaignStatus
from tests.settled import settle

PATIENCE_S = 300.0
_OVER = (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED, CampaignStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign to create. Campaigns with the same `account` share it; without one each has its own."""

    name: str
    port: int
    connections: int
    recipients: int
    priority: int = 5
    account: str = ""
    limit: bool = False


def make(installation: Installation, plans: Sequence[Plan], limit_per_minute: int | None = None) -> dict[str, int]:
    """Name → campaign id. An account's name is unique; one that exists already is used."""
    lists = {plan.name: installation.people(plan.recipients, f"{plan.name}.example") for plan in plans}
    return installation.run(_make(plans, lists, limit_per_minute))


async def _make(plans: Sequence[Plan], lists: dict[str, int], limit: int | None) -> dict[str, int]:
    made: dict[str, int] = {}
    async with db.transaction() as session:
        await settle(session)
        rows = await session.execute(sa.select(col(SendingAccount.name), col(SendingAccount.id)))
        accounts: dict[str, int] = {name: int(found) for name, found in rows.all()}
        for plan in plans:
            name = plan.account or f"Account of {plan.name}"
            if name not in accounts:
                account = _account(name, plan, limit if plan.limit else None)
                session.add(account)
                await session.flush()
                accounts[name] = int(account.id or 0)
            campaign = Campaign(
                name=plan.name,
                account_id=accounts[name],
                subject=mail.SUBJECT,
                html=mail.HTML,
                text="Text",
                audience={"lists": [lists[plan.name]]},
                priority=plan.priority,
            )
            session.add(campaign)
            await session.flush()
            made[plan.name] = int(campaign.id or 0)
    return made


def _account(name: str, plan: Plan, limit: int | None) -> SendingAccount:
    return SendingAccount(
        name=name,
        provider="smtp",
        settings=SmtpSettings(
            host="127.0.0.1",
            port=plan.port,
            tls=Tls.NONE,
            from_address="news@example.com",
            from_name="Bench",
            connections=plan.connections,
        ).model_dump(mode="json"),
        limit_per_minute=limit,
    )


def launch(installation: Installation, made: dict[str, int]) -> dict[str, float]:
    """Launch them one after the other; for each the instant before (Unix seconds)."""

    async def all_of_them() -> dict[str, float]:
        began: dict[str, float] = {}
        for name, campaign_id in made.items():
            began[name] = time()
            async with db.transaction() as session:
                await service.launch(session, SYSTEM, campaign_id)
        return began

    return installation.run(all_of_them())


def cancel(installation: Installation, made: dict[str, int]) -> None:
    """Send no more of those that are not over."""

    async def all_of_them() -> None:
        for campaign_id in made.values():
            async with db.transaction() as session:
                campaign = await session.get(Campaign, campaign_id)
                if campaign is not None and campaign.status not in _OVER:
                    await service.cancel(session, SYSTEM, campaign_id)

    installation.run(all_of_them())


def until_over(installation: Installation, made: dict[str, int], seconds: float = PATIENCE_S) -> None:
    """Wait until each of them has ended."""

    async def left() -> int:
        async with db.reading() as session:
            statement = sa.select(sa.func.count()).where(
                col(Campaign.id).in_(made.values()), col(Campaign.status).not_in(_OVER)
            )
            return int((await session.execute(statement)).scalar_one())

    installation.until(lambda: installation.run(left()) == 0, f"{len(made)} campaigns are over", seconds)


def paused(installation: Installation, made: dict[str, int]) -> dict[str, tuple[str, float]]:
    """Those that are paused: why, and how many seconds after their launch the account was found not to work."""

    async def read() -> dict[str, tuple[str, float]]:
        columns = (Campaign.name, Campaign.status_reason, Campaign.launched_at, SendingAccount.last_checked_at)
        statement = (
            sa.select(*(col(column) for column in columns))
            .join_from(Campaign, SendingAccount, col(SendingAccount.id) == col(Campaign.account_id))
            .where(col(Campaign.id).in_(made.values()), col(Campaign.status) == CampaignStatus.PAUSED)
        )
        async with db.reading() as session:
            rows = (await session.execute(statement)).all()
        return {
            str(name): (str(reason), (checked - launched).total_seconds() if checked and launched else 0.0)
            for name, reason, launched, checked in rows
        }

    return installation.run(read())


def everyone_once(installation: Installation, made: dict[str, int], found: dict[str, list[float]], seen: Seen) -> bool:
    """Whether the sink's log has each recipient exactly once, and the ledger says the same."""

    async def read() -> dict[str, tuple[int, int]]:
        async with db.reading() as session:
            statement = sa.select(col(Campaign.name), col(CampaignCounter.total), col(CampaignCounter.sent)).join_from(
                Campaign, CampaignCounter, col(CampaignCounter.campaign_id) == col(Campaign.id)
            )
            rows = await session.execute(statement.where(col(Campaign.id).in_(made.values())))
            return {str(name): (int(total), int(sent)) for name, total, sent in rows.all()}

    ledger = installation.run(read())
    everyone = sum(total for total, _ in ledger.values())
    agreed = all(len(found[name]) == total == sent for name, (total, sent) in ledger.items())
    return agreed and seen.accepted == seen.distinct == everyone and set(ledger) == set(made)


def by_domain(log: Path) -> dict[str, list[float]]:
    """Name → the instants at which its messages were accepted, from a sink's log."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in log.read_text().splitlines():
        at, _, address = line.partition(" ")
        found[address.rpartition("@")[2].partition(".")[0]].append(float(at))
    return found
