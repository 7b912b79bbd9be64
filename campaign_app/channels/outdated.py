"""What an account's change makes untrue: what was learnt about the server or the log-in that it had before."""

from datetime import datetime

from redis.exceptions import RedisError

from campaign_app.core import logging, push_back
from campaign_app.models.account import SendingAccount

log = logging.get("channels")


def circuit(account: SendingAccount, at: datetime) -> dict[str, object]:
    """The columns of a paused account whose connection is another one: the next sweep tries that at once."""
    return {} if account.circuit_open_until is None else {"circuit_open_until": at, "circuit_failures": 0}


async def forget_push_back(account_id: int) -> None:
    """The rate that was learnt is that of the server before. If Redis does not answer, it expires by itself."""
    try:
        await push_back.forget(account_id)
    except (RedisError, OSError) as error:
        log.warning("push-back not forgotten", account=account_id, error=type(error).__name__)
