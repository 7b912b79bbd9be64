"""Makes a campaign runner from the database: message compiled, composer made, limits known."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.campaigns import contents, readiness, schedule
from campaign_app.channels import registry
from campaign_app.channels import service as accounts
from campaign_app.channels.base import AccountConfig, ChannelAdapter
from campaign_app.delivery import repository
from campaign_app.delivery.errors import AccountNotConnected
from campaign_app.delivery.launch import content
from campaign_app.delivery.launch.recipients import check_account
from campaign_app.delivery.runtime.campaign_runner import CampaignRunner
from campaign_app.models.account import SendingAccount
from campaign_app.models.campaign import Campaign, CampaignStatus
from campaign_app.workspace import service as workspace
from campaign_app.workspace.schemas import Workspace


@dataclass(frozen=True, slots=True)
class Loaded:
    """A running campaign with its account, opened. `opens_at` later than now: outside its sending windows."""

    campaign: Campaign
    account: SendingAccount
    config: AccountConfig
    adapter: ChannelAdapter
    workspace: Workspace
    opens_at: datetime | None
    closes_at: datetime | None

    @property
    def version(self) -> object:
        """Changes when what is sent, or how fast, was edited."""
        limits = (self.campaign.rate_per_minute, self.campaign.batch_size, self.campaign.batch_delay_ms)
        ours = (self.base, self.workspace.postal_address, self.campaign.brake_at)
        return (self.campaign.version, self.campaign.priority, limits, self.account.version, self.config, ours)

    @property
    def base(self) -> str:
        """What the links of messages made from now on begin with."""
        return readiness.base_of(self.workspace, self.account)

    @property
    def account_version(self) -> object:
        """Changes when the account was edited: new connections are needed."""
        return (self.account.version, self.adapter.connection_key(self.config))


async def load(session: AsyncSession, campaign_id: int, at: datetime) -> Loaded | None:
    """The campaign if it is running.

    Raises:
        AccountNotConnected: its account was deleted, switched off, or does not work now.
    """
    campaign = await repository.get_campaign(session, campaign_id)
    if campaign is None or campaign.status is not CampaignStatus.RUNNING:
        return None
    if campaign.account_id is None:
        raise AccountNotConnected("no account is chosen for this campaign.")
    account = check_account(await session.get(SendingAccount, campaign.account_id), at)
    return Loaded(
        campaign=campaign,
        account=account,
        config=await accounts.config(session, campaign.account_id),
        adapter=registry.adapter(account.provider),
        workspace=await workspace.get(session),
        opens_at=schedule.next_open(campaign.windows, at),
        closes_at=schedule.closes_at(campaign.windows, at),
    )


async def make_runner(session: AsyncSession, loaded: Loaded) -> CampaignRunner:
    """The runner of a loaded campaign.

    Raises:
        TemplateInvalid, ValueError: the message or the account's addresses cannot be used.
    """
    campaign = loaded.campaign
    campaign_id = int(campaign.id or 0)
    composer = loaded.adapter.composer(loaded.config, contents.of(campaign))
    return CampaignRunner(
        campaign_id,
        loaded.version,
        message=await content.load(session, campaign),
        composer=composer,
        sender=loaded.adapter.summary(loaded.config.settings).address,
        common={"postal_address": loaded.workspace.postal_address},
        base=loaded.base,
        limits=content.limits_of(campaign, loaded.account),
        priority=campaign.priority,
        counted_from=campaign.brake_at,
    )
