"""How often somebody may try to sign in: two sliding windows in Redis, checked and counted in one step."""

import ipaddress
import secrets
from typing import Final

from redis.exceptions import RedisError

from campaign_app.auth.errors import SignInThrottled
from campaign_app.core import clock, crypto, redis
from campaign_app.core.errors import Unavailable

WINDOW_SECONDS: Final = 15 * 60
PER_ADDRESS: Final = 8
PER_NETWORK: Final = 40

# KEYS: one sorted set of attempts per window; ARGV: now, window, attempt's name, then one limit per key.
# Answer: seconds to wait; 0 = counted. An attempt that is refused is not counted, so waiting helps.
_SCRIPT: Final = """
local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = 0
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZCARD', key) >= tonumber(ARGV[3 + i]) then
    local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, math.ceil(tonumber(oldest[2]) + window - now))
  end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[3])
  redis.call('EXPIRE', key, window)
end
return 0
"""


async def count_attempt(email: str, ip: str) -> str:
    """Count an attempt before its password is looked at; its name, for `forgive`.

    Raises:
        SignInThrottled: too many in the last 15 minutes; says when to try again.
        Unavailable: Redis does not answer, so nothing can be counted and nobody is let in.
    """
    now = clock.now().timestamp()
    name = secrets.token_hex(8)
    try:
        script = redis.client().register_script(_SCRIPT)
        wait = int(await script(keys=_keys(email, ip), args=[now, WINDOW_SECONDS, name, PER_ADDRESS, PER_NETWORK]))
    except (RedisError, OSError) as error:
        raise Unavailable(
            "Nobody can sign in right now, because Redis does not answer. Try again in a minute.",
            title="Signing in does not work right now",
            hint="An administrator can look with: campaign doctor",
        ) from error
    if wait:
        minutes = max(1, round(wait / 60))
        raise SignInThrottled(
            f"There were too many attempts to sign in. Try again in {minutes} min.",
            retry_after=wait,
            title="Too many attempts",
        )
    return name


async def forgive(email: str, ip: str, name: str) -> None:
    """The password was right: the address starts from zero, the network loses only this attempt."""
    address, network = _keys(email, ip)
    try:
        async with redis.client().pipeline(transaction=False) as pipe:
            pipe.delete(address)
            pipe.zrem(network, name)
            await pipe.execute()
    except (RedisError, OSError):
        return  # it only means that these attempts are counted for another 15 minutes


def _keys(email: str, ip: str) -> list[str]:
    return [f"sign-in:address:{crypto.digest(email)}", f"sign-in:network:{network_of(ip)}"]


def network_of(ip: str) -> str:
    """The address itself, for IPv6 its /64: a provider gives out that many at once."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)
