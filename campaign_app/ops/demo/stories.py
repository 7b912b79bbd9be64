"""The demo's finished campaigns and what happened to each recipient. Pure: chance is seeded, time is an argument."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaign_app.models.delivery import DeliveryStatus, EventKind, Reason
from campaign_app.models.suppression import SuppressionReason

ACCEPTED = "250 2.0.0 OK: queued"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
REFUSALS = (
    (Reason.UNKNOWN_ADDRESS, "550 5.1.1 No such user here"),
    (Reason.MAILBOX_FULL, "552 5.2.2 Mailbox full"),
    (Reason.POLICY, "550 5.7.1 Message refused by policy"),
    (Reason.RETRIES_USED_UP, "451 4.7.1 Greylisted, try again later"),
)
SKIPPED = {
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.BOUNCED: Reason.SUPPRESSED_BOUNCED,
    SuppressionReason.COMPLAINED: Reason.COMPLAINED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED_MANUAL,
}


@dataclass(frozen=True, slots=True)
class Story:
    """A finished campaign. Shares are of recipients who got it; `stopped_at`: share of all when it was cancelled."""

    name: str
    template: str
    list_name: str
    days_ago: int
    hour: int
    per_minute: int
    opens: float
    clicks: float
    unsubscribes: float = 0.004
    bounces: float = 0.015
    stopped_at: float = 1.0
    uncertain: int = 0
    seed: int = 1


STORIES = (
    Story("September newsletter", "Newsletter", "Newsletter", 68, 9, 1_200, 0.36, 0.062, bounces=0.024, seed=11),
    Story("Autumn offer", "Offer", "Customers", 52, 10, 600, 0.41, 0.097, seed=12),
    Story("Invitation: open studio", "Event invitation", "Event guests", 38, 15, 300, 0.52, 0.171, seed=13),
    Story("October newsletter", "Newsletter", "Newsletter", 33, 9, 1_200, 0.38, 0.071, seed=14),
    Story("Restock: walking boots", "Offer", "Customers", 20, 8, 600, 0.44, 0.118, uncertain=2, seed=15),
    Story("Flash sale", "Offer", "Newsletter", 12, 17, 900, 0.29, 0.055, 0.011, stopped_at=0.37, seed=16),
    Story("How did we do?", "Plain letter", "Event guests", 6, 11, 300, 0.47, 0.139, seed=17),
    Story("November newsletter", "Newsletter", "Newsletter", 2, 9, 1_200, 0.37, 0.068, seed=18),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A contact at the launch."""

    contact_id: int
    email: str
    domain: str
    suppressed: SuppressionReason | None = None


@dataclass(slots=True)
class Event:
    """Something a recipient did; `link` is the position of the clicked link."""

    kind: EventKind
    at: datetime
    link: int | None = None
    machine: str = ""
    user_agent: str = ""
    detail: str = ""


@dataclass(slots=True)
class Recipient:
    """One delivery and its events, oldest first."""

    member: Member
    status: DeliveryStatus
    updated_at: datetime
    reason: Reason = Reason.NONE
    response: str = ""
    attempts: int = 0
    sent_at: datetime | None = None
    events: list[Event] = field(default_factory=list)

    def first(self, kind: EventKind) -> datetime | None:
        """When a person first caused an event of this kind."""
        return next((e.at for e in self.events if e.kind is kind and not e.machine), None)


def tell(story: Story, members: list[Member], launched: datetime, now: datetime, links: int) -> Iterator[Recipient]:
    """What happened to each member. There are no events after `now`."""
    chance = random.Random(story.seed)
    gap = 60 / story.per_minute
    reached, uncertain = 0, story.uncertain
    last = int(len(members) * story.stopped_at)
    for number, member in enumerate(members):
        if member.suppressed is not None:
            yield Recipient(member, DeliveryStatus.SKIPPED, launched, SKIPPED[member.suppressed])
            continue
        if number >= last:
            stopped = launched + timedelta(seconds=reached * gap + 4)
            yield Recipient(member, DeliveryStatus.SKIPPED, stopped, Reason.CANCELLED)
            continue
        reached += 1
        at = launched + timedelta(seconds=reached * gap + chance.random() * 0.8)
        if uncertain and chance.random() < 0.002:
            uncertain -= 1
            yield Recipient(member, DeliveryStatus.UNCERTAIN, at, Reason.CONNECTION_LOST, attempts=1)
            continue
        yield _attempted(story, member, at, now, links, chance)


def _attempted(
    story: Story, member: Member, at: datetime, now: datetime, links: int, chance: random.Random
) -> Recipient:
    fate = chance.random()
    if fate < 0.006:
        reason, words = chance.choices(REFUSALS, (6, 2, 1, 1))[0]
        attempts = 4 if reason is Reason.RETRIES_USED_UP else 1
        return Recipient(member, DeliveryStatus.FAILED, at, reason, words, attempts)
    sent = Recipient(member, DeliveryStatus.SENT, at, response=ACCEPTED, attempts=1, sent_at=at)
    if fate < 0.006 + story.bounces:
        returned = at + timedelta(seconds=chance.uniform(4, 300))
        sent.status, sent.reason, sent.updated_at = DeliveryStatus.BOUNCED, Reason.BOUNCE_REPORT, returned
        sent.response = "550 5.1.1 No such user here"
        sent.events.append(Event(EventKind.BOUNCE, returned, detail="smtp; 550 5.1.1 No such user here"))
        return sent
    sent.events = sorted((e for e in _acts(story, at, links, chance) if e.at < now), key=lambda event: event.at)
    return sent


def _acts(story: Story, at: datetime, links: int, chance: random.Random) -> Iterator[Event]:
    """Opens come soon or in the evening. Clicks and unsubscribes always follow an open."""
    if chance.random() < 0.14:
        moment = at + timedelta(seconds=chance.uniform(1, 8))
        yield Event(EventKind.OPEN, moment, machine="Image proxy of the mailbox provider", user_agent=PROXY)
    interest = chance.random()
    if interest >= story.opens:
        return
    agent = PHONE if chance.random() < 0.55 else DESKTOP
    opened = at + timedelta(minutes=chance.expovariate(1 / 340) + 0.3)
    yield Event(EventKind.OPEN, opened, user_agent=agent)
    if chance.random() < 0.22:
        yield Event(EventKind.OPEN, opened + timedelta(hours=chance.expovariate(1 / 9)), user_agent=agent)
    if links and interest < story.clicks:
        clicked = opened + timedelta(seconds=chance.uniform(6, 240))
        link = min(int(chance.expovariate(1.1)), links - 1)
        yield Event(EventKind.CLICK, clicked, link=link, user_agent=agent)
    if interest > story.opens - story.unsubscribes:
        yield Event(EventKind.UNSUBSCRIBE, opened + timedelta(seconds=chance.uniform(5, 90)), user_agent=agent)
    elif interest > story.opens - story.unsubscribes - 0.0006:
        yield Event(EventKind.COMPLAIN, opened + timedelta(seconds=chance.uniform(5, 90)))
