"""Push-back for the pages: how many messages a second an account's provider takes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.exceptions import RedisError

from campaign_app.core import push_back
from campaign_app.core.actor import Actor

_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`at`: when the provider last pushed back; `words`: its own. `per_second`: tried now, `lowered_to`: then."""

    per_second: float
    at: datetime
    words: str
    lowered_to: float


async def learnt(actor: Actor, account_ids: Sequence[int]) -> dict[int, Pace]:
    """Accounts with push-back in the last hour; none when Redis does not answer."""
    actor.require("accounts:read")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            now, found = await push_back.known(account_ids)
    except (RedisError, OSError):  # a TimeoutError is an OSError
        return {}
    return {
        account_id: Pace(known.rate_at(now), datetime.fromtimestamp(known.at, UTC), known.words, known.per_second)
        for account_id, known in found.items()
    }
