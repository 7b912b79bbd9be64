"""Background checks."""

from typing import Any

from campaign_app.audit import service as audit
from campaign_app.core import db, logging
from campaign_app.ops import invariants

log = logging.get("ops")


async def anchor_audit(_ctx: dict[str, Any]) -> bool:
    """Anchor the end of the audit log in this worker's log and its host's file. Returns whether the end fits."""
    async with db.reading() as session:
        found = await audit.glance(session)
    audit.keep_anchor(found)
    return found.is_whole


async def check_invariants(_ctx: dict[str, Any]) -> int:
    """Check the invariants; each violation is logged as an error. Returns how many there are."""
    violations = await invariants.check_now()
    for violation in violations:
        log.error("invariant violated", invariant=violation.invariant, detail=violation.detail)
    return len(violations)
