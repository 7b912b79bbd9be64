"""What a change of an account invalidates: what was learnt about its previous server or log-in."""

from datetime import datetime

from redis.exceptions import RedisError

from campaign_app.core import logging, push_back
from campaign_app.models.account import SendingAccount

log = logging.get("channels")


def circuit(account: SendingAccount, at: datetime) -> dict[str, object]:
    """The columns that close the circuit of an account with a new connection: the next sweep tries it at once."""
    return {} if account.circuit_open_until is None else {"circuit_open_until": at, "circuit_failures": 0}


async def forget_push_back(account_id: int) -> None:
    """The learnt rate belongs to the previous server. If Redis does not answer, it expires by itself."""
    try:
        await push_back.forget(account_id)
    except (RedisError, OSError) as error:
        log.warning("push-back not forgotten", account=account_id, error=type(error).__name__)
