"""One Redis connection pool per event loop."""

import asyncio
import socket
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from campaign_app.core.config import settings

_pools: "WeakKeyDictionary[asyncio.AbstractEventLoop, ConnectionPool]" = WeakKeyDictionary()


def notice_dead_servers(url: str) -> dict[str, Any]:
    """Options for a connection. A Redis whose host vanished is noticed after 20 seconds, not after TCP's quarter of an
    hour; on a socket file there is nothing to notice.
    """
    if not url.startswith(("redis://", "rediss://")):
        return {}
    wanted = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 20_000}
    known = {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}


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
            **notice_dead_servers(settings().redis),
        )
    return _pools[loop]


def client() -> Redis:
    """A client on the loop's pool. It needs no closing."""
    return Redis(connection_pool=pool())


async def now() -> float:
    """Unix seconds on Redis's clock, which all hosts share."""
    seconds, micros = await client().time()
    return float(seconds) + float(micros) / 1e6


async def dispose() -> None:
    """Close the running loop's connections."""
    found = _pools.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.disconnect()
