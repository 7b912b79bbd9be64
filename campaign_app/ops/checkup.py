"""The checks of `doctor`: each part with its state, a sentence, and how to fix it."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import col, select

from campaign_app import frontend
from campaign_app.audit import labels as audit_words
from campaign_app.audit import service as audit
from campaign_app.channels import reported, rows
from campaign_app.core import clock, db, redis
from campaign_app.core.config import settings
from campaign_app.kit import text
from campaign_app.media import service as media
from campaign_app.models.account import SendingAccount
from campaign_app.ops import hangs, health, invariants, memory

TIMEOUT_S = 10.0
CLOCK_TOLERANCE_S = 5.0
LITTLE_DISK = 1024**3
OK, WARNING, BROKEN = "ok", "warning", "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One part: `state` is ok, warning or problem."""

    part: str
    state: str
    words: str
    mend: str = ""


Look = Callable[[], Awaitable[Sequence[Check]]]


async def examine() -> list[Check]:
    """Check every part, one after the other. A part that does not answer is reported as a problem."""
    findings: list[Check] = []
    for part, look, mend in LOOKS:
        try:
            findings += await asyncio.wait_for(look(), TIMEOUT_S)
        except Exception as error:  # drivers raise many types
            findings.append(Check(part, BROKEN, f"{type(error).__name__}: {str(error).splitlines()[0][:200]}", mend))
    return findings


async def _database() -> list[Check]:
    kind = "PostgreSQL" if db.is_postgres() else f"SQLite in {settings().var_dir}"
    if not db.is_postgres() and not (settings().var_dir / "beacon.db").exists() and not settings().database_url:
        return [Check("Database", BROKEN, "The database does not exist yet.", "./campaign migrate")]
    async with db.reading() as session:
        await session.execute(sa.text("SELECT 1"))
    return [Check("Database", OK, f"{kind} answers.")]


async def _migrations() -> list[Check]:
    async with db.reading() as session:
        found = set((await session.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars())
    if found == health.newest_revisions():
        return [Check("Migrations", OK, "The schema is up to date.")]
    return [Check("Migrations", BROKEN, "The schema is older than the program.", "./campaign migrate")]


async def _redis() -> list[Check]:
    information: dict[str, Any] = await redis.client().info()
    found = memory.read(information)
    faults = [Check("Redis", BROKEN if stops else WARNING, *said) for stops, *said in memory.faults(found)]
    return faults or [Check("Redis", OK, f"Redis {information['redis_version']} answers, {found.words} in use.")]


async def _hangs() -> list[Check]:
    found = await hangs.known()
    if not found.count:
        return [Check("Watchdog", OK, "No process has hung.")]
    last = found.latest[0]
    how = "was replaced" if found.count == 1 else "were replaced"
    words = (
        f"{text.plural(found.count, 'process', 'processes')} hung and {how}; "
        f"the last {text.exact(last.at, 'UTC')}: {last.role}, process {last.pid} on {last.host}"
        f"{f', in {last.where}' if last.where else ''}."
    )
    if clock.now() - last.at > timedelta(days=7):
        return [Check("Watchdog", OK, words)]
    return [Check("Watchdog", WARNING, words, "report its stacks, which are in var/logs of that host")]


async def _worker() -> list[Check]:
    if await redis.client().exists(*health.WORKER_KEYS) == len(health.WORKER_KEYS):
        return [Check("Worker", OK, "A worker has reported.")]
    return [Check("Worker", WARNING, "No worker has reported.", "./campaign up   (or ./campaign worker)")]


async def _frontend() -> list[Check]:
    if await asyncio.to_thread(frontend.is_current):
        return [Check("Front end", OK, "Built from the current sources.")]
    return [Check("Front end", WARNING, "Not built, or the sources have changed.", "./campaign up builds it at start")]


async def _accounts() -> list[Check]:
    async with db.reading() as session:
        query = select(SendingAccount).where(col(SendingAccount.deleted_at).is_(None))
        accounts = (await session.exec(query.order_by(col(SendingAccount.name)))).all()
    if not accounts:
        return [Check("Accounts", WARNING, "No sending account yet.", "add one under Accounts in the browser")]
    return [_account(each) for each in accounts]


def _account(account: SendingAccount) -> Check:
    name = f"Account {account.name}"
    if not account.is_active:
        return Check(name, WARNING, "Switched off.", "switch it on under Accounts")
    if account.circuit_open_until and account.circuit_open_until > clock.now():
        mend = "open Accounts and press Test connection, which shows the server's answer"
        return Check(name, BROKEN, f"Resting after failures: {account.last_error or 'no answer'}", mend)
    if account.last_error:
        return Check(name, WARNING, account.last_error, "open Accounts and press Test connection")
    if note := reported.read(account.capabilities, clock.now()):
        mend = "check whether the sender is on a block list, is authenticated, or is over a quota"
        return Check(name, WARNING, f"Reports say that servers refuse it: {note.words}", mend)
    return Check(name, OK, rows.summary(account).server)


async def _clock() -> list[Check]:
    if settings().redis_url:
        seconds, micros = cast("tuple[int, int]", await redis.client().time())
        drift = abs(seconds + micros / 1e6 - time.time())
        if drift > CLOCK_TOLERANCE_S:
            words = f"This host and the Redis host differ by {drift:.0f} s; limits and schedules will be wrong."
            return [Check("Clock", BROKEN, words, "sudo timedatectl set-ntp true   (on both hosts)")]
    if clock.now().year < 2024:
        return [Check("Clock", BROKEN, f"This host's date is {clock.now():%Y-%m-%d}.", "sudo timedatectl set-ntp true")]
    return [Check("Clock", OK, text.exact(clock.now(), "UTC"))]


async def _proxies() -> list[Check]:
    configured = settings()
    if configured.base_url.startswith("https://") and not configured.trusted_proxies.strip():
        words = "The address is https, but no proxy is trusted, so all browsers seem to have the proxy's address."
        return [Check("Proxy", WARNING, words, "BEACON_TRUSTED_PROXIES=127.0.0.1,::1   (or where the proxy runs)")]
    return [Check("Proxy", OK, f"Trusted: {configured.trusted_proxies.strip() or 'nobody, none is needed'}.")]


async def _disk() -> list[Check]:
    settings().var_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings().var_dir).free
    words = f"{free / 1024**3:.1f} GB free under {settings().var_dir}."
    if free < LITTLE_DISK:
        return [Check("Disk", WARNING, words, "free some space, or move it: BEACON_VAR=/other/folder")]
    return [Check("Disk", OK, words)]


