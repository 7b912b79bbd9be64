"""Which workers are alive, and what happens to the leases of the others. Pure; the time is an argument."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from campaign_app.delivery.ledger.outcome_writer import FLUSH_ROWS
from campaign_app.delivery.recovery.sweeper import FOREIGN_GRACE_S, SECOND_LOOK_S
from campaign_app.delivery.schemas import LeaseInfo, WorkerInfo
from campaign_app.ops.schemas import Fate, Holder, LeaseRow, WorkerRow, WorkerState

LATE_S = 10.0  # five heartbeats
ENDED_SHOWN_S = 600.0
MANY_UNWRITTEN = 2 * FLUSH_ROWS  # one flush being written, one being collected
_LIVING = (WorkerState.ALIVE, WorkerState.DRAINING)


def host_and_pid(name: str) -> tuple[str, str]:
    """Host and process id from a worker's name, which is host-pid-letters."""
    host, _, rest = name.rpartition("-")[0].rpartition("-")
    return (host, rest) if host and rest.isdigit() else (name, "")


def fate(host: str, living_hosts: Iterable[str], *, expired: bool, lives: bool) -> Fate:
    """What happens to a lease of a worker on `host`."""
    if lives:
        return Fate.UNRENEWED if expired else Fate.KEPT
    hosts = set(living_hosts)
    if host in hosts:
        return Fate.JOURNAL
    return Fate.TAKEN_OVER if hosts else Fate.NOBODY


def taken_over_at(expires_at: datetime | None) -> datetime | None:
    """When another host takes a lease over: after the grace period and a second check."""
    return expires_at + timedelta(seconds=FOREIGN_GRACE_S + SECOND_LOOK_S) if expires_at else None


def workers(
    known: Sequence[WorkerInfo], heard: Mapping[str, datetime], holders: Sequence[Holder], at: datetime
) -> list[WorkerRow]:
    """All workers that are alive or hold leases, and those that ended recently. Workers with problems come first.

    `known` reported themselves in the last seconds; `heard` is the last time each worker was heard of.
    """
    infos, held = {info.name: info for info in known}, {holder.owner: holder for holder in holders}
    last = {name: _last(infos.get(name), heard.get(name), held.get(name)) for name in {*infos, *heard, *held}}
    living = {name for name, moment in last.items() if moment and (at - moment).total_seconds() <= LATE_S}
    hosts = {infos[name].host if name in infos else host_and_pid(name)[0] for name in living}
    rows = [
        _row(name, infos.get(name), held.get(name), moment or at, living, hosts)
        for name, moment in last.items()
        if name in living or name in held or _is_recent(moment, last, living, at)
    ]
    return sorted(rows, key=_urgency)


_ORDER = (WorkerState.LATE, WorkerState.DRAINING, WorkerState.ALIVE, WorkerState.ENDED)


def _urgency(row: WorkerRow) -> tuple[int, float, str]:
    silent = 0.0 if row.state in _LIVING else row.heard_at.timestamp()
    return _ORDER.index(row.state), silent, row.name


def _last(info: WorkerInfo | None, heard: datetime | None, holder: Holder | None) -> datetime | None:
    moments = (info and info.heard_at, heard, holder and holder.heartbeat_at)
    return max((moment for moment in moments if moment), default=None)


def _is_recent(moment: datetime | None, last: Mapping[str, datetime | None], living: set[str], at: datetime) -> bool:
    """Whether it ended recently. When no worker is alive, the last one to end is always shown."""
    if moment is None:
        return False
    newest = not living and moment == max(found for found in last.values() if found)
    return newest or (at - moment).total_seconds() <= ENDED_SHOWN_S


def _row(
    name: str, info: WorkerInfo | None, holder: Holder | None, heard_at: datetime, living: set[str], hosts: set[str]
) -> WorkerRow:
    guessed, pid = host_and_pid(name)
    host = info.host if info else holder.host if holder and holder.host else guessed
    state = WorkerState.LATE if holder else WorkerState.ENDED
    if name in living:
        state = WorkerState.DRAINING if info and info.draining else WorkerState.ALIVE
    return WorkerRow(
        name=name,
        host=host,
        pid=str(info.pid) if info else pid,
        state=state,
        heard_at=heard_at,
        leases=holder.leases if holder else 0,
        fate=fate(host, hosts, expired=bool(holder and holder.expired), lives=name in living),
        taken_over_at=taken_over_at(holder.expires_at) if holder else None,
        started_at=info.started_at if info else None,
        rate_per_minute=info.rate_per_minute if info else None,
        in_flight=info.in_flight if info else None,
        campaigns=info.campaigns if info else None,
        unwritten=info.unwritten if info else None,
        behind=info is not None and info.unwritten >= MANY_UNWRITTEN,
        failing_since=info.failing_since if info else None,
    )


def lease(held: LeaseInfo, rows: Sequence[WorkerRow], at: datetime) -> LeaseRow:
    """A held lease and what happens to it."""
    living = [row for row in rows if row.state in _LIVING]
    expired = held.expires_at is not None and held.expires_at < at
    return LeaseRow(
        **{field.name: getattr(held, field.name) for field in fields(held)},
        expired=expired,
        fate=fate(
            held.host, (row.host for row in living), expired=expired, lives=held.owner in {row.name for row in living}
        ),
        taken_over_at=taken_over_at(held.expires_at),
    )
