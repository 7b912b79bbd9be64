"""How often somebody may try a password or a code: counters in Redis with growing delays, changed atomically.

A stranger is counted by account *and* network, and by network over all accounts. A device that signed in to the account
before has a counter of its own, so other people's attempts do not lock its owner out. Delays have a maximum.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.exceptions import RedisError

from campaign_app.auth.errors import SignInThrottled
from campaign_app.core import clock, crypto, redis
from campaign_app.core.errors import Unavailable

FORGET_S: Final = 3_600

# KEYS: the counters. ARGV: now, seconds until a counter expires, then free attempts and longest delay of each counter.
# Answer: seconds to wait; 0 = counted. A refused attempt is not counted, so it does not make the wait longer.
_SCRIPT: Final = """
local now, forget = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = 0
for i, key in ipairs(KEYS) do
  local free, longest = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  local count = tonumber(redis.call('HGET', key, 'count') or '0')
  if count >= free then
    local delay = math.min(longest, 2 ^ math.min(count - free + 1, 30))
    wait = math.max(wait, tonumber(redis.call('HGET', key, 'last')) + delay - now)
  end
end
if wait > 0 then return math.ceil(wait) end
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, 'count', 1)
  redis.call('HSET', key, 'last', ARGV[1])
  redis.call('EXPIRE', key, forget)
end
return 0
"""


@dataclass(frozen=True, slots=True)
class AttemptCounter:
    """A counter: `free` attempts without delay, then each waits twice as long as the one before, at most `longest_s`.

    The right answer clears it. A counter for many people (`shared`) is only reduced by this attempt.
    """

    key: str
    free: int
    longest_s: int
    shared: bool = False


def stranger(account: str, ip: str) -> list[AttemptCounter]:
    """Counters of an unknown browser: account and network, and the network over all accounts."""
    network = network_of(ip)
    return [
        AttemptCounter(f"sign-in:account:{crypto.digest(account)}:{network}", 5, 900),
        AttemptCounter(f"sign-in:network:{network}", 20, 300, shared=True),
    ]


def known_device(device: str) -> list[AttemptCounter]:
    """Counter of a device that signed in to this account before."""
    return [AttemptCounter(f"sign-in:device:{crypto.digest(device)}", 10, 60)]


def own_password(user_id: int) -> list[AttemptCounter]:
    """Counter of somebody who is signed in and enters the password again."""
    return [AttemptCounter(f"sign-in:again:{user_id}", 5, 900)]


def code(user_id: int, ip: str) -> list[AttemptCounter]:
    """Counters of codes after a right password: by account and network, and by account over all networks."""
    return [
        AttemptCounter(f"sign-in:code:{user_id}:{network_of(ip)}", 5, 900),
        AttemptCounter(f"sign-in:code:{user_id}", 20, 300),
    ]


async def count(counters: Sequence[AttemptCounter]) -> None:
    """Count an attempt. Called before the answer is checked.

    Raises:
        SignInThrottled: too soon after earlier attempts; says when to try again.
        Unavailable: Redis does not answer, so nothing can be counted and nobody can sign in.
    """
    limits = [number for counter in counters for number in (counter.free, counter.longest_s)]
    try:
        script = redis.client().register_script(_SCRIPT)
        keys = [counter.key for counter in counters]
        wait = int(await script(keys=keys, args=[clock.now().timestamp(), FORGET_S, *limits]))
    except (RedisError, OSError) as error:
        raise Unavailable(
            "Nobody can sign in right now, because Redis does not answer. Try again in a minute.",
            title="Signing in does not work right now",
            hint="An administrator can look with: campaign doctor",
        ) from error
    if wait:
        raise SignInThrottled(
            f"There were too many attempts. Try again in {in_words(wait)}.",
            retry_after=wait,
            title="Too many attempts",
        )


async def forgive(counters: Sequence[AttemptCounter]) -> None:
    """Clear or reduce the counters after a right answer."""
    try:
        async with redis.client().pipeline(transaction=False) as pipe:
            for counter in counters:
                if counter.shared:
                    pipe.hincrby(counter.key, "count", -1)
                else:
                    pipe.delete(counter.key)
            await pipe.execute()
    except (RedisError, OSError):
        return  # the only effect: these attempts stay counted for another hour


def in_words(seconds: float) -> str:
    """A waiting time as text: 8 s, 3 min."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def network_of(ip: str) -> str:
    """The /24 of an IPv4 address or the /64 of an IPv6 address: the range that one customer easily controls."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{64 if address.version == 6 else 24}", strict=False))
