"""Texts of the operations page about workers, leases and queues. Pure: rows and a time zone in, lines out."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from campaign_app.kit import text
from campaign_app.ops.schemas import (
    AccountTrouble,
    CampaignWork,
    Fate,
    LeaseRow,
    Operations,
    SlowedAccount,
    WorkerRow,
    WorkerState,
)
from campaign_app.ui import routes
from campaign_app.ui.accounts.labels import pace_sentence, reported_sentence
from campaign_app.ui.campaign_detail import figures
from campaign_app.ui.operations import store_presenter

_SILENT: Final = (WorkerState.LATE, WorkerState.ENDED)


@dataclass
class WorkerLine:
    """A live worker."""

    name: str
    place: str
    state: str
    since: str
    since_exact: str
    heard: str
    rate: str
    in_flight: str
    campaigns: str
    leases: str


@dataclass
class NoteLine:
    """A problem: what it is, and what happens next. `href` "" means no link."""

    mark: str
    title: str
    detail: str
    href: str = ""


@dataclass
class LeaseLine:
    """A lease and its holder."""

    id: int
    href: str
    campaign: str
    people: str
    left: str
    owner: str
    host: str
    claimed: str
    claimed_exact: str
    heard: str
    heard_exact: str
    state: str
    expires: str


@dataclass
class CampaignLine:
    """A running campaign."""

    id: int
    href: str
    name: str
    jobs: str
    open: str
    held: str
    done: str
    opens: str


@dataclass
class Seen:
    """Everything that the page shows at one moment."""

    at: str = ""
    no_worker: bool = False
    no_redis: bool = False
    alive: str = ""
    late: str = ""
    held: str = ""
    expired: str = ""
    rate: str = ""
    in_flight: str = ""
    waiting: str = ""
    running: str = ""
    workers: list[WorkerLine] = field(default_factory=list)
    worker_notes: list[NoteLine] = field(default_factory=list)
    leases: list[LeaseLine] = field(default_factory=list)
    lease_notes: list[NoteLine] = field(default_factory=list)
    leases_shown: str = ""
    campaigns: list[CampaignLine] = field(default_factory=list)
    campaigns_shown: str = ""
    accounts: list[NoteLine] = field(default_factory=list)
    database: str = ""
    redis: str = ""
    redis_notes: list[NoteLine] = field(default_factory=list)
    hung: str = ""
    send_queue: str = ""
    work_queue: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """The current time, and the time zone for display."""

    at: datetime
    zone: str

    def ago(self, then: datetime | None) -> str:
        """Exact to the second: Now · 2 s ago · 4 min ago."""
        if then is None:
            return text.NONE
        passed = (self.at - then).total_seconds()
        return f"{text.duration(passed)} ago" if passed >= 0.5 else "Now"

    def clock(self, then: datetime | None) -> str:
        """12:05, with the day when it is not today."""
        return text.NONE if then is None else figures.clock(then, self.at, self.zone)

    def exact(self, then: datetime | None) -> str:
        """For tooltips."""
        return "" if then is None else text.exact(then, self.zone)

    def soon(self, then: datetime) -> str:
        """now · in 45 s · at 12:05."""
        seconds = (then - self.at).total_seconds()
        if seconds <= 0:
            return "now"
        return f"in {text.duration(seconds)}" if seconds < 60 else f"at {self.clock(then)}"


def seen(found: Operations, zone: str) -> Seen:
    """Everything as text."""
    moment = Moment(found.at, zone)
    living = [row for row in found.workers if row.state not in _SILENT]
    silent = [row for row in found.workers if row.state in _SILENT]
    late = sum(row.state is WorkerState.LATE for row in silent)
    stores, queues = found.stores, [depth for depth in (found.stores.send, found.stores.work) if depth]
    return Seen(
        at=text.exact(found.at, zone),
        no_worker=not living,
        no_redis=stores.redis_ms is None,
        alive=text.number(len(living)),
        late=f"{text.number(late)} late" if late else "",
        held=text.number(found.leases_total),
        expired=f"{text.number(found.leases_expired)} expired" if found.leases_expired else "",
        rate=text.number(round(sum(row.rate_per_minute or 0 for row in living))),
        in_flight=f"{text.number(sum(row.in_flight or 0 for row in living))} in flight",
        waiting=text.number(sum(depth.waiting for depth in queues)) if queues else text.NONE,
        running=f"{text.number(sum(depth.running for depth in queues))} running" if queues else "",
        workers=[_worker(row, moment) for row in living],
        worker_notes=_hung(found, zone)
        + [_silent(row, moment) for row in silent]
        + [note for row in living if (note := _behind(row, moment))],
        leases=[_lease(row, moment) for row in found.leases],
        lease_notes=_lease_notes(found.leases, moment),
        leases_shown=_shown(len(found.leases), found.leases_total, "least recent heartbeat first"),
        campaigns=[_campaign(row, moment) for row in found.campaigns],
        campaigns_shown=_shown(len(found.campaigns), found.campaigns_total, "by priority"),
        accounts=[note for row in found.accounts for note in _account(row, moment)]
        + [_slowed(row, moment) for row in found.slowed],
        database=f"{stores.database} answers in {store_presenter.milliseconds(stores.database_ms)}",
        redis=store_presenter.redis(stores),
        redis_notes=[NoteLine("warning", *fault) for fault in store_presenter.redis_faults(stores)],
        hung=store_presenter.hung(found.hangs, found.at, zone),
        send_queue=store_presenter.queue(stores.send),
        work_queue=store_presenter.queue(stores.work),
    )


def _hung(found: Operations, zone: str) -> list[NoteLine]:
    note = store_presenter.hang_note(found.hangs, found.at, zone)
    return [NoteLine("warning", *note)] if note else []


def _shown(shown: int, total: int, order: str) -> str:
    return f"{text.number(shown)} of {text.number(total)}, {order}" if shown < total else ""


def _worker(row: WorkerRow, moment: Moment) -> WorkerLine:
    return WorkerLine(
        name=row.name,
        place=f"{row.host} · process {row.pid}",
        state=row.state.value,
        since=moment.clock(row.started_at),
        since_exact=moment.exact(row.started_at),
        heard=moment.ago(row.heard_at),
        rate=text.NONE if row.rate_per_minute is None else text.number(round(row.rate_per_minute)),
        in_flight=text.NONE if row.in_flight is None else text.number(row.in_flight),
        campaigns=text.NONE if row.campaigns is None else text.number(row.campaigns),
        leases=text.number(row.leases),
    )


def _silent(row: WorkerRow, moment: Moment) -> NoteLine:
    title = f"{row.name} has not been heard of since {moment.clock(row.heard_at)} ({moment.ago(row.heard_at)})"
    if row.state is WorkerState.ENDED:
        return NoteLine("ended", title, "It ended without a farewell and holds no lease: nothing waits for it.")
    return NoteLine("late", title, f"It holds {text.plural(row.leases, 'lease')}. {_fate(row, moment)}")


def _behind(row: WorkerRow, moment: Moment) -> NoteLine | None:
    """A live worker that cannot write its outcomes to the database, or not fast enough."""
    waiting = row.unwritten or 0
    outcomes = text.plural(waiting, "outcome")
    if row.failing_since:
        since = f"{moment.clock(row.failing_since)} ({moment.ago(row.failing_since)})"
        return NoteLine(
            "late",
            f"{row.name} has not reached the database since {since}",
            f"{outcomes} {'waits' if waiting == 1 else 'wait'} in it and in its journal. It takes nothing new until it "
            "gets through; its log says what is wrong.",
        )
    if not row.behind:
        return None
    return NoteLine(
        "late",
        f"{row.name} writes more slowly than it sends",
        f"{outcomes} wait for the database. When they become too many, it sends nothing until it has caught up.",
    )


def _fate(row: WorkerRow, moment: Moment) -> str:
    """What happens to the leases of a silent worker, and what a person can do."""
    host, them = row.host, _them(row.leases)
    if row.fate is Fate.JOURNAL:
        return (
            f"Another worker lives on {host}: once process {row.pid} has ended (end it if it hangs), the next sweep "
            f"there settles {them} from the journal. Nobody gets a message twice."
        )
    if row.fate is Fate.NOBODY:
        return (
            f"No worker lives, so nobody settles {them}. Start one on {host} (./campaign worker): it settles {them} "
            "from the journal first."
        )
    return (
        f"No worker lives on {host}, where the journal lies. A worker of another host takes {them} over "
        f"{_taken_over(row, moment)}; whoever may have got the message becomes uncertain. Start a worker on {host}: it "
        "knows from the journal who got it, also after that."
    )


def _them(leases: int) -> str:
    return "it" if leases == 1 else "them"


def _taken_over(row: WorkerRow | LeaseRow, moment: Moment) -> str:
    later = row.taken_over_at is not None and row.taken_over_at > moment.at
    return moment.soon(row.taken_over_at) if later and row.taken_over_at else "at its next sweep"


def _lease_fate(row: LeaseRow, leases: int, moment: Moment) -> str:
    """Short form; details of a silent worker are shown above."""
    them = _them(leases)
    if row.fate is Fate.UNRENEWED:
        return (
            f"Its worker lives but did not renew {them}: it does not get through to the database (its log says why), "
            f"or never heard that it has {them}; then a sweep settles {them}. What it has sent is in its journal."
        )
    if row.fate is Fate.JOURNAL:
        return f"Once its process has ended, a worker of {row.host} settles {them} from the journal."
    if row.fate is Fate.NOBODY:
        return f"Nobody settles {them} until a worker starts."
    return f"A worker of another host takes {them} over {_taken_over(row, moment)}."


def _lease(row: LeaseRow, moment: Moment) -> LeaseLine:
    left_s = (row.expires_at - moment.at).total_seconds() if row.expires_at else 0.0
    return LeaseLine(
        id=row.id,
        href=routes.campaign(row.campaign_id),
        campaign=row.campaign_name,
        people=f"Recipients {row.first_id:,}–{row.last_id:,}",
        left=f"{text.number(row.pending)} of {text.number(row.total)}",
        owner=row.owner,
        host=row.host,
        claimed=moment.ago(row.claimed_at),
        claimed_exact=moment.exact(row.claimed_at),
        heard=moment.ago(row.heartbeat_at),
        heard_exact=moment.exact(row.heartbeat_at),
        state="expired" if row.expired else "held",
        expires=f"Expired {moment.ago(row.expires_at)}" if row.expired else f"in {text.duration(left_s)}",
    )


def _lease_notes(rows: tuple[LeaseRow, ...], moment: Moment) -> list[NoteLine]:
    """One line per holder for its expired leases."""
    expired = [row for row in rows if row.expired]
    counts = Counter(row.owner for row in expired)
    last = {row.owner: row for row in sorted(expired, key=lambda row: row.expires_at or moment.at)}
    return [
        NoteLine(
            "expired",
            f"{text.plural(counts[owner], 'lease')} of {owner} {'has' if counts[owner] == 1 else 'have'} expired",
            _lease_fate(row, counts[owner], moment),
        )
        for owner, row in last.items()
    ]


def _campaign(row: CampaignWork, moment: Moment) -> CampaignLine:
    opens = "Now" if row.available_at and row.available_at <= moment.at else text.NONE
    if row.open and row.available_at and row.available_at > moment.at:
        opens = moment.soon(row.available_at)
    return CampaignLine(
        id=row.id,
        href=routes.campaign(row.id),
        name=row.name,
        jobs=_jobs(row, moment),
        open=text.number(row.open),
        held=text.number(row.held),
        done=text.number(row.done),
        opens=opens,
    )


def _jobs(row: CampaignWork, moment: Moment) -> str:
    if row.chains_running is None or row.chains_waiting is None:
        return text.NONE
    parts = [f"{row.chains_running} running"] if row.chains_running else []
    if row.chains_waiting:
        parts.append(f"{row.chains_waiting} waiting")
    if row.chain_due and row.chain_due > moment.at and not row.chains_running:
        parts[-1] += f", next {moment.soon(row.chain_due)}"
    return ", ".join(parts) or "None; the next sweep starts them"


def _slowed(row: SlowedAccount, moment: Moment) -> NoteLine:
    detail = f"{pace_sentence(row.pace, moment.at, moment.zone)} Its server said: {row.pace.words}"
    return NoteLine("warning", f"The server of {row.name} asks to slow down", detail, routes.account(row.id))


def _account(row: AccountTrouble, moment: Moment) -> list[NoteLine]:
    notes, href = [], routes.account(row.id)
    if row.rests:
        since = f"Since about {moment.clock(row.since)}. " if row.since else ""
        again = f"Tried again {moment.soon(row.next_try)}" if row.next_try else "Tried again soon"
        waits = f"; {text.plural(row.waiting, 'campaign waits', 'campaigns wait')} for it" if row.waiting else ""
        answer = f" Its server said: {row.words}" if row.words else ""
        notes.append(
            NoteLine("disconnected", f"{row.name} rests after failures", f"{since}{again}{waits}.{answer}", href)
        )
    if row.reported:
        said = reported_sentence(row.reported.count, row.reported.at, moment.at, moment.zone)
        title = f"Reports say that servers refuse mail of {row.name}"
        notes.append(NoteLine("warning", title, f"{said} The last one's words: {row.reported.words}", href))
    if row.weakness:
        answer = f" Its answer: {row.weakness.words}" if row.weakness.words else ""
        title = f"The server of {row.name} breaks on {row.weakness.what}"
        notes.append(NoteLine("warning", title, f"{row.weakness.text}{answer}", href))
    return notes