async def _media() -> list[Check]:
    async with db.reading() as session:
        missing = await media.missing(session)
    if missing:
        words = f"{text.plural(missing, 'file')} of the media library not found in {settings().media_folder}."
        return [Check("Media", BROKEN, words, "restore the folder, or set BEACON_MEDIA to the one all hosts share")]
    return [Check("Media", OK, f"Every file is in {settings().media_folder}.")]


async def _invariants() -> list[Check]:
    violations = await invariants.check_now()
    if not violations:
        return [Check("Ledger", OK, "Every count agrees.")]
    mend = "keep var/ with its logs and report it; this must never happen"
    return [Check("Ledger", BROKEN, f"{v.invariant}: violated by {v.detail}", mend) for v in violations]


async def _audit() -> list[Check]:
    async with db.reading() as session:
        found = await audit.glance(session)
    if found.is_whole:
        return [Check("Audit log", OK, f"{found.anchor.count} entries; its end and its anchors match.")]
    return [Check("Audit log", BROKEN, audit_words.verdict(found, "now"), "./campaign audit reads all of it")]


LOOKS: tuple[tuple[str, Look, str], ...] = (
    ("Database", _database, "start the server, or check DATABASE_URL"),
    ("Migrations", _migrations, "./campaign migrate"),
    ("Redis", _redis, "./campaign up starts one; with REDIS_URL set: start that server"),
    ("Worker", _worker, "./campaign up   (or ./campaign worker)"),
    ("Watchdog", _hangs, "./campaign up starts Redis; with REDIS_URL set: start that server"),
    ("Front end", _frontend, "./campaign up builds it at start"),
    ("Accounts", _accounts, "./campaign migrate"),
    ("Clock", _clock, "sudo timedatectl set-ntp true"),
    ("Proxy", _proxies, "check BEACON_BASE_URL and BEACON_TRUSTED_PROXIES"),
    ("Disk", _disk, "check the folder BEACON_VAR"),
    ("Media", _media, "check the folder BEACON_MEDIA"),
    ("Ledger", _invariants, "./campaign migrate"),
    ("Audit log", _audit, "./campaign migrate"),
)
