"""Background checks."""

from typing import Any

from campaign_app.core import db, logging
from campaign_app.ops import invariants

log = logging.get("ops")


async def check_invariants(_ctx: dict[str, Any]) -> int:
    """Look for what must never be; each violation is logged as an error. Returns how many."""
    async with db.reading() as session:
        violations = await invariants.check(session)
    for violation in violations:
        log.error("invariant violated", invariant=violation.invariant, detail=violation.detail)
    return len(violations)
