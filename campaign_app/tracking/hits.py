"""One open, click or view, and what a batch of them changes. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaign_app.models.delivery import EventKind
from campaign_app.tracking import machines


@dataclass(frozen=True, slots=True)
class Hit:
    """One request. `link` is the position of the clicked link."""

    kind: EventKind
    delivery_id: int
    at: datetime
    link: int | None = None
    method: str = "GET"
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What a batch needs to know about a delivery, as it was before the batch."""

    id: int
    campaign_id: int
    contact_id: int
    domain: str
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None


@dataclass(slots=True)
class Changes:
    """Rows to insert and amounts to add, for one transaction."""

    events: list[dict[str, Any]] = field(default_factory=list)
    opened: dict[int, datetime] = field(default_factory=dict)
    clicked: dict[int, datetime] = field(default_factory=dict)
    counters: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    minutes: dict[tuple[int, datetime], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    domains: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    links: dict[tuple[int, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def minute_of(at: datetime) -> datetime:
    """The minute of the roll-up that counts this instant."""
    return at.replace(second=0, microsecond=0)


class Batch:
    """Adds up hits. `clicked_before`: delivery → its clicked links; `people_before`: (delivery, link) pairs that a
    person clicked; `links`: campaign → its number of links.

    `opened` and `clicked` count each person once, `opens` and `clicks` every time. Machines have their own counters.
    """

    def __init__(
        self,
        targets: Mapping[int, Target],
        clicked_before: Mapping[int, set[int]],
        people_before: set[tuple[int, int]],
        links: Mapping[int, int],
    ) -> None:
        self._targets = targets
        self._clicked = {delivery: set(found) for delivery, found in clicked_before.items()}
        self._people = set(people_before)
        self._links = links
        self.changes = Changes()

    def add(self, hits: Sequence[Hit]) -> Changes:
        """All changes that the hits make. Hits of unknown deliveries are left out."""
        known = [hit for hit in hits if hit.delivery_id in self._targets]
        for hit in known:
            if hit.kind is EventKind.CLICK and hit.link is not None:
                self._clicked.setdefault(hit.delivery_id, set()).add(hit.link)
        for hit in sorted(known, key=lambda hit: hit.at):
            self._one(hit, self._targets[hit.delivery_id])
        return self.changes

    def _machine(self, hit: Hit, target: Target) -> str:
        found = machines.reason(hit.kind, hit.method, hit.user_agent, hit.ip, hit.at, target.sent_at)
        if found or hit.kind is not EventKind.CLICK:
            return found
        clicked = len(self._clicked.get(hit.delivery_id, ()))
        links = self._links.get(target.campaign_id, 0)
        return machines.ALL_LINKS if machines.is_burst(clicked, links, hit.at, target.sent_at) else ""

    def _one(self, hit: Hit, target: Target) -> None:
        machine = self._machine(hit, target)
        self.changes.events.append(
            {
                "delivery_id": target.id,
                "campaign_id": target.campaign_id,
                "contact_id": target.contact_id,
                "kind": hit.kind,
                "at": hit.at,
                "link": hit.link,
                "machine": machine,
                "ip": hit.ip[:64],
                "user_agent": hit.user_agent[:255],
                "detail": "",
            }
        )
        if hit.kind is EventKind.VIEW:
            return
        noun = "opens" if hit.kind is EventKind.OPEN else "clicks"
        self.changes.counters[target.campaign_id][f"machine_{noun}" if machine else noun] += 1
        if machine:
            return
        self.changes.minutes[target.campaign_id, minute_of(hit.at)][noun] += 1
        if hit.kind is EventKind.CLICK:
            self._click(hit, target)
        self._first(hit, target, "opened", target.opened_at, self.changes.opened)  # a click implies an open

    def _click(self, hit: Hit, target: Target) -> None:
        self._first(hit, target, "clicked", target.clicked_at, self.changes.clicked)
        if hit.link is None:
            return
        row = self.changes.links[target.campaign_id, hit.link]
        row["clicks"] += 1
        if (target.id, hit.link) not in self._people:
            self._people.add((target.id, hit.link))
            row["people"] += 1

    def _first(
        self, hit: Hit, target: Target, column: str, before: datetime | None, times: dict[int, datetime]
    ) -> None:
        if before is not None or target.id in times:
            return
        times[target.id] = hit.at
        self.changes.counters[target.campaign_id][column] += 1
        self.changes.minutes[target.campaign_id, minute_of(hit.at)][column] += 1
        self.changes.domains[target.campaign_id, target.domain][column] += 1


def delivery_ids(hits: Iterable[Hit]) -> list[int]:
    """The deliveries of a batch, in the order in which rows are locked everywhere."""
    return sorted({hit.delivery_id for hit in hits})
