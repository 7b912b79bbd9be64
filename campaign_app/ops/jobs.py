"""Background checks."""

from typing import Any

from campaign_app.core import logging
from campaign_app.ops import invariants

log = logging.get("ops")


async def check_invariants(_ctx: dict[str, Any]) -> int:
    """Look for what must never be; each violation is logged as an error. Returns how many."""
    violations = await invariants.check_now()
    for violation in violations:
        log.error("invariant violated", invariant=violation.invariant, detail=violation.detail)
    return len(violations)
