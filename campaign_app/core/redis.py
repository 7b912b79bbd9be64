"""One Redis connection pool per event loop."""

import asyncio
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from campaign_app.core.config import settings

_pools: "WeakKeyDictionary[asyncio.AbstractEventLoop, ConnectionPool]" = WeakKeyDictionary()


def pool() -> ConnectionPool:
    """The running loop's pool, made at first use (never before a fork)."""
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        _pools[loop] = BlockingConnectionPool.from_url(
            settings().redis,
            max_connections=50,
            timeout=10,
            socket_connect_timeout=5,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
        )
    return _pools[loop]


def client() -> Redis:
    """A client on the loop's pool. It needs no closing."""
    return Redis(connection_pool=pool())


async def dispose() -> None:
    """Close the running loop's connections."""
    found = _pools.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.disconnect()
