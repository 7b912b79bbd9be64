"""Use cases of reports about an account (the rules are in `reported`)."""

from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from campaign_app.channels import reported, repository
from campaign_app.channels.reported import Reported
from campaign_app.core import logging
from campaign_app.core.clock import now

log = logging.get("channels")


async def record(session: AsyncSession, account_id: int, words: str) -> Reported | None:
    """Record that a server refused mail because of the account. Returns None when the account is deleted."""
    account = await repository.get(session, account_id, lock=True)
    if account is None:
        return None
    note = reported.one_more(account.capabilities, words or "No reason given", now())
    account.capabilities = {**(account.capabilities or {}), **reported.written(note)}
    session.add(account)
    log.warning("sender refused", account=account_id, reports=note.count, words=note.words[:200])
    return note


async def restart(session: AsyncSession, account_id: int) -> None:
    """Its campaigns were stopped. After a resume, several new reports stop them again, not just the next one."""
    account = await repository.get(session, account_id, lock=True)
    note = reported.read(account.capabilities, now()) if account else None
    if account is not None and note is not None:
        account.capabilities = {**account.capabilities, **reported.written(replace(note, count=0, since=note.at))}
        session.add(account)
